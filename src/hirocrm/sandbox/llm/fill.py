"""Make an object that a JSON schema accepts, from what the model would like to say."""

from functools import lru_cache
from typing import Any

Schema = dict[str, Any]


def fill(schema: Schema, wishes: dict[str, Any]) -> Any:
    """A value for the schema; properties whose name is among the wishes get the wish if it fits."""
    return _value(schema, wishes, None, schema.get("$defs") or schema.get("definitions") or {}, 0)


def stage_names(schema: Schema) -> list[str]:
    """The stages a schema allows: the enum of `recommendedStage`."""
    defs = schema.get("$defs") or schema.get("definitions") or {}
    for name in ("recommendedStage", "recommended_stage", "stage"):
        found = (schema.get("properties") or {}).get(name)
        if found:
            return [str(v) for v in _resolved(found, defs).get("enum", ()) if v is not None]
    return []


def _resolved(schema: Schema, defs: dict[str, Schema]) -> Schema:
    """Follow references, and pick the first alternative that isn't null."""
    if "type" in schema and "anyOf" not in schema:
        return schema
    for _ in range(20):
        if "$ref" in schema:
            schema = defs.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
            continue
        options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if not options:
            break
        schema = next((o for o in options if o.get("type") not in {"null", "NULL"}), options[0])
    return schema


def _allows_null(schema: Schema) -> bool:
    kinds = schema.get("type")
    listed = isinstance(kinds, list) and "null" in kinds
    options = schema.get("anyOf") or schema.get("oneOf") or ()
    return bool(listed or schema.get("nullable") or any(o.get("type") == "null" for o in options))


def _kind(schema: Schema) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "string")
    return str(kind).lower()


def _value(schema: Schema, wishes: Any, wish: Any, defs: dict[str, Schema], depth: int) -> Any:
    if wish is None and depth and _allows_null(schema):
        return None
    schema = _resolved(schema, defs)
    if "enum" in schema:
        return wish if wish in schema["enum"] else schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kind = _kind(schema)
    if kind == "object":
        return _object(schema, wish if isinstance(wish, dict) else wishes, defs, depth)
    if kind == "array":
        return _array(schema, wish if isinstance(wish, list) else [], defs, depth)
    return _scalar(schema, kind, wish)


def _object(schema: Schema, wishes: Any, defs: dict[str, Schema], depth: int) -> dict[str, Any]:
    known = wishes if isinstance(wishes, dict) and depth < 8 else {}
    properties: dict[str, Schema] = schema.get("properties") or {}
    order = [
        *schema.get("required", ()),
        *(n for n in properties if n not in schema.get("required", ())),
    ]
    return {
        name: _value(
            properties[name],
            {},
            known[name] if name in known else known.get(_camel(name)),
            defs,
            depth + 1,
        )
        for name in order
        if name in properties
    }


def _array(schema: Schema, wish: list[Any], defs: dict[str, Schema], depth: int) -> list[Any]:
    items = schema.get("items") or {"type": "string"}
    most = int(schema.get("maxItems") or 100)
    least = int(schema.get("minItems") or 0)
    chosen = wish[:most]
    chosen = chosen + [None] * max(0, least - len(chosen))
    return [_value(items, {}, item, defs, depth + 1) for item in chosen]


def _scalar(schema: Schema, kind: str, wish: Any) -> Any:
    if kind in {"integer", "number"}:
        number = wish if isinstance(wish, int | float) else 0
        low, high = schema.get("minimum"), schema.get("maximum")
        number = max(number, low) if low is not None else number
        return min(number, high) if high is not None else number
    if kind == "boolean":
        return bool(wish)
    if kind == "null":
        return None
    text = "" if wish is None else str(wish)
    most = schema.get("maxLength")
    text = text[: int(most)] if most else text
    return text or ("-" if schema.get("minLength") else "")


@lru_cache(maxsize=1024)
def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)
