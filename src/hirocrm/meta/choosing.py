"""Connecting the Pages that a person chose from a login: a few at once, hundreds by a worker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from hirocrm.core import jobs
from hirocrm.core.errors import Conflict
from hirocrm.meta import health, logins, queries, renewal, services
from hirocrm.meta.errors import LoginFailed
from hirocrm.meta.models import ChoiceOutcome, Flavour, FoundPage, Login, Page
from hirocrm.meta.services import PageAccess
from hirocrm.organizations.models import Member

PORTION = 20  # Pages connected while a person waits: about a second
REFUSALS_SHOWN = 100
STOP_AFTER = timedelta(minutes=1)  # a request that took longer was stopped
NO_TOKEN = "Facebook gave no token for it: your role on the Page is too small."  # noqa: S105  # a sentence


@dataclass(kw_only=True)
class Choice:
    """What became of the chosen Pages. `refused` is a sentence by the Page's name; `left` go on by a worker."""

    connected: list[Page] = field(default_factory=list)
    reconnected: list[Page] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    left: int = 0


def connect_chosen(
    *,
    member: Member,
    login_id: UUID,
    remote_ids: Sequence[str] = (),
    all_matching: str | None = None,
    now: datetime,
) -> Choice:
    """Connect the chosen Pages, each for itself, and forget the login's tokens.

    With `all_matching` (a search, "" for no narrowing) also all that it finds and that can be connected. The
    first `PORTION` are connected at once; a worker goes on with the others, however many they are.

    Raises:
        LoginNotFound: it is finished or expired.
        LoginFailed: none of the Pages is the login's.
    """
    login = logins.get_login(member=member, login_id=login_id, now=now)
    _note_choice(login, remote_ids, all_matching, now)
    choice = connect_portion(login, now=now)
    if choice.left:
        _defer(login)
    elif choice.connected or choice.reconnected:
        login.delete()
    else:  # another choice may work
        Login.objects.filter(pk=login.pk).update(chosen_at=None)
        login.found_pages.update(outcome="", refusal="")
    return choice


@transaction.atomic
def _note_choice(
    login: Login, remote_ids: Sequence[str], all_matching: str | None, now: datetime
) -> None:
    """Write down what was chosen, once: a second answer finds the login finished."""
    open_logins = Login.objects.filter(pk=login.pk, chosen_at=None)
    wanted = Q(remote_id__in=remote_ids)
    if all_matching is not None:
        free = logins.list_connectable(login=login, search=all_matching)
        wanted |= Q(pk__in=free.order_by().values("pk"))
    chosen = login.found_pages.filter(wanted).update(outcome=ChoiceOutcome.CHOSEN)
    if not chosen:
        raise LoginFailed("Choose at least one Page.", field="page")
    if not open_logins.update(chosen_at=now, expires_at=now + logins.CHOOSING_LIFE):
        raise LoginFailed("The Pages of this login were chosen already.", field="page")
    _defer(login, at=now + STOP_AFTER)


def _defer(login: Login, *, at: datetime | None = None) -> None:
    """Have a worker go on; `at` a time, it finds something to do only if the request was stopped."""
    jobs.defer(
        "meta.connect_chosen",
        queue=health.CHECK_QUEUE,
        schedule_at=at,
        login_id=str(login.pk),
    )


def connect_portion(login: Login, *, now: datetime, limit: int = PORTION) -> Choice:
    """Connect up to `limit` of the Pages that wait; each is settled by itself, so that a stop loses none."""
    choice = Choice()
    for _ in range(limit):
        if not _connect_next(login, choice, now):
            break
    choice.left = login.found_pages.filter(outcome=ChoiceOutcome.CHOSEN).count()
    if not choice.left:
        _forget_tokens(login)
    return choice


def _forget_tokens(login: Login) -> None:
    """Forget what nobody chose or nobody could connect; where all was refused, another choice may come."""
    settled = (ChoiceOutcome.CONNECTED, ChoiceOutcome.RECONNECTED)
    if login.found_pages.filter(outcome__in=settled).exists():
        login.found_pages.filter(outcome="").delete()
        login.found_pages.filter(outcome=ChoiceOutcome.REFUSED).update(access_token="")


@transaction.atomic
def _connect_next(login: Login, choice: Choice, now: datetime) -> bool:
    waiting = login.found_pages.filter(outcome=ChoiceOutcome.CHOSEN).order_by("name", "id")
    found = waiting.select_for_update(skip_locked=True).first()
    if found is None:
        return False
    try:
        page, is_new = _connect(login, found, now)
    except Conflict as refusal:
        found.outcome, found.refusal = ChoiceOutcome.REFUSED, refusal.sentence
        choice.refused.append((found.name, refusal.sentence))
    else:
        found.outcome = ChoiceOutcome.CONNECTED if is_new else ChoiceOutcome.RECONNECTED
        found.access_token = ""
        (choice.connected if is_new else choice.reconnected).append(page)
    found.save(update_fields=["outcome", "refusal", "access_token"])
    return True


def _connect(login: Login, found: FoundPage, now: datetime) -> tuple[Page, bool]:
    if not found.access_token:
        raise Conflict(NO_TOKEN)
    return services.connect_page(
        member=login.member, access=_access(login, found, now), verify=False, now=now
    )


def _access(login: Login, found: FoundPage, now: datetime) -> PageAccess:
    is_instagram = login.flavour == Flavour.INSTAGRAM
    return PageAccess(
        remote_id=found.remote_id,
        name=found.name,
        access_token=found.access_token,
        instagram_account_id=found.instagram_account_id or None,
        instagram_username=found.instagram_username,
        flavour=Flavour(login.flavour),
        tasks=tuple(found.tasks),
        granted_scopes=tuple(found.granted_scopes),
        connected_user_id=login.remote_user_id,
        connected_user_name=login.remote_user_name,
        token_issued_at=login.answered_at or now,
        token_expires_at=now + renewal.LIFE if is_instagram else None,
    )


# --- how far it is --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far connecting the chosen Pages is; `fresh` of them never had a sync."""

    chosen: int
    done: int
    refused: int
    refusals: Sequence[FoundPage]
    fresh: int

    @property
    def is_over(self) -> bool:
        """Whether nothing waits any more."""
        return self.done == self.chosen


def find_progress(*, member: Member, login: Login) -> Progress:
    """How far the worker is with what was chosen from the login."""
    chosen = login.found_pages.exclude(outcome="").defer("access_token")
    refused = chosen.filter(outcome=ChoiceOutcome.REFUSED)
    count = chosen.count()
    return Progress(
        chosen=count,
        done=count - chosen.filter(outcome=ChoiceOutcome.CHOSEN).count(),
        refused=refused.count(),
        refusals=list(refused.order_by("name", "id")[:REFUSALS_SHOWN]),
        fresh=list_fresh(member=member, login=login).count(),
    )


def list_fresh(*, member: Member, login: Login) -> QuerySet[Page]:
    """The Pages that were connected from the login and never had a sync."""
    settled = (ChoiceOutcome.CONNECTED, ChoiceOutcome.RECONNECTED)
    ids = login.found_pages.filter(outcome__in=settled).values("remote_id")
    rows = queries.list_pages(member=member).filter(remote_id__in=ids, last_synced_at=None)
    return rows.exclude(access_token="").order_by("name", "id")
