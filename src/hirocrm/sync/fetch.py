"""The fetching half of a run: pages of conversations from the Graph API, committed one by one.

The next page is asked for while the last one is written, never further ahead, so memory stays flat.
Whatever goes wrong, the run's row says where to go on.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from hirocrm.analysis.asker import asker_for
from hirocrm.contacts.snapshots import MessageSource
from hirocrm.core import clock
from hirocrm.core.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamUnauthorized,
)
from hirocrm.core.platforms import Platform
from hirocrm.core.threads import in_thread
from hirocrm.meta import health
from hirocrm.meta.checkup import NOT_OURS
from hirocrm.meta.connections import open_graph
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.errors import GraphObjectMissing
from hirocrm.meta.models import Page
from hirocrm.sync import commit, lifecycle, missed_conversations
from hirocrm.sync.commit import Committed, FetchedPage
from hirocrm.sync.lifecycle import Trouble
from hirocrm.sync.models import SyncPosition, SyncRun
from hirocrm.sync.plan import Plan, evaluates_all, plan_for, remember
from hirocrm.sync.sources.graph import PAGE_SIZE, GraphSource, SourcePage
from hirocrm.sync.sources.graph_single import SingleConversations

log = structlog.get_logger(__name__)

# A wait this short is sat out; a longer one gives the worker's place to other work.
SHORT_WAIT_SECONDS = 5.0
DEFAULT_WAIT_SECONDS = 60.0


class Paused(Exception):
    """Meta asked to wait: go on with the run `after_seconds`."""

    def __init__(self, after_seconds: float) -> None:
        super().__init__(after_seconds)
        self.after_seconds = after_seconds


async def fetch_run(run_id: UUID) -> None:
    """Fetch what the run still has to fetch.

    Raises:
        Paused: Meta asked to wait longer than a moment; the run is noted as waiting.
    """
    plan = await in_thread(_prepare, run_id)
    if plan is None:
        return
    log.info("sync_run.started", run_id=str(run_id), page_id=str(plan.page.pk), full=plan.run.full)
    async with open_graph(plan.page) as client:
        for platform in plan.page.platforms:
            if not await _fetch_platform(plan, client, platform):
                break
        else:
            if all([await _fetch_missed(plan, client, p) for p in plan.page.platforms]):
                await _sweep(plan)
    await in_thread(lifecycle.fetching_ended, run_id=run_id, now=clock.now())


def _prepare(run_id: UUID) -> Plan | None:
    run = lifecycle.begin(run_id=run_id, now=clock.now())
    if run is None or run.page is None:
        return None
    plan = plan_for(run, run.page, asker_for(run.page.organization))
    remember(plan)
    return plan


async def _fetch_platform(plan: Plan, client: GraphClient, platform: Platform) -> bool:
    """Walk one platform; False when the whole run has to stop fetching."""
    source = await in_thread(_open_source, plan, client, platform)
    if source is None:
        return True
    return await _may_go_on(plan, platform, _walk(plan, source, platform))


async def _may_go_on(plan: Plan, platform: Platform, fetching: Awaitable[bool]) -> bool:
    """Whether the run may fetch more after this; what Meta refused is noted on it."""
    try:
        return await fetching
    except (UpstreamUnauthorized, UpstreamForbidden) as exc:
        await in_thread(
            lifecycle.connection_refused,
            run=plan.run,
            page=plan.page,
            refusal=exc,
            trouble=_trouble(exc, plan, platform),
            now=clock.now(),
        )
        return isinstance(exc, UpstreamForbidden)  # the other platform may be allowed
    except UpstreamError as exc:
        log.warning("sync_run.platform_failed", run_id=str(plan.run.pk), code=exc.code)
        trouble = _trouble(exc, plan, platform)
        if isinstance(
            exc, GraphObjectMissing
        ):  # the Page itself: conversations are skipped one by one
            trouble = replace(trouble, error=NOT_OURS)
            await in_thread(health.ask_for_check, plan.page)
        await in_thread(lifecycle.record_troubles, plan.run, [trouble])
    return True


async def _fetch_missed(plan: Plan, client: GraphClient, platform: Platform) -> bool:
    """Ask again for the conversations that earlier syncs couldn't read; False as for `_fetch_platform`."""
    ids = await in_thread(missed_conversations.to_ask_for, plan.run, platform.value)
    if not ids:
        return True
    log.info("sync_run.missed_again", run_id=str(plan.run.pk), conversations=len(ids))
    source = SingleConversations(client, remote_ids=ids, platform=platform, **_whose(plan.page))
    return await _may_go_on(plan, platform, _take_all(plan, source, platform))


async def _take_all(plan: Plan, source: GraphSource, platform: Platform) -> bool:
    while (page := await _next_page(plan, source)) is not None:
        done = await _commit(plan, platform, page, is_walk=False)
        if done.cancelled:
            return False
    return True


