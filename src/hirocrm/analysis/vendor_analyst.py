"""Asking one vendor about one conversation: keys in turn, tries, and the answer checked."""

import asyncio
import random
import time
from dataclasses import dataclass, field

import structlog

from hirocrm.analysis.errors import AnalysisFailed
from hirocrm.analysis.key_pool.pool import KeyPool
from hirocrm.analysis.key_pool.queues import Lease, Place
from hirocrm.analysis.key_pool.slices import Source
from hirocrm.analysis.prompts import Prompt, build_prompt, finish
from hirocrm.analysis.providers.errors import (
    AnswerInvalid,
    AnswerTruncated,
    KeyRefused,
    ModelRetired,
    PromptBlocked,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRefused,
    TokenUsage,
)
from hirocrm.analysis.providers.http import WHEN_SENT
from hirocrm.analysis.providers.pricing import cost_micro_usd
from hirocrm.analysis.providers.protocol import (
    MAX_OUTPUT_TOKENS,
    Completion,
    CompletionRequest,
    Provider,
)
from hirocrm.analysis.schema import AnalysisAnswer, AnalysisRequest, Spent, Usage

log = structlog.get_logger(__name__)

MORE_TRIES = 2  # after a 5xx, a network fault or a time-out
TRY_AGAIN_SECONDS = 2.0  # doubled each time
LONGEST_PAUSE_SECONDS = 30.0
INVALID_AGAIN = 1


@dataclass(slots=True)
class _Tally:
    """What one analysis has used up so far."""

    faults: int = 0
    invalid: int = 0
    output_tokens: int = MAX_OUTPUT_TOKENS
    usage: TokenUsage = field(default_factory=TokenUsage)
    cost: int | None = 0
    model: str = ""  # that answered last

    @property
    def paid(self) -> Usage:
        """All of it, as an answer tells it."""
        return Usage(
            tokens_in=self.usage.tokens_in,
            tokens_out=self.usage.tokens_out,
            tokens_cached=self.usage.tokens_cached,
            cost_micro_usd=self.cost,
        )

    def add(self, provider: str, model: str, usage: TokenUsage | None) -> None:
        """Count a paid answer, a useless one too."""
        if usage is None:
            return
        self.usage = TokenUsage(
            self.usage.tokens_in + usage.tokens_in,
            self.usage.tokens_out + usage.tokens_out,
            self.usage.tokens_cached + usage.tokens_cached,
        )
        self.model = model
        price = cost_micro_usd(provider, model, usage)
        self.cost = None if price is None or self.cost is None else self.cost + price


