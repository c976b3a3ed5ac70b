"""The quota in PostgreSQL. One short transaction hands out slices to a process, locking rows in one order.

Time is the database's, so that machines with different clocks share one minute.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from hirocrm.analysis.key_pool import keyring, news
from hirocrm.analysis.key_pool.keyring import HeldKey, Limits
from hirocrm.analysis.key_pool.slices import Handout, Report, Slice, Source
from hirocrm.analysis.key_pool.window import (
    LEASE_SECONDS,
    Window,
    free_at,
    next_pacific_midnight,
    pacific_day,
    slot_of,
)
from hirocrm.analysis.models import AnalysisKey, AnalysisQuota, KeyStanding
from hirocrm.analysis.providers.errors import KeyRefused, ModelRetired
from hirocrm.core.errors import HiroError

PROOF_LASTS = timedelta(
    minutes=10
)  # after so long without an answer a key is tried with one request first
PROOF_NOTED_EVERY = timedelta(minutes=1)
PROBE_LASTS = timedelta(seconds=75)  # longer than the slowest answer: then its process has died
PROBE_POLL = timedelta(seconds=1)
LEARNED_LASTS = timedelta(
    hours=24
)  # tiers rise by themselves; then the assumed limit is tried again
LONG_REST = timedelta(seconds=120)  # rather the next model than waiting longer
GONE = frozenset({"retired", "not_offered"})

Clock = Callable[[], datetime]


def database_now() -> datetime:
    """Return the database's clock, which moves within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)


@transaction.atomic
def take(
    source: Source,
    *,
    want: int,
    tokens_each: int,
    reports: Sequence[Report] = (),
    clock: Clock = database_now,
) -> Handout:
    """Book up to `want` requests of about `tokens_each` input tokens and return them as slices.

    `reports` are booked first. Without limits nothing is booked and slices are open-ended.
    """
    held = keyring.list_keys(source.provider, source.organization_id)
    ready = [key for key in held if key.row.standing == KeyStanding.READY]
    if not ready:
        settle(reports, clock=clock)
        return Handout(trouble=_no_key(source.provider, held))
    budgets: dict[str, list[HeldKey]] = defaultdict(list)
    for key in ready:
        budgets[key.row.budget_id].append(key)
    pairs = [(budget_id, model) for budget_id in budgets for model in source.models]
    desk = _Desk(source.provider, _lock(source.provider, pairs, reports), clock())
    for report in reports:
        desk.book_report(report)
    handout = desk.hand_out(source.models, budgets, want, tokens_each)
    desk.save()
    return handout


@transaction.atomic
def settle(reports: Sequence[Report], *, clock: Clock = database_now) -> None:
    """Book what became of requests, without taking more."""
    by_provider: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_provider[report.provider].append(report)
    for provider, group in sorted(by_provider.items()):
        desk = _Desk(provider, _lock(provider, (), group), clock())
        for report in group:
            desk.book_report(report)
        desk.save()


def _lock(
    provider: str, pairs: Iterable[tuple[str, str]], reports: Iterable[Report]
) -> dict[tuple[str, str], AnalysisQuota]:
    """Return the quota rows of all pairs, locked in the order of their ids; missing ones are made."""
    wanted = set(pairs) | {(report.budget_id, report.model) for report in reports}
    rows = _locked_rows(provider, wanted)
    missing = wanted - rows.keys()
    if missing:
        AnalysisQuota.objects.bulk_create(
            [
                AnalysisQuota(provider=provider, budget_id=budget_id, model=model)
                for budget_id, model in sorted(missing)
            ],
            ignore_conflicts=True,
        )
        rows = _locked_rows(provider, wanted)
    return rows


def _locked_rows(
    provider: str, wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], AnalysisQuota]:
    rows = AnalysisQuota.objects.select_for_update().filter(
        provider=provider,
        budget_id__in={budget_id for budget_id, _ in wanted},
        model__in={model for _, model in wanted},
    )
    found = {(row.budget_id, row.model): row for row in rows.order_by("id")}
    return {pair: row for pair, row in found.items() if pair in wanted}


def _no_key(provider: str, held: Sequence[HeldKey]) -> HiroError:
    title, setting = keyring.VENDOR_TITLES[provider], keyring.KEY_SETTINGS[provider]
    refused = [key.row for key in held if key.row.standing == KeyStanding.REFUSED]
    if refused:
        return KeyRefused(
            f"Every {title} key was refused ({refused[0].refused_reason}) "
            f"Replace it in the settings or in {setting}."
        )
    return KeyRefused(f"There is no {title} key: set {setting} or add one in the settings.")


