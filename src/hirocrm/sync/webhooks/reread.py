"""Asking Meta once for the new wording of a message that was edited without saying to what.

Facts: https://developers.facebook.com/docs/messenger-platform/instagram/features/webhook (`message_edit`).
That it is to be asked is parked with the events, so it outlives a crash, a limit and a dead token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from hirocrm.contacts.models import Message
from hirocrm.core.errors import (
    UpstreamForbidden,
    UpstreamRejected,
)
from hirocrm.core.platforms import Platform
from hirocrm.core.text import clean
from hirocrm.core.threads import in_thread
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.sync.models import ParkedEvent
from hirocrm.sync.webhooks.apply import apply_changes
from hirocrm.sync.webhooks.asking import ask_each
from hirocrm.sync.webhooks.parking import REREAD, Change, ask_to_reread

log = structlog.get_logger(__name__)

READ_AT_ONCE, PAGES_AT_ONCE = 50, 100
ASKABLE = (ConnectionState.HEALTHY, ConnectionState.LIMITED)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A message to ask for. `edit`: the change to make once its text is known."""

    row_id: int
    edit: Change
    platform: Platform


def ask_again(*, now: datetime) -> int:
    """Queue the jobs that got lost, or whose Page couldn't be asked; returns how many."""
    waiting = ParkedEvent.objects.filter(kind=REREAD).values("page_id")
    pages = Page.objects.filter(pk__in=waiting, state__in=ASKABLE).exclude(access_token="")
    pages = pages.exclude(state=ConnectionState.LIMITED, limited_until__gt=now)
    return sum(ask_to_reread(page) for page in pages.order_by("id")[:PAGES_AT_ONCE])


async def reread_messages(page_id: UUID) -> None:
    """Ask for the Page's edited messages, each once.

    Raises:
        UpstreamUnavailable: Meta couldn't be asked; what is left stays for the next time.
        UpstreamRateLimited: Meta asked for patience; the same.
    """
    page, wanted = await in_thread(_prepare, page_id)
    if page is None:
        return
    await ask_each(page, wanted, ask=_ask, take=_take)


def _prepare(page_id: UUID) -> tuple[Page | None, Sequence[_Wanted]]:
    page = Page.objects.filter(pk=page_id, state__in=ASKABLE).exclude(access_token="").first()
    if page is None:
        return None, ()
    rows = ParkedEvent.objects.filter(page=page, kind=REREAD).order_by("id")[:READ_AT_ONCE]
    known = Message.objects.filter(page=page, remote_id__in=[row.mid for row in rows])
    platforms = dict(known.values_list("remote_id", "conversation__platform"))
    ParkedEvent.objects.filter(pk__in=[row.pk for row in rows if row.mid not in platforms]).delete()
    return page, [_to_wanted(row, platforms[row.mid]) for row in rows if row.mid in platforms]


def _to_wanted(row: ParkedEvent, platform: str) -> _Wanted:
    at = datetime.fromisoformat(row.content["at"])
    edit = Change(row.mid, "edited", at, {"number": row.content["number"]})
    return _Wanted(row.pk, edit, Platform(platform))


async def _ask(graph: GraphClient, wanted: _Wanted) -> str | None:
    """The message's text; None where Meta doesn't tell: it is gone, or older than the newest 20 of its thread."""
    try:
        message = await graph.get_message(wanted.edit.key, wanted.platform)
    except (UpstreamRejected, UpstreamForbidden) as refusal:
        log.info("webhook.wording_refused", code=refusal.code)
        return None
    return message.message


@transaction.atomic
def _take(page: Page, wanted: _Wanted, text: str | None, now: datetime) -> None:
    ParkedEvent.objects.filter(pk=wanted.row_id).delete()
    words = clean(text) or None
    if words is not None:
        content = {**wanted.edit.content, "text": words}
        change = Change(wanted.edit.key, wanted.edit.kind, wanted.edit.at, content)
        apply_changes(page=page, changes=[change], now=now)
