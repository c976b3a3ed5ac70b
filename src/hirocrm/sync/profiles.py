"""Fetching profiles late and gently: never beside a sync, never when Meta's allowance is getting short."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import httpx2
import structlog
from django.db.models import Exists, F, OuterRef, Q

from hirocrm.contacts.models import Contact
from hirocrm.contacts.services.profiles import take_profiles
from hirocrm.contacts.snapshots import NameSource
from hirocrm.core import clock, jobs
from hirocrm.core.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamMalformed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
)
from hirocrm.core.platforms import Platform
from hirocrm.core.threads import in_thread
from hirocrm.meta import health
from hirocrm.meta.connections import open_graph
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.pace import CallPace
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.meta.profiles import Person, fetch_person
from hirocrm.sync import queries

log = structlog.get_logger(__name__)

QUEUE = "default"
PRIORITY = -10  # after everything else that waits
PEOPLE_A_JOB = 60
WRITTEN_TOGETHER = 10  # what a killed job may lose
CALLS_PER_SECOND = 1.0  # half of what one account may be asked
USAGE_PERCENT_MAX = 50  # of Meta's allowance; above it syncs need the rest
REFUSALS_IN_A_ROW = 5  # then this app may see nobody's profile
FAULTS_IN_A_ROW = 3  # then it isn't the people: Meta has a problem
GIVEN_UP_AT_ONCE = 5_000
PAGES_AT_ONCE = 20
LOOK_AGAIN_AFTER = timedelta(days=30)
NAMELESS_AGAIN_AFTER = timedelta(days=1)
FORGOTTEN_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contact whose profile is to be fetched."""

    contact_id: UUID
    remote_id: str
    platform: Platform


@dataclass(slots=True)
class _Round:
    """What one job has found and not yet written."""

    people: dict[UUID, Person | None] = field(default_factory=dict)
    refusals: int = 0  # in a row
    faults: int = 0  # in a row
    faulty: list[Wanted] = field(default_factory=list)

    def note(self, wanted: Wanted, person: Person | None) -> None:
        self.people[wanted.contact_id] = person
        is_refused = person is None or person.is_empty
        self.refusals = self.refusals + 1 if is_refused else 0
        self.faults = 0

    def note_fault(self, wanted: Wanted) -> None:
        """What fails twice, while others' profiles are told, is this person's: it mustn't stand in their way again."""
        self.faults += 1
        if wanted in self.faulty:
            self.people[wanted.contact_id] = None
        else:
            self.faulty.append(wanted)


def ask_for_profiles() -> int:
    """Queue a round for Pages that have people nobody has looked at, and no sync under way; returns how many."""
    unseen = Contact.objects.filter(page=OuterRef("pk"), profile_checked_at__isnull=True)
    rows = (
        Page.objects.filter(
            Exists(unseen),
            state=ConnectionState.HEALTHY,
            usage_percent__lt=USAGE_PERCENT_MAX,
        )
        .exclude(access_token="")
        .exclude(sync_runs__finished_at=None, sync_runs__created_at__isnull=False)
        .order_by("updated_at")[:PAGES_AT_ONCE]
    )
    return sum(
        jobs.defer_once(
            "sync.fetch_profiles",
            key=f"sync.fetch_profiles:{page.pk}",
            lock=f"profiles:{page.pk}",
            queue=QUEUE,
            priority=PRIORITY,
            page_id=str(page.pk),
        )
        for page in rows
    )


async def fetch_profiles(page_id: UUID) -> None:
    """Fetch the profiles of a Page's people nobody has looked at, the last to write first."""
    page, wanted = await in_thread(_prepare, page_id)
    if page is None or not wanted:
        return
    found = _Round()
    async with open_graph(page) as graph, httpx2.AsyncClient() as http:
        asker = _Asker(page, graph, http, CallPace(calls_per_second=CALLS_PER_SECOND, burst=1))
        if await _fetch_each(asker, wanted, found) and len(found.faulty) < len(wanted):
            found.faults = 0
            await _fetch_each(asker, tuple(found.faulty), found)
    await _write(found)
    if found.refusals >= REFUSALS_IN_A_ROW:
        await in_thread(_give_up, page, clock.now())


