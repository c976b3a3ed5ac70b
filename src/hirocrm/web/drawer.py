"""The drawer at the side, which stands in a page's address as `?contact=`."""

from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse


def opened_contact(request: HttpRequest, query: str = "") -> str:
    """The address of the contact that the page opens in its drawer, or nothing.

    Args:
        request: of the page; `?contact=` names the contact.
        query: the filters of the list that the contact is one of.
    """
    try:
        contact_id = UUID(request.GET.get("contact", ""))
    except ValueError:
        return ""
    address = reverse("contact", args=[contact_id])
    return f"{address}?{query}" if query else address
