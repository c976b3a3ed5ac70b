"""Starting, cancelling, retrying and undoing runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet, Sum

from hirocrm.analysis.estimate import guess_cost
from hirocrm.contacts.models import AnalysisState, Contact, Conversation
from hirocrm.core import jobs
from hirocrm.core.ids import new_id
from hirocrm.core.text import shorten
from hirocrm.meta.models import ConnectionState, Page, SyncSchedule
from hirocrm.organizations.models import Member, Organization
from hirocrm.organizations.permissions import Right, require
from hirocrm.pipelines.models import Pipeline
from hirocrm.pipelines.undo_run import undo_assignments
from hirocrm.sync import batches, lifecycle, missed_conversations, queries
from hirocrm.sync.errors import NothingToDo, PageNotConnected, RunAlreadyFinished, RunStillOpen
from hirocrm.sync.models import RunKind, SyncRun

SYNC_QUEUE = "sync"


def start_sync(
    *,
    page: Page,
    member: Member | None = None,
    full: bool = False,
    since: datetime | None = None,
    light: bool = False,
    asked: bool | None = None,
    now: datetime,
) -> SyncRun:
    """Start a sync of the Page, or return the one that is under way.

    One that is `asked` for (by default: that has a `member`) evaluates every contact in UPDATE_EXISTING.

    With `since` it goes no further back than conversations that were active then; a later full sync
    brings the older ones. A `light` one reads what is new and nothing else, whatever was set anew. Any other does what
    the latest left undone that a dead token or another failure cut off: all of it again, if that was `full`.

    Raises:
        PageNotConnected: there is no token to sync with.
    """
    if member is not None:
        require(member, Right.RUN)
    if not page.access_token or not page.remote_id:
        raise PageNotConnected(f"“{page.name}” isn't connected to Facebook. Connect it first.")
    open_run = queries.find_open_sync(page)
    asked = member is not None if asked is None else asked
    undone = None if light else queries.find_cut_off(page)
    if undone is not None:
        full, asked = full or undone.full, asked or bool(undone.options.get("asked"))
    if open_run is not None:
        return open_run if light else _made_whole(open_run, undone, asked=asked)
    try:
        with transaction.atomic():
            options: dict[str, Any] = {"since": since.isoformat()} if since is not None else {}
            options |= {"light": True} if light else {}
            options |= {"asked": True} if asked else {}
            run = _new_run(
                page.organization_id,
                RunKind.SYNC,
                member,
                now,
                page=page,
                full=full,
                options=options,
            )
            _defer_fetch(run)
    except IntegrityError:  # somebody else started one in this very moment
        open_run = queries.find_open_sync(page)
        if open_run is None:
            raise
        return open_run
    return run


def _made_whole(run: SyncRun, undone: SyncRun | None, *, asked: bool) -> SyncRun:
    """The same run, no longer light: a sync was wanted, or asked for, while it was under way."""
    options = {key: value for key, value in run.options.items() if key != "light"}
    options |= {"asked": True} if asked else {}
    full = run.full or (undone is not None and undone.full)
    if (options, full) != (run.options, run.full):
        run.options, run.full = options, full
        SyncRun.objects.filter(pk=run.pk).update(options=options, full=full)
    return run


def _new_run(
    organization_id: UUID, kind: RunKind, member: Member | None, now: datetime, **fields: Any
) -> SyncRun:
    run = SyncRun(
        id=new_id(),
        organization_id=organization_id,
        kind=kind,
        started_by=member,
        created_at=now,
        **fields,
    )
    run.save(force_insert=True)
    lifecycle.tell(run)
    return run


def _defer_fetch(run: SyncRun, *, at: datetime | None = None) -> None:
    """Queue the run's fetching; the lock keeps two jobs of one Page from running at once."""
    jobs.defer(
        "sync.fetch_run",
        queue=SYNC_QUEUE,
        lock=f"page:{run.page_id}",
        schedule_at=at,
        run_id=str(run.pk),
    )


def continue_later(*, run_id: UUID, at: datetime) -> None:
    """Queue the fetching of a waiting run for when Meta allows it."""
    with transaction.atomic():
        _defer_fetch(SyncRun.objects.get(pk=run_id), at=at)


