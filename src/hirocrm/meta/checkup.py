"""The look at a connection: the token and its scopes, whether Meta answers, whether it delivers events.

`examine` asks Meta and writes nothing, so that `hirocrm doctor` can use it too; `record` writes what it found.
Reference: https://developers.facebook.com/docs/graph-api/reference/debug_token
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce

from hirocrm.core import jobs
from hirocrm.core.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamMalformed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from hirocrm.meta import connections, health, requirements, subscribing
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.error_table import classify
from hirocrm.meta.graph.errors import GraphObjectMissing, Refusal
from hirocrm.meta.graph.shapes import Page as GraphPage
from hirocrm.meta.graph.shapes import TokenInfo
from hirocrm.meta.models import ConnectionState, Flavour, Page
from hirocrm.meta.subscribing import Subscription

log = structlog.get_logger(__name__)

CHECK_EVERY = timedelta(days=1)
CHECKED_AT_ONCE = 50
PATIENCE_SECONDS = 20.0
TOKEN_CODE = 190

NOT_OURS = "Meta doesn't show this Page to its token any more. Someone who manages the Page must connect it again."
DATA_ACCESS_OVER = "Meta lets an app read for 90 days after a person has logged in, and they are over. Reconnect the Page; nothing that was synced is lost."
SCOPES_MISSING = (
    "These permissions were not given: {names}. Reconnect the Page and leave every box ticked."
)
TASK_NAMES = {"MESSAGING": "Messages", "MODERATE": "Community activity"}  # as Facebook shows them
TASKS_MISSING = "The person who connected this Page lacks these tasks on it: {names}. Someone who manages the Page must connect it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What a look found. `state` None: nothing new is known; it is tried again soon unless `is_conclusive`."""

    state: ConnectionState | None
    is_conclusive: bool = True
    reason: str = ""
    limited_until: datetime | None = None
    info: TokenInfo | None = None
    remote: GraphPage | None = None
    tasks: tuple[str, ...] = ()  # of the person who connected; none: Meta doesn't tell
    subscription: Subscription = Subscription()  # noqa: RUF009  # frozen


async def examine(page: Page, *, now: datetime, repair: bool = True) -> Checkup:
    """Ask Meta how the Page's connection is; with `repair`, have missing events delivered again."""
    info = await _ask_about_token(page)
    if info is not None:
        verdict = _judge_token(page, info, now)
        if verdict is not None:
            return verdict
    remote, events = None, Subscription()
    tasks: tuple[str, ...] = ()
    try:
        async with connections.open_graph(page) as graph:
            remote = await _ask_for_itself(graph, page)
            tasks = await _ask_for_tasks(graph, page, info)
            events = await subscribing.look_after(graph, page, info, repair=repair)
            if page.state == ConnectionState.NEEDS_PERMISSION:
                await _ask_for_conversations(graph, page)
    except UpstreamError as error:
        verdict = _judge_refusal(error, now=now)
    else:
        verdict = _judge_tasks(page, tasks)
    return replace(verdict, info=info, remote=remote, tasks=tasks, subscription=events)


async def _ask_for_conversations(graph: GraphClient, page: Page) -> None:
    """See whether what was refused is allowed now; syncs tell for all other Pages."""
    for platform in page.platforms:
        await graph.list_conversations(
            page.remote_id or "me", platform, limit=1, fields="id,updated_time"
        )


def check_now(page: Page, *, now: datetime) -> Checkup:
    """Look and write what was found, while somebody waits: `PATIENCE_SECONDS` at most."""
    found = async_to_sync(_examine_soon)(page, now)
    record(page, found, now=now)
    return found


async def _examine_soon(page: Page, now: datetime) -> Checkup:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await examine(page, now=now)
    except TimeoutError:
        return Checkup(state=None, is_conclusive=False)


async def _ask_for_itself(graph: GraphClient, page: Page) -> GraphPage | None:
    """The Page's own node; where Meta has none, whether conversations can be read decides."""
    try:
        if page.flavour == Flavour.PAGE:
            return await graph.get_page(page.remote_id or "me")
        await graph.get_instagram_user()
    except UpstreamRejected as refusal:
        log.info("page.node_refused", page_id=str(page.pk), code=refusal.remote_code)
        await _ask_for_conversations(graph, page)
    return None


