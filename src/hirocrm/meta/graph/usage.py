"""How much of Meta's allowance is used, as its response headers tell.

All figures are percentages and may exceed 100; throttling begins at 100 of any of them. A missing
header means unknown, not zero. https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

SLOW_DOWN_PERCENT = 75.0
PAUSE_BACKGROUND_PERCENT = 90.0
STOP_PERCENT = 100.0

_FLAT_HEADERS = ("x-app-usage", "x-page-usage")
_BUSINESS_HEADER = "x-business-use-case-usage"
_REGAIN = "estimated_time_to_regain_access"
# graph.instagram.com names two of the five differently
_FIGURES = ("call_count", "total_time", "total_cputime", "call_volume", "cpu_time")


class Advice(StrEnum):
    """What a caller should do at some usage."""

    GO_ON = "go_on"
    SLOW_DOWN = "slow_down"
    PAUSE_BACKGROUND = "pause_background"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class PoolUsage:
    """One meter. `pool` is `app`, `page`, or Meta's type (`messenger`, `pages`, `instagram`, …)."""

    pool: str
    percent: float
    account_id: str | None = None
    regain_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """All the meters of one response."""

    pools: tuple[PoolUsage, ...] = ()

    @property
    def percent(self) -> float | None:
        """The highest percentage of all meters; None: unknown."""
        return max((pool.percent for pool in self.pools), default=None)

    @property
    def regain_seconds(self) -> float | None:
        """How long Meta says that calls will be refused; None: it doesn't say that they are."""
        return max((p.regain_seconds for p in self.pools if p.regain_seconds > 0), default=None)

    @property
    def advice(self) -> Advice:
        """What to do before the next call."""
        percent = self.percent
        if percent is None or percent < SLOW_DOWN_PERCENT:
            return Advice.GO_ON
        if percent < PAUSE_BACKGROUND_PERCENT:
            return Advice.SLOW_DOWN
        return Advice.PAUSE_BACKGROUND if percent < STOP_PERCENT else Advice.STOP


def parse_usage(headers: Mapping[str, str]) -> Usage:
    """Read the usage headers of a response, ignoring whatever can't be read.

    `headers` must look names up without regard to case, or have them in lower case.
    """
    pools = [*_read_flat(headers), *_read_business(headers)]
    return Usage(pools=tuple(pools))


def _read_flat(headers: Mapping[str, str]) -> Iterator[PoolUsage]:
    for name in _FLAT_HEADERS:
        content = _load(headers.get(name))
        if isinstance(content, dict) and (percent := _highest(content)) is not None:
            yield PoolUsage(pool=name.split("-")[1], percent=percent)


def _read_business(headers: Mapping[str, str]) -> Iterator[PoolUsage]:
    content = _load(headers.get(_BUSINESS_HEADER))
    if not isinstance(content, dict):
        return
    for account_id, entries in content.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict) and (percent := _highest(entry)) is not None:
                yield PoolUsage(
                    pool=str(entry.get("type", "business")),
                    percent=percent,
                    account_id=str(account_id),
                    regain_seconds=60 * (_number(entry.get(_REGAIN)) or 0.0),  # given in minutes
                )


def _highest(figures: Mapping[str, object]) -> float | None:
    known = [n for name in _FIGURES if (n := _number(figures.get(name))) is not None]
    return max(known, default=None)


def _load(header: str | None) -> object:
    try:
        return json.loads(header) if header else None
    except ValueError:
        return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
