"""Deliveries from the intake become events, and each Page's events rows; what can't be read is kept aside.

Whatever is wrong with one part costs only itself: a Page's events are applied together, in a savepoint, and
one by one should that fail; deliveries are taken together, and one by one should that fail.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import transaction

from hirocrm.contacts.erased import find_erased
from hirocrm.core import jobs
from hirocrm.meta.models import ConnectionState, DeliveryOutcome, Page, WebhookDelivery
from hirocrm.meta.webhooks.events import Entry, Event, Unreadable
from hirocrm.meta.webhooks.payloads import Delivery, entry_of_event, read_delivery
from hirocrm.sync.webhooks import aside
from hirocrm.sync.webhooks.apply import apply_events

log = structlog.get_logger(__name__)

TAKEN_AT_ONCE = 400
TAKEN_BYTES = 8 * 1024 * 1024
_FAILED = "HiroCRM failed on it; that is a fault of ours, noted in the worker's log"

# The oldest that wait, as many as fit; octet_length doesn't fetch a long body.
_CHOOSE = """
SELECT id, body, received_at FROM meta_webhookdelivery WHERE id IN (
    SELECT id FROM (
        SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM (
            SELECT id, octet_length(body) AS size FROM meta_webhookdelivery
             WHERE handled_at IS NULL ORDER BY id LIMIT %s
        ) oldest
    ) summed WHERE before < %s
) AND handled_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
"""


@dataclass(slots=True)
class _Taken:
    """A delivery on its way."""

    row: WebhookDelivery
    content: Delivery
    outcome: DeliveryOutcome = DeliveryOutcome.UNKNOWN


@dataclass(slots=True)
class _PagesPart:
    """One Page's events of a round, each with its delivery."""

    page: Page
    events: list[tuple[Event, _Taken]] = field(default_factory=list)


def take_deliveries(*, now: datetime) -> int:
    """Take the deliveries that wait, as many as go together; returns how many that were."""
    try:
        return _take(TAKEN_AT_ONCE, now)
    except Exception as exc:
        if jobs.is_transient(exc):
            raise
        log.exception("webhook.round_failed")
    try:
        return _take(1, now)
    except Exception as exc:
        if jobs.is_transient(exc):
            raise
        log.exception("webhook.delivery_failed")
        return _set_aside_whole(now)


@transaction.atomic
def _take(most: int, now: datetime) -> int:
    rows = list(WebhookDelivery.objects.raw(_CHOOSE, [most, TAKEN_BYTES]))
    taken = [_Taken(row, read_delivery(bytes(row.body))) for row in rows]
    pages = _pages(entry.business_id for item in taken for entry in item.content.entries)
    parts: dict[object, _PagesPart] = {}
    for item in taken:
        _sort(item, pages, parts)
    for part in parts.values():
        _apply_part(part, now)
    _finish(taken, now)
    _forget_erased(parts.values())
    return len(taken)


def _pages(business_ids: Iterable[str]) -> dict[str, Page]:
    """The connected Pages by the ids that Meta names them by: the Page's, or its Instagram account's."""
    wanted = set(business_ids)
    if not wanted:
        return {}
    rows = Page.objects.exclude(state=ConnectionState.FORGOTTEN).select_related("organization")
    found = {
        page.instagram_account_id: page for page in rows.filter(instagram_account_id__in=wanted)
    }
    found |= {page.remote_id: page for page in rows.filter(remote_id__in=wanted)}
    return {key: page for key, page in found.items() if key is not None}


def _sort(item: _Taken, pages: dict[str, Page], parts: dict[object, _PagesPart]) -> None:
    """Give each Page what is its own. An entry for a Page that isn't connected here is dropped."""
    for unreadable in item.content.unreadable:
        _keep_aside(item, None, unreadable)
    for entry in item.content.entries:
        page = pages.get(entry.business_id)
        if entry.is_test:
            item.outcome = DeliveryOutcome.TEST
        elif page is None:
            log.info("webhook.dropped", reason="page_unknown", events=len(entry.events))
        else:
            _sort_entry(item, page, entry, parts)


def _sort_entry(item: _Taken, page: Page, entry: Entry, parts: dict[object, _PagesPart]) -> None:
    if item.outcome is not DeliveryOutcome.UNREADABLE:
        item.outcome = DeliveryOutcome.TAKEN
    for unreadable in entry.unreadable:
        _keep_aside(item, page, unreadable)
    part = parts.setdefault(page.pk, _PagesPart(page))
    part.events.extend((event, item) for event in entry.events)


def _keep_aside(item: _Taken, page: Page | None, unreadable: Unreadable) -> None:
    item.outcome = DeliveryOutcome.UNREADABLE
    aside.keep(
        page=page,
        unreadable=unreadable,
        object_kind=item.content.object_kind,
        delivery_id=item.row.pk,
        received_at=item.row.received_at,
    )


def _apply_part(part: _PagesPart, now: datetime) -> None:
    events = [(event, item.row.received_at) for event, item in part.events]
    if not events:
        return
    try:
        with transaction.atomic():
            apply_events(page=part.page, events=events, now=now)
    except Exception as exc:
        if jobs.is_transient(exc):
            raise
        log.exception("webhook.page_failed", page_id=str(part.page.pk), events=len(events))
        _apply_singly(part, now)


def _apply_singly(part: _PagesPart, now: datetime) -> None:
    for event, item in part.events:
        try:
            with transaction.atomic():
                apply_events(page=part.page, events=[(event, item.row.received_at)], now=now)
        except Exception as exc:
            if jobs.is_transient(exc):
                raise
            log.exception("webhook.event_failed", page_id=str(part.page.pk))
            content = entry_of_event(bytes(item.row.body), event)
            _keep_aside(item, part.page, Unreadable(content, _FAILED))


def _finish(taken: Sequence[_Taken], now: datetime) -> None:
    by_outcome: defaultdict[DeliveryOutcome, list[int]] = defaultdict(list)
    for item in taken:
        by_outcome[item.outcome].append(item.row.pk)
    for outcome, ids in by_outcome.items():
        WebhookDelivery.objects.filter(pk__in=ids).update(handled_at=now, outcome=outcome)


def _forget_erased(parts: Iterable[_PagesPart]) -> None:
    """Keep no delivery that names somebody who was erased: Meta may tell once more what they said before."""
    named: set[int] = set()
    for part in parts:
        people = {(event.platform, event.customer_id) for event, _ in part.events}
        erased = find_erased(part.page, people)
        named |= {i.row.pk for e, i in part.events if (e.platform, e.customer_id) in erased}
    if named:
        WebhookDelivery.objects.filter(pk__in=named).delete()


@transaction.atomic
def _set_aside_whole(now: datetime) -> int:
    """Keep a delivery aside that can't even be taken by itself, so that the others get their turn."""
    rows = list(WebhookDelivery.objects.raw(_CHOOSE, [1, TAKEN_BYTES]))
    for row in rows:
        content = Unreadable(aside.parsed(bytes(row.body)), _FAILED)
        aside.keep(page=None, unreadable=content, object_kind="", delivery_id=row.pk, received_at=row.received_at)  # fmt: skip
        WebhookDelivery.objects.filter(pk=row.pk).update(
            handled_at=now, outcome=DeliveryOutcome.UNREADABLE
        )
    return len(rows)
