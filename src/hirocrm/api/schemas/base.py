"""What all schemas share: camelCase names, and which of them forbid unknown fields."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")
DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items at most.")]
Cursor = Annotated[
    str | None, Field(max_length=2000, description="`nextCursor` of the previous answer.")
]


class ApiSchema(BaseModel):
    """An answer: camelCase in JSON, snake_case in Python.

    Pydantic's own base, not ninja's: that one reads every attribute through a wrapper, which is slow in lists.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ApiInput(ApiSchema):
    """A body: an unknown field is an error, since it would be silently ignored otherwise."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=False, extra="forbid", str_strip_whitespace=True
    )

    def changes(self) -> dict[str, Any]:
        """The fields the caller sent, by their Python names."""
        return self.model_dump(exclude_unset=True)


class ListOf(ApiSchema, Generic[T]):
    """A page of a list. `nextCursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


class Window(ApiSchema):
    """Which part of a list is wanted."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class FieldError(ApiSchema):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(ApiSchema):
    """A refusal (RFC 9457). `code` is stable; `detail` is a sentence for people. Some codes add members of their own."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None
