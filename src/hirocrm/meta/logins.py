"""Connecting with Facebook or Instagram: the trip to Meta's dialog, what it gave, and choosing from it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from hirocrm.core.encryption import keyed_hash, keyed_hashes
from hirocrm.core.errors import (
    HiroError,
    UpstreamError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamUnauthorized,
)
from hirocrm.core.text import clean, shorten
from hirocrm.meta import connections, login_dialog, requirements
from hirocrm.meta.errors import (
    LoginDeclined,
    LoginFailed,
    LoginNotConfigured,
    LoginNotFound,
    LoginStale,
)
from hirocrm.meta.graph.errors import GraphRejected
from hirocrm.meta.graph.shapes import PageAccount, TokenInfo
from hirocrm.meta.login_dialog import DialogAnswer
from hirocrm.meta.models import ConnectionState, Flavour, FoundPage, Login, Page
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

log = structlog.get_logger(__name__)

DIALOG_LIFE = timedelta(minutes=10)  # how long a person may take at Meta's
CHOOSING_LIFE = timedelta(hours=1)  # how long the Pages' tokens wait to be chosen
STATE_BYTES = 32
_PLACES = {Flavour.PAGE: "Facebook", Flavour.INSTAGRAM: "Instagram"}  # where one logs in


@transaction.atomic
def start_login(
    *,
    member: Member,
    session_key: str,
    flavour: Flavour = Flavour.PAGE,
    ask_again: bool = False,
    now: datetime,
) -> str:
    """Begin a login; returns the address of Meta's dialog.

    Raises:
        LoginNotConfigured: there is no Meta app; the sentence names what to set.
    """
    permissions.require(member, Right.CONFIGURE)
    missing = login_dialog.missing_settings(flavour)
    if missing:
        raise LoginNotConfigured(f"Set {' and '.join(missing)} to those of your Meta app first.")
    state = secrets.token_urlsafe(STATE_BYTES)
    Login.objects.create(
        organization_id=member.organization_id,
        member=member,
        flavour=flavour,
        state_hash=keyed_hash(state),
        session_hash=keyed_hash(session_key),
        created_at=now,
        expires_at=now + DIALOG_LIFE,
    )
    return login_dialog.dialog_url(flavour, state=state, ask_again=ask_again)


def finish_login(
    *, member: Member, session_key: str, flavour: Flavour, answer: DialogAnswer, now: datetime
) -> Login:
    """Take Meta's answer: check whose it is, exchange its code, and keep the Pages it opens.

    Raises:
        LoginDeclined: the person didn't continue.
        LoginFailed: Meta gave an error, or doesn't take the code.
        LoginStale: this state wasn't given to this browser, was used, or is too old.
        UpstreamError: Meta can't be asked just now.
    """
    permissions.require(member, Right.CONFIGURE)
    login = _take_answer(
        member=member, session_key=session_key, flavour=flavour, state=answer.state, now=now
    )
    if answer.error:
        raise _refusal_of(flavour, answer)
    try:
        found = async_to_sync(_fetch)(flavour, login_dialog.clean_code(answer.code))
    except GraphRejected as refusal:  # a code that was used, or made for another address
        raise LoginFailed(
            f"{_PLACES[flavour]} doesn't take this login: {refusal.sentence} Start again."
        ) from refusal
    return _keep(login, found, now=now)


def why_not(flavour: Flavour, refusal: UpstreamError) -> str:
    """What a refusal means for a login. Errors speak of Pages, which HiroCRM asks for again by itself; a login ends."""
    place = _PLACES[flavour]
    if isinstance(refusal, UpstreamRateLimited):
        return f"{place} answers this app no more calls for a while. Start again in some minutes."
    if isinstance(refusal, UpstreamUnauthorized):
        return f"{place} ended this login before HiroCRM could read what it opens. Start again."
    if isinstance(refusal, UpstreamForbidden):
        return f"{place} doesn't let this login see what it opens. Start again and leave every box ticked."
    return f"{place} couldn't be asked just now, or its answer couldn't be read. Start again in a moment."


def _refusal_of(flavour: Flavour, answer: DialogAnswer) -> HiroError:
    place = _PLACES[flavour]
    if answer.error == "access_denied" or answer.reason == "user_denied":
        return LoginDeclined(f"You didn't continue at {place}.")
    return LoginFailed(
        f"{place} ended the login with an error ({shorten(clean(answer.error), 60)})."
    )


@transaction.atomic
def _take_answer(
    *, member: Member, session_key: str, flavour: Flavour, state: str, now: datetime
) -> Login:
    """The login that this state began, used up by this call."""
    login = (
        Login.objects.select_for_update()
        .filter(
            organization_id=member.organization_id,
            member=member,
            flavour=flavour,
            state_hash__in=keyed_hashes(state),
            session_hash__in=keyed_hashes(session_key),
        )
        .first()
    )
    if login is None:
        raise LoginStale(
            "This answer doesn't belong to a login that was started in this browser. Start again, from the address in HIROCRM_BASE_URL."
        )
    if login.answered_at is not None:
        raise LoginStale("This login was finished already. Start again to connect more Pages.")
    if login.expires_at <= now:
        raise LoginStale("This login took too long. Start again.")
    login.answered_at = now
    login.save(update_fields=["answered_at"])
    return login


# --- asking Meta ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a login opened. The person's own token isn't kept."""

    user_id: str = ""
    user_name: str = ""
    scopes: Sequence[str] = ()
    pages: Sequence[FoundPage] = field(default_factory=list)


