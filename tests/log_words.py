"""What no log line may hold: the tokens, secrets and messages that the tests use.

Messages and most secrets stand in the sources of the tests, of the sandbox and in the sample conversations, and are
read from there, so that a new test's words are known without telling anyone. What is invented while the tests run is
known by its shape.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_SANDBOX = _ROOT / "src" / "hirocrm" / "sandbox"
_SAMPLES = _ROOT / "src" / "hirocrm" / "samples" / "conversations.jsonl"

# Meta's tokens, Google's and OpenAI's keys, tokens of our API, and anything in an Authorization header.
SHAPES = re.compile(
    r"\b(?:EAA|IGAA|IGQ)\w{6,}|\bAIza[\w-]{6,}|\bsk-[\w-]{8,}|\bhiro_[\w-]{10,}|(?i:bearer) [\w.|-]{8,}"
    r"|(?i:sha256)=[0-9a-f]{64}"
)
_TEXTS = {"text", "texts", "said"}
_SECRETS = {"access_token", "accessToken", "pageAccessToken", "app_secret", "password", "secret", "token"}  # fmt: skip
_SECRET_NAMES = re.compile(r"(?i)(token|secret|password|api_key|gemini_key)$")
_MESSAGE_NAMES = re.compile(r"(?i)^(said|text|answer|answered|haggles|missed)$")
_SPEAKING = {"talk", "writes", "customer_writes"}  # functions whose words are messages
_SPEAKERS = {"customer", "business"}  # first of a pair whose second is a message
_SHORTEST = 8  # characters; what is shorter may stand in a line by chance


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Every literal message, long enough to be recognised, and every literal secret."""
    sources = [*(_ROOT / "tests").rglob("*.py"), *_SANDBOX.rglob("*.py")]
    found: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            found |= {word for text in _messages(node) for word in recognisable(text)}
            found |= {secret for secret in _secrets(node) if _is_secret(secret)}
    for line in _SAMPLES.read_text("utf-8").splitlines():
        for said in json.loads(line)["messages"]:
            found |= set(recognisable(said.get("text") or ""))
    return frozenset(found)


def recognisable(text: str) -> Iterator[str]:
    """The parts of a message that look the same however a log writes quotes, lines and dates."""
    for part in re.split(r"[\"'\\\n\r\t\0]|\{[^}]*\}", text):
        word = part.strip()
        if len(word) >= _SHORTEST and (" " in word or not word.isascii()):
            yield word


def _is_secret(value: str) -> bool:
    return len(value) >= _SHORTEST and value.isascii() and " " not in value


def _messages(node: ast.AST) -> Iterator[str]:
    yield from _named(node, _TEXTS)
    yield from _assigned(node, _MESSAGE_NAMES)
    if isinstance(node, ast.Call) and _name(node.func) in _SPEAKING:
        yield from _literals(node.args)
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        who, said = node.elts
        if isinstance(who, ast.Constant) and who.value in _SPEAKERS:
            yield from _literals([said])


def _secrets(node: ast.AST) -> Iterator[str]:
    yield from _named(node, _SECRETS)
    yield from _assigned(node, _SECRET_NAMES)


def _assigned(node: ast.AST, names: re.Pattern[str]) -> Iterator[str]:
    """Literals that a variable of such a name is set to, in `A = 1` and in `A, B = 1, 2`."""
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        yield from _literals(value for name, value in pairs if names.search(_name(name)))


def _named(node: ast.AST, names: set[str]) -> Iterator[str]:
    """Literals behind a key of a dict, or given to an argument, of one of the names."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from _literals(
            v for k, v in pairs if isinstance(k, ast.Constant) and k.value in names
        )
    elif isinstance(node, ast.Call):
        yield from _literals(word.value for word in node.keywords if word.arg in names)


def _literals(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from _literals(node.values)


def _name(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return getattr(node, "attr", "") or getattr(node, "id", "")
