"""Google Gemini over `generateContent`: https://ai.google.dev/api/generate-content.

The key travels in `x-goog-api-key` alone: Google refuses two credentials, and URLs end up in logs.
"""

import re
from typing import Any

from hirocrm.analysis.providers.errors import (
    AnswerInvalid,
    AnswerTruncated,
    KeyRefused,
    PromptBlocked,
    TokenUsage,
)
from hirocrm.analysis.providers.google_errors import google_error, is_thinking_refused
from hirocrm.analysis.providers.http import ProviderHttp, Reply
from hirocrm.analysis.providers.protocol import Completion, CompletionRequest

BASE_URL = "https://generativelanguage.googleapis.com"
SAFETY_CATEGORIES = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
# Customers do write abuse. Google's core protections stay on whatever we ask.
SAFETY_SETTINGS = [
    {"category": f"HARM_CATEGORY_{name}", "threshold": "BLOCK_NONE"} for name in SAFETY_CATEGORIES
]
BLOCKING_FINISHES = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)

ThinkingConfig = dict[str, Any] | None
# What each family takes, cheapest first (https://ai.google.dev/gemini-api/docs/thinking).
# A model of no family gets no thinkingConfig at all, which every model takes.
THINKING: tuple[tuple[re.Pattern[str], ThinkingConfig], ...] = (
    (re.compile(r"gemini-2\.5-flash"), {"thinkingBudget": 0}),
    (
        re.compile(r"gemini-3\.(?:1|5)-flash-lite|gemini-3\.(?:5|6)-flash"),
        {"thinkingLevel": "MINIMAL"},
    ),
    (re.compile(r"gemini-3\.(?:7|8)-flash|gemini-3\.1-pro|gemini-4-"), {"thinkingLevel": "LOW"}),
)


class GeminiProvider:
    """Gemini at `base_url`. Remembers per model which thinking level it had to step down to."""

    name = "gemini"
    model_setting = "GOOGLE_AI_MODEL"

    def __init__(self, http: ProviderHttp, *, base_url: str = BASE_URL) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._stepped_down: dict[str, ThinkingConfig] = {}

    async def complete(self, request: CompletionRequest, *, secret: str) -> Completion:
        """Ask once; a refused thinking level is stepped down at once and remembered."""
        url = f"{self._base_url}/v1beta/models/{request.model}:generateContent"
        thinking = self._thinking(request.model)
        while True:
            reply = await self._http.post(
                url, headers={"x-goog-api-key": secret}, body=request_body(request, thinking)
            )
            if thinking is None or not is_thinking_refused(reply):
                break
            thinking = self._step_down(request.model, thinking)
        if not reply.is_success:
            raise google_error(
                reply, model=request.model, model_setting=self.model_setting, secret=secret
            )
        return read_answer(reply, asked_model=request.model)

    async def check_key(self, *, secret: str, model: str) -> None:
        """One tiny call of the model: a key may list models and yet be refused here."""
        tiny = CompletionRequest(
            model=model,
            system="Answer with JSON.",
            user="ok?",
            schema={
                "type": "object",
                "properties": {"ok": {"type": "boolean"}},
                "required": ["ok"],
            },
        )
        try:
            await self.complete(tiny, secret=secret)
        except (AnswerInvalid, PromptBlocked):
            return  # the key was good enough to get an answer

    async def list_models(self, *, secret: str) -> tuple[str, ...]:
        """The models that answer prompts: https://ai.google.dev/api/models#method:-models.list."""
        reply = await self._http.get(
            f"{self._base_url}/v1beta/models?pageSize=1000", headers={"x-goog-api-key": secret}
        )
        if not reply.is_success:
            raise google_error(reply, model="", model_setting=self.model_setting, secret=secret)
        return _answering_models(reply)

    def _thinking(self, model: str) -> ThinkingConfig:
        if model in self._stepped_down:
            return self._stepped_down[model]
        return next((config for family, config in THINKING if family.match(model)), None)

    def _step_down(self, model: str, refused: dict[str, Any]) -> ThinkingConfig:
        if (
            refused.get("thinkingLevel") == "MINIMAL"
            and self._stepped_down.get(model, 0) is not None
        ):
            self._stepped_down[model] = {"thinkingLevel": "LOW"}
        else:
            self._stepped_down[model] = None
        return self._stepped_down[model]


