"""The drawer at the side, which stands in a page's address as `?contact=`."""

from django.http import HttpRequest
from django.urls import reverse

from hirocrm.web.parameters import read_uuid


def opened_contact(request: HttpRequest, query: str = "") -> str:
    """The address of the contact that the page opens in its drawer, or nothing.

    Args:
        request: of the page; `?contact=` names the contact.
        query: the filters of the list that the contact is one of.
    """
    contact_id = read_uuid(request.GET.get("contact", ""))
    if contact_id is None:
        return ""
    address = reverse("contact", args=[contact_id])
    return f"{address}?{query}" if query else address