@transaction.atomic
def cancel_run(*, run: SyncRun, now: datetime) -> SyncRun:
    """Ask the run to stop. What was saved stays; conversations that nobody has read are given back.

    Raises:
        RunAlreadyFinished: it has ended.
    """
    # Batches, conversations, then the run: whoever writes answers locks in this order too.
    lifecycle.drop_batches(run, now)
    changed = SyncRun.objects.filter(
        pk=run.pk, organization_id=run.organization_id, finished_at=None, cancel_requested_at=None
    ).update(cancel_requested_at=now)
    run.refresh_from_db()
    if not changed and not run.is_open:
        raise RunAlreadyFinished("This run has already ended.")
    lifecycle.finish_if_done(run_id=run.pk, now=now)
    run.refresh_from_db()
    return run


@transaction.atomic
def retry_failed(*, run: SyncRun, member: Member | None, now: datetime) -> SyncRun:
    """Start a run over the conversations that failed in `run`.

    If some couldn't be fetched it is a sync, which asks for them again and reads the others too.

    Raises:
        PageNotConnected: there are some to fetch and no token to do it with.
        RunStillOpen: it hasn't ended yet.
        NothingToDo: none failed, or all have been read since.
    """
    if run.is_open:
        raise RunStillOpen("This run is still going on. Wait for its end, then retry what failed.")
    if missed_conversations.allow_again(run):
        return start_sync(page=run.own_page, member=member, asked=False, now=now)
    failed = queries.list_failed_conversations(run)
    if not failed.exists():
        raise NothingToDo("No contact of this run is waiting for another try.")
    options = {key: run.options[key] for key in ("pipelineId", "updateMode") if key in run.options}
    return _start_reading(run.organization_id, failed, member, options, now)


@transaction.atomic
def undo_run(*, run: SyncRun, member: Member | None, now: datetime) -> int:
    """Put back the contacts that are still where the run put them; returns how many.

    Raises:
        RunStillOpen: it hasn't ended yet.
    """
    if member is not None:
        require(member, Right.ERASE)
    if run.is_open:
        raise RunStillOpen("This run is still going on. Cancel it first, then undo it.")
    count = undo_assignments(
        organization_id=run.organization_id,
        run_id=run.pk,
        user_id=member.user_id if member else None,
        now=now,
    )
    SyncRun.objects.filter(pk=run.pk).update(undone_at=now)
    return count


# --- re-analysis ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a re-analysis would take. Money in millionths of a US dollar (None: price unknown)."""

    contacts: int
    calls: int
    tokens: int
    cost_micro_usd: int | None
    seconds: int
    calls_today: int | None  # what the keys' daily quota still lets through; None: all


def chosen_conversations(
    *,
    organization_id: UUID,
    contact_ids: Sequence[UUID] | None,
    contact_filter: QuerySet[Contact] | None,
) -> QuerySet[Conversation]:
    """The readable conversations of the chosen contacts of the organization."""
    rows = Conversation.objects.filter(organization_id=organization_id, has_text=True)
    if contact_ids is not None:
        return rows.filter(contact_id__in=contact_ids)
    if contact_filter is not None:
        return rows.filter(contact__in=contact_filter.order_by().values("pk"))
    return rows


@transaction.atomic
def start_reanalysis(
    *,
    organization_id: UUID,
    member: Member | None,
    contact_ids: Sequence[UUID] | None,
    contact_filter: QuerySet[Contact] | None,
    pipeline: Pipeline | None = None,
    update_mode: str | None = None,
    now: datetime,
) -> SyncRun:
    """Start a run that evaluates the chosen contacts again, from what is stored.

    Raises:
        NothingToDo: no chosen contact has a conversation with text.
    """
    if member is not None:
        require(member, Right.RUN)
    rows = chosen_conversations(
        organization_id=organization_id, contact_ids=contact_ids, contact_filter=contact_filter
    )
    options: dict[str, Any] = {}
    if pipeline is not None:
        options["pipelineId"] = str(pipeline.pk)
    if update_mode is not None:
        options["updateMode"] = update_mode
    return _start_reading(organization_id, rows, member, options, now)


def _start_reading(
    organization_id: UUID,
    rows: QuerySet[Conversation],
    member: Member | None,
    options: dict[str, Any],
    now: datetime,
) -> SyncRun:
    run = _new_run(organization_id, RunKind.REANALYZE, member, now, options=options, started_at=now)
    count = 0
    page_id: UUID | None = None
    portion: list[UUID] = []
    for row_page, row_id in (
        rows.order_by("page_id", "id").values_list("page_id", "id").iterator(2000)
    ):
        if portion and (row_page != page_id or len(portion) >= batches.SWEEP_SIZE):
            _hand_over(run, page_id, portion, now)
            portion = []
        page_id = row_page
        portion.append(row_id)
        count += 1
    if not count:
        transaction.set_rollback(True)
        raise NothingToDo("None of these contacts has a conversation with text to read.")
    _hand_over(run, page_id, portion, now)
    SyncRun.objects.filter(pk=run.pk).update(
        status="running", phase="analysing", fetched_at=now, to_analyse=count, expected=count
    )
    run.refresh_from_db()
    return run


