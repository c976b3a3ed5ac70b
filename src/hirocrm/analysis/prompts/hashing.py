"""What an analysis depends on, as one digest: the same digest means that nothing need be paid again."""

import hashlib
import json
import unicodedata

from hirocrm.analysis.prompts.texts import PROMPT_VERSION
from hirocrm.analysis.schema import SCHEMA_VERSION, AnalysisRequest, Example


def input_hash(
    request: AnalysisRequest, *, provider: str, model: str, prompt_version: str = PROMPT_VERSION
) -> str:
    """Return the SHA-256 (64 hex letters) of everything that should cause a new analysis.

    Left out on purpose: `now`, `previous_summary` and `corrections`, which change from day to day without
    the conversation having changed, and sending times, which Meta gives in different precision.
    What the local analyser has learned stands in `model`: see analysis.transcripts.
    """
    content = {
        "messages": [
            [item.id, item.sender.value, _text(item.text), sorted(item.kinds)]
            for item in request.messages
        ],
        "stages": [[stage.name, stage.type.value, stage.description] for stage in request.stages],
        "instructions": request.pipeline_instructions,
        "examples": [_example(example) for example in request.pipeline_examples],
        "business": request.business_description,
        "language": request.language,
        "prompt": prompt_version,
        "schema": SCHEMA_VERSION,
        "provider": provider,
        "model": model,
    }
    canonical = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _text(text: str | None) -> str:
    return unicodedata.normalize("NFC", text or "")


def _example(example: Example) -> list[str]:
    return [example.excerpt, example.stage, example.reason]
