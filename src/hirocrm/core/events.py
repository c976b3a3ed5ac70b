"""News for live pages: PostgreSQL NOTIFY, sent with the transaction that made the news.

A payload says only what changed (organization, kind, ids), never content: whoever listens asks the
database for what they may see.
"""

import json
from typing import Any
from uuid import UUID

from django.db import connection

CHANNEL = "hirocrm_events"
NAMED_MAX = 50  # contacts that a piece of news names: a payload has at most 8,000 bytes


def publish(*, organization_id: UUID, kind: str, **fields: Any) -> None:
    """Tell listeners, when the current transaction commits, that something of `kind` changed."""
    payload = json.dumps(
        {"organization": str(organization_id), "kind": kind, **fields}, default=str
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
