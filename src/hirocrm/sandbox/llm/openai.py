"""Stand-in for OpenAI-compatible endpoints: POST /v1/chat/completions and GET /v1/models."""

import time
from itertools import count
from typing import Any

from hirocrm.sandbox.faults import Call, Fault
from hirocrm.sandbox.llm.asked import ModelCall, answer_text
from hirocrm.sandbox.llm.faults import bent_text
from hirocrm.sandbox.wire import Reply, Request, json_reply

_IDS = count(1)
# kind: status, type, code, message
ERRORS: dict[str, tuple[int, str, str, str]] = {
    "quota": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 20s."),
    "prepayment": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."),
    "key_invalid": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "forbidden": (403, "invalid_request_error", "model_access_denied", "You are not allowed to sample from this model."),
    "retired": (404, "invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    "overloaded": (503, "server_error", "overloaded", "The server is currently overloaded. Please try again later."),
    "internal": (500, "server_error", "server_error", "The server had an error while processing your request."),
}  # fmt: skip


class OpenAiService:
    """Chat completions for any bearer key, none too (as local servers do), and any model."""

    def identify(self, request: Request) -> ModelCall:
        """Name the call: model, key, and the conversation it is about."""
        key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        op = "generate" if request.path.endswith("/chat/completions") else "models"
        call = ModelCall(service="openai", op=op, method=request.method, path=request.path, key=key)
        if op == "generate":
            _read_body(call, request)
        return call

    def answer(self, request: Request, call: Call, faults: list[Fault]) -> Reply:  # noqa: ARG002
        """The reply to an identified call."""
        assert isinstance(call, ModelCall)  # noqa: S101  # identify() made it
        kinds = {fault.kind: fault for fault in faults}
        for kind, fault in kinds.items():
            if kind in ERRORS:
                return _error(kind, fault.params)
        if call.op == "models":
            model = {
                "id": "sandbox-model",
                "object": "model",
                "created": 1_767_225_600,
                "owned_by": "sandbox",
            }
            return json_reply({"object": "list", "data": [model]})
        if call.problem:
            return json_reply(
                {
                    "error": {
                        "message": call.problem,
                        "type": "invalid_request_error",
                        "param": None,
                        "code": None,
                    }
                },
                400,
            )
        return _completed(call, faults, kinds)


def _read_body(call: ModelCall, request: Request) -> None:
    try:
        body = request.json()
        texts = [_text(message.get("content")) for message in body["messages"]]
        response_format = body.get("response_format") or {}
        call.model = str(body.get("model", ""))
    except (ValueError, KeyError, AttributeError, TypeError):
        call.problem = "We could not parse the JSON body of your request."
        return
    call.schema = (response_format.get("json_schema") or {}).get("schema") or _tool_schema(body)
    call.is_json = bool(response_format) or "json" in texts[0].lower()
    call.take_prompt("\n".join(texts))


def _tool_schema(body: dict[str, Any]) -> dict[str, Any]:
    tools = body.get("tools") or ()
    return next(
        (tool["function"].get("parameters") or {} for tool in tools if "function" in tool), {}
    )


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return str(content or "")


def _completed(call: ModelCall, faults: list[Fault], kinds: dict[str, Fault]) -> Reply:
    text = bent_text(answer_text(call), faults)
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    finish = "stop"
    if "max_tokens" in kinds:
        message["content"], finish = text[: len(text) // 2], "length"
    if "blocked" in kinds or "safety" in kinds:
        message["content"], message["refusal"] = None, "I can't help with that."
        finish = "content_filter"
    written = len(text) // 4
    usage = {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": written,
        "total_tokens": call.prompt_tokens + written,
    }
    body = {
        "id": f"chatcmpl-sandbox{next(_IDS)}", "object": "chat.completion", "created": int(time.time()),
        "model": call.model, "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": usage,
    }  # fmt: skip
    if "no_usage" in kinds:
        del body["usage"]
    return json_reply(body)


def _error(kind: str, params: dict[str, Any]) -> Reply:
    status, group, code, message = ERRORS[kind]
    error = {"message": params.get("message", message), "type": group, "param": None, "code": code}
    reply = json_reply({"error": error}, status)
    if status == 429:
        reply.headers.append(("retry-after", str(params.get("retry_seconds", 20))))
    return reply