class _Desk:
    """The locked rows during one transaction, and what changes in them."""

    def __init__(
        self, provider: str, rows: dict[tuple[str, str], AnalysisQuota], now: datetime
    ) -> None:
        self.provider = provider
        self.rows = rows
        self.now = now
        self.today = pacific_day(now)
        self.windows: dict[tuple[str, str], Window] = {}
        self.changed: set[tuple[str, str]] = set()
        self.proven_keys: set[UUID] = set()
        self.ended_probes = False
        self.used_keys: set[UUID] = set()

    def window(self, row: AnalysisQuota) -> Window:
        """Return the row's sliding minute; its day starts anew when Google's does."""
        pair = row.budget_id, row.model
        if pair not in self.windows:
            self.windows[pair] = Window.load(row.window, self.now.timestamp())
            if row.day != self.today:
                row.day, row.day_requests = self.today, 0
        return self.windows[pair]

    def book_report(self, report: Report) -> None:
        """Book what became of a request."""
        row = self.rows[report.budget_id, report.model]
        window = self.window(row)
        if free_at(report.slot) > self.now.timestamp():
            window.book(report.slot, report.requests, report.tokens)
        row.day_requests = max(0, row.day_requests + report.requests + report.sent_unbooked)
        if report.ends_probe:
            row.probe_until = None
            self.ended_probes = True
        if report.answered:
            row.strikes = 0
            if row.proven_at is None or self.now - row.proven_at > PROOF_NOTED_EVERY:
                row.proven_at = self.now
                self.proven_keys.add(report.key_id)
            if report.ends_probe:
                self.proven_keys.add(report.key_id)
        self.changed.add((report.budget_id, report.model))

    def hand_out(
        self,
        models: Sequence[str],
        budgets: dict[str, list[HeldKey]],
        want: int,
        tokens_each: int,
    ) -> Handout:
        """Return slices of the first model that has any, else how long to wait, else why not."""
        waits: list[tuple[datetime, str]] = []
        for model in models:
            round_ = _Round(self, model, tokens_each, has_choice=len(budgets) > 1)
            slices = round_.deal(budgets, want)
            if slices:
                return Handout(slices=tuple(slices))
            waits += round_.waits
            if any(until - self.now <= LONG_REST for until, _ in round_.waits):
                break
        if not waits:
            return Handout(trouble=self._gone(models, budgets))
        until, reason = min(waits)
        return Handout(
            wait_seconds=max(0.0, (until - self.now).total_seconds()),
            waiting_until=until,
            wait_reason=reason,
        )

    def _gone(self, models: Sequence[str], budgets: dict[str, list[HeldKey]]) -> ModelRetired:
        notices = (self.rows[budget_id, model].notice for model in models for budget_id in budgets)
        sentence = next((notice for notice in notices if notice), "No model is configured.")
        return ModelRetired(sentence, model=models[0] if models else "")

    def save(self) -> None:
        """Write what changed, in one statement a table."""
        for pair in self.changed:
            self.rows[pair].window = self.window(self.rows[pair]).dump()
        if self.changed:
            AnalysisQuota.objects.bulk_update(
                [self.rows[pair] for pair in sorted(self.changed)],
                ["window", "day", "day_requests", "strikes", "proven_at", "probe_until"],
            )
        if self.proven_keys:
            AnalysisKey.objects.filter(id__in=self.proven_keys).update(proven_at=self.now)
        if self.used_keys:
            AnalysisKey.objects.filter(id__in=self.used_keys).update(last_used_at=self.now)
        if self.ended_probes:  # others wait for just this, with all they have to ask
            news.tell_to_look_again()


