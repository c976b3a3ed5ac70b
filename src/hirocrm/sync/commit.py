"""One fetched page of conversations becomes rows, batches, counts and a cursor: all of it or nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from hirocrm.contacts.ingest import Ingested, Outcome, ingest
from hirocrm.contacts.models import AnalysisState
from hirocrm.contacts.snapshots import ConversationSnapshot, MessageSource
from hirocrm.inbox.services import settle_snapshots
from hirocrm.meta.models import Page
from hirocrm.pipelines.assign import Rules
from hirocrm.sync import batches, lifecycle, missed_conversations
from hirocrm.sync.lifecycle import Trouble
from hirocrm.sync.models import SyncPosition, SyncRun
from hirocrm.sync.webhooks import gaps, health
from hirocrm.sync.webhooks.activities import tell_of_walk

# Meta's clock and ours differ, and a conversation may be updated while a run walks: go back a little.
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as its source gave it. `cursor` None: it was the last one."""

    snapshots: Sequence[ConversationSnapshot]
    troubles: Sequence[Trouble]
    cursor: str | None
    page_size: int
    skipped: int = 0  # left out on purpose, such as group conversations
    is_walk: bool = True  # False: conversations asked for singly, which say nothing of the others


@dataclass(frozen=True, slots=True)
class Committed:
    """What came of a page. `reached_known`: everything further on is known already."""

    reached_known: bool
    cancelled: bool


@transaction.atomic
def commit_page(
    *,
    run_id: UUID,
    platform: str,
    fetched: FetchedPage,
    source: MessageSource,
    rules: Rules,
    settings_hash: str,
    now: datetime,
) -> Committed:
    """Write a page of a run's conversations and hand what is new to the analyser."""
    runs = missed_conversations.with_misses(SyncRun.objects.select_related("page"))
    run = runs.get(pk=run_id)
    if not run.is_open or run.cancel_requested_at is not None:
        return Committed(reached_known=False, cancelled=True)
    page = run.own_page
    wanted = _within_depth(run, fetched.snapshots)
    ingested = ingest(page=page, snapshots=wanted, source=source, now=now)
    if source is MessageSource.SYNC:
        tell_of_walk(page, platform, ingested)
    settle_snapshots(page=page, snapshots=fetched.snapshots, now=now)
    to_read = _to_read(run, ingested, rules, settings_hash, now)
    batches.enqueue(
        organization_id=page.organization_id,
        page_id=page.pk,
        run=run,
        conversation_ids=to_read,
        now=now,
    )
    missed = _note_missed(run, ingested, source, now)
    known = len(wanted) < len(fetched.snapshots) or _reached_known(run, platform, wanted, ingested)
    lifecycle.record_troubles(run, fetched.troubles)
    if source is MessageSource.SYNC:
        missed_conversations.note(run, platform, fetched.snapshots, fetched.troubles)
    within = replace(fetched, snapshots=wanted)
    _count(run, ingested, within, to_read=len(to_read), missed=missed)
    if fetched.is_walk:
        _save_place(run, platform, fetched, done=known or fetched.cursor is None)
    lifecycle.tell(run)
    return Committed(reached_known=known, cancelled=False)


def _to_read(
    run: SyncRun, ingested: Sequence[Ingested], rules: Rules, settings_hash: str, now: datetime
) -> list[UUID]:
    """The conversations to hand over: once, also when Meta's moving list shows one on two of its pages."""
    wanted = [
        item
        for item in ingested
        if batches.wants_analysis(item, rules, settings_hash, now)
        and (item.changed or not run.options.get("light"))
    ]
    pending = [
        item.conversation.pk
        for item in wanted
        if not item.changed and item.conversation.analysis_state == AnalysisState.PENDING
    ]
    handed_over = batches.under_way(run, pending)
    return [item.conversation.pk for item in wanted if item.conversation.pk not in handed_over]


def _note_missed(
    run: SyncRun, ingested: Sequence[Ingested], source: MessageSource, now: datetime
) -> int:
    """Count on the Page's health what webhooks should have brought before this sync did."""
    if source is not MessageSource.SYNC:
        return 0
    missed = gaps.count_missed(page=run.own_page, ingested=ingested, now=now)
    health.note_missed(page=run.own_page, count=missed)
    return missed


