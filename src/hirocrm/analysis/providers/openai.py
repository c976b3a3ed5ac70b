"""Any endpoint that speaks OpenAI's chat completions: OpenAI, Groq, OpenRouter, Ollama, vLLM, llama.cpp.

https://platform.openai.com/docs/api-reference/chat. No output limit is sent: its name differs between
servers (`max_tokens`, `max_completion_tokens`) and some refuse the one they don't know.
"""

import re
from typing import Any, Literal

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
from hirocrm.analysis.providers.http import ProviderHttp, Reply, duration_seconds, listed_ids
from hirocrm.analysis.providers.protocol import Completion, CompletionRequest
from hirocrm.analysis.providers.strict_schema import as_instruction, closed
from hirocrm.core.errors import UpstreamError

BASE_URL = "https://api.openai.com/v1"

Format = Literal["json_schema", "json_object", "text"]
NEXT_FORMAT: dict[Format, Format] = {"json_schema": "json_object", "json_object": "text"}
FORMAT_REFUSED = re.compile(
    r"response_format|json_schema|json_object|guided|grammar", re.IGNORECASE
)
TRY_AGAIN = re.compile(
    r"try again in ((?:\d+h)?(?:\d+m(?!s))?(?:[\d.]+s)?(?:[\d.]+ms)?)", re.IGNORECASE
)
TOKENS_A_MINUTE = re.compile(r"tokens per min|\bTPM\b")


class OpenAIProvider:
    """Chat completions at `base_url` (which ends in /v1 or the like). An empty key sends none."""

    name = "openai"
    model_setting = "OPENAI_MODEL"

    def __init__(self, http: ProviderHttp, *, base_url: str = BASE_URL) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._formats: dict[str, Format] = {}

    async def complete(self, request: CompletionRequest, *, secret: str) -> Completion:
        """Ask once; an endpoint without schemas is asked for plain JSON, and that is remembered."""
        shape: Format = self._formats.get(request.model, "json_schema")
        while True:
            reply = await self._http.post(
                f"{self._base_url}/chat/completions",
                headers=_headers(secret),
                body=request_body(request, shape),
            )
            weaker = NEXT_FORMAT.get(shape)
            if weaker is None or not _is_format_refused(reply):
                break
            shape = self._formats[request.model] = weaker
        self._raise_for_error(reply, request.model, secret)
        return read_answer(reply, asked_model=request.model)

    async def check_key(self, *, secret: str, model: str) -> None:
        """List the models: free, and refused for a wrong key."""
        reply = await self._http.get(f"{self._base_url}/models", headers=_headers(secret))
        if reply.status != 404:  # some servers have no such list
            self._raise_for_error(reply, model, secret)

    async def list_models(self, *, secret: str) -> tuple[str, ...] | None:
        """The ids of the endpoint's list, if it has one."""
        reply = await self._http.get(f"{self._base_url}/models", headers=_headers(secret))
        if reply.status == 404:
            return None
        self._raise_for_error(reply, "", secret)
        return listed_ids(reply)

    def _raise_for_error(self, reply: Reply, model: str, secret: str) -> None:
        error = (reply.data or {}).get("error")
        if not reply.is_success or error:
            raise openai_error(reply, model=model, model_setting=self.model_setting, secret=secret)


