"""Completes the OpenAPI document: what holds for every route is said here once."""

import re
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from hirocrm.api.errors import CONTENT_TYPE
from hirocrm.api.schemas.base import ListOf

PROBLEM = {"$ref": "#/components/schemas/Problem"}
ALWAYS = {
    401: "No valid token or session.",
    403: "The member's role or the token's scope doesn't allow it.",
    429: "Too many requests in this minute; `Retry-After` says how many seconds to wait.",
    503: "The database can't be reached; try again.",
}
UNREADABLE = "The body isn't JSON; nothing was changed."
NOT_FOUND = "Nothing under this id in the caller's organization."
MALFORMED = (
    "The request breaks its schema, or names something that can't be taken; nothing was changed."
)
GENERIC_LIST = "ListOf_"
METHODS = {"get", "post", "put", "patch", "delete"}


class HiroAPI(NinjaAPI):
    """NinjaAPI whose document also declares the refusals that every route shares."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The document, complete."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        for name, schema in document["components"]["schemas"].items():
            if name.startswith(GENERIC_LIST):  # pydantic gives a generic's children no docstring
                schema["description"] = ListOf.__doc__
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if method in METHODS:
                    _complete(path, operation)
        return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    shared = dict(ALWAYS) if operation.get("security") else {}
    if "{" in path:
        shared[404] = NOT_FOUND
    if operation.get("requestBody"):
        shared[400] = UNREADABLE
    if operation.get("requestBody") or operation.get("parameters"):
        shared[422] = MALFORMED
    for status, description in shared.items():
        responses.setdefault(status, {"description": description})
    for status in list(responses):
        if int(status) >= 400:
            responses[status]["content"] = {CONTENT_TYPE: {"schema": PROBLEM}}
    operation["responses"] = {str(key): responses[key] for key in sorted(responses, key=int)}
    operation["description"] = re.sub(
        r"\n\s*Raises:.*", "", operation.get("description", ""), flags=re.DOTALL
    )