class _Round:
    """Dealing one model's requests to the keys in turn."""

    def __init__(self, desk: _Desk, model: str, tokens_each: int, *, has_choice: bool) -> None:
        self.desk = desk
        self.model = model
        self.tokens_each = tokens_each
        self.has_choice = has_choice
        self.waits: list[tuple[datetime, str]] = []
        self.slot = slot_of(desk.now.timestamp() + LEASE_SECONDS)

    def deal(self, budgets: dict[str, list[HeldKey]], want: int) -> list[Slice]:
        """Return slices for up to `want` requests, spread evenly over the keys that are open."""
        slices: list[Slice] = []
        open_keys: list[tuple[HeldKey, int | None]] = []
        for budget_id, keys in budgets.items():
            row = self.desk.rows[budget_id, self.model]
            room = self._room(row, keys)
            if room == 0:
                continue
            proven = [key for key in keys if self._is_proven(row, key)]
            if len(proven) < len(keys) and self._may_probe(row):
                unproven = next(key for key in keys if key not in proven)
                slices.append(self._probe(row, unproven, booked=room is not None))
                room = None if room is None else room - 1
            elif not proven:
                self.waits.append((self.desk.now + PROBE_POLL, "probe"))
            open_keys += _spread(proven, room)
        return slices + self._deal_evenly(open_keys, want - len(slices))

    def _deal_evenly(self, keys: list[tuple[HeldKey, int | None]], want: int) -> list[Slice]:
        slices = [self._slice(key, None) for key, room in keys if room is None]
        limited = [(key, room) for key, room in keys if room][: max(0, want)]
        limited.sort(
            key=lambda pair: pair[1]
        )  # the tightest first: what it can't take goes to others
        grants: list[tuple[HeldKey, int]] = []
        for index, (key, room) in enumerate(limited):
            left = len(limited) - index
            grant = min(room, -(-want // left))
            want -= grant
            grants.append((key, grant))
        return slices + [self._slice(key, grant) for key, grant in grants]

    def _slice(self, key: HeldKey, requests: int | None, *, is_probe: bool = False) -> Slice:
        row = self.desk.rows[key.row.budget_id, self.model]
        if requests is not None:
            self.desk.window(row).book(self.slot, requests, requests * self.tokens_each)
            row.day_requests += requests
            self.desk.changed.add((row.budget_id, row.model))
        self.desk.used_keys.add(key.row.id)
        return Slice(
            provider=self.desk.provider,
            key_id=key.row.id,
            budget_id=row.budget_id,
            model=self.model,
            slot=self.slot,
            issued_at=self.desk.now.timestamp(),
            requests=1 if is_probe else requests,
            tokens_each=self.tokens_each if requests is not None else 0,
            is_booked=requests is not None,
            is_probe=is_probe,
            secret=key.secret,
        )

    def _probe(self, row: AnalysisQuota, key: HeldKey, *, booked: bool) -> Slice:
        row.probe_until = self.desk.now + PROBE_LASTS
        self.desk.changed.add((row.budget_id, row.model))
        return self._slice(key, 1 if booked else None, is_probe=True)

    def _is_proven(self, row: AnalysisQuota, key: HeldKey) -> bool:
        """Whether this key answered lately. An only key needs no proof: there is nothing to prefer."""
        if not self.has_choice:
            return True
        # A report of this very transaction may have proved it: the key was read before that was booked.
        key_proven_at = self.desk.now if key.row.id in self.desk.proven_keys else key.row.proven_at
        stamps = (row.proven_at, key_proven_at)
        return all(stamp is not None and self.desk.now - stamp < PROOF_LASTS for stamp in stamps)

    def _may_probe(self, row: AnalysisQuota) -> bool:
        return row.probe_until is None or row.probe_until <= self.desk.now

    def _room(self, row: AnalysisQuota, keys: Sequence[HeldKey]) -> int | None:
        """Return how many requests fit now (None: any number); notes until when there is no room."""
        now = self.desk.now
        if row.parked_until and row.parked_until > now:
            if row.parked_reason not in GONE:
                self.waits.append((row.parked_until, row.parked_reason))
            return 0
        window = self.desk.window(row)
        limits = effective_limits(row, [key.row for key in keys], now)
        if limits.rpd and row.day_requests >= limits.rpd:
            self.waits.append((next_pacific_midnight(now), "day"))
            return 0
        room = window.room(rpm=limits.rpm, tpm=limits.tpm, tokens_each=self.tokens_each)
        if room == 0:
            moment = datetime.fromtimestamp(window.next_room_at(), UTC)
            self.waits.append((max(moment, now), "minute"))
            return 0
        if limits.rpd:
            today = limits.rpd - row.day_requests
            room = today if room is None else min(room, today)
        return room


def _spread(keys: Sequence[HeldKey], room: int | None) -> list[tuple[HeldKey, int | None]]:
    """Share a budget's room among its keys."""
    if room is None:
        return [(key, None) for key in keys]
    shares = [room // len(keys) + (index < room % len(keys)) for index in range(len(keys))]
    return [(key, share) for key, share in zip(keys, shares, strict=True) if share]


def effective_limits(
    row: AnalysisQuota | None, keys: Sequence[AnalysisKey], now: datetime
) -> Limits:
    """Return a budget's limits: what the vendor named lately, else the keys' own, else the assumed.

    Keys of one project that say different things get the smallest that is a limit.
    """
    assumed = keyring.assumed_limits(keys[0].provider)
    learned_at = row.learned_at if row else None
    is_fresh = learned_at is not None and now - learned_at < LEARNED_LASTS

    def limit(name: str) -> int:
        learned = getattr(row, f"learned_{name}") if row and is_fresh else None
        if learned is not None:
            return int(learned)
        own = [value for key in keys if (value := getattr(key, name)) is not None]
        real = [value for value in own if value]
        return min(real) if real else (0 if own else int(getattr(assumed, name)))

    return Limits(limit("rpm"), limit("tpm"), limit("rpd"))
