"""The first sync of freshly connected Pages: a few start at once, hundreds by a worker.

Its beginning is a person's choice, for its depth and cost are theirs: a Page that nobody ever synced, or whose
first sync somebody cancelled, waits for that choice however healthy it is. Once begun it is wanted until it is
done: one that a dead token or another failure ended goes on when the Page is reconnected and by its schedule,
as deep as it was begun. (What any later sync leaves undone, the next one takes on: `services.start_sync`.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hirocrm.core import jobs
from hirocrm.core.errors import HiroError
from hirocrm.meta import services as pages_of
from hirocrm.meta.models import Page
from hirocrm.organizations.models import Member
from hirocrm.sync import queries, services
from hirocrm.sync.models import RunStatus, SyncRun

PORTION = 20  # syncs started while a person waits: about a second


@dataclass(kw_only=True)
class Started:
    """The runs that were started. `refused` is a sentence by the Page's name; `left` start by a worker."""

    runs: list[SyncRun] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    left: int = 0


def start_first_syncs(
    *,
    pages: Sequence[Page],
    member: Member,
    pipeline_id: UUID | None,
    since: datetime | None,
    now: datetime,
) -> Started:
    """Set each Page's target pipeline and start its sync, no further back than `since`."""
    started = Started()
    for page in pages[:PORTION]:
        try:
            changes = {"auto_pipeline_id": pipeline_id}
            pages_of.update_page(member=member, reference=page.pk, changes=changes)
            run = services.start_sync(page=page, member=member, since=since, now=now)
            started.runs.append(run)
        except HiroError as refusal:
            started.refused.append((page.name, refusal.sentence))
    rest = pages[PORTION:]
    started.left = len(rest)
    if rest:
        jobs.defer(
            "sync.start_first_syncs",
            queue=services.SYNC_QUEUE,
            page_ids=[str(page.pk) for page in rest],
            member_id=str(member.pk),
            pipeline_id=str(pipeline_id) if pipeline_id else None,
            since=since.isoformat() if since else None,
        )
    return started


def go_on(
    *,
    page_ids: Sequence[str],
    member_id: str,
    pipeline_id: str | None,
    since: str | None,
    now: datetime,
) -> None:
    """Start the next portion of the Pages that wait; those after it become a job of their own."""
    member = Member.objects.select_related("organization", "user").filter(pk=member_id).first()
    if member is None:
        return
    rows = Page.objects.filter(organization_id=member.organization_id, pk__in=page_ids)
    start_first_syncs(
        pages=list(rows.order_by("name", "id")),
        member=member,
        pipeline_id=UUID(pipeline_id) if pipeline_id else None,
        since=datetime.fromisoformat(since) if since else None,
        now=now,
    )


def is_open_question(page: Page) -> bool:
    """Whether a person is still to choose the Page's first sync."""
    latest = queries.find_latest_sync(page)
    return page.last_synced_at is None and (latest is None or latest.status == RunStatus.CANCELLED)


def resume(*, page: Page, member: Member | None = None, now: datetime) -> SyncRun | None:
    """Go on with a first sync that was cut off, as deep as it was begun; None if there is none.

    Raises:
        PageNotConnected: there is no token to sync with.
    """
    begun = queries.find_cut_off(page)
    if page.last_synced_at is not None or begun is None:
        return None
    since = begun.options.get("since")
    return services.start_sync(
        page=page,
        member=member,
        since=datetime.fromisoformat(since) if since else None,
        asked=False,
        now=now,
    )
