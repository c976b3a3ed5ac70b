"""The analyser of a process: which vendor is asked, in what order, within what budget."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import structlog
from django.conf import settings

from hirocrm.analysis import budget
from hirocrm.analysis.analysers import LOCAL, Analyser, list_analysers
from hirocrm.analysis.errors import AllKeysResting, AnalysisFailed, BudgetReached
from hirocrm.analysis.key_pool import keyring
from hirocrm.analysis.key_pool.pool import KeyPool
from hirocrm.analysis.key_pool.queues import Place
from hirocrm.analysis.key_pool.slices import Source
from hirocrm.analysis.key_pool.thread import DatabaseThread
from hirocrm.analysis.local_analyst import LocalAnalyst, local_analyser
from hirocrm.analysis.prompts import PROMPT_VERSION
from hirocrm.analysis.providers import pricing
from hirocrm.analysis.providers.anthropic import AnthropicProvider
from hirocrm.analysis.providers.errors import TokenUsage
from hirocrm.analysis.providers.gemini import GeminiProvider
from hirocrm.analysis.providers.http import ProviderHttp
from hirocrm.analysis.providers.openai import OpenAIProvider
from hirocrm.analysis.providers.protocol import Provider
from hirocrm.analysis.schema import AnalysisAnswer, AnalysisRequest, Spent
from hirocrm.analysis.vendor_analyst import VendorAnalyst
from hirocrm.core import clock

log = structlog.get_logger(__name__)

CEILING_CHECK_SECONDS = 15.0
Remembered = dict[UUID, tuple[float, asyncio.Future[Any]]]  # when it was looked up, and what it was


@dataclass(frozen=True, slots=True)
class Identity:
    """Who would be asked first: part of the input hash, so that another model means a new analysis."""

    provider: str
    model: str
    prompt_version: str


def identity(organization_id: UUID | None) -> Identity:
    """Return who would be asked about this organization's conversations.

    It names the first model of the settings, also while another one stands in for it, so that a day's spent quota
    doesn't mean that everything is paid again the next day.
    """
    return identity_of(list_analysers(organization_id)[0])


def identity_of(analyser: Analyser) -> Identity:
    """Return the same of an analyser at hand."""
    if analyser.name == LOCAL:
        return Identity(LOCAL, local_analyser().model, "")
    return Identity(analyser.name, analyser.models[0] if analyser.models else "", PROMPT_VERSION)


class Analyst:
    """Analyses conversations. One per process and event loop, as an async context manager."""

    def __init__(self, *, concurrency: int | None = None) -> None:
        self._concurrency = concurrency or settings.ANALYSIS_CONCURRENCY
        self._pool = KeyPool(concurrency=self._concurrency)
        self._http = ProviderHttp(concurrency=self._concurrency)
        self._database = DatabaseThread("analyst")
        self._local = LocalAnalyst()
        self._vendors: dict[str, VendorAnalyst] = {}
        self._orders: Remembered = {}
        self._ceilings: Remembered = {}

    async def __aenter__(self) -> Self:
        try:
            await self._database.run(keyring.register_environment_keys)
            if any(keyring.environment_secrets(name) for name in keyring.VENDORS):
                await asyncio.to_thread(load_libraries)
            await self._pool.__aenter__()
        except BaseException:
            await self._database.close()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.__aexit__(exc_type, exc, traceback)
        await self._http.aclose()
        self._local.close()
        await self._database.close()

    async def analyse(
        self,
        request: AnalysisRequest,
        *,
        organization_id: UUID,
        place: Place | None = None,
        wasted: list[Spent] | None = None,
    ) -> AnalysisAnswer:
        """Return the first answer in the organization's order of analysers.

        The next analyser is asked where one fails, has spent its day, or has reached the monthly ceiling.
        With `place`, the answer counts as in flight until `saved` is called. What the vendors that gave none took all
        the same is added to `wasted`, also where this raises; an answer's own usage is not among it.

        Raises:
            AnalysisFailed: one sentence why; `retriable` says whether another try may help.
            AllKeysResting: come back at `until`; nothing is lost and nothing failed.
            BudgetReached: the organization's monthly ceiling.
        """
        bill = [] if wasted is None else wasted
        order = await self._order(organization_id)
        for analyser in order[:-1]:
            try:
                return await self._ask(analyser, request, organization_id, place, bill)
            except (AnalysisFailed, AllKeysResting, BudgetReached) as exc:
                log.info("analysis.fell_back", analyser=analyser.name, reason=exc.code)
        return await self._ask(order[-1], request, organization_id, place, bill)

    def saved(self, place: Place) -> None:
        """The answer is saved, or there is none: its place in flight is for others."""
        self._pool.free(place)

    async def waiting_until(self, organization_id: UUID) -> datetime | None:
        """Return when the first key is free if analyses of this organization wait for one now."""
        moments = [
            self._pool.waiting_until(_source(analyser, organization_id))
            for analyser in await self._order(organization_id)
            if analyser.name != LOCAL
        ]
        return min((moment for moment in moments if moment), default=None)

    async def _ask(
        self,
        analyser: Analyser,
        request: AnalysisRequest,
        organization_id: UUID,
        place: Place | None,
        wasted: list[Spent],
    ) -> AnalysisAnswer:
        name = analyser.name
        if name == LOCAL:
            return await self._local.analyse(request)
        source = _source(analyser, organization_id)
        if not source.models:
            raise AnalysisFailed(
                f"No model is configured: set {keyring.MODEL_SETTINGS[name]}, or choose one in the AI settings.",
                reason="no_model",
                retriable=True,
            )
        await self._check_ceiling(organization_id)
        kept = place or Place()
        try:
            answer = await self._vendor(name).ask(request, source, kept, wasted)
        except BaseException:
            self._pool.free(kept)
            raise
        if place is None:
            self._pool.free(kept)
        return answer

    def _vendor(self, name: str) -> VendorAnalyst:
        if name not in self._vendors:
            self._vendors[name] = VendorAnalyst(open_provider(name, self._http), self._pool)
        return self._vendors[name]

    async def _order(self, organization_id: UUID) -> tuple[Analyser, ...]:
        """Return the order, asked of the database now and then rather than for every conversation."""
        order: tuple[Analyser, ...] = await self._remembered(
            self._orders, organization_id, lambda: list_analysers(organization_id)
        )
        return order

    async def _check_ceiling(self, organization_id: UUID) -> None:
        def check() -> BudgetReached | None:
            try:
                budget.check_ceiling(organization_id, now=clock.now())
            except BudgetReached as reached:
                return reached
            return None

        reached = await self._remembered(self._ceilings, organization_id, check)
        if reached is not None:
            raise reached.with_traceback(None)

    async def _remembered(self, memory: Remembered, key: UUID, look: Callable[[], Any]) -> Any:
        """Return what `look` finds, looked up once for all that ask within a few seconds."""
        known = memory.get(key)
        if known is None or time.monotonic() - known[0] > CEILING_CHECK_SECONDS:
            known = time.monotonic(), asyncio.ensure_future(self._database.run(look))
            memory[key] = known
        try:
            if known[1].done():
                return known[1].result()
            # Who asked first may be cancelled; the others still want to know.
            return await asyncio.shield(known[1])
        except BaseException:
            if known[1].done() and memory.get(key) is known:
                del memory[key]  # a failure is nothing to remember
            raise


def load_libraries() -> None:
    """Load what a vendor's first answer needs; a worker does it at its start, not in the middle of a sync."""
    import aiohttp  # noqa: F401, PLC0415

    pricing.cost_micro_usd("gemini", "gemini-3.5-flash-lite", TokenUsage(1, 1))


def _source(analyser: Analyser, organization_id: UUID | None) -> Source:
    return Source(analyser.name, organization_id, analyser.models)


def open_provider(name: str, http: ProviderHttp) -> Provider:
    """Return a vendor's client for the addresses of the settings."""
    if name == "gemini":
        return GeminiProvider(http, base_url=settings.GOOGLE_AI_BASE_URL)
    if name == "openai":
        return OpenAIProvider(http, base_url=settings.OPENAI_BASE_URL)
    return AnthropicProvider(http, base_url=settings.ANTHROPIC_BASE_URL)
