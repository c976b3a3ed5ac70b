"""Writes: connecting a Page by its token, its settings, its removal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction

from hirocrm.core import events, jobs
from hirocrm.core.errors import (
    UpstreamForbidden,
    UpstreamRejected,
    UpstreamUnauthorized,
)
from hirocrm.meta import connections, health, queries
from hirocrm.meta.errors import (
    InstagramTaken,
    PageSettingInvalid,
    PageTaken,
    PageTokenRefused,
)
from hirocrm.meta.graph.shapes import InstagramUser
from hirocrm.meta.graph.shapes import Page as GraphPage
from hirocrm.meta.models import AutoPipelineMode, ConnectionState, Flavour, Page, SyncSchedule
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit

PAGE_FIELDS = frozenset(
    {
        "name",
        "auto_pipeline_id",
        "auto_pipeline_mode",
        "auto_pipeline_confidence_min",
        "sync_schedule",
        "keep_manual_moves_days",
    }
)
MAX_KEEP_DAYS = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAccess:
    """What connects a Page: its ids and names at Meta, and the Page's own token."""

    remote_id: str
    name: str
    access_token: str
    instagram_account_id: str | None = None
    instagram_username: str = ""
    flavour: Flavour = Flavour.PAGE
    tasks: tuple[str, ...] = ()
    granted_scopes: tuple[str, ...] = ()
    connected_user_id: str = ""
    connected_user_name: str = ""
    token_issued_at: datetime | None = None
    token_expires_at: datetime | None = None


def connect_page(
    *,
    member: Member,
    access: PageAccess,
    verify: bool = True,
    look: bool = True,
    now: datetime,
) -> tuple[Page, bool]:
    """Connect a Page by its token, or reconnect one that this organization has; returns it and whether it is new.

    A reconnect replaces the token and clears what was wrong; settings, contacts and history stay. `verify`
    asks Facebook first, `look` has a worker look at the connection afterwards. Its events are subscribed either way.

    Raises:
        InstagramTaken: the Instagram account belongs to another Page.
        PageTaken: another organization holds the Page.
        PageTokenRefused: Facebook doesn't take the token, or it is another Page's.
        UpstreamError: Facebook can't be asked just now.
    """
    permissions.require(member, Right.CONFIGURE)
    _require_whole(access.access_token)
    if verify:
        access = check_access(access)
    return _save_connection(member=member, access=access, look=look, now=now)


def _require_whole(access_token: str) -> None:
    if connections.is_whole(access_token):
        return
    raise PageTokenRefused(
        "A token is one word of plain letters and digits. This one has other characters in it, such as the “…” of a shortened copy: copy the whole token again.",
        field="pageAccessToken",
    )


def check_access(access: PageAccess) -> PageAccess:
    """Ask the Graph API whether the token is this Page's; the answer fills in what wasn't given.

    Raises:
        PageTokenRefused: it isn't, or Facebook doesn't take it.
        UpstreamError: Facebook can't be asked just now.
    """
    if access.flavour is Flavour.INSTAGRAM:
        return _check_instagram(access)
    try:
        found = async_to_sync(_ask_page)(access.access_token)
    except (UpstreamUnauthorized, UpstreamForbidden, UpstreamRejected) as exc:
        raise PageTokenRefused(
            f"Facebook doesn't take this token: {exc.sentence}", field="pageAccessToken"
        ) from exc
    if found.id != access.remote_id:
        raise PageTokenRefused(
            f"This token belongs to the Page {found.id}, not to {access.remote_id}.",
            field="pageAccessToken",
        )
    instagram = found.instagram_business_account
    return replace(
        access,
        name=access.name or found.name or access.remote_id,
        instagram_account_id=access.instagram_account_id or (instagram.id if instagram else None),
        instagram_username=access.instagram_username
        or (instagram.username if instagram else None)
        or "",
    )


def _check_instagram(access: PageAccess) -> PageAccess:
    """The same for a token of Instagram Login, which itself tells whose it is."""
    try:
        found = async_to_sync(_ask_instagram)(access.access_token)
    except (UpstreamUnauthorized, UpstreamForbidden, UpstreamRejected) as exc:
        raise PageTokenRefused(
            f"Instagram doesn't take this token: {exc.sentence}", field="pageAccessToken"
        ) from exc
    if access.remote_id not in {"", found.user_id}:
        raise PageTokenRefused(
            f"This token belongs to the account {found.user_id}, not to {access.remote_id}.",
            field="pageAccessToken",
        )
    return replace(
        access,
        remote_id=found.user_id,
        name=access.name or found.name or found.username or found.user_id,
        instagram_account_id=found.user_id,
        instagram_username=found.username or "",
        connected_user_id=found.id or "",
    )


async def _ask_instagram(access_token: str) -> InstagramUser:
    async with connections.graph_client(access_token, flavour=Flavour.INSTAGRAM) as graph:
        return await graph.get_instagram_user()


async def _ask_page(access_token: str) -> GraphPage:
    async with connections.graph_client(access_token) as graph:
        return await graph.get_page()


@transaction.atomic
def _save_connection(
    *, member: Member, access: PageAccess, look: bool, now: datetime
) -> tuple[Page, bool]:
    page = Page.objects.select_for_update().filter(remote_id=access.remote_id).first()
    if page is not None and page.organization_id != member.organization_id:
        _give_up(page)
        page = None
    is_new = page is None
    if page is None:
        page = Page(organization_id=member.organization_id, remote_id=access.remote_id)
    page.name = access.name or page.name
    page.flavour = access.flavour
    page.instagram_account_id = access.instagram_account_id or page.instagram_account_id
    page.instagram_username = access.instagram_username or page.instagram_username
    _free_account(page)
    _take_token(page, access, now)
    _save(page)
    if look:
        health.ask_for_check(page)
    else:
        health.ask_for_events(page)
    if not is_new:  # webhooks may have been missed meanwhile
        jobs.defer("webhooks.repair_page", queue="webhooks", page_id=str(page.pk))
    record_audit(
        member=member,
        action="page.connected" if is_new else "page.reconnected",
        subject=page.name,
        details={"pageId": access.remote_id},
    )
    _tell(page)
    return queries.get_page(member=member, reference=page.id), is_new


