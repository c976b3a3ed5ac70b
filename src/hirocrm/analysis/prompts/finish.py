"""A model's raw text as a checked result: schema, stage names, quotes. Nothing of it is trusted."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hirocrm.analysis.prompts.builder import Prompt
from hirocrm.analysis.prompts.quotes import literal_quote
from hirocrm.analysis.providers.errors import AnswerInvalid
from hirocrm.analysis.schema import (
    AnalysisRequest,
    AnalysisResult,
    Evidence,
    Recommendation,
    rank_recommendations,
)
from hirocrm.core.fast_json import load_json

MAX_EVIDENCE = 5
MAX_ITEMS = 8
MAX_TEXT = 4_000
MAX_ITEM = 80
THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
CODE_FENCE = re.compile(r"^\s*```[a-zA-Z]*\s*\n?(.*?)\n?\s*```\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finished:
    """A checked result and how many of its quotes were not in the messages they named."""

    result: AnalysisResult
    dropped_quotes: int


def finish(raw_json_text: str, request: AnalysisRequest, prompt: Prompt) -> Finished:
    """Return the model's answer as a result that may be shown and acted on.

    Raises:
        AnswerInvalid: no JSON object, no summary, or no stage where one was asked for.
    """
    result = _validated(_parsed(raw_json_text))
    if request.wants_stage and not result.recommended_stage:
        raise AnswerInvalid("The model's answer names no stage.")
    evidence, dropped = _checked_evidence(result, request, prompt)
    stage = _pipeline_name(result.recommended_stage, request)
    known = _known_recommendations(result, request, stage)
    checked = {
        "summary": result.summary[:MAX_TEXT],
        "reasoning": result.reasoning[:MAX_TEXT],
        "next_best_action": result.next_best_action[:MAX_TEXT],
        "recommended_stage": stage,
        "recommendations": rank_recommendations(stage, known, result.confidence),
        "evidence": evidence,
        "topics": _short(result.topics),
        "pain_points": _short(result.pain_points),
        "language": result.language.strip()[:35],
    }
    return Finished(result.model_copy(update=checked), dropped)


def _parsed(text: str) -> dict[str, Any]:
    """Return the JSON object in an answer, past thoughts, code fences and a sentence around it."""
    text = THINKING.sub("", text).strip()
    fenced = CODE_FENCE.match(text)
    text = fenced[1] if fenced else text
    for candidate in (text, text[text.find("{") : text.rfind("}") + 1]):
        try:
            data = load_json(candidate)
        except ValueError:
            continue
        if isinstance(data, list) and len(data) == 1:
            data = data[0]
        if isinstance(data, dict):
            return _without_nul(data) if _may_hold_nul(candidate) else data
    raise AnswerInvalid("The model's answer is not a JSON object.")


def _validated(data: dict[str, Any]) -> AnalysisResult:
    given = {name: value for name, value in data.items() if value is not None}  # null: not said
    try:
        return AnalysisResult.model_validate(given)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "answer"
        raise AnswerInvalid(f"The model's answer is invalid: {where}: {first['msg']}.") from None


def _may_hold_nul(json_text: str) -> bool:
    """Whether the text can hold what `_without_nul` takes out: only an escape or a broken letter can."""
    try:
        return b"\\u" in json_text.encode()
    except UnicodeEncodeError:
        return True


def _without_nul(value: Any) -> Any:
    """PostgreSQL takes no NUL, and a lone surrogate can't be encoded."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _without_nul(item) for key, item in value.items()}
    return [_without_nul(item) for item in value] if isinstance(value, list) else value


def _pipeline_name(name: str, request: AnalysisRequest) -> str:
    """Return the stage as the pipeline writes it; an unknown one stays as text."""
    wanted = name.strip().casefold()
    return next(
        (stage.name for stage in request.stages if stage.name.strip().casefold() == wanted),
        name.strip()[:200],
    )


def _known_recommendations(
    result: AnalysisResult, request: AnalysisRequest, chosen: str
) -> tuple[Recommendation, ...]:
    known = {stage.name for stage in request.stages} | {chosen}
    renamed = (
        Recommendation(stage=_pipeline_name(item.stage, request), probability=item.probability)
        for item in result.recommendations
    )
    return tuple(item for item in renamed if item.stage in known)


def _checked_evidence(
    result: AnalysisResult, request: AnalysisRequest, prompt: Prompt
) -> tuple[tuple[Evidence, ...], int]:
    """Keep the quotes that stand literally in the message they name, and count the others."""
    texts = {message.id: message.text or "" for message in request.messages}
    kept: dict[tuple[str, str], Evidence] = {}
    dropped = 0
    for item in result.evidence:
        message_id = _message_id(item.message_id, texts, prompt)
        quote = literal_quote(item.quote, texts[message_id]) if message_id else None
        if message_id and quote:
            kept[message_id, quote] = Evidence(message_id=message_id, quote=quote)
        else:
            dropped += 1
    return tuple(kept.values())[:MAX_EVIDENCE], dropped


def _message_id(given: str, texts: dict[str, str], prompt: Prompt) -> str | None:
    """Return the message a short id stands for; the real id is taken too."""
    short = given.strip().strip("[]").lower()
    if short in prompt.message_refs:
        return prompt.message_refs[short]
    return given.strip() if given.strip() in texts else None


def _short(items: tuple[str, ...]) -> tuple[str, ...]:
    stripped = (item.strip()[:MAX_ITEM] for item in items)
    return tuple(dict.fromkeys(item for item in stripped if item))[:MAX_ITEMS]
