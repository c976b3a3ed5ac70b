"""What every resource's router has in common."""

from typing import Any

from ninja import Router, Status

from hirocrm.api.schemas.base import Problem

Answer = Status[Any]


def new_router(tag: str) -> Router:
    """A router whose answers are camelCase."""
    return Router(tags=[tag], by_alias=True)


def refusals(*statuses: int) -> dict[int, Any]:
    """Declares refusals beyond those that every route shares (400, 401, 403, 404, 422, 429, 503)."""
    return dict.fromkeys(statuses, Problem)


def created(body: object) -> Answer:
    """201 with the new thing."""
    return Status(201, body)


def no_content() -> Answer:
    """204: done, nothing to say."""
    return Status(204, None)
