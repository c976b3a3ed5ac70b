"""A run's errors by kind, each with what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Q, Sum

from hirocrm.sync.models import RunError, SyncRun

EXAMPLES = 5
KINDS = 20


class Remedy(StrEnum):
    """What a person can do about a kind of error."""

    RECONNECT = "reconnect"  # the Page's token or a permission of it
    WAIT = "wait"  # it passes; retry later
    KEYS = "keys"  # look at the AI's keys, model or ceiling
    RETRY = "retry"  # worth another try now
    NOTHING = "nothing"  # it will stay so
    REPORT = "report"  # our fault


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Errors of one kind: Meta's code or ours, a sentence, how many, some of the ids they were about."""

    code: str
    sentence: str
    count: int
    remote_ids: list[str]
    remedy: Remedy


REMEDIES = {
    **dict.fromkeys(("190", "102", "10", "200", "230"), Remedy.RECONNECT),
    **dict.fromkeys(("1", "2", "4", "17", "32", "613", "upstream_unavailable"), Remedy.WAIT),
    **dict.fromkeys(("provider_unavailable", "quota_exceeded"), Remedy.WAIT),
    **dict.fromkeys(("no_model", "model_retired", "key_refused", "budget_reached"), Remedy.KEYS),
    **dict.fromkeys(("answer_invalid", "answer_truncated", "analysis_failed"), Remedy.RETRY),
    **dict.fromkeys(("prompt_blocked", "request_refused", "thread_unreadable"), Remedy.NOTHING),
    "internal_error": Remedy.REPORT,
}


def group_errors(run: SyncRun) -> list[ErrorGroup]:
    """The run's errors by code, most frequent first, at most `KINDS` of them."""
    rows = (
        RunError.objects.filter(organization_id=run.organization_id, run=run)
        .values("code")
        .annotate(
            sentence=Max("error"),
            total=Sum("count"),
            ids=ArrayAgg("remote_id", filter=~Q(remote_id=""), default=[]),
        )
        .order_by("-total", "code")[:KINDS]
    )
    return [
        ErrorGroup(
            code=row["code"],
            sentence=row["sentence"],
            count=row["total"],
            remote_ids=row["ids"][:EXAMPLES],
            remedy=remedy_of(row["code"]),
        )
        for row in rows
    ]


def remedy_of(code: str) -> Remedy:
    """What can be done about errors of this code."""
    known = REMEDIES.get(code)
    if known is not None:
        return known
    if code.startswith("archive_"):
        return Remedy.NOTHING
    return Remedy.WAIT if code.startswith("800") else Remedy.RETRY
