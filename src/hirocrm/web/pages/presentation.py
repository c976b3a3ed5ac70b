"""A Page as its card shows it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.contacts.queries.coverage import Coverage
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.sync.models import SyncRun
from hirocrm.web.pages.forms import SCHEDULES


@dataclass(frozen=True, slots=True)
class Standing:
    """A connection's state in words: a pill, a sentence that says what to do, and its tone."""

    label: str | Promise
    tone: str
    sentence: str | Promise


@dataclass(frozen=True, slots=True)
class PageCard:
    """A Page with its state, its coverage and the run that is under way."""

    page: Page
    standing: Standing
    schedule: str | Promise
    coverage: Coverage
    open_run: SyncRun | None

    @property
    def can_sync(self) -> bool:
        """Whether there is a token to sync with."""
        return bool(self.page.access_token and self.page.remote_id)


STANDINGS: dict[str, Standing] = {
    ConnectionState.HEALTHY: Standing(_("Connected"), "good", ""),
    ConnectionState.LIMITED: Standing(
        _("Waiting for Meta"),
        "warn",
        _("Meta asked for a pause. The sync goes on by itself; there is nothing to do."),
    ),
    ConnectionState.NEEDS_PERMISSION: Standing(
        _("Permission missing"),
        "bad",
        _("Make a new token with every permission that is asked for, then reconnect the Page."),
    ),
    ConnectionState.NEEDS_RECONNECT: Standing(
        _("Needs reconnecting"),
        "bad",
        _("Facebook no longer accepts the token. Reconnect with a new one; nothing is lost."),
    ),
    ConnectionState.IMPORTED: Standing(
        _("Imported"),
        "info",
        _("These conversations come from an export archive. Connect the Page to get new ones."),
    ),
}
NEVER_SYNCED = _("Connected and ready. Press “Sync now” to bring in its conversations.")


def standing_of(page: Page, *, now: datetime) -> Standing:
    """How the Page stands now: a pause that is over is no longer one."""
    state = page.state
    if state == ConnectionState.LIMITED and page.limited_until and page.limited_until <= now:
        state = ConnectionState.HEALTHY
    standing = STANDINGS[state]
    if state == ConnectionState.HEALTHY and page.last_synced_at is None:
        return Standing(standing.label, standing.tone, NEVER_SYNCED)
    return standing


def card_of(
    page: Page, *, coverage: Coverage | None, open_run: SyncRun | None, now: datetime
) -> PageCard:
    """Put a card together."""
    return PageCard(
        page=page,
        standing=standing_of(page, now=now),
        schedule=dict(SCHEDULES)[page.sync_schedule],
        coverage=coverage or Coverage(),
        open_run=open_run,
    )