def _open_source(plan: Plan, client: GraphClient, platform: Platform) -> GraphSource | None:
    """The source at the place where the run stopped; None if the platform is done."""
    run = SyncRun.objects.only("cursor").get(pk=plan.run.pk)
    place = run.cursor.get(platform.value, {})
    if place.get("done"):
        return None
    position = SyncPosition.objects.filter(page=plan.page, platform=platform.value).first()
    size = place.get("page_size") or (position.page_size if position else PAGE_SIZE)
    return GraphSource(
        client,
        platform=platform,
        **_whose(plan.page),
        cursor=place.get("cursor"),
        page_size=int(size),
        max_page_size=PAGE_SIZE,
    )


def _whose(page: Page) -> dict[str, Any]:
    """What tells a source which participant is the business."""
    return {
        "page_id": page.remote_id or "",
        "instagram_account_id": page.instagram_account_id,
        "instagram_username": page.instagram_username or None,
    }


async def _walk(plan: Plan, source: GraphSource, platform: Platform) -> bool:
    """Page by page until the end or the known; the next page is on its way while one is written."""
    position = await in_thread(_newest_known, plan, platform)
    upcoming: asyncio.Task[SourcePage | None] = asyncio.create_task(_next_page(plan, source))
    try:
        while (page := await upcoming) is not None:
            may_go_on = plan.run.full or position is None or _is_all_news(page, position)
            if may_go_on and not page.is_last:
                upcoming = asyncio.create_task(_next_page(plan, source))
            done = await _commit(plan, platform, page)
            if done.cancelled:
                return False
            if done.reached_known or page.is_last:
                return True
            if not may_go_on:
                upcoming = asyncio.create_task(_next_page(plan, source))
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)
    return True


def _newest_known(plan: Plan, platform: Platform) -> SyncPosition | None:
    return SyncPosition.objects.filter(
        page=plan.page, platform=platform.value, newest_at__isnull=False
    ).first()


def _is_all_news(page: SourcePage, position: SyncPosition) -> bool:
    """Whether even the oldest conversation of the page is newer than what was known: then more will come."""
    newest_at = position.newest_at
    return newest_at is not None and all(s.updated_at > newest_at for s in page.snapshots)


async def _next_page(plan: Plan, source: GraphSource) -> SourcePage | None:
    """The next page, sitting out a short wait.

    Raises:
        Paused: the wait is a long one.
    """
    while True:
        try:
            return await source.next_page()
        except UpstreamRateLimited as exc:
            seconds = exc.retry_after_seconds or DEFAULT_WAIT_SECONDS
            if seconds > SHORT_WAIT_SECONDS:
                now = clock.now()
                until = now + timedelta(seconds=seconds)
                await in_thread(
                    lifecycle.wait,
                    run=plan.run,
                    page=plan.page,
                    refusal=exc,
                    until=until,
                    now=now,
                )
                raise Paused(seconds) from exc
            await asyncio.sleep(seconds)


async def _commit(
    plan: Plan, platform: Platform, page: SourcePage, *, is_walk: bool = True
) -> Committed:
    troubles = [
        Trouble(
            error=failure.sentence,
            code=str(failure.code),
            platform=platform.value,
            remote_id=failure.remote_id or "",
        )
        for failure in page.failures
    ]
    return await in_thread(
        commit.commit_page,
        run_id=plan.run.pk,
        platform=platform.value,
        fetched=FetchedPage(
            snapshots=page.snapshots,
            troubles=troubles,
            cursor=None if page.is_last else page.cursor,
            page_size=page.page_size,
            is_walk=is_walk,
        ),
        source=MessageSource.SYNC,
        rules=plan.rules,
        settings_hash=plan.settings_hash,
        now=clock.now(),
    )


async def _sweep(plan: Plan) -> None:
    """Hand over the conversations that the walk didn't visit but the settings ask for, unless it is a light one."""
    run = await in_thread(SyncRun.objects.only("options", "full").get, pk=plan.run.pk)
    if run.options.get("light"):
        return
    everyone = await in_thread(evaluates_all, run, plan.page, plan.rules, plan.settings_hash)
    after: UUID | None = None
    while True:
        after = await in_thread(
            commit.sweep,
            run_id=plan.run.pk,
            page=plan.page,
            rules=plan.rules,
            settings_hash=plan.settings_hash,
            evaluate_all=everyone,
            after=after,
            now=clock.now(),
        )
        if after is None:
            return


def _trouble(exc: UpstreamError, plan: Plan, platform: Platform) -> Trouble:
    code = exc.remote_code if exc.remote_code is not None else exc.code
    return Trouble(
        error=exc.sentence,
        code=str(code),
        platform=platform.value,
        remote_id=plan.page.remote_id or "",
    )
