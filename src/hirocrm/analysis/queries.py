"""Reads: what was said of a contact, and what it cost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from hirocrm.analysis.analysers import (
    Analyser,
    Choice,
    find_choice,
    has_key,
    list_analysers,
)
from hirocrm.analysis.budget import spent_this_month
from hirocrm.analysis.errors import KeyNotFound
from hirocrm.analysis.key_pool import keyring, keys
from hirocrm.analysis.key_pool.keys import KeyView
from hirocrm.analysis.models import Analysis, DailySpend
from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right


@dataclass(frozen=True, slots=True)
class Spending:
    """What an organization's analyses took, by day (UTC) and model, newest day first. Money in millionths of a US dollar."""

    days: list[DailySpend]
    calls: int
    tokens_in: int
    tokens_out: int
    cost_micro_usd: int
    month_cost_micro_usd: int
    monthly_ceiling_micro_usd: int | None


def list_analyses(*, member: Member, contact_id: UUID) -> QuerySet[Analysis]:
    """All analyses of the contact's conversations, in no order.

    Raises:
        ContactNotFound: no such contact in the member's organization.
    """
    contacts.require_contact(member=member, contact_id=contact_id)
    return Analysis.objects.filter(organization_id=member.organization_id, contact_id=contact_id)


def find_latest_analysis(*, member: Member, contact_id: UUID) -> Analysis | None:
    """The contact's newest analysis, if any."""
    rows = list_analyses(member=member, contact_id=contact_id)
    return rows.order_by("-created_at", "-id").first()


def analyses_of(contact: Contact) -> QuerySet[Analysis]:
    """The same of a contact at hand, which `contacts.queries.get_contact` has checked."""
    return Analysis.objects.filter(organization_id=contact.organization_id, contact_id=contact.id)


def get_spending(*, member: Member, days: int, now: datetime) -> Spending:
    """The last `days` days with today, and this month against the ceiling."""
    permissions.require(member, Right.READ)
    today = now.date()
    rows = DailySpend.objects.filter(organization_id=member.organization_id)
    found = list(
        rows.filter(day__gt=today - timedelta(days=days)).order_by("-day", "provider", "model")
    )
    return Spending(
        days=found,
        calls=sum(row.calls for row in found),
        tokens_in=sum(row.tokens_in for row in found),
        tokens_out=sum(row.tokens_out for row in found),
        cost_micro_usd=sum(row.cost_micro_usd for row in found),
        month_cost_micro_usd=spent_this_month(member.organization, now=now),
        monthly_ceiling_micro_usd=member.organization.monthly_ceiling_micro_usd,
    )


@dataclass(frozen=True, slots=True)
class ReadBy:
    """Who reads an organization's conversations, what of it was chosen here, and which vendors have a key."""

    analysers: tuple[Analyser, ...]
    choice: Choice
    with_key: frozenset[str]


def get_analysers(*, member: Member) -> ReadBy:
    """Who is asked, in order, and what of that the organization chose itself."""
    permissions.require(member, Right.CONFIGURE)
    organization_id = member.organization_id
    return ReadBy(
        list_analysers(organization_id),
        find_choice(organization_id),
        frozenset(name for name in keyring.VENDORS if has_key(name, organization_id)),
    )


def list_keys(*, member: Member, now: datetime) -> list[KeyView]:
    """The organization's keys and those of the environment, with their state; never a secret."""
    permissions.require(member, Right.CONFIGURE)
    return keys.list_key_views(organization_id=member.organization_id, now=now)


def get_key(*, member: Member, key_id: UUID, now: datetime) -> KeyView:
    """One key with its state.

    Raises:
        KeyNotFound: none such in this organization or the environment.
    """
    for view in list_keys(member=member, now=now):
        if view.id == key_id:
            return view
    raise KeyNotFound("There is no such key.")


def list_key_notices(*, member: Member, now: datetime) -> list[str]:
    """What a person should act on: refused keys, retired models, used-up credit."""
    permissions.require(member, Right.READ)
    return keys.list_notices(organization_id=member.organization_id, now=now)
