"""What analysis has cost this month, and the ceiling an organization can set."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Sum

from hirocrm.analysis.errors import BudgetReached
from hirocrm.analysis.models import DailySpend
from hirocrm.organizations.models import Organization


def month_start(organization: Organization, now: datetime) -> datetime:
    """Return the start of the current month in the organization's time zone."""
    try:
        zone = ZoneInfo(organization.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def spent_this_month(organization: Organization, *, now: datetime) -> int:
    """Return this month's cost in millionths of a US dollar, as far as prices are known."""
    spent = DailySpend.objects.filter(
        organization=organization, day__gte=month_start(organization, now).date()
    ).aggregate(total=Sum("cost_micro_usd"))["total"]
    return int(spent or 0)


def check_ceiling(organization_id: UUID, *, now: datetime) -> None:
    """Return if the organization may spend more this month; nobody's spending, as of an eval, has no ceiling.

    Raises:
        BudgetReached: the ceiling is reached; the sentence says what to change.
    """
    organization = Organization.objects.filter(id=organization_id).first()
    ceiling = organization.monthly_ceiling_micro_usd if organization else None
    if organization is None or ceiling is None:
        return
    if spent_this_month(organization, now=now) >= ceiling:
        raise BudgetReached(
            f"The monthly ceiling of ${ceiling / 1_000_000:,.2f} for analysis is reached. "
            "Raise it in the settings or wait for next month; contacts are still saved.",
            ceiling_micro_usd=ceiling,
        )
