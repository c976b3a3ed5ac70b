"""What happens in an organization, as server-sent events that name the board's columns they touch."""

import json
from collections.abc import AsyncIterator
from time import monotonic
from uuid import UUID

from hirocrm.core.events import NAMED_MAX
from hirocrm.core.live import News, listener

HEARTBEAT_SECONDS = 15.0  # keeps proxies from closing a quiet stream
LONGEST_SECONDS = 15 * 60.0  # then the browser asks again, and must still be allowed to
SWEEP_SECONDS = (
    3.0  # a run moves contacts many times a second: columns are named no oftener than this
)
ALL_STAGES = ["*"]
MANY = frozenset({"run.changed", "contacts.changed"})


async def stream_news(*, organization_id: UUID) -> AsyncIterator[str]:
    """Server-sent events about one organization; each is a JSON object with a `kind` and maybe `stages`."""
    ends_at = monotonic() + LONGEST_SECONDS
    sweep = _Sweep()
    async with listener.subscribe(organization_id=organization_id) as subscription:
        yield ": listening\n\n"
        while monotonic() < ends_at:
            news = await subscription.next(sweep.patience(HEARTBEAT_SECONDS))
            if news is not None:
                yield _event(sweep.add(news))
            elif sweep.is_due:
                yield _event(sweep.take())
            else:
                yield ": still here\n\n"


class _Sweep:
    """Holds back news about many contacts, so that a board isn't drawn anew all the time."""

    def __init__(self) -> None:
        self._swept_at = float("-inf")
        self._is_awaited = False
        self._contacts: set[str] | None = set()  # None: nobody knows whose news it was

    @property
    def is_due(self) -> bool:
        return self._is_awaited and monotonic() - self._swept_at >= SWEEP_SECONDS

    def patience(self, longest: float) -> float:
        """How long to wait for the next piece of news."""
        if not self._is_awaited:
            return longest
        return max(0.05, SWEEP_SECONDS - (monotonic() - self._swept_at))

    def add(self, news: News) -> News:
        """The news with the stages it touches, as far as they may be told now."""
        if news["kind"] not in MANY:
            return {**news, "stages": _stages(news)}
        self._is_awaited = True
        self._note(news)
        return {**self.take(), **news} if self.is_due else news

    def take(self) -> News:
        """The news that any column may have changed, with the contacts if all are known."""
        named = {} if self._contacts is None else {"contacts": sorted(self._contacts)}
        self._is_awaited = False
        self._swept_at = monotonic()
        self._contacts = set()
        return {"kind": "contacts.changed", "stages": ALL_STAGES, **named}

    def _note(self, news: News) -> None:
        """Remember whose news it was. A run's own figures concern no contact; who changed is told apart."""
        if news["kind"] == "run.changed" or self._contacts is None:
            return
        named = news.get("contacts")
        together = None if named is None else self._contacts | set(named)
        self._contacts = together if together is not None and len(together) <= NAMED_MAX else None


def _stages(news: News) -> list[str]:
    named = news.get("stages") or [news.get("fromStage"), news.get("toStage")]
    if news["kind"] == "contacts.moved" and "stages" not in news:
        return ALL_STAGES  # from where isn't said
    return [stage for stage in named if stage]


def _event(news: News) -> str:
    told = {name: value for name, value in news.items() if name != "organization"}
    return f"data: {json.dumps(told)}\n\n"
