"""What ends with a Page."""

from datetime import datetime

from django.db import transaction

from hirocrm.contacts.models import Contact
from hirocrm.meta import endings
from hirocrm.meta import queries as pages
from hirocrm.meta import services as connections
from hirocrm.meta.models import Page
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.sync import queries, services


def remove_page(*, member: Member, reference: str, erase: bool = False, now: datetime) -> None:
    """Cancel the Page's runs, then remove it; with `erase`, with everything that came from it.

    A job has Meta deliver no more of its events.

    Raises:
        PageNotFound: no such Page here.
    """
    permissions.require(member, Right.CONFIGURE)
    page = pages.get_page(member=member, reference=reference)
    _remove(member, page, erase=erase, now=now)


@transaction.atomic
def _remove(member: Member, page: Page, *, erase: bool, now: datetime) -> None:
    if erase:
        _lock_contacts(page)
    for run in queries.list_open_runs(organization_id=page.organization_id).filter(page=page):
        services.cancel_run(run=run, now=now)
    endings.ask_to_end(page, now=now)
    connections.remove_page(member=member, reference=page.id, erase=erase)


def _lock_contacts(page: Page) -> None:
    """Wait for whoever is just writing what an AI said; contacts come before runs for all who lock both."""
    mine = Contact.objects.filter(organization_id=page.organization_id, page=page)
    list(mine.order_by("id").select_for_update().values_list("id", flat=True))