def _take_token(page: Page, access: PageAccess, now: datetime) -> None:
    """Put the new token in, with what is known of it; nothing known of the old one is true of it."""
    page.access_token = access.access_token
    page.state = ConnectionState.HEALTHY
    page.state_reason = ""
    page.limited_until = page.checked_at = None
    page.connected_at = now
    page.connected_user_id = access.connected_user_id
    page.connected_user_name = access.connected_user_name
    page.token_issued_at = access.token_issued_at
    page.token_expires_at = access.token_expires_at
    page.data_access_expires_at = None
    page.granted_scopes = list(access.granted_scopes)
    page.tasks = list(access.tasks)
    page.tasks_read_at = now if access.tasks else None
    page.subscribed_fields = []


def _give_up(page: Page) -> None:
    """Let go of Meta's ids of a Page that its organization removed; its contacts stay where they are."""
    if page.state != ConnectionState.FORGOTTEN:
        raise PageTaken("This Page is connected to another organization of this HiroCRM.")
    page.remote_id = page.instagram_account_id = None
    page.save(update_fields=["remote_id", "instagram_account_id", "updated_at"])


def _free_account(page: Page) -> None:
    """Take the Instagram account from a Page that was removed here, whosever it was; what it brought stays there."""
    if page.instagram_account_id is None:
        return
    forgotten = Page.objects.filter(
        instagram_account_id=page.instagram_account_id, state=ConnectionState.FORGOTTEN
    )
    forgotten.exclude(pk=page.pk).update(instagram_account_id=None)


def _save(page: Page) -> None:
    try:
        with transaction.atomic():
            page.save()
    except IntegrityError as exc:
        if "instagram" in str(exc):
            raise InstagramTaken(
                "This Instagram account belongs to another Page already.",
                field="instagramAccountId",
            ) from exc
        raise PageTaken("This Page was connected a moment ago. Look again.") from exc


@transaction.atomic
def update_page(*, member: Member, reference: str | UUID, changes: Mapping[str, Any]) -> Page:
    """Change a Page's name, target pipeline, mode, confidence, schedule or keeping of manual moves.

    Raises:
        PageNotFound: no such Page here.
        PageSettingInvalid: a value can't be used, such as another organization's pipeline; nothing is changed.
    """
    permissions.require(member, Right.CONFIGURE)
    page = queries.get_page(member=member, reference=reference, for_update=True)
    fields = sorted(PAGE_FIELDS & changes.keys())
    for field in fields:
        _check(page, field, changes[field])
        setattr(page, field, changes[field])
    if fields:
        page.save(update_fields=[*fields, "updated_at"])
        record_audit(
            member=member,
            action="page.changed",
            subject=page.name,
            details={field: str(changes[field]) for field in fields},
        )
        _tell(page)
    return queries.get_page(member=member, reference=page.id)


@transaction.atomic
def remove_page(*, member: Member, reference: str | UUID, erase: bool = False) -> None:
    """Forget a Page's token and hide the Page. Its contacts stay, and connecting it again brings all back.

    With `erase`, its contacts, conversations and runs are erased, for good.

    Raises:
        PageNotFound: no such Page here.
    """
    permissions.require(member, Right.CONFIGURE)
    page = queries.get_page(member=member, reference=reference, for_update=True)
    record_audit(
        member=member,
        action="page.erased" if erase else "page.removed",
        subject=page.name,
        details={"pageId": page.remote_id},
    )
    _tell(page)
    if erase:
        page.delete()
        return
    page.access_token = ""
    page.state = ConnectionState.FORGOTTEN
    page.save(update_fields=["access_token", "state", "updated_at"])


def _check(page: Page, field: str, value: Any) -> None:
    rules: dict[str, Callable[[], str | None]] = {
        "name": lambda: None if value else "Give the Page a name.",
        "auto_pipeline_id": lambda: _pipeline_of(page, value),
        "auto_pipeline_mode": lambda: _one_of(value, AutoPipelineMode.values),
        "auto_pipeline_confidence_min": lambda: _between(value, 0, 100),
        "sync_schedule": lambda: _one_of(value, SyncSchedule.values),
        "keep_manual_moves_days": lambda: _between(value, 0, MAX_KEEP_DAYS),
    }
    problem = rules[field]()
    if problem:
        raise PageSettingInvalid(problem, field=field)


def _pipeline_of(page: Page, pipeline_id: Any) -> str | None:
    # By relation: pipelines lie above this module, so their model can't be imported here.
    if pipeline_id is None or page.organization.pipelines.filter(id=pipeline_id).exists():
        return None
    return "This organization has no such pipeline."


def _one_of(value: Any, allowed: list[str]) -> str | None:
    return None if value in allowed else f"It must be one of {', '.join(allowed)}."


def _between(value: Any, low: int, high: int) -> str | None:
    fits = isinstance(value, int) and low <= value <= high
    return None if fits else f"It must be a whole number from {low} to {high}."


def _tell(page: Page) -> None:
    events.publish(organization_id=page.organization_id, kind="page.changed", page=page.id)