class VendorAnalyst:
    """One vendor's client with the process's key pool."""

    def __init__(self, provider: Provider, pool: KeyPool) -> None:
        self._provider = provider
        self._pool = pool

    async def ask(
        self, request: AnalysisRequest, source: Source, place: Place, wasted: list[Spent]
    ) -> AnalysisAnswer:
        """Return the vendor's checked answer, which keeps `place` until whoever asked has saved it.

        A 429 or a refused key moves on to another key at once; a fault is tried twice more; an invalid answer is
        asked for once more, and counts in the usage of the next. Without an answer, what was paid is added to `wasted`.

        Raises:
            AnalysisFailed: it won't work, or not now (`retriable`).
            AllKeysResting: every key rests for long; come back later.
        """
        prompt = build_prompt(request)
        tally = _Tally()
        try:
            while True:
                lease = await self._lease(source, prompt)
                answer = await self._try(lease, request, prompt, tally, place)
                if answer is not None:
                    return answer
                self._pool.free(place)
        except BaseException:
            if tally.model:
                wasted.append(Spent(self._provider.name, tally.model, tally.paid))
            raise

    async def _lease(self, source: Source, prompt: Prompt) -> Lease:
        try:
            return await self._pool.acquire(source, tokens=prompt.estimated_tokens)
        except (KeyRefused, ModelRetired) as exc:
            raise AnalysisFailed(exc.sentence, reason=exc.code, retriable=True) from None

    async def _try(
        self, lease: Lease, request: AnalysisRequest, prompt: Prompt, tally: _Tally, place: Place
    ) -> AnalysisAnswer | None:
        """Return the answer, or None to go round again."""
        question = CompletionRequest(
            model=lease.model,
            system=prompt.system,
            user=prompt.user,
            schema=prompt.schema,
            max_output_tokens=tally.output_tokens,
        )
        started = time.monotonic()
        try:
            completion = await self._complete(question, lease)
        except QuotaExceeded as exc:
            await self._pool.limited(lease, exc)
        except KeyRefused as exc:
            await self._pool.refused(lease, exc)
        except ModelRetired as exc:
            await self._pool.retired(lease, exc)
        except ProviderUnavailable as exc:
            self._pool.unanswered(lease)
            await self._pause_after(exc, tally)
        except AnswerInvalid as exc:
            self._pool.answered(lease, tokens_in=exc.usage.tokens_in if exc.usage else None)
            tally.add(self._provider.name, lease.model, exc.usage)
            self._ask_again_or_fail(exc, tally)
        except PromptBlocked as exc:
            self._pool.answered(lease, tokens_in=exc.usage.tokens_in if exc.usage else None)
            tally.add(self._provider.name, lease.model, exc.usage)
            raise _failure(exc, retriable=False) from None
        except RequestRefused as exc:
            self._pool.unanswered(lease)
            raise _failure(exc, retriable=False) from None
        except BaseException:
            self._pool.unanswered(lease)
            raise
        else:
            self._pool.answered(lease, tokens_in=completion.usage.tokens_in, place=place)
            return self._finish(completion, request, prompt, tally, started)
        return None

    async def _complete(self, question: CompletionRequest, lease: Lease) -> Completion:
        token = WHEN_SENT.set(lease.mark_sent)
        try:
            return await self._provider.complete(question, secret=lease.secret)
        finally:
            WHEN_SENT.reset(token)

    def _finish(
        self,
        completion: Completion,
        request: AnalysisRequest,
        prompt: Prompt,
        tally: _Tally,
        started: float,
    ) -> AnalysisAnswer | None:
        tally.add(self._provider.name, completion.model, completion.usage)
        try:
            done = finish(completion.text, request, prompt)
        except AnswerInvalid as exc:
            self._ask_again_or_fail(exc, tally)
            return None
        if done.dropped_quotes:
            log.info("analysis.quotes_dropped", count=done.dropped_quotes, model=completion.model)
        return AnalysisAnswer(
            result=done.result,
            provider=self._provider.name,
            model=completion.model,
            usage=tally.paid,
            duration_ms=round((time.monotonic() - started) * 1000),
            prompt_version=prompt.version,
        )

    async def _pause_after(self, exc: ProviderUnavailable, tally: _Tally) -> None:
        tally.faults += 1
        if tally.faults > MORE_TRIES:
            raise _failure(exc, retriable=True) from None
        pause = TRY_AGAIN_SECONDS * 2.0 ** (tally.faults - 1)
        pause = max(pause, min(exc.retry_after_seconds or 0.0, LONGEST_PAUSE_SECONDS))
        await asyncio.sleep(pause * random.uniform(1.0, 1.3))

    def _ask_again_or_fail(self, exc: AnswerInvalid, tally: _Tally) -> None:
        tally.invalid += 1
        if tally.invalid > INVALID_AGAIN:
            raise _failure(exc, retriable=False) from None
        if isinstance(exc, AnswerTruncated):
            tally.output_tokens *= 2


def _failure(
    exc: PromptBlocked | RequestRefused | AnswerInvalid | ProviderUnavailable, *, retriable: bool
) -> AnalysisFailed:
    return AnalysisFailed(exc.sentence, reason=exc.code, retriable=retriable)
