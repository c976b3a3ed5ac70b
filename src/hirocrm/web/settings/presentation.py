"""Keys, analysers and spending in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.analysis.key_pool.keyring import VENDOR_TITLES
from hirocrm.analysis.key_pool.keys import KeyView
from hirocrm.analysis.models import DailySpend

MICRO = 1_000_000
STATES: dict[str, tuple[str | Promise, str]] = {
    "ready": (_("Ready"), "good"),
    "cooling": (_("Cooling"), "warn"),
    "spent": (_("Spent for today"), "warn"),
    "refused": (_("Refused"), "bad"),
    "disabled": (_("Off"), ""),
}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key with its state in words."""

    view: KeyView
    label: str | Promise
    tone: str


@dataclass(frozen=True, slots=True)
class Project:
    """Keys that share one quota."""

    vendor: str
    name: str
    keys: list[KeyRow]


@dataclass(frozen=True, slots=True)
class DayRow:
    """What one model took on one day."""

    spend: DailySpend
    cost: str


def dollars(micro_usd: int) -> str:
    """Such as "$1.50"; small amounts keep four decimals."""
    amount = micro_usd / MICRO
    return f"${amount:,.2f}" if amount == 0 or amount >= 1 else f"${amount:,.4f}"


def key_rows(views: Iterable[KeyView]) -> list[Project]:
    """Keys by vendor and project; a key without a project stands alone."""

    def project(view: KeyView) -> tuple[str, str]:
        return view.provider, view.project_group or f"\uffff{view.id}"

    ordered = sorted(views, key=project)
    return [
        Project(
            VENDOR_TITLES[provider],
            "" if name.startswith("\uffff") else name,
            [KeyRow(view, *STATES[view.state]) for view in group],
        )
        for (provider, name), group in groupby(ordered, key=project)
    ]


def day_rows(days: Iterable[DailySpend]) -> list[DayRow]:
    """Spending, newest day first."""
    return [DayRow(row, dollars(row.cost_micro_usd)) for row in days]
