"""Stand-in for Anthropic's messages: POST /v1/messages."""

import json
from itertools import count
from typing import Any

from hirocrm.sandbox.faults import Call, Fault
from hirocrm.sandbox.llm.asked import ModelCall, answer_text
from hirocrm.sandbox.llm.faults import bent_text
from hirocrm.sandbox.wire import Reply, Request, json_reply

_IDS = count(1)
# kind: status, type, message
ERRORS = {
    "quota": (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    "prepayment": (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    "key_invalid": (401, "authentication_error", "invalid x-api-key"),
    "forbidden": (403, "permission_error", "Your API key does not have permission to use the specified resource."),
    "retired": (404, "not_found_error", "model: not found"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "internal": (500, "api_error", "Internal server error"),
}  # fmt: skip


class AnthropicService:
    """Messages for any key and any model; answers by tool when a tool has a schema."""

    def identify(self, request: Request) -> ModelCall:
        """Name the call: model, key, and the conversation it is about."""
        call = ModelCall(
            service="anthropic", op="generate", method=request.method, path=request.path,
            key=request.headers.get("x-api-key", ""),
        )  # fmt: skip
        if request.path.startswith("/v1/models"):
            call.op, call.model = "models", request.path.removeprefix("/v1/models").strip("/")
            return call
        try:
            body = request.json()
            call.model = str(body["model"])
            texts = [_text(body.get("system"))] + [
                _text(m.get("content")) for m in body["messages"]
            ]
        except (ValueError, KeyError, AttributeError, TypeError):
            call.problem = "messages: Field required"
            return call
        tool = next(iter(body.get("tools") or ()), None)
        call.target = str(tool["name"]) if tool else ""
        format_ = body.get("output_format") or (body.get("output_config") or {}).get("format") or {}
        call.schema = (tool or {}).get("input_schema") or format_.get("schema") or {}
        call.is_json = bool(call.schema) or "json" in "".join(texts).lower()
        call.take_prompt("\n".join(texts))
        return call

    def answer(self, request: Request, call: Call, faults: list[Fault]) -> Reply:
        """The reply to an identified call."""
        assert isinstance(call, ModelCall)  # noqa: S101  # identify() made it
        kinds = {fault.kind: fault for fault in faults}
        if not call.key:
            return _error("key_invalid", {})
        for kind, fault in kinds.items():
            if kind in ERRORS:
                return _error(kind, fault.params)
        if not request.headers.get("anthropic-version"):
            call.problem = "anthropic-version: header is required"
        if call.op == "models":
            return json_reply({"type": "model", "id": call.model, "display_name": call.model})
        if call.problem:
            return _body_error(400, "invalid_request_error", call.problem)
        return _message(call, faults, kinds)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return str(content or "")


def _message(call: ModelCall, faults: list[Fault], kinds: dict[str, Fault]) -> Reply:
    text = bent_text(answer_text(call), faults)
    stop = "max_tokens" if "max_tokens" in kinds else "end_turn"
    if "max_tokens" in kinds:
        text = text[: len(text) // 2]
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    tool_input = _parsed(text) if call.target else None
    if tool_input is not None:
        content = [
            {
                "type": "tool_use",
                "id": f"toolu_sandbox{next(_IDS)}",
                "name": call.target,
                "input": tool_input,
            }
        ]
        stop = "tool_use"
    if "blocked" in kinds or "safety" in kinds:
        content, stop = [], "refusal"
    body = {
        "id": f"msg_sandbox{next(_IDS)}", "type": "message", "role": "assistant", "model": call.model,
        "content": content, "stop_reason": stop, "stop_sequence": None,
        "usage": {"input_tokens": call.prompt_tokens, "output_tokens": len(text) // 4},
    }  # fmt: skip
    return json_reply(body)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _error(kind: str, params: dict[str, Any]) -> Reply:
    status, group, message = ERRORS[kind]
    reply = _body_error(status, group, params.get("message", message))
    if status == 429:
        reply.headers.append(("retry-after", str(params.get("retry_seconds", 20))))
    return reply


def _body_error(status: int, group: str, message: str) -> Reply:
    error = {"type": group, "message": message}
    return json_reply({"type": "error", "error": error, "request_id": "req_sandbox"}, status)
