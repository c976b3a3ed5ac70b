"""Runs as pages, routes and the command line ask for them."""

from uuid import UUID

from django.db.models import F, Func, Q, QuerySet

from hirocrm.contacts.models import AnalysisState, Conversation
from hirocrm.meta.models import Page
from hirocrm.sync.errors import RunNotFound
from hirocrm.sync.models import AnalysisBatch, RunError, RunKind, RunStatus, SyncRun

ERRORS_AT_ONCE = 1_000
ERRORS_SHOWN = 100
CUT_OFF = (RunStatus.FAILED, RunStatus.TOKEN_EXPIRED)  # how a sync ends that is still wanted


def get_run(*, organization_id: UUID, run_id: UUID) -> SyncRun:
    """The run.

    Raises:
        RunNotFound: it doesn't exist or belongs to another organization.
    """
    run = list_runs(organization_id=organization_id).filter(pk=run_id).first()
    if run is None:
        raise RunNotFound("There is no such run.")
    return run


def list_runs(*, organization_id: UUID, page: Page | None = None) -> QuerySet[SyncRun]:
    """Runs, newest first; those of one Page if it is given."""
    runs = SyncRun.objects.filter(organization_id=organization_id).select_related("page")
    return (runs.filter(page=page) if page else runs).order_by("-created_at", "-id")


def find_open_sync(page: Page) -> SyncRun | None:
    """The Page's sync that hasn't ended, if any."""
    return SyncRun.objects.filter(page=page, kind=RunKind.SYNC, finished_at=None).first()


def find_latest_sync(page: Page) -> SyncRun | None:
    """The Page's latest sync, if any; light ones do nothing that an earlier one may have left to do."""
    runs = SyncRun.objects.filter(
        organization_id=page.organization_id, page=page, kind=RunKind.SYNC
    )
    return runs.exclude(options__has_key="light").order_by("-created_at", "-id").first()


def find_cut_off(page: Page) -> SyncRun | None:
    """The Page's latest sync if a dead token or another failure ended it before its time."""
    latest = find_latest_sync(page)
    return latest if latest is not None and latest.status in CUT_OFF else None


def list_open_runs(*, organization_id: UUID) -> QuerySet[SyncRun]:
    """Runs that haven't ended, oldest first."""
    return (
        SyncRun.objects.filter(organization_id=organization_id, finished_at=None)
        .select_related("page")
        .order_by("created_at", "id")
    )


def list_run_errors(run: SyncRun, limit: int = ERRORS_SHOWN) -> QuerySet[RunError]:
    """What went wrong, in order, at most `limit`."""
    return RunError.objects.filter(organization_id=run.organization_id, run=run).order_by("id")[
        :limit
    ]


def list_failed_conversations(run: SyncRun) -> QuerySet[Conversation]:
    """The conversations whose analysis failed in the run and hasn't worked since."""
    batches = AnalysisBatch.objects.filter(organization_id=run.organization_id, run=run)
    return Conversation.objects.filter(
        Q(pk__in=batches.values_list(Func(F("failed_ids"), function="unnest")))
        | Q(pk__in=batches.values_list(Func(F("conversation_ids"), function="unnest"))),
        organization_id=run.organization_id,
        analysis_state=AnalysisState.FAILED,
    )


def list_errors_after(
    run: SyncRun, *, after: int = 0, limit: int = ERRORS_AT_ONCE
) -> list[RunError]:
    """The next errors of a run, by id, for a file of all of them in flat memory."""
    rows = RunError.objects.filter(organization_id=run.organization_id, run=run, id__gt=after)
    return list(rows.order_by("id")[:limit])
