"""What ends with a Page."""

from datetime import datetime

from django.db import transaction

from hirocrm.meta import queries as pages
from hirocrm.meta import services as connections
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.sync import queries, services


@transaction.atomic
def remove_page(*, member: Member, reference: str, erase: bool = False, now: datetime) -> None:
    """Cancel the Page's sync, then remove it; with `erase`, with everything that came from it.

    Raises:
        PageNotFound: no such Page here.
    """
    permissions.require(member, Right.CONFIGURE)
    page = pages.get_page(member=member, reference=reference)
    run = queries.find_open_sync(page)
    if run is not None:
        services.cancel_run(run=run, now=now)
    connections.remove_page(member=member, reference=page.id, erase=erase)
