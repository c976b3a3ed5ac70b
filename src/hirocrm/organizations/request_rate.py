"""How often a caller (an API token, or a member in the browser) asked in the current minute.

One counter row a caller, shared by all web processes. The table is unlogged, so that counting
costs one short statement and waits for no disk.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

WINDOW_SECONDS = 60

COUNT = """
INSERT INTO organizations_requestwindow AS w (caller, minute, requests) VALUES (%s, %s, 1)
ON CONFLICT (caller) DO UPDATE SET
  requests = CASE WHEN w.minute = excluded.minute THEN w.requests + 1 ELSE 1 END,
  minute = excluded.minute
RETURNING requests
"""


@dataclass(frozen=True, slots=True)
class RequestRate:
    """Where a caller stands: at most `limit` requests a minute, a new minute in `reset_seconds`."""

    limit: int
    used: int
    reset_seconds: int

    @property
    def remaining(self) -> int:
        """How many more requests this minute allows."""
        return max(0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit


def count_request(*, caller: UUID, limit: int, now: datetime) -> RequestRate:
    """Count one request of the caller in the current minute (by the clock, not from the first request)."""
    minute, second = divmod(int(now.timestamp()), WINDOW_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [caller, minute])
        (used,) = cursor.fetchone()
    return RequestRate(limit=limit, used=used, reset_seconds=WINDOW_SECONDS - second)