async def _ask_for_tasks(graph: GraphClient, page: Page, info: TokenInfo | None) -> tuple[str, ...]:
    """What the person who connected the Page may do there now; nothing where Meta doesn't say."""
    person = (info.user_id if info else "") or page.connected_user_id
    if page.flavour == Flavour.INSTAGRAM or not person:
        return ()
    try:
        roles = await graph.list_roles(page.remote_id or "me")
    except (UpstreamRejected, UpstreamForbidden, UpstreamMalformed) as refusal:
        log.info("page.tasks_not_told", page_id=str(page.pk), code=refusal.remote_code)
        return ()
    return next((role.tasks for role in roles if role.id == person), ())


async def _ask_about_token(page: Page) -> TokenInfo | None:
    """What Meta knows of the token; None where there is no app to ask with, or it can't say just now."""
    app_id, app_secret = settings.FACEBOOK_APP_ID, settings.FACEBOOK_APP_SECRET
    if page.flavour == Flavour.INSTAGRAM or not (app_id and app_secret):
        return None
    try:
        async with connections.graph_client(None) as graph:
            return await graph.debug_token(page.access_token, app_id=app_id, app_secret=app_secret)
    except UpstreamError as error:  # another app's token, or a passing fault: the calls below tell
        log.info("page.token_not_examined", page_id=str(page.pk), code=error.code)
        return None


def _judge_token(page: Page, info: TokenInfo, now: datetime) -> Checkup | None:
    """What is wrong with the token itself, by what is worst; None: nothing."""
    if not info.is_valid:
        problem = info.error
        refusal = classify(
            code=TOKEN_CODE, subcode=problem.subcode if problem else None, refusal=Refusal()
        )
        state = health.state_after(refusal) or ConnectionState.NEEDS_RECONNECT
        return _in_need(state, refusal.sentence, info)
    if info.data_access_expires_at is not None and info.data_access_expires_at <= now:
        return _in_need(ConnectionState.NEEDS_RECONNECT, DATA_ACCESS_OVER, info)
    lacking = _lacking(page, info)
    if lacking:
        reason = SCOPES_MISSING.format(names=", ".join(lacking))
        return _in_need(ConnectionState.NEEDS_PERMISSION, reason, info)
    return None


def _judge_tasks(page: Page, tasks: Sequence[str]) -> Checkup:
    """Whether the person may do enough, by what they may now or, where Meta doesn't say, could when last told."""
    lacking = requirements.missing_tasks(
        tasks or page.tasks, has_instagram=bool(page.instagram_account_id)
    )
    if not lacking:
        return Checkup(state=ConnectionState.HEALTHY)
    reason = TASKS_MISSING.format(names=", ".join(TASK_NAMES[task] for task in lacking))
    return Checkup(state=ConnectionState.NEEDS_PERMISSION, reason=reason)


def _lacking(page: Page, info: TokenInfo) -> Sequence[str]:
    if not info.scopes:
        return ()
    granted = requirements.scopes_for(info, asset_ids=_assets(page))
    needed = requirements.needed_scopes(
        Flavour(page.flavour), has_instagram=bool(page.instagram_account_id)
    )
    return [scope for scope in needed if scope not in granted]


def _assets(page: Page) -> list[str]:
    return [found for found in (page.remote_id, page.instagram_account_id) if found]


def _in_need(state: ConnectionState, reason: str, info: TokenInfo) -> Checkup:
    return Checkup(state=state, reason=reason, info=info)


def _judge_refusal(error: UpstreamError, *, now: datetime) -> Checkup:
    """What a refused call says of the connection."""
    state = health.state_after(error)
    reason, until = error.sentence, None
    if isinstance(error, GraphObjectMissing):  # our own Page, with its own token
        state, reason = ConnectionState.NEEDS_RECONNECT, NOT_OURS
    if isinstance(error, UpstreamRateLimited):
        until = now + timedelta(seconds=error.retry_after_seconds or 60.0)
    return Checkup(
        state=state,
        is_conclusive=not isinstance(error, UpstreamUnavailable),
        reason=reason if state is not None else "",
        limited_until=until,
    )


