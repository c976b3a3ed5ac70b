"""Stand-in for the Gemini API: generateContent, models, and its quotas."""

import re
from functools import lru_cache
from itertools import count
from typing import Any

from hirocrm.sandbox.faults import Call, Fault
from hirocrm.sandbox.llm import google_errors as errors
from hirocrm.sandbox.llm.asked import ModelCall, answer_text
from hirocrm.sandbox.llm.faults import bent_text, error_reply
from hirocrm.sandbox.llm.quota import QuotaBook
from hirocrm.sandbox.wire import Reply, Request, json_reply

_PATH = re.compile(r"/(v1(?:beta|alpha)?)/models(?:/([^:/]+))?(?::(\w+))?/?$")
MODELS = (
    "gemini-4-hydrogen", "gemini-4-carbon", "gemini-4-argon", "gemini-3.8-flash", "gemini-3.7-flash",
    "gemini-3.6-flash", "gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.1-flash-lite",
    "gemini-3.1-pro-preview", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro",
    "gemini-flash-latest", "gemini-flash-lite-latest",
)  # fmt: skip
REFUSES_MINIMAL = re.compile(r"gemini-(?:4-|3\.8|3\.7|3\.1-pro)")
THOUGHTS = 44
_RESPONSES = count(1)


class GeminiService:
    """Gemini, for any key unless keys are named."""

    def __init__(self) -> None:
        self.quota = QuotaBook()
        self.models = set(MODELS)
        self.keys: set[str] | None = None
        self.projects: dict[str, str] = {}

    def identify(self, request: Request) -> ModelCall:
        """Name the call: model, key, operation, and the conversation it is about."""
        match = _PATH.match(request.path)
        call = ModelCall(
            service="gemini", op="unknown", method=request.method, path=request.path,
            key=request.headers.get("x-goog-api-key") or request.query.get("key", ""),
        )  # fmt: skip
        if match is None:
            return call
        call.model = match[2] or ""
        call.op = {"generateContent": "generate", "countTokens": "count"}.get(
            match[3] or "", "models" if not match[3] else "unknown"
        )
        if call.op in {"generate", "count"}:
            _read_body(call, request)
        if request.headers.get("authorization") and call.key:
            call.problem = "Multiple authentication credentials received. Please pass only one."
        return call

    def project_of(self, key: str) -> str:
        """The project a key belongs to: its own unless grouped."""
        return self.projects.get(key, key)

    def answer(self, request: Request, call: Call, faults: list[Fault]) -> Reply:  # noqa: ARG002
        """The reply to an identified call."""
        assert isinstance(call, ModelCall)  # noqa: S101  # identify() made it
        refusal = self._refused(call, faults)
        if refusal is not None:
            return refusal
        if call.op == "models":
            return self._model_list(call)
        if call.op == "count":
            return json_reply({"totalTokens": call.prompt_tokens})
        return _generated(call, faults)

    def _refused(self, call: ModelCall, faults: list[Fault]) -> Reply | None:
        """The error this call gets, looked for in the order Google seems to."""
        return (
            self._key_refused(call)
            or error_reply(call.model, faults, level=call.thinking)
            or self._model_refused(call)
            or (self._over_quota(call) if call.op == "generate" else None)
        )

    def _key_refused(self, call: ModelCall) -> Reply | None:
        if not call.key:
            return errors.google_error(403, errors.NO_KEY)
        if call.problem:
            return errors.google_error(400, call.problem)
        return errors.key_invalid() if self.keys is not None and call.key not in self.keys else None

    def _model_refused(self, call: ModelCall) -> Reply | None:
        if call.op == "unknown" or (call.model and call.model not in self.models):
            return errors.model_gone(call.model or "unknown")
        if call.thinking == "MINIMAL" and REFUSES_MINIMAL.match(call.model):
            return errors.google_error(400, errors.NO_MINIMAL)
        return None

    def _over_quota(self, call: ModelCall) -> Reply | None:
        over = self.quota.take(self.project_of(call.key), call.model, call.prompt_tokens)
        if over is None:
            return None
        return errors.quota_exceeded(call.model, over.violations, over.retry_seconds)

    def _model_list(self, call: ModelCall) -> Reply:
        def node(name: str) -> dict[str, Any]:
            return {
                "name": f"models/{name}", "displayName": name, "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536, "supportedGenerationMethods": ["generateContent", "countTokens"],
            }  # fmt: skip

        if call.model:
            return json_reply(node(call.model))
        return json_reply({"models": [node(name) for name in sorted(self.models)]})


