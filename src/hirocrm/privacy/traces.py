"""What Meta's webhooks delivered of people who were erased: raw deliveries hold what they wrote."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from hirocrm.meta.models import DeliveryOutcome, UnreadableEntry, WebhookDelivery
from hirocrm.sync.models import ParkedEvent

_DELIVERIES = WebhookDelivery._meta.db_table  # noqa: SLF001  # Django documents _meta
_READ_AT_ONCE = 500
# Only edits, and what couldn't be read, may say words without saying whose: those are known by the message's id.
_NAMELESS = b'"message_edit"'
_SUSPECTS = f"""
SELECT id, body FROM {_DELIVERIES}
 WHERE id > %s AND handled_at IS NOT NULL AND (
       outcome = %s OR position(%s::bytea IN body) > 0
       OR EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS person WHERE position(person IN body) > 0)
 ) ORDER BY id LIMIT %s
"""  # noqa: S608  # a table's name
# Every string of a JSON text, and every whole number: Meta has sent ids as both.
_VALUES = re.compile(rb'"((?:[^"\\]|\\.)*)"|(?<![\w.])([0-9]+)')


@transaction.atomic
def forget_traces(
    *, organization_id: UUID, people: Sequence[str], messages: Sequence[str] = ()
) -> int:
    """Remove deliveries, unreadable entries and parked events that name these people or messages; how many.

    A delivery that wasn't handled yet stays: handling it leaves out what was said before the erasure. It looks
    through all deliveries that are kept, which is why a job does it.
    """
    ids = frozenset(one.encode() for one in (*people, *messages))
    if not ids:
        return 0
    found = [pk for pk, body in _suspects(people) if _names(body, ids)]
    count = WebhookDelivery.objects.filter(pk__in=found).delete()[0]
    # An entry may be nobody's, where several organizations use this install and it didn't say whose it is.
    aside = UnreadableEntry.objects.filter(
        Q(organization_id=organization_id) | Q(organization=None)
    )
    named = [
        pk
        for pk, content in aside.values_list("pk", "content").iterator()
        if _names(content.encode(), ids)
    ]
    count += aside.filter(pk__in=named).delete()[0]
    return count + _forget_parked(organization_id, people, messages)


def _suspects(people: Sequence[str]) -> Iterator[tuple[int, bytes]]:
    """Deliveries that may name them, a part at a time."""
    last, wanted = 0, [person.encode() for person in people]
    with connection.cursor() as cursor:
        while True:
            values: list[Any] = [
                last,
                DeliveryOutcome.UNREADABLE.value,
                _NAMELESS,
                wanted,
                _READ_AT_ONCE,
            ]
            cursor.execute(_SUSPECTS, values)
            rows = cursor.fetchall()
            yield from ((pk, bytes(body)) for pk, body in rows)
            if len(rows) < _READ_AT_ONCE:
                return
            last = rows[-1][0]


def _names(body: bytes, ids: frozenset[bytes]) -> bool:
    """Whether one of the ids is a value in it, also where Meta escaped a slash."""
    return any(
        (match[1] or b"").replace(b"\\/", b"/") in ids or match[2] in ids
        for match in _VALUES.finditer(body)
    )


def _forget_parked(organization_id: UUID, people: Sequence[str], messages: Sequence[str]) -> int:
    """Receipts and changes that wait for the person, for one of their messages, or name the person."""
    parked = Q(mid__in=messages)
    for person in people:
        parked |= Q(mid__endswith=f":{person}") | Q(content__person__endswith=f":{person}")
    rows = ParkedEvent.objects.filter(parked, organization_id=organization_id)
    return rows.delete()[0]
