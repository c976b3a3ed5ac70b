"""A run as its page shows it: in words, with its pace and what is left."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from hirocrm.sync.error_groups import ErrorGroup, Remedy
from hirocrm.sync.models import RunKind, RunPhase, RunStatus, SyncRun

MICRO = 1_000_000
SETTLED = 5  # things done before a pace means anything
HALVED_AT_PERCENT = 75  # of Meta's allowance: see meta.graph.pace

STATUSES: dict[str, tuple[str | Promise, str]] = {
    RunStatus.QUEUED: (gettext_lazy("Queued"), "info"),
    RunStatus.RUNNING: (gettext_lazy("Running"), "accent"),
    RunStatus.COMPLETED: (gettext_lazy("Done"), "good"),
    RunStatus.PARTIAL: (gettext_lazy("Done, with errors"), "warn"),
    RunStatus.FAILED: (gettext_lazy("Failed"), "bad"),
    RunStatus.CANCELLED: (gettext_lazy("Cancelled"), ""),
    RunStatus.TOKEN_EXPIRED: (gettext_lazy("Stopped: token expired"), "bad"),
    RunStatus.RATE_LIMITED: (gettext_lazy("Waiting"), "warn"),
}
ADVICE: dict[Remedy, str | Promise] = {
    Remedy.RECONNECT: gettext_lazy("Facebook's side: reconnect the Page, then sync again."),
    Remedy.WAIT: gettext_lazy("A passing problem on the other side: retry what failed later."),
    Remedy.KEYS: gettext_lazy("Look at the AI settings: keys, model and monthly ceiling."),
    Remedy.RETRY: gettext_lazy("Retry what failed; the contacts are saved."),
    Remedy.NOTHING: gettext_lazy("It will stay so. The contacts that could be read are saved."),
    Remedy.REPORT: gettext_lazy("Our fault: retry, and report it if it comes again."),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of progress; `value` None: nobody knows how far."""

    label: str
    value: int | None
    max: int
    figures: str


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """A kind of error with its advice."""

    group: ErrorGroup
    advice: str | Promise


@dataclass(frozen=True, slots=True)
class RunView:
    """A run in words and figures."""

    run: SyncRun
    title: str
    status: str | Promise
    tone: str
    bars: list[Bar]
    limiter: str
    waits: bool
    time_left: str
    errors: list[ErrorRow]

    @property
    def cost(self) -> str:
        """What it has cost so far, in dollars."""
        return f"${self.run.cost_micro_usd / MICRO:,.4f}".rstrip("0").ljust(5, "0")

    @property
    def can_undo(self) -> bool:
        """Whether it moved contacts that may still be put back."""
        run = self.run
        return not run.is_open and run.auto_assigned > 0 and run.undone_at is None

    @property
    def can_retry(self) -> bool:
        """Whether some contacts of a run that has ended failed."""
        return not self.run.is_open and self.run.failed > 0


def title_of(run: SyncRun) -> str:
    """What was done, to which Page."""
    name = run.page.name if run.page else _("all Pages")
    if run.kind == RunKind.IMPORT:
        return _("Import into %(name)s") % {"name": name}
    if run.kind == RunKind.REANALYZE:
        return _("New analysis of contacts")
    if run.full:
        return _("Full sync of %(name)s") % {"name": name}
    return _("Sync of %(name)s") % {"name": name}


def view_of(run: SyncRun, *, groups: list[ErrorGroup], provider: str, now: datetime) -> RunView:
    """Put a run into words. `provider` is the analyser that would be asked first."""
    label, tone = STATUSES[run.status]
    if run.is_open and run.cancel_requested_at:
        label = gettext_lazy("Stopping")
    waits = run.is_open and run.waiting_until is not None and run.waiting_until > now
    return RunView(
        run=run,
        title=title_of(run),
        status=label,
        tone=tone,
        bars=_bars(run, now),
        limiter="" if not run.is_open or waits else _limiter(run, provider),
        waits=waits,
        time_left=_time_left(run, now) if run.is_open and not waits else "",
        errors=[ErrorRow(group, ADVICE[group.remedy]) for group in groups],
    )


def _bars(run: SyncRun, now: datetime) -> list[Bar]:
    bars = []
    if run.kind != RunKind.REANALYZE:
        bars.append(_fetch_bar(run, now))
    if run.to_analyse:
        done = min(run.analyzed, run.to_analyse)
        figures = _("%(done)s of %(all)s") % {"done": f"{done:,}", "all": f"{run.to_analyse:,}"}
        pace = _pace(done, run.started_at or run.fetched_at, run.finished_at or now)
        bars.append(Bar(_("Read by the AI"), done, run.to_analyse, f"{figures}{_told(pace)}"))
    return bars


def _fetch_bar(run: SyncRun, now: datetime) -> Bar:
    ended = run.fetched_at is not None
    goal = max(run.expected or run.fetched, run.fetched, 1)
    figures = f"{run.fetched:,}"
    if run.expected:
        figures = _("%(done)s of %(all)s") % {"done": figures, "all": f"{run.expected:,}"}
    pace = _pace(run.fetched, run.started_at, run.fetched_at or now)
    value = goal if ended else run.fetched if run.expected else None
    return Bar(_("Conversations fetched"), value, goal, f"{figures}{_told(pace)}")


def _pace(done: int, since: datetime | None, until: datetime) -> float | None:
    """Things a second, once enough are done to tell."""
    if since is None or done < SETTLED:
        return None
    seconds = (until - since).total_seconds()
    return done / seconds if seconds > 0 else None


def _told(pace: float | None) -> str:
    if pace is None:
        return ""
    if pace >= 1:
        return " · " + _("%(n)s a second") % {"n": f"{pace:,.0f}"}
    return " · " + _("%(n)s a minute") % {"n": f"{pace * 60:,.0f}"}


def _time_left(run: SyncRun, now: datetime) -> str:
    if run.fetched_at is None:
        done, goal = run.fetched, run.expected
    else:
        done, goal = run.analyzed, run.to_analyse
    pace = _pace(done, run.started_at, now)
    if pace is None or not goal:
        return _("not known yet")
    return duration_words(max(0, goal - done) / pace)


def duration_words(seconds: float) -> str:
    """A length of time, roughly: "40 seconds", "3 minutes", "2 hours"."""
    if seconds < 60:
        number = max(1, round(seconds))
        return ngettext("%(n)s second", "%(n)s seconds", number) % {"n": number}
    if seconds < 5400:
        number = round(seconds / 60)
        return ngettext("%(n)s minute", "%(n)s minutes", number) % {"n": number}
    number = round(seconds / 3600)
    return ngettext("%(n)s hour", "%(n)s hours", number) % {"n": number}


def _limiter(run: SyncRun, provider: str) -> str:
    """What the pace depends on just now."""
    if run.status == RunStatus.QUEUED:
        return _("Waiting for a worker to take it up")
    if run.phase == RunPhase.FETCHING and run.kind == RunKind.SYNC:
        used = run.page.usage_percent if run.page else 0
        if used >= HALVED_AT_PERCENT:
            return _("Meta: %(n)s%% of its allowance is used, so the pace is halved") % {"n": used}
        return _("Meta: 2 calls a second for each Page")
    if run.phase == RunPhase.FETCHING and run.kind == RunKind.IMPORT:
        return _("Reading the archive on this computer")
    if provider == "local":
        return _("The local analyser: this computer's processor")
    return _("The AI's answers and the quota of its keys")
