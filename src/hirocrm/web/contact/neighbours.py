"""The contacts before and after one, in the list one came from."""

from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import SORTS
from hirocrm.core.pagination import neighbours
from hirocrm.organizations.models import Member
from hirocrm.web.filters import Filters


def find_neighbours(*, member: Member, contact: Contact, filters: Filters) -> tuple[str, str]:
    """The addresses of the contact before and after this one under the filters; empty at an end."""
    rows = contacts.list_contacts(member=member, wanted=filters.wanted)
    order = SORTS[filters.sort]
    only = rows.exclude(id=contact.id).only("id", *(one.attribute for one in order))
    before, after = neighbours(only, order=order, row=contact)
    found = (before, after)
    first, second = (address(one.id, filters) if one else "" for one in found)
    return first, second


def address(contact_id: UUID, filters: Filters) -> str:
    """A contact's page, which knows the list it was reached from."""
    path = reverse("contact", args=[contact_id])
    return f"{path}?{filters.query}" if filters.query else path


def list_address(filters: Filters, **more: str) -> str:
    """The list that the filters make."""
    query = filters.query + ("&" if filters.query and more else "") + urlencode(more)
    return f"{reverse('contacts')}?{query}" if query else reverse("contacts")
