"""What Meta's webhooks delivered of people who were erased: raw deliveries hold what they wrote."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from hirocrm.meta.models import UnreadableEntry, WebhookDelivery
from hirocrm.sync.models import ParkedEvent

_DELIVERIES = WebhookDelivery._meta.db_table  # noqa: SLF001  # Django documents _meta


@transaction.atomic
def forget_traces(*, organization_id: UUID, people: Sequence[str]) -> int:
    """Remove deliveries, unreadable entries and parked events that name these people; how many.

    A delivery that wasn't handled yet stays: handling it leaves out what was said before the erasure. It looks
    through all deliveries that are kept, which is why a job does it.
    """
    count = 0
    with connection.cursor() as cursor:
        for person in people:
            cursor.execute(
                f"DELETE FROM {_DELIVERIES} WHERE handled_at IS NOT NULL AND position(%s::bytea IN body) > 0",  # noqa: S608  # a table's name
                [f'"{person}"'.encode()],
            )
            count += cursor.rowcount
    named = Q()
    parked = Q()
    for person in people:
        named |= Q(content__contains=f'"{person}"')
        parked |= Q(mid__contains=person)
    if people:
        mine = Q(organization_id=organization_id)
        count += UnreadableEntry.objects.filter(mine & named).delete()[0]
        count += ParkedEvent.objects.filter(mine & parked).delete()[0]
    return count
