"""The slices of one process, handed to waiting analyses in turn. A waiting analysis holds nothing.

A dispatcher pairs three things: an analysis that waits, a free place in flight, and a request of a slice. It runs
whenever one of them appears. The ledger is asked for more while the last slice is being used up, so that in steady
state no analysis waits for the database.
"""

import asyncio
import random
import time
from collections import deque
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import structlog
from django.db import Error as DatabaseError

from hirocrm.analysis.errors import AllKeysResting
from hirocrm.analysis.key_pool import ledger, rest
from hirocrm.analysis.key_pool.keyring import VENDOR_TITLES
from hirocrm.analysis.key_pool.listener import listen
from hirocrm.analysis.key_pool.news import KeyNews
from hirocrm.analysis.key_pool.queues import Held, Lease, Place, Queue, Waiter
from hirocrm.analysis.key_pool.slices import Handout, Report, Slice, Source
from hirocrm.analysis.key_pool.thread import DatabaseThread
from hirocrm.analysis.providers.errors import KeyRefused, ModelRetired, QuotaExceeded

log = structlog.get_logger(__name__)

LONGEST_WAIT_SECONDS = 120.0  # then the work goes back to the queue with a time to return
LOOK_AGAIN_SECONDS = 5.0  # while waiting: another process may give back, a person may add a key
FLUSH_SECONDS = 1.0
DATABASE_PATIENCE_SECONDS = 15.0
# Answers that may wait to be saved without keeping a place: what a killed process has paid for in vain
# stays within its places in flight, or some more where there are many and speed counts.
MANY_PLACES, UNSAVED_OF_MANY = 64, 48
REASONS = {
    "minute": "requests a minute",
    "tokens_minute": "tokens a minute",
    "day": "requests a day",
    "burst": "too many calls at once",
    "billing": "credits used up",
    "probe": "a key is being tried",
}


