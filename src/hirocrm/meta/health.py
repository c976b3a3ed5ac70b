"""The one state of a Page's connection, and what changes it.

Whoever calls Meta for a Page reports refusals here with `note_trouble`. A state is only ever made worse by
what it means: a rate limit or a missing permission never looks like a dead connection, a dead connection is
never hidden by a rate limit, and a passing fault changes nothing.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from hirocrm.core import events, jobs
from hirocrm.core.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamUnauthorized,
)
from hirocrm.meta.graph.errors import GraphAppNotLive
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.organizations.models import AuditEntry

log = structlog.get_logger(__name__)

CHECK_QUEUE = "default"
DEFAULT_WAIT = timedelta(minutes=1)
PAUSES_AT_ONCE = 500
IDLE_STATES = (ConnectionState.FORGOTTEN, ConnectionState.IMPORTED)
DEAD_STATES = (ConnectionState.NEEDS_RECONNECT, ConnectionState.REMOVED)
IN_NEED = (ConnectionState.NEEDS_PERMISSION, *DEAD_STATES)  # wait for a person
_APP_REMOVED = 458  # subcode of a dead token: its person took the app away
# What may follow what: a limit says nothing about a missing permission, which says nothing about a dead token.
_GRAVITY = {
    ConnectionState.HEALTHY: 0,
    ConnectionState.LIMITED: 1,
    ConnectionState.NEEDS_PERMISSION: 2,
    ConnectionState.NEEDS_RECONNECT: 3,
    ConnectionState.REMOVED: 4,
}
# Refusals of one action that say nothing about the Page: an app that isn't live refuses sends to strangers,
# and labels need their own terms.
_OF_ONE_ACTION = frozenset({2018344})


def state_at(page: Page, now: datetime) -> ConnectionState:
    """The Page's state now: a pause whose time is over is no longer one."""
    state = ConnectionState(page.state)
    is_over = state is ConnectionState.LIMITED and not _is_paused(page, now)
    return ConnectionState.HEALTHY if is_over else state


def _is_paused(page: Page, now: datetime) -> bool:
    until = page.limited_until
    return page.state == ConnectionState.LIMITED and (until is None or until > now)


def state_after(error: UpstreamError) -> ConnectionState | None:
    """The state that an error of Meta's means for the connection it happened on; None: none of its business."""
    if isinstance(error, UpstreamUnauthorized):
        is_removed = error.remote_subcode == _APP_REMOVED
        return ConnectionState.REMOVED if is_removed else ConnectionState.NEEDS_RECONNECT
    if isinstance(error, UpstreamRateLimited):
        return ConnectionState.LIMITED
    if not isinstance(error, UpstreamForbidden) or isinstance(error, GraphAppNotLive):
        return None
    return None if error.remote_subcode in _OF_ONE_ACTION else ConnectionState.NEEDS_PERMISSION


@transaction.atomic
def note_trouble(*, page: Page, error: UpstreamError, now: datetime) -> ConnectionState | None:
    """Note what a refusal means for the Page, and have a dead token or a missing permission looked into.

    `page` must be as it was when its token was read: a refusal of a token that has been replaced meanwhile
    changes nothing. Returns the state that the error means.
    """
    state = state_after(error)
    if state is None:
        return None
    until = _end_of(error, now) if state is ConnectionState.LIMITED else None
    changed = change_state(page=page, state=state, reason=error.sentence, limited_until=until)
    if changed and state is not ConnectionState.LIMITED:
        ask_for_check(page, doubted=state in DEAD_STATES)
    return state


def _end_of(error: UpstreamError, now: datetime) -> datetime:
    seconds = error.retry_after_seconds if isinstance(error, UpstreamRateLimited) else None
    return now + (timedelta(seconds=seconds) if seconds else DEFAULT_WAIT)


@transaction.atomic
def change_state(
    *,
    page: Page,
    state: ConnectionState,
    reason: str = "",
    limited_until: datetime | None = None,
    may_improve: bool = False,
) -> bool:
    """Put the Page into a state, unless it is in a graver one; returns whether anything changed.

    With `may_improve` a graver state gives way too: somebody has looked. Of two pauses the longer one holds.
    """
    row = (
        Page.objects.select_for_update().filter(pk=page.pk, connected_at=page.connected_at).first()
    )
    if row is None or row.state in IDLE_STATES:
        return False
    is_stale = row.access_token != page.access_token  # that token was renewed meanwhile
    if is_stale and state in DEAD_STATES and not may_improve:
        return False
    before = ConnectionState(row.state)
    if not may_improve and _GRAVITY[state] < _GRAVITY[before]:
        return False
    if (row.state, row.state_reason, row.limited_until) == (state, reason, limited_until):
        return False
    if limited_until and row.limited_until and row.limited_until > limited_until:
        return False
    row.state, row.state_reason, row.limited_until = state, reason, limited_until
    row.save(update_fields=["state", "state_reason", "limited_until", "updated_at"])
    if before is not state:
        _tell(row, before)
    return True


def _tell(page: Page, before: ConnectionState) -> None:
    """Live pages hear of it; what a person has to act on, or needn't any more, is also written down."""
    log.info("page.state_changed", page_id=str(page.pk), before=before.value, after=page.state)
    events.publish(organization_id=page.organization_id, kind="page.changed", page=page.id)
    if before in IN_NEED or page.state in IN_NEED:
        AuditEntry.objects.create(
            organization_id=page.organization_id,
            action="page.state_changed",
            subject=page.name[:200],
            details={"from": before.value, "to": str(page.state), "reason": page.state_reason},
        )


@transaction.atomic
def note_success(*, page: Page, now: datetime) -> None:
    """Note that Meta answers again: a missing permission is looked into anew.

    A pause ends with its time, not by one call that works: Meta may let us read and not send.
    """
    row = Page.objects.select_for_update().filter(pk=page.pk).first()
    if row is None:
        return
    if row.state == ConnectionState.NEEDS_PERMISSION:
        ask_for_check(page)
    elif row.state != state_at(row, now):
        change_state(page=row, state=ConnectionState.HEALTHY, may_improve=True)


@transaction.atomic
def end_pauses(*, now: datetime) -> int:
    """Put Pages back to healthy whose pause is over, so that live pages hear of it; returns how many."""
    over = Page.objects.filter(state=ConnectionState.LIMITED, limited_until__lte=now)
    rows = list(over.select_for_update(skip_locked=True).order_by("id")[:PAUSES_AT_ONCE])
    for row in rows:
        change_state(page=row, state=ConnectionState.HEALTHY, may_improve=True)
    return len(rows)


def ask_for_events(page: Page) -> bool:
    """Queue the subscription of the Page's events alone, which a look at the connection does too."""
    return jobs.defer_once(
        "meta.subscribe_page",
        key=f"meta.subscribe_page:{page.pk}",
        queue=CHECK_QUEUE,
        page_id=str(page.pk),
    )


def ask_for_check(page: Page, *, doubted: bool = False) -> bool:
    """Queue a look at the Page's token, once however often it is asked for.

    `doubted`: Meta refused the token a moment ago, which one call that works doesn't undo.
    """
    return jobs.defer_once(
        "meta.check_page",
        key=f"meta.check_page:{page.pk}",
        queue=CHECK_QUEUE,
        page_id=str(page.pk),
        doubted=doubted,
    )
