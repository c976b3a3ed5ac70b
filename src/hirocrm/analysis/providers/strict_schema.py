"""The schema dialect that OpenAI's strict mode and Anthropic ask for."""

import json
from typing import Any


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with `additionalProperties: false` on every object, as both demand."""
    result = dict(schema)
    if result.get("type") == "object":
        result["properties"] = {name: closed(sub) for name, sub in schema["properties"].items()}
        result["additionalProperties"] = False
    elif result.get("type") == "array":
        result["items"] = closed(schema["items"])
    return result


def as_instruction(schema: dict[str, Any]) -> str:
    """Return the sentence that carries the schema where an endpoint can't enforce one."""
    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return f"Answer with one JSON object and nothing else. It must match this JSON Schema: {text}"
