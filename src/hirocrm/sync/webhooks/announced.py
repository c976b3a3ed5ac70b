"""Asking Meta, once, for messages that were announced and didn't come, on Pages without a first sync.

Facts: Instagram sends `message_edit` with `num_edit` 0 along with a new message; some apps are delivered nothing
else. A Page that has been synced is walked for them (`sweep`), which finds what else was missed. One that hasn't
isn't: the first sync is a person's. Yet who writes to it must be seen, and answered, all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from hirocrm.contacts.models import Message
from hirocrm.contacts.snapshots import ConversationSnapshot, Platform
from hirocrm.core import jobs
from hirocrm.core.errors import (
    UpstreamForbidden,
    UpstreamRejected,
)
from hirocrm.core.threads import in_thread
from hirocrm.meta.graph import shapes
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.sync.models import ParkedEvent
from hirocrm.sync.sources.graph_snapshots import Business, to_snapshot
from hirocrm.sync.webhooks.apply import apply_fetched
from hirocrm.sync.webhooks.asking import ask_each
from hirocrm.sync.webhooks.parking import ANNOUNCED, ANNOUNCED_FOR
from hirocrm.sync.webhooks.reread import ASKABLE, PAGES_AT_ONCE, READ_AT_ONCE

log = structlog.get_logger(__name__)

NO_THREAD = "thread:"  # how a snapshot calls a person whom nothing names


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A message to ask for."""

    row_id: int
    mid: str
    platform: Platform


def ask_for_announced(*, now: datetime) -> int:
    """Queue the jobs for Pages without a first sync where announced messages are overdue; returns how many."""
    overdue = ParkedEvent.objects.filter(kind=ANNOUNCED, created_at__lte=now - ANNOUNCED_FOR)
    pages = Page.objects.filter(
        pk__in=overdue.values("page_id"), last_synced_at__isnull=True, state__in=ASKABLE
    )
    pages = pages.exclude(access_token="").exclude(
        state=ConnectionState.LIMITED, limited_until__gt=now
    )
    return sum(
        jobs.defer_once(
            "webhooks.fetch_announced",
            key=f"webhooks.fetch_announced:{page.pk}",
            queue="webhooks",
            page_id=str(page.pk),
        )
        for page in pages.order_by("id")[:PAGES_AT_ONCE]
    )


async def fetch_announced(page_id: UUID, *, now: datetime) -> None:
    """Ask for the Page's overdue messages, each once.

    Raises:
        UpstreamUnavailable: Meta couldn't be asked; what is left stays for the next time.
        UpstreamRateLimited: Meta asked for patience; the same.
    """
    page, wanted = await in_thread(_prepare, page_id, now)
    if page is None:
        return
    await ask_each(page, wanted, ask=_ask, take=_take)


def _prepare(page_id: UUID, now: datetime) -> tuple[Page | None, Sequence[_Wanted]]:
    page = Page.objects.filter(pk=page_id, state__in=ASKABLE).exclude(access_token="").first()
    if page is None:
        return None, ()
    rows = ParkedEvent.objects.filter(
        page=page, kind=ANNOUNCED, created_at__lte=now - ANNOUNCED_FOR
    ).order_by("id")[:READ_AT_ONCE]
    known = Message.objects.filter(page=page, remote_id__in=[row.mid for row in rows])
    here = set(known.values_list("remote_id", flat=True))
    ParkedEvent.objects.filter(pk__in=[row.pk for row in rows if row.mid in here]).delete()
    return page, [_Wanted(row.pk, row.mid, _platform(row)) for row in rows if row.mid not in here]


def _platform(row: ParkedEvent) -> Platform:
    """Rows of before it was kept are Instagram's, which alone announces."""
    return Platform(row.content.get("platform", Platform.INSTAGRAM))


async def _ask(graph: GraphClient, wanted: _Wanted) -> shapes.Message | None:
    """The message; None where Meta doesn't tell: it is gone, or older than the newest 20 of its thread."""
    try:
        return await graph.get_message(wanted.mid, wanted.platform)
    except (UpstreamRejected, UpstreamForbidden) as refusal:
        log.info("webhook.announced_refused", code=refusal.code)
        return None


@transaction.atomic
def _take(page: Page, wanted: _Wanted, message: shapes.Message | None, now: datetime) -> None:
    ParkedEvent.objects.filter(pk=wanted.row_id).delete()
    snapshot = _snapshot(page, wanted, message, now) if message else None
    if snapshot is not None:
        apply_fetched(page=page, snapshots=[snapshot], now=now)


def _snapshot(
    page: Page, wanted: _Wanted, message: shapes.Message, now: datetime
) -> ConversationSnapshot | None:
    """The message in its person's thread; None when it names nobody but us."""
    ids = frozenset(i for i in (page.remote_id, page.instagram_account_id) if i)
    snapshot = to_snapshot(
        shapes.Conversation(id=wanted.mid),
        [message],
        platform=wanted.platform,
        business=Business(ids, page.instagram_username or None),
        fetched_at=now,
    )
    if snapshot.participant.remote_id.startswith(NO_THREAD):
        return None
    return replace(snapshot, remote_id=None)
