"""Keys of LLM vendors, and spending."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from hirocrm.analysis.key_pool.keyring import Limits
from hirocrm.analysis.key_pool.keys import KeyView
from hirocrm.analysis.models import DailySpend
from hirocrm.analysis.queries import Spending
from hirocrm.api.schemas.base import ApiInput, ApiSchema

MICRO = 1_000_000
Vendor = Literal["gemini", "openai", "anthropic"]
Amount = Annotated[int, Field(ge=0, le=2**31 - 1)]


class LimitsIO(ApiInput):
    """A key's quota: requests and input tokens a minute, requests a day; 0 is no limit of our own."""

    rpm: Amount = 0
    tpm: Amount = 0
    rpd: Amount = 0

    def to_limits(self) -> Limits:
        """The domain's limits."""
        return Limits(self.rpm, self.tpm, self.rpd)


class KeyIn(ApiInput):
    """A key to add. Keys of one Google project share its quota: give them the same `projectGroup`."""

    provider: Vendor = "gemini"
    key: Annotated[str, Field(min_length=8, max_length=400)]
    label: Annotated[str, Field(max_length=100)] = ""
    project_group: Annotated[str, Field(max_length=60)] = ""
    limits: LimitsIO | None = None


class KeyPatch(ApiInput):
    """What may be changed of a key; fields left out stay. `enabled: true` takes a refused key back in."""

    label: Annotated[str, Field(max_length=100)] = ""
    project_group: Annotated[str, Field(max_length=60)] = ""
    limits: LimitsIO = LimitsIO()
    enabled: bool = True


class KeyOut(ApiSchema):
    """A key without its secret, and how it stands for `model`. Quota counts by project group, not by key."""

    id: UUID
    provider: Vendor
    label: str
    last4: str
    from_environment: bool
    project_group: str | None
    state: Literal["ready", "cooling", "spent", "refused", "disabled"]
    until: datetime | None
    reason: str | None
    model: str | None
    limits: LimitsIO
    requests_last_minute: int
    tokens_last_minute: int
    requests_today: int
    last_used_at: datetime | None

    @classmethod
    def of(cls, view: KeyView) -> "KeyOut":
        """The key as JSON has it."""
        same = (
            "id",
            "provider",
            "label",
            "last4",
            "from_environment",
            "state",
            "until",
            "requests_last_minute",
            "tokens_last_minute",
            "requests_today",
            "last_used_at",
        )
        limits = {"rpm": view.limits.rpm, "tpm": view.limits.tpm, "rpd": view.limits.rpd}
        return cls(
            **{name: getattr(view, name) for name in same},
            project_group=view.project_group or None,
            reason=view.reason or None,
            model=view.model or None,
            limits=LimitsIO(**limits),
        )


class KeysOut(ApiSchema):
    """All keys, and sentences on what a person should act on (a refused key, a retired model)."""

    items: list[KeyOut]
    next_cursor: None = None
    notices: list[str]


class KeyTested(ApiSchema):
    """The key works: this model answered."""

    model: str


class DaySpend(ApiSchema):
    """What one day's analyses by one model took. `cost` is in US dollars."""

    day: date
    provider: str
    model: str
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float

    @classmethod
    def of(cls, row: DailySpend) -> "DaySpend":
        """The row as JSON has it."""
        same = ("day", "provider", "model", "calls", "tokens_in", "tokens_out")
        return cls(**{name: getattr(row, name) for name in same}, cost=row.cost_micro_usd / MICRO)


class UsageOut(ApiSchema):
    """Spending of the last days in US dollars, and of this month against the ceiling (null: none set)."""

    days: list[DaySpend]
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float
    month_cost: float
    monthly_ceiling: float | None

    @classmethod
    def of(cls, spending: Spending) -> "UsageOut":
        """The figures as JSON has them."""
        ceiling = spending.monthly_ceiling_micro_usd
        return cls(
            days=[DaySpend.of(row) for row in spending.days],
            calls=spending.calls,
            tokens_in=spending.tokens_in,
            tokens_out=spending.tokens_out,
            cost=spending.cost_micro_usd / MICRO,
            month_cost=spending.month_cost_micro_usd / MICRO,
            monthly_ceiling=None if ceiling is None else ceiling / MICRO,
        )


class UsageQuery(ApiSchema):
    """How far back."""

    days: Annotated[int, Field(ge=1, le=366, description="How many days, today among them.")] = 30
