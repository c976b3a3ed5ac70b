"""Answers of the Gemini API as they were recorded, with the parts a test is about as parameters."""

import json
from typing import Any

from tests.analysis.vendor_server import Answer

MODEL = "gemini-3.5-flash-lite"


def said(text: str, **fields: Any) -> Answer:
    return Answer(
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": text}]},
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 61,
                "candidatesTokenCount": 8,
                "thoughtsTokenCount": 44,
                "totalTokenCount": 113,
            },
            "modelVersion": MODEL,
            "responseId": "k3Qhabc0N9yT1MkP",
            **fields,
        }
    )


def result_json(**fields: Any) -> str:
    """A model's whole answer about a conversation."""
    return json.dumps(
        {
            "language": "tl",
            "summary": "The customer asks for the price of the blue dress.",
            "evidence": [],
            "topics": ["dress"],
            "painPoints": [],
            "buyingSignals": True,
            "sentiment": "positive",
            "urgency": "low",
            "intentScore": 70,
            "reasoning": "They asked for a price.",
            "recommendedStage": "Contacted",
            "recommendations": [{"stage": "Contacted", "probability": 80}],
            "confidence": 80,
            "leadScore": 55,
            "leadStatus": "CONTACTED",
            "nextBestAction": "Send the price.",
            "suggestedFollowUpDate": "",
            "priority": "medium",
            **fields,
        }
    )


def failed(
    code: int,
    message: str,
    status: str = "",
    details: list[dict[str, Any]] | None = None,
    **headers: str,
) -> Answer:
    error = {"code": code, "message": message, "status": status, "details": details or []}
    return Answer({"error": error}, status=code, headers=headers)


def violation(quota_id: str, value: str | None = "15") -> dict[str, Any]:
    item = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": MODEL},
    }
    return item if value is None else {**item, "quotaValue": value}


PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
TOKENS_PER_MINUTE = "GenerateContentInputTokensPerModelPerMinute-FreeTier"
QUOTA_MESSAGE = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this "
    "error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: "
    "https://ai.dev/usage?tab=rate-limit. \n* Quota exceeded for metric: "
    "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: {limit}, model: "
    + MODEL
)


def quota_failed(
    *violations: dict[str, Any], delay: str | None = "37s", limit: str = "15"
) -> Answer:
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": list(violations)},
    ]
    if delay is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return failed(429, QUOTA_MESSAGE.format(limit=limit), "RESOURCE_EXHAUSTED", details)


def key_invalid() -> Answer:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
    }
    return failed(
        400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", [info]
    )


def model_gone(model: str = MODEL) -> Answer:
    return failed(404, f"models/{model} is not found for API version v1beta", "NOT_FOUND")