def _read_body(call: ModelCall, request: Request) -> None:
    """Read prompt, schema and thinking level; either spelling, camelCase or snake_case."""
    try:
        body = request.json()
        system = _texts(_either(body, "systemInstruction") or {})
        turns = [_texts(content) for content in body.get("contents") or ()]
        config = _either(body, "generationConfig") or {}
        schema = _either(config, "responseJsonSchema") or _either(config, "responseSchema")
        thinking = _either(config, "thinkingConfig") or {}
    except (ValueError, AttributeError, TypeError):
        call.problem = "Invalid JSON payload received."
        return
    if not turns:
        call.problem = "* GenerateContentRequest.contents: contents is not specified"
    elif _either(config, "responseJsonSchema") and _either(config, "responseSchema"):
        call.problem = "Only one of response_schema and response_json_schema can be set."
    elif "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        call.problem = "You can only set only one of thinking budget and thinking level."
    call.schema = schema or {}
    call.thinking = str(_either(thinking, "thinkingLevel") or "").upper()
    call.is_json = _either(config, "responseMimeType") == "application/json"
    call.take_prompt("\n".join([system, *turns]))


def _either(values: dict[str, Any], name: str) -> Any:
    """A field by its camelCase or snake_case name."""
    return values[name] if name in values else values.get(_snake(name))


@lru_cache(maxsize=64)
def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)


def _texts(content: dict[str, Any]) -> str:
    return "\n".join(str(part.get("text", "")) for part in content.get("parts") or ())


def _generated(call: ModelCall, faults: list[Fault]) -> Reply:
    """A 200, whose candidate may still be blocked, cut or empty."""
    kinds = {fault.kind: fault for fault in faults}
    usage: dict[str, Any] = {"promptTokenCount": call.prompt_tokens}
    tail = {"modelVersion": call.model, "responseId": f"sbx{next(_RESPONSES):013d}"}
    if "blocked" in kinds:
        reason = kinds["blocked"].params.get("reason", "PROHIBITED_CONTENT")
        rating = {
            "category": "HARM_CATEGORY_SEXUALLY_EXPLICIT",
            "probability": "HIGH",
            "blocked": True,
        }
        usage["totalTokenCount"] = call.prompt_tokens
        return json_reply(
            {
                "promptFeedback": {"blockReason": reason, "safetyRatings": [rating]},
                "usageMetadata": usage,
                **tail,
            }
        )
    candidate = _candidate(call, faults, kinds)
    written = sum(len(p["text"]) for p in candidate.get("content", {}).get("parts", ())) // 4
    usage |= {
        "candidatesTokenCount": written, "thoughtsTokenCount": THOUGHTS,
        "totalTokenCount": call.prompt_tokens + written + THOUGHTS,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": call.prompt_tokens}],
    }  # fmt: skip
    body: dict[str, Any] = {"candidates": [candidate], "usageMetadata": usage, **tail}
    if "no_usage" in kinds:
        del body["usageMetadata"]
    return json_reply(body)


def _candidate(call: ModelCall, faults: list[Fault], kinds: dict[str, Fault]) -> dict[str, Any]:
    if "safety" in kinds:
        rating = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}
        return {
            "finishReason": kinds["safety"].params.get("reason", "SAFETY"),
            "index": 0,
            "safetyRatings": [rating],
        }
    if "max_tokens" in kinds and not kinds["max_tokens"].params.get("partial"):
        return {"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}
    text = bent_text(answer_text(call), faults)
    finish = "STOP"
    if "max_tokens" in kinds:
        text, finish = text[: len(text) // 2], "MAX_TOKENS"
    if "finish" in kinds:
        finish = str(kinds["finish"].params.get("reason", "SOMETHING_NEW"))
    return {
        "content": {"role": "model", "parts": [{"text": text}]},
        "finishReason": finish,
        "index": 0,
    }