async def _fetch_each(asker: "_Asker", wanted: Sequence[Wanted], found: _Round) -> bool:
    """Fetch these people; False when the round is over before the last."""
    for one in wanted:
        if not await _fetch_one(asker, one, found):
            return False
        if len(found.people) >= WRITTEN_TOGETHER:
            await _write(found)
            if await in_thread(_must_stop, asker.page):
                return False
    return True


def _prepare(page_id: UUID) -> tuple[Page | None, Sequence[Wanted]]:
    page = Page.objects.filter(pk=page_id, state=ConnectionState.HEALTHY).first()
    if page is None or not page.access_token or _must_stop(page):
        return None, ()
    rows = Contact.objects.filter(page=page, profile_checked_at__isnull=True).order_by(
        "-last_interaction_at"
    )
    people = rows.values_list("pk", "messenger_psid", "instagram_sid")[:PEOPLE_A_JOB]
    return page, [_wanted(*row) for row in people]


def _wanted(contact_id: UUID, psid: str | None, instagram_sid: str | None) -> Wanted:
    platform = Platform.MESSENGER if psid else Platform.INSTAGRAM
    return Wanted(contact_id, psid or instagram_sid or "", platform)


def _must_stop(page: Page) -> bool:
    """Whether a sync is under way: it comes first."""
    return queries.find_open_sync(page) is not None


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks for a Page, and how fast."""

    page: Page
    graph: GraphClient
    http: httpx2.AsyncClient
    pace: CallPace


async def _fetch_one(asker: _Asker, wanted: Wanted, found: _Round) -> bool:
    """Fetch one person; False when the round is over."""
    page = asker.page
    try:
        await asker.pace.wait_turn()
        person = await fetch_person(
            asker.graph,
            asker.http,
            page=page,
            remote_id=wanted.remote_id,
            platform=wanted.platform,
        )
    except (UpstreamRejected, UpstreamForbidden, UpstreamMalformed):
        # No consent, no permission, gone or no profile: of this person nothing can be known, which says nothing of the Page.
        found.note(wanted, None)
    except (UpstreamUnauthorized, UpstreamRateLimited) as refusal:
        await in_thread(health.note_trouble, page=page, error=refusal, now=clock.now())
        return False
    except UpstreamError as fault:
        log.info("profiles.postponed", page_id=str(page.pk), code=fault.code)
        found.note_fault(wanted)
    else:
        found.note(wanted, person)
    usage = asker.graph.usage
    asker.pace.note(usage)
    if found.faults >= FAULTS_IN_A_ROW:
        return False
    return found.refusals < REFUSALS_IN_A_ROW and (usage.percent or 0) < USAGE_PERCENT_MAX


async def _write(found: _Round) -> None:
    people, found.people = found.people, {}
    if people:
        await in_thread(take_profiles, people=people, now=clock.now())


def _give_up(page: Page, now: datetime) -> None:
    """Leave the Page's people alone for a while: this app isn't shown their profiles."""
    waiting = Contact.objects.filter(page=page, profile_checked_at__isnull=True)
    ids = waiting.order_by("-last_interaction_at").values("pk")[:GIVEN_UP_AT_ONCE]
    count = Contact.objects.filter(pk__in=ids).update(profile_checked_at=now)
    log.info("profiles.given_up", page_id=str(page.pk), contacts=count)


def look_again(*, now: datetime) -> int:
    """Have profiles looked at anew that were a month ago, of people who wrote since; returns how many.

    Who has no name is looked at a day later: Meta shows a profile only once its person has written.
    """
    since = now - LOOK_AGAIN_AFTER
    old = Q(profile_checked_at__lt=since, last_interaction_at__gt=since)
    nameless = Q(
        profile_checked_at__lt=now - NAMELESS_AGAIN_AFTER,
        last_customer_message_at__gt=F("profile_checked_at"),
        name_source=NameSource.FALLBACK,
    )
    ids = list(
        Contact.objects.filter(old | nameless).values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]
    )
    return Contact.objects.filter(pk__in=ids).update(profile_checked_at=None)