def _headers(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"} if secret else {}


def _is_format_refused(reply: Reply) -> bool:
    return reply.status in {400, 404, 422, 501} and bool(FORMAT_REFUSED.search(reply.text))


def request_body(request: CompletionRequest, shape: Format) -> dict[str, Any]:
    """Return the JSON body. Without an enforced schema the instructions carry it."""
    system = request.system
    body: dict[str, Any] = {"model": request.model}
    if shape == "json_schema":
        schema = {"name": "analysis", "strict": True, "schema": closed(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    else:
        system = f"{system}\n\n{as_instruction(request.schema)}"
    if shape == "json_object":
        body["response_format"] = {"type": "json_object"}
    body["messages"] = [
        {"role": "system", "content": system},
        {"role": "user", "content": request.user},
    ]
    return body


def openai_error(reply: Reply, *, model: str, model_setting: str, secret: str) -> UpstreamError:
    """Return the error an unsuccessful answer stands for; some gateways send it with a 200."""
    error = (reply.data or {}).get("error")
    fields = error if isinstance(error, dict) else {"message": error}
    code = fields.get("code") or fields.get("type") or ""
    status = code if reply.is_success and isinstance(code, int) else reply.status
    raw = str(fields.get("message") or reply.text)
    message = redact(raw, secret)
    if status == 429:
        return _quota_error(reply, str(code), raw=raw, message=message)
    if status in {401, 403}:
        return KeyRefused(f"The endpoint refused the key: {message}", remote_code=status)
    if code in {"model_not_found", "model_decommissioned"} or (
        status == 404 and fields.get("message")
    ):
        return ModelRetired(
            f"The endpoint doesn't offer the model {model}. Set {model_setting} to one it has, "
            "or choose one in the AI settings.",
            model=model,
        )
    if status == 402:
        return QuotaExceeded(f"The account is out of credits: {message}", scope=QuotaScope.BILLING)
    if status in {408, 409} or status >= 500 or reply.is_success:
        return ProviderUnavailable(
            f"The endpoint is unavailable (HTTP {status}): {message}",
            remote_code=status,
            retry_after_seconds=reply.retry_after_seconds,
        )
    return RequestRefused(
        f"The endpoint refused the request (HTTP {status}): {message}", remote_code=status
    )


def _quota_error(reply: Reply, code: str, *, raw: str, message: str) -> QuotaExceeded:
    if code in {"insufficient_quota", "billing_hard_limit_reached"}:
        return QuotaExceeded(f"The account is out of credits: {message}", scope=QuotaScope.BILLING)
    named = TRY_AGAIN.search(raw)
    delay = reply.retry_after_seconds
    if delay is None and named:
        delay = duration_seconds(named[1].rstrip("."))
    tokens = bool(TOKENS_A_MINUTE.search(raw))
    if delay is None:
        reset = "x-ratelimit-reset-tokens" if tokens else "x-ratelimit-reset-requests"
        delay = duration_seconds(reply.headers.get(reset, ""))
    if delay is None:
        scope = QuotaScope.BURST
    else:
        scope = QuotaScope.TOKENS_MINUTE if tokens else QuotaScope.MINUTE
    return QuotaExceeded(
        f"The endpoint's rate limit is reached: {message}", scope=scope, retry_after_seconds=delay
    )


def read_answer(reply: Reply, *, asked_model: str) -> Completion:
    """Return the text of a 200, or say why there is none.

    Raises:
        PromptBlocked: a filter or the model refused. AnswerTruncated: `length`. AnswerInvalid: no text.
    """
    data = reply.data
    if data is None:
        raise AnswerInvalid("The endpoint answered something that is not JSON.")
    usage = read_usage(data.get("usage"))
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise AnswerInvalid("The endpoint answered without a message.", usage=usage)
    finish = str(choice.get("finish_reason") or "")
    if finish == "length":
        raise AnswerTruncated("The answer was cut off at the output limit.", usage=usage)
    if finish == "content_filter" or message.get("refusal"):
        raise PromptBlocked(
            "The model refused this conversation.", reason=finish or "refusal", usage=usage
        )
    text = message.get("content")
    if not isinstance(text, str) or not text.strip():
        raise AnswerInvalid("The endpoint answered without text.", usage=usage)
    return Completion(
        text=text,
        model=str(data.get("model") or asked_model),
        usage=usage,
        finish_reason=finish,
        response_id=str(data.get("id") or ""),
    )


def read_usage(value: object) -> TokenUsage:
    """Return the token counts, each 0 where the server doesn't count."""
    counts = value if isinstance(value, dict) else {}
    details = counts.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    numbers = [counts.get("prompt_tokens"), counts.get("completion_tokens"), cached]
    tokens_in, tokens_out, tokens_cached = (n if isinstance(n, int) else 0 for n in numbers)
    return TokenUsage(tokens_in, tokens_out, tokens_cached)
