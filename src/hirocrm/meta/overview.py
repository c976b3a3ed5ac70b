"""The Pages as somebody looks through them: who needs a person comes first, by name, with a search and counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.lookups import Exact

from hirocrm.core.pagination import Order
from hirocrm.meta import health, login_dialog, queries
from hirocrm.meta.models import ConnectionState, Flavour, Page
from hirocrm.organizations.models import Member

SOON = timedelta(days=14)  # before an end, from when on it is told
ORDER = (Order("group"), Order("name"), Order("id"))


class Group(IntEnum):
    """Each Page is in one of these, the first that fits; they are listed in this order."""

    ATTENTION = 1  # somebody has to do something, now or soon
    PAUSED = 2  # Meta asked to wait, which ends by itself
    WORKING = 3
    ARCHIVE = 4  # never connected: its conversations come from an export


@dataclass(frozen=True, slots=True)
class PageFilter:
    """What a person wants to see: part of a name, a username or a whole id; one group, or all."""

    search: str = ""
    group: Group | None = None


def list_grouped(*, member: Member, wanted: PageFilter, now: datetime) -> QuerySet[Page]:
    """The member's Pages that `wanted` describes, each with its `group`; paginate them by `ORDER`."""
    rows = queries.list_pages(member=member).prefetch_related(None)
    group = _group(now)
    rows = rows.filter(_matches(wanted.search)).annotate(group=group)
    return rows if wanted.group is None else rows.filter(Exact(group, Value(wanted.group)))


def count_groups(*, member: Member, search: str, now: datetime) -> dict[Group, int]:
    """How many Pages that meet the search are in each group; a group without any is left out."""
    rows = list_grouped(member=member, wanted=PageFilter(search), now=now)
    counted = rows.order_by().values_list("group").annotate(count=Count("*"))  # type: ignore[misc]  # annotated
    return {Group(group): count for group, count in counted}


def _matches(search: str) -> Q:
    if not search:
        return Q()
    name = search.removeprefix("@")
    return (
        Q(name__icontains=search)
        | Q(instagram_username__icontains=name)
        | Q(remote_id=search)
        | Q(instagram_account_id=search)
    )


def _group(now: datetime) -> Case:
    return Case(
        When(state=ConnectionState.IMPORTED, then=Value(Group.ARCHIVE)),
        When(needs_attention(now), then=Value(Group.ATTENTION)),
        When(_is_paused(now), then=Value(Group.PAUSED)),
        default=Value(Group.WORKING),
        output_field=IntegerField(),
    )


def needs_attention(now: datetime) -> Q:
    """The condition that a connected Page's card says something that a person should act on."""
    held = Q(webhook_health__policy_action__in=["block", "warning"])
    ends = Q(
        token_expires_at__lt=now + SOON
    )  # Instagram's is renewed two weeks before that, unless Meta refuses
    lapses = Q(data_access_expires_at__lt=now + SOON)
    return Q(state__in=health.IN_NEED) | held | ends | lapses | _delivers_nothing()


def _delivers_nothing() -> Q:
    """Events could come, for there is an app, and Meta was asked; yet none do."""
    could = [flavour for flavour in Flavour if login_dialog.is_configured(flavour)]
    refused = Q(webhook_health__subscribe_problem__gt="")
    asked = Q(checked_at__isnull=False) | refused
    return Q(flavour__in=could) & asked & ~Q(subscribed_fields__contains=["messages"])


def _is_paused(now: datetime) -> Q:
    until = Q(limited_until__isnull=True) | Q(limited_until__gt=now)
    return Q(state=ConnectionState.LIMITED) & until