# --- writing --------------------------------------------------------------------------------------


@transaction.atomic
def record(page: Page, found: Checkup, *, now: datetime, doubted: bool = False) -> None:
    """Write what a look found, unless the Page was connected anew or its token renewed meanwhile.

    A `doubted` token lives again only by Meta's own word on it: that one call works, just after another was
    refused, proves nothing. The daily look gives it the benefit of that doubt.
    """
    row = (
        Page.objects.select_for_update().filter(pk=page.pk, connected_at=page.connected_at).first()
    )
    if row is None or row.state in health.IDLE_STATES or row.access_token != page.access_token:
        return
    fields = _facts(row, found)
    if found.tasks:
        row.tasks, row.tasks_read_at = [task[:40] for task in found.tasks], now
        fields += ["tasks", "tasks_read_at"]
    if found.is_conclusive:
        row.checked_at = now
        fields.append("checked_at")
    if fields:
        row.save(update_fields=[*fields, "updated_at"])
    subscribing.record(row, found.subscription)
    if (
        found.subscription.was_silent and row.last_synced_at
    ):  # what Meta didn't deliver it doesn't send again
        page_id = str(row.pk)
        key = f"webhooks.repair_page:{page_id}"
        jobs.defer_once("webhooks.repair_page", key=key, queue="webhooks", page_id=page_id)
    _take_instagram(row, found.remote)
    if found.state is not None and not _stays(row, found, doubted=doubted, now=now):
        health.change_state(
            page=row,
            state=found.state,
            reason=found.reason,
            limited_until=found.limited_until,
            # A limit hides how things are; anything else was looked at whole.
            may_improve=found.state is not ConnectionState.LIMITED,
        )


def _stays(row: Page, found: Checkup, *, doubted: bool, now: datetime) -> bool:
    """Whether the Page stays as it is, whatever was found.

    A dead connection doesn't live again where Meta wasn't asked about its token; and while Meta has restricted
    sending, everything else works.
    """
    if (
        found.state is ConnectionState.NEEDS_RECONNECT
    ):  # a dead token's cause, which is known here, says more
        return row.state == ConnectionState.REMOVED
    if found.state is not ConnectionState.HEALTHY:
        return False
    if row.state in health.DEAD_STATES:
        return doubted and found.info is None
    return health.state_at(row, now) is ConnectionState.LIMITED


def _facts(row: Page, found: Checkup) -> list[str]:
    """Set what is known of the token; the names of the columns that were set."""
    fields = []
    info = found.info
    if info is not None:
        row.token_issued_at = info.issued_at or row.token_issued_at
        row.token_expires_at = info.expires_at
        row.data_access_expires_at = info.data_access_expires_at
        row.granted_scopes = requirements.scopes_for(info, asset_ids=_assets(row))
        row.connected_user_id = info.user_id or row.connected_user_id
        fields += [
            "token_issued_at",
            "token_expires_at",
            "data_access_expires_at",
            "granted_scopes",
            "connected_user_id",
        ]
    return fields


def _take_instagram(row: Page, remote: GraphPage | None) -> None:
    """Take an Instagram account that was linked to the Page after it was connected."""
    account = remote.instagram_business_account if remote else None
    if account is None or row.flavour == Flavour.INSTAGRAM:
        return
    if row.instagram_account_id not in {None, account.id}:
        return
    try:
        with transaction.atomic():
            row.instagram_account_id = account.id
            row.instagram_username = account.username or row.instagram_username
            row.save(update_fields=["instagram_account_id", "instagram_username"])
    except IntegrityError:  # connected by Instagram Login, or linked to another Page before
        row.refresh_from_db()


def list_due(*, now: datetime) -> list[Page]:
    """The Pages that were neither looked at nor connected within a day, the longest unseen first."""
    rows = (
        Page.objects.exclude(state__in=health.IDLE_STATES)
        .exclude(access_token="")
        .annotate(seen_at=Coalesce("checked_at", "connected_at", "created_at"))
        .filter(seen_at__lte=now - CHECK_EVERY)
    )
    return list(rows.order_by("seen_at", "id")[:CHECKED_AT_ONCE])
