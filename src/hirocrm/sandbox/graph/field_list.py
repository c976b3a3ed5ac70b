"""Graph's `fields=` language: `id,messages.limit(20){id,from}` to a tree."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

_PART = re.compile(r"\s*([A-Za-z_][\w]*|[{},]|\.\w+\([^)]*\))")


@dataclass(slots=True)
class FieldNode:
    """One asked field: its modifiers (`limit`, `after`) and sub-fields (empty: the defaults)."""

    name: str
    modifiers: dict[str, str] = field(default_factory=dict)
    children: dict[str, "FieldNode"] = field(default_factory=dict)


@lru_cache(maxsize=256)
def parse_fields(text: str) -> dict[str, FieldNode]:
    """The asked fields by name, in order. Callers must not change the answer.

    Raises:
        ValueError: unbalanced braces or stray characters; Graph answers code 2500.
    """
    parts = []
    position = 0
    while position < len(text.rstrip()):
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(f"Syntax error at character {position}")
        parts.append(match[1])
        position = match.end()
    fields, rest = _parse_list(parts, 0)
    if rest != len(parts):
        raise ValueError("Unbalanced braces")
    return fields


def _parse_list(parts: list[str], at: int) -> tuple[dict[str, FieldNode], int]:
    fields: dict[str, FieldNode] = {}
    node: FieldNode | None = None
    while at < len(parts):
        part = parts[at]
        if part == "}":
            return fields, at
        if part == ",":
            node = None
        elif part == "{":
            if node is None:
                raise ValueError("A brace without a field")
            node.children, at = _parse_list(parts, at + 1)
            if at >= len(parts):
                raise ValueError("Unbalanced braces")
        elif part.startswith("."):
            if node is None:
                raise ValueError("A modifier without a field")
            name, _, value = part[1:-1].partition("(")
            node.modifiers[name] = value
        else:
            node = fields[part] = FieldNode(part)
        at += 1
    return fields, at
