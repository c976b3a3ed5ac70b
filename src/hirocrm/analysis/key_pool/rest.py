"""Bad news about keys, written at once and told to every process: rest, refusal, a model that is gone."""

import random
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from hirocrm.analysis.key_pool import news
from hirocrm.analysis.key_pool.keyring import MODEL_SETTINGS
from hirocrm.analysis.key_pool.ledger import GONE, Clock, database_now, settle
from hirocrm.analysis.key_pool.slices import Report, Slice
from hirocrm.analysis.key_pool.window import next_pacific_midnight
from hirocrm.analysis.models import AnalysisKey, AnalysisQuota, KeyStanding
from hirocrm.analysis.providers.errors import KeyRefused, ModelRetired, QuotaExceeded, QuotaScope

log = structlog.get_logger(__name__)

MINUTE_REST_SECONDS = 30.0  # a minute limit that named no delay
BURST_FIRST_SECONDS = 2.0
BURST_LONGEST_SECONDS = 60.0
BILLING_REST = timedelta(hours=1)
RETIRED_REST = timedelta(hours=6)  # then one key asks whether the model is back
JITTER_SECONDS = (0.1, 0.6)


@transaction.atomic
def park(taken: Slice, error: QuotaExceeded, *, clock: Clock = database_now) -> datetime:
    """Rest a project and model after a 429 and return until when; the limit it names is kept."""
    row = _locked(taken)
    now = clock()
    if error.scope is QuotaScope.BURST and error.retry_after_seconds is None:
        row.strikes = min(row.strikes + 1, 10)
    until = rest_until(error, strikes=row.strikes, now=now)
    if row.parked_until is None or until > row.parked_until or error.scope is QuotaScope.DAY:
        row.parked_until, row.parked_reason = until, error.scope.value
        row.notice = _notice(taken, error)
    for name, value in error.learned.items():
        setattr(row, f"learned_{name}", value)
        row.learned_at = now
    if taken.is_probe:
        row.probe_until = None
    row.save()
    news.tell_to_give_up(taken.provider, budget_id=taken.budget_id, model=taken.model)
    log.info(
        "analysis_quota.parked", model=taken.model, scope=error.scope.value, until=until.isoformat()
    )
    return row.parked_until


def _notice(taken: Slice, error: QuotaExceeded) -> str:
    if error.scope is QuotaScope.NOT_OFFERED:
        setting = MODEL_SETTINGS[taken.provider]
        return (
            f"The model {taken.model} is not offered to this key's project (its limit is 0). "
            f"Set {setting} to another model, or choose one in the AI settings."
        )
    return error.sentence[:400]


def rest_until(error: QuotaExceeded, *, strikes: int, now: datetime) -> datetime:
    """Return the end of a rest. A day's limit ends at midnight Pacific, whatever delay was given."""
    if error.scope is QuotaScope.DAY:
        return next_pacific_midnight(now)
    if error.scope is QuotaScope.BILLING:
        return now + BILLING_REST
    if error.scope is QuotaScope.NOT_OFFERED:
        return now + RETIRED_REST
    seconds = error.retry_after_seconds
    if seconds is None:
        burst = BURST_FIRST_SECONDS * 2.0 ** max(0, strikes - 1)
        is_burst = error.scope is QuotaScope.BURST
        seconds = min(BURST_LONGEST_SECONDS, burst) if is_burst else MINUTE_REST_SECONDS
    return now + timedelta(seconds=seconds + random.uniform(*JITTER_SECONDS))


@transaction.atomic
def retire(taken: Slice, error: ModelRetired, *, clock: Clock = database_now) -> None:
    """Rest a model that a project no longer has; the first to learn of it says so in the log."""
    with connection.cursor() as cursor:  # two processes may learn of it at the same moment
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"hirocrm.retire.{taken.provider}.{taken.model}"],
        )
    row = _locked(taken)
    now = clock()
    is_news = not AnalysisQuota.objects.filter(
        provider=taken.provider,
        model=taken.model,
        parked_reason__in=GONE,
        parked_until__gt=now,
    ).exists()
    row.parked_until, row.parked_reason = now + RETIRED_REST, "retired"
    row.notice, row.probe_until = error.sentence[:400], None
    row.save()
    news.tell_to_give_up(taken.provider, budget_id=taken.budget_id, model=taken.model)
    if is_news:
        log.warning("analysis_model.retired", model=taken.model, sentence=error.sentence)


@transaction.atomic
def refuse(taken: Slice, error: KeyRefused, *, clock: Clock = database_now) -> None:
    """Take a key out of every process's hands until a person looks at it."""
    changed = (
        AnalysisKey.objects.filter(id=taken.key_id)
        .exclude(standing=KeyStanding.REFUSED)
        .update(
            standing=KeyStanding.REFUSED,
            refused_reason=error.sentence[:400],
            refused_at=clock(),
        )
    )
    if taken.is_probe:
        settle([_end_of_probe(taken)], clock=clock)
    news.tell_to_give_up(taken.provider, key_id=taken.key_id)
    if changed:
        log.warning("analysis_key.refused", key_id=str(taken.key_id), sentence=error.sentence)


def _end_of_probe(taken: Slice) -> Report:
    return Report(
        provider=taken.provider,
        budget_id=taken.budget_id,
        model=taken.model,
        slot=taken.slot,
        key_id=taken.key_id,
        ends_probe=True,
    )


def _locked(taken: Slice) -> AnalysisQuota:
    return AnalysisQuota.objects.select_for_update().get(
        provider=taken.provider, budget_id=taken.budget_id, model=taken.model
    )
