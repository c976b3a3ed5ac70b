"""Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages.

Structured output goes through `output_config.format`; a model that doesn't take it is given a tool whose
input is the answer, and that is remembered.
"""

import json
import re
from typing import Any

from hirocrm.analysis.providers.errors import (
    AnswerInvalid,
    AnswerTruncated,
    KeyRefused,
    ModelRetired,
    PromptBlocked,
    ProviderUnavailable,
    QuotaExceeded,
    QuotaScope,
    RequestRefused,
    TokenUsage,
    redact,
)
from hirocrm.analysis.providers.http import ProviderHttp, Reply, listed_ids
from hirocrm.analysis.providers.protocol import Completion, CompletionRequest
from hirocrm.analysis.providers.strict_schema import closed
from hirocrm.core.errors import UpstreamError

BASE_URL = "https://api.anthropic.com"
API_VERSION = "2023-06-01"
TOOL_NAME = "record_analysis"
FORMAT_REFUSED = re.compile(r"output_config|output_format|structured output", re.IGNORECASE)
OUT_OF_CREDIT = re.compile(r"credit balance|billing", re.IGNORECASE)


class AnthropicProvider:
    """Claude at `base_url`. Remembers which models take no output format."""

    name = "anthropic"
    model_setting = "ANTHROPIC_MODEL"

    def __init__(self, http: ProviderHttp, *, base_url: str = BASE_URL) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._without_format: set[str] = set()

    async def complete(self, request: CompletionRequest, *, secret: str) -> Completion:
        """Ask once, by output format or, for a model without it, by a forced tool."""
        while True:
            by_tool = request.model in self._without_format
            reply = await self._http.post(
                f"{self._base_url}/v1/messages",
                headers=_headers(secret),
                body=request_body(request, by_tool=by_tool),
            )
            if by_tool or reply.status != 400 or not FORMAT_REFUSED.search(reply.text):
                break
            self._without_format.add(request.model)
        if not reply.is_success:
            raise anthropic_error(
                reply, model=request.model, model_setting=self.model_setting, secret=secret
            )
        return read_answer(reply, asked_model=request.model)

    async def check_key(self, *, secret: str, model: str) -> None:
        """Ask for the model's description: free, and refused for a wrong key."""
        reply = await self._http.get(
            f"{self._base_url}/v1/models/{model}", headers=_headers(secret)
        )
        if not reply.is_success:
            raise anthropic_error(
                reply, model=model, model_setting=self.model_setting, secret=secret
            )

    async def list_models(self, *, secret: str) -> tuple[str, ...]:
        """Their full names; aliases aren't listed (https://platform.claude.com/docs/en/api/models-list)."""
        reply = await self._http.get(
            f"{self._base_url}/v1/models?limit=1000", headers=_headers(secret)
        )
        if not reply.is_success:
            raise anthropic_error(reply, model="", model_setting=self.model_setting, secret=secret)
        return listed_ids(reply)


def _headers(secret: str) -> dict[str, str]:
    return {"x-api-key": secret, "anthropic-version": API_VERSION}


def request_body(request: CompletionRequest, *, by_tool: bool) -> dict[str, Any]:
    """Return the JSON body; the fixed part is marked for Anthropic's prompt cache."""
    schema = closed(request.schema)
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "system": [
            {"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}
        ],
        "messages": [{"role": "user", "content": request.user}],
    }
    if by_tool:
        body["tools"] = [
            {"name": TOOL_NAME, "description": "Record the analysis.", "input_schema": schema}
        ]
        body["tool_choice"] = {"type": "tool", "name": TOOL_NAME}
    else:
        body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    return body


def anthropic_error(reply: Reply, *, model: str, model_setting: str, secret: str) -> UpstreamError:
    """Return the error an unsuccessful answer stands for."""
    error = (reply.data or {}).get("error")
    fields = error if isinstance(error, dict) else {}
    message = redact(str(fields.get("message") or reply.text), secret)
    if reply.status == 402 or (reply.status == 400 and OUT_OF_CREDIT.search(message)):
        return QuotaExceeded(f"The account is out of credits: {message}", scope=QuotaScope.BILLING)
    if reply.status == 429:
        delay = reply.retry_after_seconds
        return QuotaExceeded(
            f"Anthropic's rate limit is reached: {message}",
            scope=QuotaScope.MINUTE if delay is not None else QuotaScope.BURST,
            retry_after_seconds=delay,
        )
    if reply.status in {401, 403}:
        return KeyRefused(f"Anthropic refused the key: {message}", remote_code=reply.status)
    if reply.status == 404 and fields:
        return ModelRetired(
            f"Anthropic doesn't offer the model {model}. Set {model_setting} to a current model, "
            "or choose one in the AI settings.",
            model=model,
        )
    if reply.status in {408, 409} or reply.status >= 500:  # 529 is "overloaded"
        return ProviderUnavailable(
            f"Anthropic is unavailable (HTTP {reply.status}): {message}",
            remote_code=reply.status,
            retry_after_seconds=reply.retry_after_seconds,
        )
    return RequestRefused(
        f"Anthropic refused the request (HTTP {reply.status}): {message}", remote_code=reply.status
    )


def read_answer(reply: Reply, *, asked_model: str) -> Completion:
    """Return the text, or the tool's input as text, of a 200.

    Raises:
        PromptBlocked: `refusal`. AnswerTruncated: `max_tokens`. AnswerInvalid: no text.
    """
    data = reply.data
    if data is None:
        raise AnswerInvalid("Anthropic answered something that is not JSON.")
    usage = read_usage(data.get("usage"))
    finish = str(data.get("stop_reason") or "")
    if finish == "refusal":
        raise PromptBlocked("The model refused this conversation.", reason=finish, usage=usage)
    if finish in {"max_tokens", "model_context_window_exceeded"}:
        raise AnswerTruncated("The answer was cut off at the output limit.", usage=usage)
    text = _text_of(data.get("content"))
    if not text.strip():
        raise AnswerInvalid("Anthropic answered without text.", usage=usage)
    return Completion(
        text=text,
        model=str(data.get("model") or asked_model),
        usage=usage,
        finish_reason=finish,
        response_id=str(data.get("id") or ""),
    )


def _text_of(content: object) -> str:
    blocks = (
        [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    )
    for block in blocks:
        if block.get("type") == "tool_use":
            return json.dumps(block.get("input"), ensure_ascii=False)
    return "".join(str(block.get("text") or "") for block in blocks if block.get("type") == "text")


def read_usage(value: object) -> TokenUsage:
    """Return the token counts; Anthropic counts cached input apart, we count it in."""
    counts = value if isinstance(value, dict) else {}
    names = (
        "input_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "output_tokens",
    )
    fresh, cached, written, out = (
        number if isinstance(number := counts.get(name), int) else 0 for name in names
    )
    return TokenUsage(tokens_in=fresh + cached + written, tokens_out=out, tokens_cached=cached)
