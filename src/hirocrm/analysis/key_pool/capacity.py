"""How much an organization's keys let through: what the estimate of a large run has to reckon with."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hirocrm.analysis.key_pool import keyring
from hirocrm.analysis.key_pool.ledger import effective_limits
from hirocrm.analysis.key_pool.window import next_pacific_midnight, pacific_day
from hirocrm.analysis.models import AnalysisKey, AnalysisQuota, KeyStanding

DAY_SECONDS = timedelta(days=1).total_seconds()


@dataclass(frozen=True, slots=True)
class Capacity:
    """Requests and input tokens a minute, requests left today and of a whole day. None: no limit of ours."""

    a_minute: int | None = None
    tokens_a_minute: int | None = None
    today: int | None = None
    a_day: int | None = None

    def seconds(self, *, calls: int, tokens_each: float, now: datetime) -> float:
        """How long the quotas alone make so many calls take; the first minute's may go at once."""
        if self.today is None or not self.a_day or calls <= self.today:
            return self._paced(calls, tokens_each)
        days, last = divmod(calls - self.today, self.a_day)
        if not last:
            days, last = days - 1, self.a_day
        until_midnight = (next_pacific_midnight(now) - now).total_seconds()
        return until_midnight + days * DAY_SECONDS + self._paced(last, tokens_each)

    def _paced(self, calls: int, tokens_each: float) -> float:
        minutes = [0.0]
        if self.a_minute:
            minutes.append(calls / self.a_minute - 1)
        if self.tokens_a_minute:
            minutes.append(calls * tokens_each / self.tokens_a_minute - 1)
        return 60 * max(minutes)


def find_capacity(*, provider: str, model: str, organization_id: UUID, now: datetime) -> Capacity:
    """The sum over the projects of the keys that may be asked; keys of one project share what it has."""
    if provider not in keyring.VENDORS:
        return Capacity()
    projects: defaultdict[str, list[AnalysisKey]] = defaultdict(list)
    for held in keyring.list_keys(provider, organization_id):
        if held.row.standing not in {KeyStanding.REFUSED, KeyStanding.DISABLED}:
            projects[held.row.budget_id].append(held.row)
    rows = AnalysisQuota.objects.filter(provider=provider, model=model, budget_id__in=projects)
    quotas = {row.budget_id: row for row in rows}
    limits = {
        budget: effective_limits(quotas.get(budget), keys, now) for budget, keys in projects.items()
    }
    left = [
        limit.rpd - _used_today(quotas.get(budget), limit.rpd, now)
        for budget, limit in limits.items()
    ]
    a_day = _sum([limit.rpd for limit in limits.values()])
    return Capacity(
        a_minute=_sum([limit.rpm for limit in limits.values()]),
        tokens_a_minute=_sum([limit.tpm for limit in limits.values()]),
        today=None if a_day is None else sum(left),
        a_day=a_day,
    )


def _sum(limits: list[int]) -> int | None:
    """All together; None where there is no key, or one without a limit."""
    return sum(limits) if limits and all(limits) else None


def _used_today(quota: AnalysisQuota | None, limit: int, now: datetime) -> int:
    if quota is None:
        return 0
    if quota.parked_reason == "day" and quota.parked_until and quota.parked_until > now:
        return limit  # the vendor said so, whatever we counted
    return min(limit, quota.day_requests) if quota.day == pacific_day(now) else 0
