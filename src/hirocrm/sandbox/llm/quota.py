"""Quota as Google counts it: per project and model, a sliding minute, and a day in Pacific time."""

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WINDOW_SECONDS = 60.0
RPM_ID = "GenerateRequestsPerMinutePerProjectPerModel"
TPM_ID = "GenerateContentInputTokensPerModelPerMinute"
RPD_ID = "GenerateRequestsPerDayPerProjectPerModel"
METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
TOKEN_METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_input_token_count"  # noqa: S105


def _pacific() -> tzinfo:
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=-8))


PACIFIC = _pacific()


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests and input tokens a minute, requests a day; 0: no limit."""

    rpm: int = 0
    tpm: int = 0
    rpd: int = 0


@dataclass(frozen=True, slots=True)
class Violation:
    """One exceeded limit, as QuotaFailure names it."""

    quota_id: str
    metric: str
    value: int


@dataclass(slots=True)
class Window:
    """What one project used of one model."""

    calls: deque[tuple[float, int]] = field(default_factory=deque)
    tokens: int = 0
    day: str = ""
    today: int = 0

    def expire(self, now: float, today: str) -> None:
        """Forget what is older than the window, and yesterday."""
        while self.calls and self.calls[0][0] <= now - WINDOW_SECONDS:
            self.tokens -= self.calls.popleft()[1]
        if self.day != today:
            self.day, self.today = today, 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a call is over quota, and when it would pass."""

    violations: tuple[Violation, ...]
    retry_seconds: float


class QuotaBook:
    """Limits and use of all projects. A refused call uses nothing."""

    def __init__(self) -> None:
        self.tier = "FreeTier"
        self._limits: dict[tuple[str, str], Limits] = {}
        self._windows: dict[tuple[str, str], Window] = {}
        self.refusals: dict[str, int] = {}

    def set(self, limits: Limits, *, project: str = "", model: str = "") -> None:
        """Limit a project and model; empty means any that has no limit of its own."""
        self._limits[project, model] = limits

    def clear(self) -> None:
        """Lift all limits and forget all use."""
        self._limits.clear()
        self._windows.clear()
        self.refusals.clear()

    def limits_for(self, project: str, model: str) -> Limits | None:
        """The most particular limits that apply."""
        limits = self._limits
        if not limits:
            return None
        keys = ((project, model), (project, ""), ("", model), ("", ""))
        return next((limits[key] for key in keys if key in limits), None)

    def take(self, project: str, model: str, tokens: int) -> Refused | None:
        """Use quota for one call; None when it was there."""
        limits = self.limits_for(project, model)
        if limits is None:
            return None
        now = time.monotonic()
        window = self._windows.setdefault((project, model), Window())
        window.expire(now, datetime.now(UTC).astimezone(PACIFIC).date().isoformat())
        refused = self._check(limits, window, now, tokens)
        if refused is not None:
            self.refusals[project] = self.refusals.get(project, 0) + 1
            return refused
        window.calls.append((now, tokens))
        window.tokens += tokens
        window.today += 1
        return None

    def _check(self, limits: Limits, window: Window, now: float, tokens: int) -> Refused | None:
        violations, wait = [], 0.0
        if limits.rpm and len(window.calls) >= limits.rpm:
            violations.append(Violation(f"{RPM_ID}-{self.tier}", METRIC, limits.rpm))
            wait = window.calls[len(window.calls) - limits.rpm][0] + WINDOW_SECONDS - now
        if limits.tpm and window.tokens + tokens > limits.tpm:
            violations.append(Violation(f"{TPM_ID}-{self.tier}", TOKEN_METRIC, limits.tpm))
            wait = max(wait, _until_tokens(window, window.tokens + tokens - limits.tpm, now))
        if limits.rpd and window.today >= limits.rpd:
            violations.append(Violation(f"{RPD_ID}-{self.tier}", METRIC, limits.rpd))
            wait = max(wait, 21.0)  # the delay of a daily limit means nothing
        return Refused(tuple(violations), max(0.05, wait)) if violations else None

    def to_json(self) -> dict[str, Any]:
        """Use and refusals by project and model."""
        use = {
            f"{project}/{model}": {"minute": len(w.calls), "tokens": w.tokens, "day": w.today}
            for (project, model), w in self._windows.items()
        }
        return {"use": use, "refusals": dict(self.refusals)}


def _until_tokens(window: Window, too_many: int, now: float) -> float:
    """Seconds until enough tokens leave the window."""
    for when, tokens in window.calls:
        too_many -= tokens
        if too_many <= 0:
            return when + WINDOW_SECONDS - now
    return WINDOW_SECONDS
