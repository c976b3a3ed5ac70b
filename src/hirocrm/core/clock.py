"""The one place that asks what time it is."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, aware, in UTC. Call it at an edge (route, view, task, command) only."""
    return datetime.now(UTC)
