"""Sync runs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime

from hirocrm.api.schemas.base import ApiInput, ApiSchema
from hirocrm.sync.models import RunError, RunStatus, SyncRun

Kind = Literal["sync", "reanalyze", "import"]
Status = Literal[
    "queued",
    "running",
    "completed",
    "partial",
    "failed",
    "cancelled",
    "token_expired",
    "rate_limited",
]
MICRO = 1_000_000


class SyncIn(ApiInput):
    """How to sync. `full` reads every conversation again, not only what is new.

    With `since` it goes no further back than conversations that were active then.
    """

    full: bool = False
    since: AwareDatetime | None = None


class RunErrorOut(ApiSchema):
    """One thing that went wrong. `id` is Meta's id of the person, conversation or Page; `code` Meta's code or ours."""

    platform: str | None
    id: str | None
    error: str
    code: int | str | None

    @classmethod
    def of(cls, error: RunError) -> "RunErrorOut":
        """The row as JSON has it."""
        code = error.code
        return cls(
            platform=error.platform.capitalize() or None,
            id=error.remote_id or None,
            error=error.error,
            code=int(code) if code.isdecimal() else code or None,
        )


class SyncStarted(ApiSchema):
    """A sync that is under way: 202."""

    success: bool
    run_id: UUID
    status: Status
    synced: int
    failed: int
    errors: list[RunErrorOut]
    token_expired: bool

    @classmethod
    def of(cls, run: SyncRun, errors: Iterable[RunError]) -> "SyncStarted":
        """The run as JSON has it."""
        return cls(**_result(run, errors))


class SyncEnded(SyncStarted):
    """A sync that has ended, or the time to wait for it. `success` is true for a partial success, too."""

    created: int
    updated: int
    unchanged: int
    analyzed: int
    auto_assigned: int
    needs_review: int
    notice: str | None

    @classmethod
    def of(cls, run: SyncRun, errors: Iterable[RunError]) -> "SyncEnded":
        """The run as JSON has it."""
        return cls(**_result(run, errors), **_counts(run), notice=run.notice or None)


class RunOut(ApiSchema):
    """A run. `cost` is in US dollars, null while unknown; `waitingUntil` says when a rate-limited run goes on.

    `notice` is a sentence on what a person should know, such as that the pipeline has no stages.
    """

    run_id: UUID
    kind: Kind
    status: Status
    synced: int
    failed: int
    created: int
    updated: int
    unchanged: int
    analyzed: int
    auto_assigned: int
    needs_review: int
    skipped: int
    errors: list[RunErrorOut]
    token_expired: bool
    waiting_until: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    cost: float | None
    notice: str | None

    @classmethod
    def of(cls, run: SyncRun, errors: Iterable[RunError] = ()) -> "RunOut":
        """The run as JSON has it."""
        return cls(
            run_id=run.id,
            kind=run.kind,
            status=run.status,
            synced=run.synced,
            failed=run.failed,
            skipped=run.skipped,
            errors=[RunErrorOut.of(error) for error in errors],
            token_expired=run.token_expired,
            waiting_until=run.waiting_until,
            started_at=run.started_at,
            finished_at=run.finished_at,
            cost=run.cost_micro_usd / MICRO,
            notice=run.notice or None,
            **_counts(run),
        )


class Reanalysis(RunOut):
    """A re-analysis, answered like a sync: `success` is false only if it ended with nothing done."""

    success: bool

    @classmethod
    def of(cls, run: SyncRun, errors: Iterable[RunError] = ()) -> "Reanalysis":
        """The run as JSON has it."""
        return cls(success=succeeded(run), **RunOut.of(run, errors).model_dump())


class RunProgress(RunOut):
    """A run as its event stream tells it: with what it does now and how far it is."""

    phase: Literal["fetching", "analysing", "done"]
    platform: str | None
    fetched: int
    expected: int | None
    to_analyse: int
    waiting_for: str | None

    @classmethod
    def of(cls, run: SyncRun, errors: Iterable[RunError] = ()) -> "RunProgress":
        """The run as JSON has it."""
        return cls(
            **RunOut.of(run, errors).model_dump(),
            phase=run.phase,
            platform=run.platform.capitalize() or None,
            fetched=run.fetched,
            expected=run.expected,
            to_analyse=run.to_analyse,
            waiting_for=run.waiting_for or None,
        )


class UndoneOut(ApiSchema):
    """How many contacts an undo put back."""

    contacts: int


def succeeded(run: SyncRun) -> bool:
    """Whether a run brought something, or may still: only one that ended with nothing saved has failed."""
    if run.status == RunStatus.FAILED:
        return False
    return not (run.status in {RunStatus.TOKEN_EXPIRED, RunStatus.CANCELLED} and run.synced == 0)


def _result(run: SyncRun, errors: Iterable[RunError]) -> dict[str, Any]:
    return {
        "success": succeeded(run),
        "run_id": run.id,
        "status": run.status,
        "synced": run.synced,
        "failed": run.failed,
        "errors": [RunErrorOut.of(error) for error in errors],
        "token_expired": run.token_expired,
    }


def _counts(run: SyncRun) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "analyzed", "auto_assigned", "needs_review")
    return {name: getattr(run, name) for name in names}
