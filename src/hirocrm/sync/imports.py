"""Export archives: looked into before anything is saved, then read like any other source."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

import structlog

from hirocrm.analysis.asker import asker_for
from hirocrm.contacts.snapshots import ConversationSnapshot, MessageSource
from hirocrm.core import clock
from hirocrm.core.platforms import Platform
from hirocrm.sync import commit, lifecycle, uploads
from hirocrm.sync.commit import FetchedPage
from hirocrm.sync.lifecycle import Trouble
from hirocrm.sync.models import SyncRun
from hirocrm.sync.plan import Plan, plan_for, remember
from hirocrm.sync.sources.archive import (
    ArchiveError,
    ArchiveProgress,
    SkippedThread,
    SkipReason,
    inspect_archive,
    read_archive,
)

log = structlog.get_logger(__name__)

SNAPSHOTS_AT_ONCE = 50
MESSAGES_AT_ONCE = 2000
PLACE = "archive"


def read_into(run_id: UUID) -> None:
    """Read the run's archive into its Page, from the thread after the last one that was committed."""
    run = lifecycle.begin(run_id=run_id, now=clock.now())
    if run is not None and run.page is not None:
        plan = plan_for(run, run.page, asker_for(run.page.organization))
        remember(plan)
        try:
            _read(plan)
        except ArchiveError as exc:
            lifecycle.record_troubles(run, [Trouble(error=exc.sentence, code=exc.code)])
        lifecycle.fetching_ended(run_id=run_id, now=clock.now())
    uploads.forget_archive_of(run_id)


def _read(plan: Plan) -> None:
    options = plan.run.options
    archive, platform = uploads.archive_of(plan.run), Platform(options["platform"])
    _expect(plan.run, inspect_archive(archive, platform=platform).threads)
    place = plan.run.cursor.get(PLACE, {})
    already = int(place.get("cursor") or 0)
    items = read_archive(
        archive, own_name=options.get("ownName"), platform=platform, progress=_ignore
    )
    seen = already
    for portion in _portions(islice(items, already, None)):
        seen += len(portion)
        done = commit.commit_page(
            run_id=plan.run.pk,
            platform=PLACE,
            fetched=_page(portion, seen),
            source=MessageSource.IMPORT,
            rules=plan.rules,
            settings_hash=plan.settings_hash,
            now=clock.now(),
        )
        if done.cancelled:
            return


def _ignore(_progress: ArchiveProgress) -> None:
    """The run's own counts are the progress that people see."""


def _expect(run: SyncRun, threads: int) -> None:
    SyncRun.objects.filter(pk=run.pk).update(expected=threads)


def _portions(
    items: Iterator[ConversationSnapshot | SkippedThread],
) -> Iterator[list[ConversationSnapshot | SkippedThread]]:
    """Groups of bounded size, so that a transaction and the memory stay small."""
    portion: list[ConversationSnapshot | SkippedThread] = []
    messages = 0
    for item in items:
        repeated = isinstance(item, ConversationSnapshot) and any(
            isinstance(other, ConversationSnapshot) and other.remote_id == item.remote_id
            for other in portion
        )
        if repeated or len(portion) >= SNAPSHOTS_AT_ONCE or messages >= MESSAGES_AT_ONCE:
            yield portion
            portion, messages = [], 0
        portion.append(item)
        messages += len(item.messages) if isinstance(item, ConversationSnapshot) else 0
    if portion:
        yield portion


def _page(portion: list[ConversationSnapshot | SkippedThread], seen: int) -> FetchedPage:
    left_out = [item for item in portion if isinstance(item, SkippedThread)]
    unreadable = [item for item in left_out if item.reason is SkipReason.UNREADABLE]
    return FetchedPage(
        snapshots=[item for item in portion if isinstance(item, ConversationSnapshot)],
        troubles=[
            Trouble(error=item.sentence, code="thread_unreadable", remote_id=item.remote_id)
            for item in unreadable
        ],
        cursor=str(seen),
        page_size=SNAPSHOTS_AT_ONCE,
        skipped=len(left_out) - len(unreadable),
    )
