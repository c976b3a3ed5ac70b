"""The JSON Schema a model answers in: `AnalysisResult` of `analysis.schema`, said plainly.

Written out rather than taken from pydantic: vendors share a small subset (no bounds, no nulls, no $ref), answer
in the order of `required`, and refuse schemas with "too many states". Findings come before the verdict.
"""

from typing import Any

from hirocrm.analysis.schema import AnalysisRequest, LeadStatus, Level, Sentiment

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}


def answer_schema(request: AnalysisRequest) -> dict[str, Any]:
    """Return the schema for this request: all fields, or only the summary without a pipeline."""
    if not request.wants_stage:
        return _object({"summary": TEXT})
    stage = _enum(dict.fromkeys(stage.name for stage in request.stages))
    return _object(
        {
            "language": TEXT,
            "summary": TEXT,
            "evidence": _list(_object({"messageId": TEXT, "quote": TEXT})),
            "topics": _list(TEXT),
            "painPoints": _list(TEXT),
            "buyingSignals": {"type": "boolean"},
            "sentiment": _enum(Sentiment),
            "urgency": _enum(Level),
            "intentScore": NUMBER,
            "reasoning": TEXT,
            "recommendedStage": stage,
            "recommendations": _list(_object({"stage": stage, "probability": NUMBER})),
            "confidence": NUMBER,
            "leadScore": NUMBER,
            "leadStatus": _enum(LeadStatus),
            "nextBestAction": TEXT,
            "suggestedFollowUpDate": TEXT,
            "priority": _enum(Level),
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _enum(values: Any) -> dict[str, Any]:
    return {"type": "string", "enum": [str(value) for value in values]}
