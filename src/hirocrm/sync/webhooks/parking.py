"""Events that came before what they are about: kept until it is there.

Meta's order isn't guaranteed after a failed delivery, and events about one message come on different ways.
A key is a message's id, or, for what concerns a whole thread, its person.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hirocrm.core import jobs
from hirocrm.core.bulk import insert_rows
from hirocrm.core.platforms import Platform
from hirocrm.meta.models import Page
from hirocrm.sync.models import ParkedEvent

ANNOUNCED = "announced"  # a message whose own event is to come; see `sweep` and `announced`
ANNOUNCED_FOR = timedelta(seconds=60)  # how long a message may follow its announcement
REREAD = "reread"  # a message that is here, edited to words that Meta didn't say; see `reread`


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the message, or the person's thread, called `key`. What `content` holds goes by `kind`."""

    key: str
    kind: str
    at: datetime
    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The same for the same change."""
        parts = [self.kind, self.at.isoformat(), dict(self.content)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def person_key(platform: Platform, person_id: str) -> str:
    """The key of what concerns a person's thread. No message id of Meta's looks like it."""
    return f"person:{platform.value}:{person_id}"


def park(*, page: Page, changes: Iterable[Change], now: datetime) -> None:
    """Keep changes of what isn't here; the same one is kept once."""
    rows = {
        (change.key, change.digest): (
            page.organization_id, page.pk, change.key, change.kind,
            json.dumps({**change.content, "at": change.at.isoformat()}), change.digest, now,
        )
        for change in changes
    }  # fmt: skip
    insert_rows(
        ParkedEvent,
        ["organization", "page", "mid", "kind", "content", "digest", "created_at"],
        list(rows.values()),
        on_conflict="(page_id, mid, digest) DO NOTHING",
    )


def unpark(*, page: Page, keys: Iterable[str]) -> list[Change]:
    """Take out the parked changes of what is here now; an announcement has done its duty."""
    parked = ParkedEvent.objects.filter(page=page, mid__in=list(keys))
    rows = list(parked.exclude(kind=REREAD))
    if rows:
        ParkedEvent.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [_from_row(row) for row in rows if row.kind != ANNOUNCED]


def ask_to_reread(page: Page) -> bool:
    """Queue the job that asks Meta for the words; whether none waited already."""
    page_id = str(page.pk)
    return jobs.defer_once(
        "webhooks.reread_messages",
        key=f"webhooks.reread:{page_id}",
        queue="webhooks",
        page_id=page_id,
    )


def forget_announced(*, page: Page, until: datetime) -> None:
    """Drop the announcements of messages that a walk of the Page would have brought."""
    ParkedEvent.objects.filter(page=page, kind=ANNOUNCED, created_at__lte=until).delete()


def _from_row(row: ParkedEvent) -> Change:
    content = dict(row.content)
    at = datetime.fromisoformat(content.pop("at"))
    return Change(row.mid, row.kind, at, content)