async def _fetch(flavour: Flavour, code: str) -> _Found:
    if flavour is Flavour.INSTAGRAM:
        return await _fetch_instagram(code)
    return await _fetch_pages(code)


async def _fetch_pages(code: str) -> _Found:
    app_id, app_secret = settings.FACEBOOK_APP_ID, settings.FACEBOOK_APP_SECRET
    async with connections.graph_client(None) as graph:
        short = await graph.exchange_code(
            code,
            app_id=app_id,
            app_secret=app_secret,
            redirect_uri=login_dialog.redirect_uri(Flavour.PAGE),
        )
        # Pages' tokens last only when they are asked for with a long-lived one.
        long = await graph.exchange_long_lived(
            short.access_token, app_id=app_id, app_secret=app_secret
        )
        info = await graph.debug_token(long.access_token, app_id=app_id, app_secret=app_secret)
    async with connections.graph_client(long.access_token) as graph:
        user = await graph.get_user()
        accounts = await graph.get_accounts()
    return _Found(
        user_id=user.id,
        user_name=user.name or "",
        scopes=info.scopes,
        pages=[_found_page(account, info) for account in accounts],
    )


def _found_page(account: PageAccount, info: TokenInfo) -> FoundPage:
    instagram = account.instagram_business_account
    assets = [account.id, *([instagram.id] if instagram else [])]
    return FoundPage(
        remote_id=account.id,
        name=shorten(account.name or account.id, 255),
        category=shorten(account.category or "", 255),
        instagram_account_id=instagram.id if instagram else "",
        instagram_username=((instagram.username if instagram else "") or "")[:64],
        access_token=account.access_token or "",
        tasks=[task[:40] for task in account.tasks],
        granted_scopes=requirements.scopes_for(info, asset_ids=assets),
    )


async def _fetch_instagram(code: str) -> _Found:
    app_id, app_secret = settings.INSTAGRAM_APP_ID, settings.INSTAGRAM_APP_SECRET
    async with connections.instagram_token_client() as graph:
        grant = await graph.exchange_instagram_code(
            code,
            app_id=app_id,
            app_secret=app_secret,
            redirect_uri=login_dialog.redirect_uri(Flavour.INSTAGRAM),
        )
    async with connections.graph_client(None, flavour=Flavour.INSTAGRAM) as graph:
        long = await graph.exchange_instagram_long_lived(grant.access_token, app_secret=app_secret)
    async with connections.graph_client(long.access_token, flavour=Flavour.INSTAGRAM) as graph:
        user = await graph.get_instagram_user()
    page = FoundPage(
        remote_id=user.user_id,
        name=shorten(user.name or user.username or user.user_id, 255),
        instagram_account_id=user.user_id,
        instagram_username=(user.username or "")[:64],
        access_token=long.access_token,
        granted_scopes=list(grant.permissions),
    )
    return _Found(
        user_id=user.id or grant.user_id or user.user_id,
        user_name=user.username or "",
        scopes=grant.permissions,
        pages=[page],
    )


