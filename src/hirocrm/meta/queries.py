"""Reads: Pages."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from hirocrm.core.text import clean
from hirocrm.meta import health
from hirocrm.meta.errors import PageNotFound
from hirocrm.meta.models import (
    ConnectionState,
    DeliveryOutcome,
    Page,
    WebhookDelivery,
    WebhookHealth,
)
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

NAMED = 1_000


def list_pages(*, member: Member) -> QuerySet[Page]:
    """The organization's Pages, each with its target pipeline and that one's stages in order; not the removed ones."""
    permissions.require(member, Right.READ)
    return (
        Page.objects.filter(organization_id=member.organization_id)
        .exclude(state=ConnectionState.FORGOTTEN)
        .select_related("auto_pipeline", "webhook_health")
        .prefetch_related("auto_pipeline__stages")
    )


def list_page_names(*, member: Member) -> QuerySet[Page]:
    """The organization's Pages with nothing but their names, for selects: the first `NAMED` by name."""
    rows = list_pages(member=member).select_related(None).prefetch_related(None)
    return rows.only("id", "name").order_by("name", "id")[:NAMED]


def list_in_need(*, member: Member) -> QuerySet[Page]:
    """The organization's Pages that wait for a person: to reconnect them, to grant what is missing, or that Meta blocks."""
    permissions.require(member, Right.READ)
    blocked = WebhookHealth.objects.filter(page=OuterRef("pk"), policy_action="block")
    is_blocked = Q(Exists(blocked)) & ~Q(state__in=health.IDLE_STATES)
    rows = Page.objects.filter(organization_id=member.organization_id)
    rows = rows.filter(Q(state__in=health.IN_NEED) | is_blocked)
    rows = rows.only("id", "name", "remote_id", "state", "state_reason")
    # Dead connections first: "removed" and "needs_reconnect" sort after "needs_permission", and that after the rest.
    return rows.order_by("-state", "name")


def get_page(*, member: Member, reference: str | UUID, for_update: bool = False) -> Page:
    """One Page by HiroCRM's id or by Facebook's.

    Raises:
        PageNotFound: no such Page in the member's organization.
    """
    rows = list_pages(member=member).filter(by_reference(reference))
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.first()
    if found is None:
        raise PageNotFound("There is no such Page.")
    return found


def by_reference(reference: str | UUID) -> Q:
    """The condition that a Page has this id: HiroCRM's, or Facebook's."""
    if isinstance(reference, UUID):
        return Q(id=reference)
    reference = clean(reference)
    try:
        return Q(id=UUID(reference)) | Q(remote_id=reference)
    except ValueError:
        return Q(remote_id=reference)


def find_last_webhook_test() -> datetime | None:
    """When the button in Meta's dashboard last reached us; it speaks of no Page, so it is nobody's secret."""
    tests = WebhookDelivery.objects.filter(outcome=DeliveryOutcome.TEST)
    return tests.order_by("-received_at").values_list("received_at", flat=True).first()
