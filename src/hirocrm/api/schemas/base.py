"""What all schemas share: camelCase names, and which of them forbid unknown fields."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

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
    """A body: an unknown field is an error, since it would be silently ignored otherwise.

    JSON has numbers and truth values of its own, so `true` and `"50"` are no numbers, and 1 and `"yes"` not true.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=False, extra="forbid", str_strip_whitespace=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_disguises(cls, value: object, info: ValidationInfo) -> object:
        kinds = _kinds_of_field(cls, info.field_name or "")
        if bool in kinds and isinstance(value, int | float | str) and not isinstance(value, bool):
            raise PydanticCustomError("bool_type", "Input should be true or false")
        if kinds & {int, float} and not kinds & {bool, str} and isinstance(value, bool | str):
            raise PydanticCustomError("number_type", "Input should be a number")
        return value

    def changes(self) -> dict[str, Any]:
        """The fields the caller sent, by their Python names."""
        return self.model_dump(exclude_unset=True)


@cache
def _kinds_of_field(schema: type[BaseModel], name: str) -> frozenset[Any]:
    return _kinds(schema.model_fields[name].annotation)


def _kinds(annotation: Any) -> frozenset[Any]:
    """The types that a field's annotation allows: {int, NoneType} of `Annotated[int, …] | None`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return frozenset().union(*(_kinds(each) for each in get_args(annotation)))
    return frozenset({annotation})


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
