"""What one process tells the others about keys, heard when its transaction commits."""

import json
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

CHANNEL = "hirocrm_keys"


@dataclass(frozen=True, slots=True)
class KeyNews:
    """Which slices to give up; without a provider, only that there may be more to take now."""

    provider: str = ""
    budget_id: str = ""
    model: str = ""
    key_id: str = ""


def tell_to_give_up(
    provider: str, *, budget_id: str = "", model: str = "", key_id: UUID | None = None
) -> None:
    """Have every process give up what it holds of a key, or of a project and model."""
    _tell(KeyNews(provider, budget_id, model, str(key_id or "")))


def tell_to_look_again() -> None:
    """Have every process that waits ask the ledger again."""
    _tell(KeyNews())


def read(payload: str) -> KeyNews | None:
    """Read what was told; None if it can't be read, as from another version."""
    try:
        data = json.loads(payload)
        return KeyNews(data["provider"], data["budget"], data["model"], data["key"])
    except (ValueError, KeyError, TypeError):
        return None


def _tell(news: KeyNews) -> None:
    payload = {
        "provider": news.provider,
        "budget": news.budget_id,
        "model": news.model,
        "key": news.key_id,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(payload)])
