"""Which contacts: the filters and sorts that list, board, bulk actions, export and re-analysis share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from hirocrm.contacts.models import Contact
from hirocrm.contacts.search import search_query
from hirocrm.contacts.snapshots import Sender
from hirocrm.core.pagination import Order
from hirocrm.core.text import clean
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

SORTS: Mapping[str, tuple[Order, ...]] = {
    "-lastInteraction": (
        Order("last_interaction_at", descending=True),
        Order("id", descending=True),
    ),
    "lastInteraction": (Order("last_interaction_at"), Order("id")),
    "-leadScore": (Order("lead_score", descending=True), Order("id", descending=True)),
    "leadScore": (Order("lead_score"), Order("id")),
    "-updatedAt": (Order("updated_at", descending=True), Order("id", descending=True)),
    "updatedAt": (Order("updated_at"), Order("id")),
    "-createdAt": (Order("created_at", descending=True), Order("id", descending=True)),
    "createdAt": (Order("created_at"), Order("id")),
    "name": (Order("first_name"), Order("last_name"), Order("id")),
    "-name": (
        Order("first_name", descending=True),
        Order("last_name", descending=True),
        Order("id", descending=True),
    ),
    # Of contacts whose window is open: the first to close first. Ask for them by `customer_since`.
    "windowCloses": (Order("window_opened_at"), Order("id")),
}
DEFAULT_SORT = "-lastInteraction"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFilter:
    """Conditions that a contact must all meet; None asks for nothing."""

    page_id: str | None = None  # HiroCRM's id of the Page, or Facebook's
    platform: str | None = None
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    without_pipeline: bool | None = None
    without_stage: bool | None = None
    lead_status: str | None = None
    min_score: int | None = None
    max_score: int | None = None
    needs_review: bool | None = None
    tag: str | None = None
    sentiment: str | None = None
    urgency: str | None = None
    updated_since: datetime | None = None
    active_since: datetime | None = None  # of the last message either way
    waiting: bool | None = None  # whether the customer wrote last
    customer_since: datetime | None = None  # when the customer last opened Meta's window
    customer_until: datetime | None = None
    by_window: bool = False  # how a board orders its cards: the first window to close first
    q: str | None = None
    ids: tuple[UUID, ...] | None = field(default=None)


def list_contacts(*, member: Member, wanted: ContactFilter | None = None) -> QuerySet[Contact]:
    """The organization's contacts that meet the filter, in no order."""
    permissions.require(member, Right.READ)
    return filter_contacts(organization_id=member.organization_id, wanted=wanted or ContactFilter())


def filter_contacts(*, organization_id: UUID, wanted: ContactFilter) -> QuerySet[Contact]:
    """The same, without asking who wants to know."""
    rows = Contact.objects.filter(organization_id=organization_id)
    rows = rows.filter(_columns(wanted))
    if wanted.ids is not None:
        rows = rows.filter(id__in=wanted.ids)
    if wanted.q and wanted.q.strip():
        query = search_query(wanted.q)
        rows = rows.filter(search=query) if query is not None else rows.none()
    return rows


def page_reference(reference: str, *, prefix: str = "") -> Q:
    """The condition that a Page has this id: HiroCRM's, or Facebook's."""
    reference = clean(reference)
    try:
        return Q(**{f"{prefix}id": UUID(reference)})
    except ValueError:
        return Q(**{f"{prefix}remote_id": reference})


def _columns(wanted: ContactFilter) -> Q:
    equal = {
        "pipeline_id": wanted.pipeline_id,
        "stage_id": wanted.stage_id,
        "pipeline__isnull": wanted.without_pipeline,
        "stage__isnull": wanted.without_stage,
        "lead_status": wanted.lead_status,
        "lead_score__gte": wanted.min_score,
        "lead_score__lte": wanted.max_score,
        "needs_review": wanted.needs_review,
        "sentiment": wanted.sentiment,
        "urgency": wanted.urgency,
        "updated_at__gte": wanted.updated_since,
        "last_interaction_at__gte": wanted.active_since,
        "window_opened_at__gt": wanted.customer_since,
        "window_opened_at__lte": wanted.customer_until,
        "tags__contains": [wanted.tag] if wanted.tag else None,
        "messenger_psid__isnull": False if wanted.platform == "messenger" else None,
        "instagram_sid__isnull": False if wanted.platform == "instagram" else None,
    }
    condition = Q(**{key: value for key, value in equal.items() if value is not None})
    if wanted.waiting is not None:
        wrote_last = Q(last_message_sender=Sender.CUSTOMER.value)
        condition &= wrote_last if wanted.waiting else ~wrote_last
    if wanted.page_id:
        condition &= page_reference(wanted.page_id, prefix="page__")
    return condition
