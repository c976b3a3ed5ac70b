"""What couldn't be read or applied: kept where its organization sees it, to be tried again or dropped."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from hirocrm.core import jobs
from hirocrm.core.bulk import insert_rows
from hirocrm.core.errors import Conflict, NotFound
from hirocrm.core.ids import new_id
from hirocrm.core.text import clean, shorten
from hirocrm.meta.models import ConnectionState, Page, UnreadableEntry
from hirocrm.meta.webhooks.events import Unreadable
from hirocrm.meta.webhooks.payloads import read_content
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member, Organization
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit
from hirocrm.sync.webhooks.apply import apply_events

log = structlog.get_logger(__name__)

CONTENT_LENGTH = 1_000_000  # characters; what is cut can't be replayed, and says so
REASON_LENGTH = 300


class EntryNotFound(NotFound):
    """No such entry in this organization."""

    code = "webhook_entry_not_found"


class EntryStillUnreadable(Conflict):
    """Trying the entry again met the same difficulty."""

    code = "webhook_entry_still_unreadable"


def keep(
    *,
    page: Page | None,
    unreadable: Unreadable,
    object_kind: str,
    delivery_id: int,
    received_at: datetime,
) -> None:
    """Keep a part of a delivery aside; the same one, sent again by Meta, is kept once."""
    organization_id = page.organization_id if page else _only_organization()
    content = shorten(_as_text(unreadable.content), CONTENT_LENGTH)
    digest = hashlib.sha256(f"{organization_id}{object_kind}{content}".encode()).hexdigest()
    row = (
        new_id(), organization_id, page.pk if page else None, delivery_id, clean(object_kind)[:40], content,
        digest, shorten(clean(unreadable.reason), REASON_LENGTH), received_at,
    )  # fmt: skip
    columns = [
        "id", "organization", "page", "delivery_id", "object_kind", "content", "digest", "reason", "received_at",
    ]  # fmt: skip
    insert_rows(UnreadableEntry, columns, [row], on_conflict="(digest) DO NOTHING")
    page_id = str(page.pk) if page else None
    log.warning("webhook.kept_aside", page_id=page_id, reason=unreadable.reason)


def _only_organization() -> UUID | None:
    """Whose it must be, where only one organization uses this install."""
    ids = list(Organization.objects.values_list("pk", flat=True)[:2])
    return ids[0] if len(ids) == 1 else None


def _as_text(content: object) -> str:
    if isinstance(content, str):
        return clean(content)
    try:
        return json.dumps(content)  # escaped, so without NUL or half an emoji
    except (RecursionError, ValueError):
        return "(too deeply nested)"


def parsed(body: bytes) -> object:
    """A body's JSON, or its text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def list_entries(*, member: Member) -> QuerySet[UnreadableEntry]:
    """What was kept aside for the member's organization."""
    permissions.require(member, Right.CONFIGURE)
    return UnreadableEntry.objects.filter(organization_id=member.organization_id).select_related("page")  # fmt: skip


def get_entry(*, member: Member, entry_id: UUID) -> UnreadableEntry:
    """One entry.

    Raises:
        EntryNotFound: it isn't there, or another organization's.
    """
    entry = list_entries(member=member).filter(pk=entry_id).first()
    if entry is None:
        raise EntryNotFound("There is no such entry.")
    return entry


@transaction.atomic
def drop_entry(*, member: Member, entry_id: UUID) -> None:
    """Forget an entry.

    Raises:
        EntryNotFound: it isn't there, or another organization's.
    """
    entry = get_entry(member=member, entry_id=entry_id)
    record_audit(member=member, action="webhook.dropped", subject=entry.reason, details={})
    entry.delete()


def replay_entry(*, member: Member, entry_id: UUID, now: datetime) -> None:
    """Read an entry again, as after an update of HiroCRM, and apply what it says.

    Raises:
        EntryNotFound: it isn't there, or another organization's.
        EntryStillUnreadable: it still can't be read or applied, or its Page isn't connected here.
    """
    entry = get_entry(member=member, entry_id=entry_id)
    pages = Page.objects.filter(organization_id=member.organization_id)
    with _trying(entry, now):
        _replay(entry, pages, now)
        record_audit(member=member, action="webhook.replayed", subject=entry.reason, details={})


@contextmanager
def _trying(entry: UnreadableEntry, now: datetime) -> Iterator[None]:
    """What is done within is done with the entry, or not at all."""
    UnreadableEntry.objects.filter(pk=entry.pk).update(replayed_at=now)
    try:
        with transaction.atomic():
            yield
            entry.delete()
    except EntryStillUnreadable:
        raise
    except Exception as exc:
        if jobs.is_transient(exc):
            raise
        log.exception("webhook.replay_failed", entry_id=str(entry.pk))
        raise _still(entry.reason) from exc


def _replay(entry: UnreadableEntry, pages: QuerySet[Page], now: datetime) -> None:
    content = parsed(entry.content.encode())
    is_whole = isinstance(content, dict) and "entry" in content
    whole = content if is_whole else {"object": entry.object_kind, "entry": [content]}
    assert isinstance(whole, dict)  # noqa: S101  # by the line above
    delivery = read_content(whole)
    problems = [*delivery.unreadable, *(u for read in delivery.entries for u in read.unreadable)]
    if problems:
        raise _still(problems[0].reason)
    for read in delivery.entries:
        page = _page_of(pages, read.business_id)
        if page is None:
            raise _still("its Page isn't connected here")
        events = [(event, entry.received_at) for event in read.events]
        apply_events(page=page, events=events, now=now)


def _still(reason: str) -> EntryStillUnreadable:
    return EntryStillUnreadable(f"It still can't be taken: {reason}.")


def _page_of(pages: QuerySet[Page], business_id: str) -> Page | None:
    named = pages.filter(Q(remote_id=business_id) | Q(instagram_account_id=business_id))
    return named.exclude(state=ConnectionState.FORGOTTEN).select_related("organization").first()


# --- what belongs to no organization, for whoever operates the install ------------------------------


def list_ownerless() -> QuerySet[UnreadableEntry]:
    """What names no Page, where several organizations use this install: no member may see it."""
    return UnreadableEntry.objects.filter(organization=None).order_by("-received_at", "-id")


def replay_ownerless(*, entry_id: UUID, now: datetime) -> None:
    """Read such an entry again and apply what it says, to whichever Pages it names.

    Raises:
        EntryNotFound: there is no such entry, or it is an organization's.
        EntryStillUnreadable: it still can't be read or applied, or a Page of it isn't connected here.
    """
    entry = get_ownerless(entry_id)
    with _trying(entry, now):
        _replay(entry, Page.objects.all(), now)
    log.info("webhook.ownerless_replayed", entry_id=str(entry_id))


def drop_ownerless(*, entry_id: UUID) -> None:
    """Forget such an entry.

    Raises:
        EntryNotFound: there is no such entry, or it is an organization's.
    """
    get_ownerless(entry_id).delete()
    log.info("webhook.ownerless_dropped", entry_id=str(entry_id))


def get_ownerless(entry_id: UUID) -> UnreadableEntry:
    """One of them.

    Raises:
        EntryNotFound: there is no such entry, or it is an organization's.
    """
    entry = list_ownerless().filter(pk=entry_id).first()
    if entry is None:
        raise EntryNotFound("There is no such entry without an organization.")
    return entry