class KeyPool:
    """The keys of one process and its places in flight. An async context manager, one per event loop."""

    def __init__(
        self, *, concurrency: int, longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    ) -> None:
        self._concurrency = concurrency
        self._longest_wait = longest_wait_seconds
        self._in_flight = 0
        self._unsaved = 0
        self._unsaved_for_free = UNSAVED_OF_MANY if concurrency >= MANY_PLACES else 0
        self._queues: dict[Source, Queue] = {}
        self._reports: list[Report] = []
        self._revoked: dict[tuple[str, str, str], float] = {}
        self._database = DatabaseThread("key-pool")
        self._chores: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._chores = [
            loop.create_task(listen(self._hear)),
            loop.create_task(self._flush_regularly()),
        ]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give back what was not used and close."""
        tasks = [*self._chores, *(q.refill for q in self._queues.values() if q.refill)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for queue in self._queues.values():
            queue.end_pause()
            self._give_back(queue.drop(lambda _: True))
        try:
            await self._flush()
        except DatabaseError:
            log.warning("key_pool.flush_failed")
        await self._database.close()

    def waiting_until(self, source: Source) -> datetime | None:
        """Return when the first key is free, while analyses wait for one; else None."""
        queue = self._queues.get(source)
        return queue.waiting_until if queue and queue.waiters else None

    async def acquire(self, source: Source, *, tokens: int) -> Lease:
        """Wait for a place in flight and a key with quota for about `tokens` input tokens.

        Raises:
            AllKeysResting: the wait would be longer than is worth it here.
            KeyRefused: there is no key, or all were refused.
            ModelRetired: no key's project has any of the models.
        """
        queue = self._queues.setdefault(source, Queue(source))
        future: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()
        waiter = Waiter(future, tokens)
        queue.waiters.append(waiter)
        self._dispatch(queue)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.unused(future.result())
            elif waiter in queue.waiters:
                queue.waiters.remove(waiter)
            raise
        except Exception as exc:  # noqa: BLE001  # raised again as it is
            raise exc.with_traceback(None) from exc.__cause__  # one error goes to many who wait

    # What became of a lease

    def unused(self, lease: Lease) -> None:
        """The request was never sent."""
        if self._close(lease) and lease.taken.is_booked:
            self._report(lease, requests=-1, tokens=-lease.taken.tokens_each)
        self._dispatch_all()

    def answered(
        self, lease: Lease, *, tokens_in: int | None = None, place: Place | None = None
    ) -> None:
        """The model answered, whatever it said; `tokens_in` corrects the estimate.

        With `place`, the place in flight is kept until `free`.
        """
        if not self._close(lease):
            return
        if place is not None and not place.is_kept:
            place.is_kept = True
            self._unsaved += 1
        correction = tokens_in - lease.taken.tokens_each if tokens_in else 0
        self._report(lease, tokens=correction if lease.taken.is_booked else 0, answered=True)
        self._end_probe(lease)
        self._dispatch_all()

    def free(self, place: Place) -> None:
        """The answer is saved, or useless: its place is for others."""
        if place.is_kept:
            place.is_kept = False
            self._unsaved -= 1
            self._dispatch_all()

    def unanswered(self, lease: Lease) -> None:
        """The vendor failed; that says nothing about the key."""
        if self._close(lease):
            self._report(lease)
            self._end_probe(lease)
        self._dispatch_all()

    async def limited(self, lease: Lease, error: QuotaExceeded) -> None:
        """A 429: rest this project and model, at once and everywhere."""
        self._withdraw(lease, budget_id=lease.taken.budget_id, model=lease.taken.model)
        await self._database.run(lambda: rest.park(lease.taken, error))
        self._resume()

    async def retired(self, lease: Lease, error: ModelRetired) -> None:
        """A 404: this project no longer has the model."""
        self._withdraw(lease, budget_id=lease.taken.budget_id, model=lease.taken.model)
        await self._database.run(lambda: rest.retire(lease.taken, error))
        self._resume()

    async def refused(self, lease: Lease, error: KeyRefused) -> None:
        """A bad key: take it out, at once and everywhere."""
        self._withdraw(lease, key_id=str(lease.taken.key_id))
        await self._database.run(lambda: rest.refuse(lease.taken, error))
        self._resume()

    # Dispatching

    def _dispatch_all(self) -> None:
        for queue in sorted(self._queues.values(), key=lambda _: random.random()):
            self._dispatch(queue)

    def _dispatch(self, queue: Queue) -> None:
        """Pair waiting analyses with places and requests, and ask for more before they run out."""
        now = time.monotonic()
        self._give_back(queue.drop(lambda item: item.expires <= now))
        while queue.waiters and queue.held and self._free_places() > 0:
            waiter = queue.waiters.popleft()
            if not waiter.future.done():
                waiter.future.set_result(self._next_lease(queue))
        if self._needs_refill(queue) and queue.refill is None and queue.pause is None:
            queue.refill = asyncio.get_running_loop().create_task(self._refill(queue))

    def _free_places(self) -> int:
        taken = self._in_flight + max(0, self._unsaved - self._unsaved_for_free)
        return self._concurrency - taken

    def _needs_refill(self, queue: Queue) -> bool:
        if not queue.waiters:
            return False
        left = queue.left()
        if left == 0:
            return self._free_places() > 0
        return left is not None and left < min(len(queue.waiters), self._concurrency // 4)

    def _next_lease(self, queue: Queue) -> Lease:
        """Take one request of the first slice and put the slice last: keys take turns."""
        held = queue.held.popleft()
        if held.left is not None:
            held.left -= 1
        if held.left != 0:
            queue.held.append(held)
        self._in_flight += 1
        queue.waiting_until = None
        return Lease(held.taken, held.issued)

    async def _refill(self, queue: Queue) -> None:
        started = time.monotonic()
        reports, self._reports = self._reports, []
        waiters = list(queue.waiters)[: 2 * self._concurrency]
        tokens = max((waiter.tokens for waiter in waiters), default=1)
        try:
            handout = await self._take(queue.source, len(waiters), tokens, reports)
            self._accept(queue, handout, started)
        except Exception as exc:  # noqa: BLE001  # whoever waits must learn of it, whatever it is
            self._reports = reports + self._reports
            self._fail(queue, exc)
        finally:
            queue.refill = None
        self._dispatch(queue)

    async def _take(self, source: Source, want: int, tokens: int, reports: list[Report]) -> Handout:
        """Ask the ledger, patiently while the database restarts."""
        patience = time.monotonic() + DATABASE_PATIENCE_SECONDS
        while True:
            try:
                return await self._database.run(
                    lambda: ledger.take(source, want=want, tokens_each=tokens, reports=reports)
                )
            except DatabaseError:
                if time.monotonic() > patience:
                    raise
                await asyncio.sleep(0.5)

    def _accept(self, queue: Queue, handout: Handout, started: float) -> None:
        for taken in handout.slices:
            held = Held(taken, taken.requests, started)
            if self._is_revoked_since(taken, started):
                self._give_back([held])
            else:
                queue.held.append(held)
        if handout.trouble:
            self._fail(queue, handout.trouble)
        elif handout.wait_seconds is not None:
            self._wait(queue, handout)

    def _wait(self, queue: Queue, handout: Handout) -> None:
        """Sleep until the first key is free, or send everybody home when that takes too long."""
        seconds, until = handout.wait_seconds or 0.0, handout.waiting_until or datetime.now(UTC)
        if seconds > self._longest_wait:
            title = VENDOR_TITLES[queue.source.provider]
            why = REASONS.get(handout.wait_reason, handout.wait_reason)
            self._fail(
                queue,
                AllKeysResting(
                    f"All {title} keys are resting ({why}).",
                    until=until,
                    retry_after_seconds=seconds,
                ),
            )
            return
        queue.waiting_until = until if handout.wait_reason != "probe" else None
        pause = min(seconds, LOOK_AGAIN_SECONDS) + random.uniform(0.01, 0.05)
        # The timer itself ends the pause. Asking a clock then would be wrong: uvloop's timers may fire half a
        # millisecond early, and nothing would wake the queue again.
        queue.pause = asyncio.get_running_loop().call_later(pause, self._look_again, queue)

    def _look_again(self, queue: Queue) -> None:
        queue.end_pause()
        self._dispatch(queue)

    def _fail(self, queue: Queue, error: Exception) -> None:
        waiters, queue.waiters = queue.waiters, deque()
        queue.waiting_until = None
        for waiter in waiters:
            if not waiter.future.done():
                waiter.future.set_exception(error)

    # Giving back

    def _close(self, lease: Lease) -> bool:
        was_open, lease.is_open = lease.is_open, False
        self._in_flight -= was_open
        return was_open

    def _report(
        self, lease: Lease, *, requests: int = 0, tokens: int = 0, answered: bool = False
    ) -> None:
        taken, slot = lease.taken, lease.slot_when_sent
        if taken.is_booked and slot != taken.slot:
            self._reports.append(_report_on(taken, requests=-1, tokens=-taken.tokens_each))
            requests, tokens = requests + 1, tokens + taken.tokens_each
        self._reports.append(
            _report_on(
                taken,
                slot=slot,
                requests=requests,
                tokens=tokens,
                sent_unbooked=0 if taken.is_booked or requests < 0 else 1,
                answered=answered,
                ends_probe=taken.is_probe,
            )
        )

    def _give_back(self, items: list[Held]) -> None:
        for item in items:
            taken, left = item.taken, item.left or 0
            booked = left if taken.is_booked else 0
            if booked or (taken.is_probe and left):
                self._reports.append(
                    _report_on(
                        taken,
                        requests=-booked,
                        tokens=-booked * taken.tokens_each,
                        ends_probe=taken.is_probe,
                    )
                )

    def _end_probe(self, lease: Lease) -> None:
        """A key that was on trial may be used in full now: ask again without waiting."""
        if lease.taken.is_probe:
            self._resume()

    def _resume(self) -> None:
        for queue in self._queues.values():
            queue.end_pause()
        self._dispatch_all()

    def _withdraw(
        self, lease: Lease, *, budget_id: str = "", model: str = "", key_id: str = ""
    ) -> None:
        if self._close(lease):
            self._report(lease)
        self._revoke(lease.taken.provider, budget_id or key_id, model)

    def _revoke(self, provider: str, budget_or_key: str, model: str) -> None:
        self._revoked[provider, budget_or_key, model] = time.monotonic()

        def matches(item: Held) -> bool:
            return self._is_revoked_since(item.taken, item.issued)

        for queue in self._queues.values():
            self._give_back(queue.drop(matches))

    def _is_revoked_since(self, taken: Slice, moment: float) -> bool:
        names = (
            (taken.provider, taken.budget_id, taken.model),
            (taken.provider, str(taken.key_id), ""),
        )
        return any(self._revoked.get(name, -1.0) >= moment for name in names)

    def _hear(self, news: KeyNews) -> None:
        """Another process had news of a key, or a person changed something."""
        if news.provider:
            self._revoke(news.provider, news.budget_id or news.key_id, news.model)
        self._resume()

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._drop_expired(time.monotonic())
            try:
                await self._flush()
            except DatabaseError:
                log.warning("key_pool.flush_failed")

    def _drop_expired(self, now: float) -> None:
        for queue in list(self._queues.values()):
            self._give_back(queue.drop(lambda item: item.expires <= now))
            if queue.is_idle:
                del self._queues[queue.source]

    async def _flush(self) -> None:
        reports, self._reports = self._reports, []
        if not reports:
            return
        try:
            await self._database.run(lambda: ledger.settle(reports))
        except DatabaseError:
            self._reports = reports + self._reports
            raise


def _report_on(taken: Slice, *, slot: int | None = None, **fields: Any) -> Report:
    return Report(
        provider=taken.provider,
        budget_id=taken.budget_id,
        model=taken.model,
        slot=taken.slot if slot is None else slot,
        key_id=taken.key_id,
        **fields,
    )
