"""Tags of many contacts at once, put on and taken off, each with its undo."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Func, QuerySet, Value

from hirocrm.contacts.models import Activity, ActivityType, Contact, TagRemoval
from hirocrm.contacts.search import build_search_text
from hirocrm.contacts.services.contacts import BATCH, clean_tags, publish_changes
from hirocrm.contacts.services.timeline import tagged
from hirocrm.core.errors import Invalid
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

UNDO_FOR = timedelta(days=1)


@transaction.atomic
def tag_contacts(
    *, member: Member, contacts: QuerySet[Contact], tags: Sequence[str], now: datetime
) -> int:
    """Put tags on many contacts in a few statements; returns how many had not all of them."""
    permissions.require(member, Right.WORK)
    wanted = clean_tags(tags)
    if not wanted:
        raise Invalid("Name at least one tag.", field="tags")
    lacking = contacts.exclude(tags__contains=wanted).order_by("id")
    had = dict(lacking.select_for_update(of=("self",)).values_list("id", "tags"))
    ids = list(had)
    words = build_search_text(first_name="", last_name="", username="", tags=wanted, texts=())
    for start in range(0, len(ids), BATCH):
        _add_tags(ids[start : start + BATCH], wanted, words, now)
    Activity.objects.bulk_create(
        (
            tagged(member, contact_id, [tag for tag in wanted if tag not in before], now)
            for contact_id, before in had.items()
        ),
        batch_size=BATCH,
    )
    publish_changes(member, len(ids))
    return len(ids)


@transaction.atomic
def undo_tagging(*, member: Member, done_at: datetime, now: datetime) -> int:
    """Take off what the member put on many contacts at `done_at`; returns how many still had it.

    Each contact's timeline says what was put on it. What is searched keeps the words until it is next written.
    """
    permissions.require(member, Right.WORK)
    put_on = Activity.objects.filter(
        organization_id=member.organization_id,
        type=ActivityType.TAG_ADDED,
        user_id=member.user_id,
        created_at=done_at,
    )
    by_tags: dict[tuple[str, ...], list[UUID]] = {}
    for contact_id, metadata in put_on.values_list("contact_id", "metadata"):
        by_tags.setdefault(tuple(metadata.get("tags", ())), []).append(contact_id)
    mine = Contact.objects.filter(organization_id=member.organization_id)
    return sum(
        untag_contacts(member=member, contacts=mine.filter(id__in=ids), tags=tags, now=now)
        for tags, ids in by_tags.items()
    )


@transaction.atomic
def untag_contacts(
    *, member: Member, contacts: QuerySet[Contact], tags: Sequence[str], now: datetime
) -> int:
    """Take tags off many contacts in a few statements; returns how many had one of them."""
    permissions.require(member, Right.WORK)
    wanted = clean_tags(tags)
    having = contacts.filter(tags__overlap=wanted).order_by("id")
    had = dict(having.select_for_update(of=("self",)).values_list("id", "tags"))
    _remember_removal(member, had, wanted, now)
    kept: Any = F("tags")
    for tag in wanted:
        kept = Func(kept, Value(tag), function="array_remove")
    ids = list(had)
    for start in range(0, len(ids), BATCH):
        portion = Contact.objects.filter(id__in=ids[start : start + BATCH])
        portion.update(tags=kept, updated_at=now)
    publish_changes(member, len(ids))
    return len(ids)


@transaction.atomic
def undo_untagging(*, member: Member, done_at: datetime, now: datetime) -> int:
    """Put back, each in its old place, what the member took off many at `done_at`; returns on how many.

    Tags that somebody put on or took off since are left as they are.
    """
    permissions.require(member, Right.WORK)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH undone AS (
              DELETE FROM contacts_tagremoval
              WHERE organization_id = %s AND user_id = %s AND removed_at = %s
              RETURNING contact_id, tags_before, removed
            )
            UPDATE contacts_contact SET
              tags = ARRAY(
                SELECT t FROM unnest(tags_before) WITH ORDINALITY AS before(t, n)
                WHERE t = ANY(tags) OR t = ANY(removed) ORDER BY n
              ) || ARRAY(
                SELECT t FROM unnest(tags) WITH ORDINALITY AS since(t, n)
                WHERE NOT t = ANY(tags_before) ORDER BY n
              ),
              updated_at = %s
            FROM undone WHERE id = contact_id
            """,
            [member.organization_id, member.user_id, done_at, now],
        )
        count: int = cursor.rowcount
    publish_changes(member, count)
    return count


def _remember_removal(
    member: Member, had: Mapping[UUID, list[str]], removed: Sequence[str], now: datetime
) -> None:
    """Keep what each contact had, and forget what was kept longer than anybody may undo."""
    mine = TagRemoval.objects.filter(organization_id=member.organization_id)
    mine.filter(removed_at__lt=now - UNDO_FOR).delete()
    TagRemoval.objects.bulk_create(
        (
            TagRemoval(
                organization_id=member.organization_id,
                contact_id=contact_id,
                user_id=member.user_id,
                tags_before=before,
                removed=list(removed),
                removed_at=now,
            )
            for contact_id, before in had.items()
        ),
        batch_size=BATCH,
    )


def _add_tags(ids: Sequence[UUID], tags: Sequence[str], words: str, now: datetime) -> None:
    """Append the tags that each contact lacks, in the order given, and the words to what is searched."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE contacts_contact SET
              tags = tags || ARRAY(
                SELECT t FROM unnest(%s::varchar[]) WITH ORDINALITY AS given(t, n)
                WHERE NOT t = ANY(tags) ORDER BY n
              ),
              search_text = %s || ' ' || search_text,
              updated_at = %s
            WHERE id = ANY(%s)
            """,
            [list(tags), words, now, list(ids)],
        )
