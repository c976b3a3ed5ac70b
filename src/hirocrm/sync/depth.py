"""How far back a first sync may go, and what each depth would take: a guess from one look at the newest."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asgiref.sync import async_to_sync

from hirocrm.analysis.estimate import guess_cost
from hirocrm.core.errors import UpstreamError
from hirocrm.core.platforms import Platform
from hirocrm.meta import health
from hirocrm.meta.connections import open_graph
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.models import Page
from hirocrm.organizations.models import Organization

DEPTHS_DAYS: tuple[int | None, ...] = (30, 90, 365, None)
LOOKED_AT = 100  # newest conversations of each platform: one call, without their messages
PAGES_ASKED = 20  # of many, these stand for all
ASKED_AT_ONCE = 5
MESSAGES_EACH = 12
SECONDS_A_HUNDRED = 3.0  # for Meta to give a hundred conversations with their newest messages


@dataclass(frozen=True, slots=True)
class Sample:
    """When the newest conversations of one platform of one Page were active, and whether there are more."""

    times: tuple[datetime, ...]
    has_more: bool

    def count_since(self, oldest: datetime | None) -> tuple[int, bool]:
        """How many were active since then (None: ever), and whether that is counted rather than guessed."""
        seen = len(self.times) if oldest is None else sum(t >= oldest for t in self.times)
        if not self.has_more or seen < len(self.times):
            return seen, True
        if oldest is None or len(self.times) < 2:
            return seen, False
        span = (self.times[0] - self.times[-1]).total_seconds()
        asked = (self.times[0] - oldest).total_seconds()
        return max(seen, round((seen - 1) * asked / span)) if span > 0 else seen, False


@dataclass(frozen=True, slots=True)
class DepthEstimate:
    """What a sync back to `days` ago (None: everything) would take.

    Unless `is_exact`, `conversations` is a guess; for everything it is only a lower bound. Money in
    millionths of a US dollar (None: price unknown).
    """

    days: int | None
    conversations: int
    is_exact: bool
    cost_micro_usd: int | None
    seconds: int
    calls_today: int | None = None  # what the keys' daily quota still lets through; None: all


@dataclass(frozen=True, slots=True)
class Outlook:
    """The estimates by depth, and what kept some Pages from being asked."""

    depths: tuple[DepthEstimate, ...]
    troubles: tuple[str, ...]


def look_at(pages: Sequence[Page], *, now: datetime) -> tuple[list[Sample], list[str]]:
    """One call for each platform of the first Pages; a Page that can't be asked gives a sentence instead.

    What a refusal means for its Page is noted, as everywhere.
    """
    samples: list[Sample] = []
    troubles: list[str] = []
    for page, found in zip(pages, async_to_sync(_look_at_all)(pages[:PAGES_ASKED]), strict=False):
        if isinstance(found, UpstreamError):
            health.note_trouble(page=page, error=found, now=now)
            troubles.append(f"{page.name}: {found.sentence}")
        else:
            samples.extend(found)
    return samples, troubles


async def _look_at_all(pages: Sequence[Page]) -> list[list[Sample] | UpstreamError]:
    gate = asyncio.Semaphore(ASKED_AT_ONCE)
    return await asyncio.gather(*(_look_at(page, gate) for page in pages))


async def _look_at(page: Page, gate: asyncio.Semaphore) -> list[Sample] | UpstreamError:
    async with gate:
        try:
            async with open_graph(page) as graph:
                return [await _sample(graph, page, platform) for platform in page.platforms]
        except UpstreamError as refusal:
            return refusal


async def _sample(graph: GraphClient, page: Page, platform: Platform) -> Sample:
    listing = await graph.list_conversations(
        page.remote_id or "", platform, limit=LOOKED_AT, fields="id,updated_time"
    )
    times = sorted((c.updated_time for c in listing.items if c.updated_time), reverse=True)
    return Sample(tuple(times), has_more=listing.after is not None)


def estimate_depths(
    *, organization: Organization, samples: Iterable[Sample], share: float = 1.0, now: datetime
) -> tuple[DepthEstimate, ...]:
    """What each depth would take. `share` is the part of the Pages that the samples stand for."""
    known = list(samples)
    return tuple(_estimate(organization, known, days, share=share, now=now) for days in DEPTHS_DAYS)


def _estimate(
    organization: Organization,
    samples: Sequence[Sample],
    days: int | None,
    *,
    share: float,
    now: datetime,
) -> DepthEstimate:
    oldest = None if days is None else now - timedelta(days=days)
    counts = [sample.count_since(oldest) for sample in samples]
    total = round(sum(count for count, _ in counts) / share)
    guess = guess_cost(
        organization=organization, calls=total, messages=total * MESSAGES_EACH, now=now
    )
    return DepthEstimate(
        days=days,
        conversations=total,
        is_exact=share == 1.0 and all(is_exact for _, is_exact in counts),
        cost_micro_usd=guess.cost_micro_usd,
        calls_today=guess.calls_today,
        seconds=guess.seconds + math.ceil(total / 100 * SECONDS_A_HUNDRED),
    )