def _answering_models(reply: Reply) -> tuple[str, ...]:
    nodes = (reply.data or {}).get("models")
    if not isinstance(nodes, list):
        raise AnswerInvalid("Gemini answered without a list of models.")
    return tuple(
        str(node.get("name", "")).removeprefix("models/")
        for node in nodes
        if isinstance(node, dict)
        and "generateContent" in (node.get("supportedGenerationMethods") or ())
    )


def request_body(request: CompletionRequest, thinking: ThinkingConfig) -> dict[str, Any]:
    """Return the JSON body. Sampling settings go to 2.x only: newer models ignore or refuse them."""
    config: dict[str, Any] = {
        "responseMimeType": "application/json",
        "responseJsonSchema": request.schema,
        "maxOutputTokens": max(2048, request.max_output_tokens),
    }
    if thinking is not None:
        config["thinkingConfig"] = thinking
    if request.model.startswith("gemini-2."):
        config["temperature"] = 0
    return {
        "systemInstruction": {"parts": [{"text": request.system}]},
        "contents": [{"role": "user", "parts": [{"text": request.user}]}],
        "generationConfig": config,
        "safetySettings": SAFETY_SETTINGS,
    }


def read_answer(reply: Reply, *, asked_model: str) -> Completion:
    """Return the text of a 200, or say why there is none.

    Raises:
        PromptBlocked: the prompt or the answer was filtered.
        AnswerTruncated: MAX_TOKENS. AnswerInvalid: no JSON, no candidates, no text.
        KeyRefused: the account is limited for policy violations.
    """
    data = reply.data
    if data is None:
        raise AnswerInvalid("Gemini answered something that is not JSON.")
    usage = read_usage(data.get("usageMetadata"))
    candidate = _first_candidate(data, usage)
    finish = str(candidate.get("finishReason") or "")
    text = _text_of(candidate)
    _raise_for_finish(finish, usage=usage, has_text=bool(text.strip()))
    return Completion(
        text=text,
        model=str(data.get("modelVersion") or asked_model),
        usage=usage,
        finish_reason=finish,
        response_id=str(data.get("responseId") or ""),
    )


def _first_candidate(data: dict[str, Any], usage: TokenUsage) -> dict[str, Any]:
    candidates = data.get("candidates")
    if isinstance(candidates, list) and candidates and isinstance(candidates[0], dict):
        return candidates[0]
    feedback = data.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    if reason:
        raise PromptBlocked(
            f"Gemini's filter refused this conversation ({reason}).",
            reason=str(reason),
            usage=usage,
        )
    raise AnswerInvalid("Gemini answered without a candidate.", usage=usage)


def _raise_for_finish(finish: str, *, usage: TokenUsage, has_text: bool) -> None:
    if finish == "MAX_TOKENS":
        raise AnswerTruncated("Gemini's answer was cut off at the output limit.", usage=usage)
    if finish == "PUP_LIMITED_DISABLED":
        raise KeyRefused("Google has limited this account for policy violations.")
    if finish in BLOCKING_FINISHES:
        raise PromptBlocked(
            f"Gemini's filter stopped the answer ({finish}).", reason=finish, usage=usage
        )
    if not has_text:
        raise AnswerInvalid(
            f"Gemini answered without text ({finish or 'no reason given'}).", usage=usage
        )


def _text_of(candidate: dict[str, Any]) -> str:
    """Return the text parts joined, without the model's thoughts."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    return "".join(
        part["text"]
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and isinstance(part.get("text"), str) and not part.get("thought")
    )


def read_usage(value: object) -> TokenUsage:
    """Return Gemini's token counts; any of them may be missing. Billed output includes thoughts."""
    counts = value if isinstance(value, dict) else {}

    def count(name: str) -> int:
        number = counts.get(name)
        return number if isinstance(number, int) and number > 0 else 0

    return TokenUsage(
        tokens_in=count("promptTokenCount") + count("toolUsePromptTokenCount"),
        tokens_out=count("candidatesTokenCount") + count("thoughtsTokenCount"),
        tokens_cached=count("cachedContentTokenCount"),
    )