@transaction.atomic
def _keep(login: Login, found: _Found, *, now: datetime) -> Login:
    login.remote_user_id = found.user_id[:64]
    login.remote_user_name = shorten(clean(found.user_name), 255)
    login.granted_scopes = [scope[:100] for scope in found.scopes]
    login.page_count = len(found.pages)
    login.expires_at = now + CHOOSING_LIFE
    login.save()
    for page in found.pages:
        page.login, page.organization_id = login, login.organization_id
    FoundPage.objects.bulk_create(found.pages, batch_size=200)
    log.info("login.answered", organization_id=str(login.organization_id), pages=len(found.pages))
    return login


# --- choosing -------------------------------------------------------------------------------------


def get_login(*, member: Member, login_id: UUID, now: datetime) -> Login:
    """A login of the member's own that still has Pages to choose from.

    Raises:
        LoginNotFound: somebody else's, finished, or expired.
    """
    permissions.require(member, Right.CONFIGURE)
    login = Login.objects.filter(
        pk=login_id,
        organization_id=member.organization_id,
        member=member,
        answered_at__isnull=False,
        expires_at__gt=now,
    ).first()
    if login is None:
        raise LoginNotFound("This login is finished or too old. Start again to choose Pages.")
    return login


def list_found_pages(*, login: Login, search: str = "") -> QuerySet[FoundPage]:
    """The Pages that the login opened, those that can be connected first, by name; of their tokens only `has_token` is read."""
    rows = FoundPage.objects.filter(organization_id=login.organization_id, login=login)
    wanted = clean(search).strip()
    if wanted:
        rows = rows.filter(
            Q(name__icontains=wanted)
            | Q(instagram_username__icontains=wanted.removeprefix("@"))
            | Q(remote_id=wanted)
        )
    rows = rows.annotate(
        has_token=Case(When(access_token="", then=Value(False)), default=Value(True)),  # noqa: FBT003
        has_obstacle=Case(When(_obstacles(login), then=Value(True)), default=Value(False)),  # noqa: FBT003
    )
    return rows.defer("access_token").order_by("has_obstacle", "name", "id")


def _obstacles(login: Login) -> Q:
    """The condition that a found Page can't be connected, as `Holders` tells it."""
    held = Page.objects.exclude(state=ConnectionState.FORGOTTEN)
    of_others = held.filter(remote_id=OuterRef("remote_id")).exclude(
        organization_id=login.organization_id
    )
    by_another_page = held.filter(instagram_account_id=OuterRef("instagram_account_id")).exclude(
        remote_id=OuterRef("remote_id")
    )
    return Q(access_token="") | Q(Exists(of_others)) | Q(Exists(by_another_page))


def list_connectable(*, login: Login, search: str = "") -> QuerySet[FoundPage]:
    """Those of the Pages that can be connected, and aren't already and well."""
    well = Page.objects.filter(
        organization_id=login.organization_id,
        remote_id=OuterRef("remote_id"),
        state__in=(ConnectionState.HEALTHY, ConnectionState.LIMITED),
    )
    rows = list_found_pages(login=login, search=search)
    return rows.exclude(_obstacles(login)).exclude(Exists(well))


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has these Pages already: this organization (by its Page's state), or another one.

    `accounts` are the Instagram accounts that are connected through another Page, or by themselves.
    """

    ours: dict[str, str]
    others: frozenset[str]
    accounts: frozenset[str] = frozenset()


def find_holders(*, member: Member, found: Sequence[FoundPage]) -> Holders:
    """Which of the Pages are connected on this install. Of another organization only that it has one is told."""
    permissions.require(member, Right.CONFIGURE)
    owner_of = {page.instagram_account_id: page.remote_id for page in found}
    rows = (
        Page.objects.filter(
            Q(remote_id__in=[page.remote_id for page in found])
            | Q(instagram_account_id__in=[account for account in owner_of if account])
        )
        .exclude(state=ConnectionState.FORGOTTEN)
        .values_list("remote_id", "instagram_account_id", "organization_id", "state")
    )
    ours: dict[str, str] = {}
    others: set[str] = set()
    accounts: set[str] = set()
    for remote_id, account, organization_id, state in rows:
        if account and owner_of.get(account) not in {None, remote_id}:
            accounts.add(account)
        elif organization_id == member.organization_id:
            ours[str(remote_id)] = state
        else:
            others.add(str(remote_id))
    return Holders(ours, frozenset(others), frozenset(accounts))


def forget_expired(*, now: datetime) -> int:
    """Erase logins whose time is over, with the tokens they hold; returns how many."""
    erased, _ = Login.objects.filter(expires_at__lte=now).delete()
    return erased
