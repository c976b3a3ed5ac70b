"""Reads JSON bodies and queries, without what PostgreSQL or JSON itself wouldn't take."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from hirocrm.core.text import clean

ESCAPE = (
    b"\\u"  # NUL and lone surrogates can hide in an escape only; as raw bytes JSON refuses them
)


class StrictParser(Parser):
    """JSON without NaN, and text without NUL or lone surrogates, which PostgreSQL refuses."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body's value; ninja turns any exception into the refusal of the whole request."""
        body = request.body
        value = json.loads(body, parse_constant=_refuse_constant)
        return _cleaned(value) if ESCAPE in body else value

    def parse_querydict(
        self,
        data: MultiValueDict[str, Any],
        list_fields: list[str],
        request: HttpRequest,  # noqa: ARG002  # ninja's signature
    ) -> dict[str, Any]:
        """Query or form values; a repeated one counts with its last value unless it is a list."""
        return {
            key: _cleaned(data.getlist(key) if key in list_fields else data[key]) for key in data
        }


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't JSON")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return value