def _hand_over(run: SyncRun, page_id: UUID | None, portion: list[UUID], now: datetime) -> None:
    assert page_id is not None  # noqa: S101  # a portion has at least one conversation
    batches.enqueue(
        organization_id=run.organization_id,
        page_id=page_id,
        run=run,
        conversation_ids=portion,
        now=now,
    )


def estimate_reanalysis(
    *,
    organization_id: UUID,
    contact_ids: Sequence[UUID] | None,
    contact_filter: QuerySet[Contact] | None,
    now: datetime,
) -> Estimate:
    """What `start_reanalysis` would take at most; unchanged conversations are answered from store, at no cost."""
    rows = chosen_conversations(
        organization_id=organization_id, contact_ids=contact_ids, contact_filter=contact_filter
    )
    figures = rows.aggregate(
        contacts=Count("contact_id", distinct=True), calls=Count("id"), messages=Sum("stored_count")
    )
    organization = Organization.objects.get(pk=organization_id)
    guess = guess_cost(
        organization=organization,
        calls=figures["calls"],
        messages=figures["messages"] or 0,
        now=now,
    )
    return Estimate(
        contacts=figures["contacts"],
        calls=figures["calls"],
        tokens=guess.tokens,
        cost_micro_usd=guess.cost_micro_usd,
        seconds=guess.seconds,
        calls_today=guess.calls_today,
    )


# --- imports --------------------------------------------------------------------------------------


@transaction.atomic
def start_import(
    *,
    organization: Organization,
    member: Member | None,
    archive: Path | UUID,
    page: Page | None = None,
    own_name: str | None = None,
    platform: str,
    now: datetime,
) -> SyncRun:
    """Start reading an export archive that `inspect_archive` has accepted: an upload, or a path that the worker can read.

    Without a Page, its contacts go to a shelf of their own, a Page that was never connected.
    """
    shelf = page or _shelf(organization, own_name)
    place = {"path": str(archive)} if isinstance(archive, Path) else {"uploadId": str(archive)}
    run = _new_run(
        organization.pk,
        RunKind.IMPORT,
        member,
        now,
        page=shelf,
        options={**place, "ownName": own_name, "platform": platform},
    )
    jobs.defer(
        "sync.import_archive", queue=SYNC_QUEUE, lock=f"import:{shelf.pk}", run_id=str(run.pk)
    )
    return run


def start_samples(*, page: Page, key: str, member: Member, now: datetime) -> SyncRun:
    """Start reading the sample conversations of one shop into a demo Page."""
    options = {"sample": key}
    run = _new_run(page.organization_id, RunKind.IMPORT, member, now, page=page, options=options)
    jobs.defer("sync.load_samples", queue=SYNC_QUEUE, lock=f"import:{page.pk}", run_id=str(run.pk))
    return run


def _shelf(organization: Organization, own_name: str | None) -> Page:
    name = shorten(own_name or "Imported conversations", 255)
    page, _ = Page.objects.get_or_create(
        organization=organization,
        remote_id=None,
        name=name,
        defaults={
            "state": ConnectionState.IMPORTED,
            "sync_schedule": SyncSchedule.OFF,
            "auto_pipeline": Pipeline.objects.filter(
                organization=organization, is_default=True
            ).first(),
        },
    )
    return page


RETRY_AFTER = timedelta(minutes=10)
MAX_ATTEMPTS = 6
RETRIED_AT_ONCE = 1000


@transaction.atomic
def retry_due_analyses(*, now: datetime) -> int:
    """Give conversations whose analysis failed another try, up to `MAX_ATTEMPTS` in all."""
    rows = (
        Conversation.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(analysis_state=AnalysisState.FAILED, analysis_attempts__lt=MAX_ATTEMPTS)
        .order_by("page_id", "id")
        .values_list("organization_id", "page_id", "id")[:RETRIED_AT_ONCE]
    )
    return batches.enqueue_by_page(rows, now=now)
