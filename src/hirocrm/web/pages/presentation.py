"""A Page as its card shows it: its state, what to do about it, and what will need doing soon."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.contacts.queries.coverage import Coverage
from hirocrm.meta import health, login_dialog, requirements
from hirocrm.meta.models import ConnectionState, Flavour, Page
from hirocrm.meta.overview import SOON
from hirocrm.sync.models import SyncRun
from hirocrm.web.enforcement import Enforcement, enforcement_of
from hirocrm.web.pages.forms import SCHEDULES


@dataclass(frozen=True, slots=True)
class Standing:
    """A connection's state in words: a pill, a sentence that says what to do, and its tone."""

    label: str | Promise
    tone: str
    sentence: str | Promise
    until: datetime | None = None  # of a pause


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that works today and won't by `at`, or that is missing quietly."""

    text: str | Promise
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PageCard:
    """A Page with its state, its coverage and the run that is under way."""

    page: Page
    standing: Standing
    notices: Sequence[Notice]
    schedule: str | Promise
    coverage: Coverage
    open_run: SyncRun | None

    @property
    def can_sync(self) -> bool:
        """Whether there is a token to sync with."""
        return bool(self.page.access_token and self.page.remote_id)

    @property
    def has_tasks(self) -> bool:
        """Whether what a person may do on the Page matters: an Instagram account has no tasks."""
        return self.can_sync and self.page.flavour == Flavour.PAGE

    @property
    def lacks_tasks(self) -> bool:
        """Whether the person who connected the Page may do too little on it."""
        has_instagram = bool(self.page.instagram_account_id)
        return bool(requirements.missing_tasks(self.page.tasks, has_instagram=has_instagram))

    @property
    def is_in_need(self) -> bool:
        """Whether somebody has to connect it anew."""
        return self.page.state in health.IN_NEED

    @property
    def is_dead(self) -> bool:
        """Whether Meta takes its token no more."""
        return self.page.state in health.DEAD_STATES


@dataclass(frozen=True, slots=True)
class Door:
    """The way to one of Meta's dialogs, or the settings that it still needs."""

    label: str | Promise
    url: str
    redirect_uri: str
    missing: Sequence[str]


def doors() -> dict[str, Door]:
    """Both ways of logging in."""
    return {
        "facebook": _door(Flavour.PAGE, _("Connect with Facebook"), "connect-facebook"),
        "instagram": _door(Flavour.INSTAGRAM, _("Connect with Instagram"), "connect-instagram"),
    }


def _door(flavour: Flavour, label: str | Promise, url_name: str) -> Door:
    return Door(
        label=label,
        url=reverse(url_name),
        redirect_uri=login_dialog.redirect_uri(flavour),
        missing=login_dialog.missing_settings(flavour),
    )


STANDINGS: dict[str, Standing] = {
    ConnectionState.HEALTHY: Standing(_("Connected"), "good", ""),
    ConnectionState.LIMITED: Standing(
        _("Limited"),
        "warn",
        _("Meta asked for a pause. The sync goes on by itself; there is nothing to do."),
    ),
    ConnectionState.NEEDS_PERMISSION: Standing(
        _("Permission missing"),
        "bad",
        _("Reconnect the Page and grant every permission that is asked for."),
    ),
    ConnectionState.NEEDS_RECONNECT: Standing(
        _("Needs reconnecting"),
        "bad",
        _("Facebook no longer accepts the token. Reconnect with a new one; nothing is lost."),
    ),
    ConnectionState.REMOVED: Standing(
        _("Removed at Meta"),
        "bad",
        _("The app was removed from this Page at Meta. Connect it again; nothing is lost."),
    ),
    ConnectionState.IMPORTED: Standing(
        _("Imported"),
        "info",
        _("These conversations come from an export archive. Connect the Page to get new ones."),
    ),
}
NEVER_SYNCED = _("Connected and ready. Press “Sync now” to bring in its conversations.")


NO_EVENTS = _(
    "New messages don't arrive by themselves: Facebook delivers none to this app. They come with the next sync."
)


def standing_of(page: Page, *, now: datetime) -> Standing:
    """How the Page stands now: a pause that is over is no longer one."""
    state = health.state_at(page, now)
    standing = STANDINGS[state]
    held = enforcement_of(page)
    if held is not None and state == ConnectionState.HEALTHY:
        return Standing(held.label, held.tone, _with_reason(held))
    if state == ConnectionState.LIMITED:
        sentence = page.state_reason or standing.sentence
        return replace(standing, sentence=sentence, until=page.limited_until)
    if state == ConnectionState.HEALTHY and page.last_synced_at is None:
        return replace(standing, sentence=NEVER_SYNCED)
    if standing.tone == "bad" and page.state_reason:
        return replace(standing, sentence=page.state_reason)
    return standing


def _with_reason(held: Enforcement) -> str:
    words = _("Meta's words:")
    return f"{held.sentence} {words} “{held.reason}”" if held.reason else str(held.sentence)


def notices_of(page: Page, *, now: datetime) -> list[Notice]:
    """What will need doing soon, or is missing quietly, while the connection works."""
    if page.state not in {ConnectionState.HEALTHY, ConnectionState.LIMITED}:
        return []
    notices = []
    held = enforcement_of(page)
    if held is not None and health.state_at(page, now) != ConnectionState.HEALTHY:
        notices.append(Notice(_with_reason(held)))
    ends = page.token_expires_at
    if ends is not None and ends - now < SOON:  # Instagram's should have been renewed by then
        notices.append(Notice(_("The token ends soon: reconnect the Page before"), ends))
    access_ends = page.data_access_expires_at
    if access_ends is not None and access_ends - now < SOON:
        notices.append(
            Notice(_("Meta wants you to log in again: reconnect the Page before"), access_ends)
        )
    problem = getattr(page, "webhook_health", None) and page.webhook_health.subscribe_problem
    if (page.checked_at is not None or problem) and _delivers_nothing(page):
        notices.append(Notice(f"{NO_EVENTS} {problem}" if problem else NO_EVENTS))
    return notices


def _delivers_nothing(page: Page) -> bool:
    """Whether our own app could be delivered events, and isn't."""
    return (
        login_dialog.is_configured(Flavour(page.flavour))
        and "messages" not in page.subscribed_fields
    )


def card_of(
    page: Page, *, coverage: Coverage | None, open_run: SyncRun | None, now: datetime
) -> PageCard:
    """Put a card together."""
    return PageCard(
        page=page,
        standing=standing_of(page, now=now),
        notices=notices_of(page, now=now),
        schedule=dict(SCHEDULES)[page.sync_schedule],
        coverage=coverage or Coverage(),
        open_run=open_run,
    )