def _within_depth(
    run: SyncRun, snapshots: Sequence[ConversationSnapshot]
) -> Sequence[ConversationSnapshot]:
    """Those at least as new as the run was asked to go back; all of them when it wasn't."""
    since = run.options.get("since")
    if not since:
        return snapshots
    oldest = datetime.fromisoformat(since)
    return [snapshot for snapshot in snapshots if snapshot.updated_at >= oldest]


def _count(
    run: SyncRun,
    ingested: Sequence[Ingested],
    fetched: FetchedPage,
    *,
    to_read: int,
    missed: int,
) -> None:
    # A person with two threads on the page is one contact: the strongest outcome counts.
    rank = {Outcome.CREATED: 2, Outcome.UPDATED: 1, Outcome.UNCHANGED: 0}
    outcomes: dict[UUID, Outcome] = {}
    for item in sorted(ingested, key=lambda i: rank[i.outcome]):
        outcomes[item.contact.pk] = item.outcome
    tally = Counter(outcomes.values())
    lifecycle.count(
        run.pk,
        fetched=len(fetched.snapshots),
        created=tally[Outcome.CREATED],
        updated=tally[Outcome.UPDATED],
        unchanged=tally[Outcome.UNCHANGED],
        failed=len(fetched.troubles),
        skipped=fetched.skipped,
        to_analyse=to_read,
        missed=missed,
    )


def _reached_known(
    run: SyncRun,
    platform: str,
    snapshots: Sequence[ConversationSnapshot],
    ingested: Sequence[Ingested],
) -> bool:
    """Whether an incremental run may stop: conversations come newest first, and the rest is older."""
    if run.full or not snapshots:
        return False
    position = SyncPosition.objects.filter(page=run.own_page, platform=platform).first()
    if position is None or position.newest_at is None:
        return False
    oldest = min(snapshot.updated_at for snapshot in snapshots)
    if oldest < position.newest_at - OVERLAP:
        return True
    return oldest <= position.newest_at and all(
        item.outcome is Outcome.UNCHANGED for item in ingested
    )


def _save_place(run: SyncRun, platform: str, fetched: FetchedPage, *, done: bool) -> None:
    """Keep where to go on after a crash. Only the fetching job writes the cursor, so nothing is lost here."""
    place = dict(run.cursor.get(platform, {}))
    times = [snapshot.updated_at for snapshot in fetched.snapshots]
    if place.get("newest"):
        times.append(datetime.fromisoformat(place["newest"]))
    place |= {
        "cursor": fetched.cursor,
        "page_size": fetched.page_size,
        "newest": max(times).isoformat() if times else None,
        "done": done,
    }
    SyncRun.objects.filter(pk=run.pk).update(
        cursor={**run.cursor, platform: place}, platform="" if done else platform
    )


@transaction.atomic
def sweep(
    *,
    run_id: UUID,
    page: Page,
    rules: Rules,
    settings_hash: str,
    evaluate_all: bool,
    after: UUID | None,
    now: datetime,
) -> UUID | None:
    """Hand over one portion of what the walk didn't visit but the settings now ask for.

    A changed pipeline, prompt or model concerns every conversation of the Page, most of which an
    incremental walk never reaches; they are in our database, so Meta isn't asked. Returns the id to
    go on after, None at the end.
    """
    run = SyncRun.objects.get(pk=run_id)
    if run.cancel_requested_at is not None:
        return None
    rows = (
        batches.unevaluated_conversations(page, run)
        if evaluate_all
        else batches.unread_conversations(page, rules, settings_hash, run)
    )
    if after is not None:
        rows = rows.filter(pk__gt=after)
    # A locked row is being written by a reader at this moment: it needs no second reading.
    rows = rows.select_for_update(of=("self",), skip_locked=True).order_by("id")
    ids = list(rows.values_list("id", flat=True)[: batches.SWEEP_SIZE])
    batches.enqueue(
        organization_id=page.organization_id,
        page_id=page.pk,
        run=run,
        conversation_ids=ids,
        now=now,
    )
    lifecycle.count(run_id, to_analyse=len(ids))
    return ids[-1] if ids else None
