"""A fresh analysis once a conversation has been quiet for a while: one for a burst of messages.

When the quiet ends is a column of the conversation, so it survives any process; a job wakes up for the
first of them, and the sweep of every minute for whatever that job missed.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from hirocrm.contacts.models import AnalysisState, Conversation
from hirocrm.core import jobs
from hirocrm.sync import batches
from hirocrm.sync.webhooks.rewording import forget_readings

HANDED_OVER_AT_ONCE = 1_000
LEAST_PAUSE = timedelta(seconds=1)  # a job carries what came due in a second, not one conversation
BUSY_PAUSE = timedelta(seconds=10)  # when the analyser has the conversation at this very moment
TASK, KEY = "webhooks.analyse_quiet", "webhooks.analyse_quiet"


def wait_for_quiet(*, conversation_ids: Collection[UUID], now: datetime) -> None:
    """Ask for an analysis when nothing more has come for a while; the wait begins anew with each message."""
    if not conversation_ids:
        return
    due_at = now + timedelta(seconds=settings.ANALYSIS_DEBOUNCE_SECONDS)
    Conversation.objects.filter(pk__in=conversation_ids).update(analysis_due_at=due_at)
    _wake(due_at)


def _wake(at: datetime) -> None:
    """A job that waits already is for an earlier time, and looks again when it has run."""
    jobs.defer_once(TASK, key=KEY, queue="webhooks", schedule_at=at)


@transaction.atomic
def hand_over_quiet(*, now: datetime) -> int:
    """Give the conversations whose quiet time is over to the analyser; returns how many."""
    rows = list(
        Conversation.objects.select_for_update(skip_locked=True)
        .filter(analysis_due_at__lte=now)
        .order_by("analysis_due_at")
        .only("id", "organization_id", "page_id", "has_text", "revision", "analysed_revision", "analysis_state")[
            :HANDED_OVER_AT_ONCE
        ]
    )  # fmt: skip
    # It will be read as it was a moment ago; whether that was all of it is known when it is done.
    busy = [row for row in rows if row.analysis_state == AnalysisState.PENDING]
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).update(analysis_due_at=None)
    Conversation.objects.filter(pk__in=[row.pk for row in busy]).update(
        analysis_due_at=now + BUSY_PAUSE
    )
    # An analysis that was under way may have told of what was unsent meanwhile.
    forget_readings(
        conversation_ids=[row.pk for row in rows if not row.has_text and row not in busy]
    )
    handed_over = batches.enqueue_by_page(
        (
            (row.organization_id, row.page_id, row.pk)
            for row in rows
            if row.has_text
            and row.analysed_revision != row.revision
            and row.analysis_state != AnalysisState.PENDING
        ),
        now=now,
    )
    _wake_for_next(now)
    return handed_over


def _wake_for_next(now: datetime) -> None:
    upcoming = Conversation.objects.filter(analysis_due_at__isnull=False)
    next_at = upcoming.aggregate(first=Min("analysis_due_at"))["first"]
    if next_at is not None:
        _wake(max(next_at, now + LEAST_PAUSE))
