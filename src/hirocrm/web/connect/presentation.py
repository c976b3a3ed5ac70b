"""What a login gave, in words: its Pages as rows to choose from, and the permissions that are missing."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.core.text import fold
from hirocrm.meta import health, requirements
from hirocrm.meta.logins import Holders
from hirocrm.meta.models import Flavour, FoundPage, Login

SCOPE_WORDS: dict[str, str | Promise] = {
    "pages_show_list": _("see which Pages you manage"),
    "pages_messaging": _("read and answer Messenger conversations"),
    "pages_manage_metadata": _("be told of new messages as they come"),
    "pages_read_engagement": _("read the Page's conversations"),
    "instagram_basic": _("see the Instagram account of a Page"),
    "instagram_manage_messages": _("read and answer Instagram conversations"),
    "business_management": _("see Pages that belong to a business portfolio"),
    "instagram_business_basic": _("see your Instagram account"),
    "instagram_business_manage_messages": _("read and answer Instagram conversations"),
}
TASK_WORDS: dict[str, str | Promise] = {
    "MESSAGING": _("Messages"),
    "MODERATE": _("Community activity"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """A permission that wasn't given, and what it is for."""

    scope: str
    purpose: str | Promise


@dataclass(frozen=True, slots=True)
class Row:
    """A Page to choose. `obstacle` says why it can't be chosen; what is missing, what won't work.

    `missing` are the permissions that were given, but not for this Page.
    """

    page: FoundPage
    is_chosen: bool
    is_ours: bool
    needs_reconnecting: bool
    obstacle: str | Promise
    missing_tasks: Sequence[str | Promise]
    missing: Sequence[Missing]
    shows_id: bool = False  # another row has the same name


def missing_permissions(login: Login, *, has_instagram: bool) -> list[Missing]:
    """What the person didn't grant; nothing while that isn't known."""
    if not login.granted_scopes:
        return []
    flavour = Flavour(login.flavour)
    needed: Iterable[str] = requirements.needed_scopes(flavour, has_instagram=has_instagram)
    if flavour is Flavour.PAGE:
        needed = [*needed, "business_management"]
    return [Missing(s, SCOPE_WORDS[s]) for s in needed if s not in login.granted_scopes]


def rows_of(
    login: Login,
    found: Iterable[FoundPage],
    holders: Holders,
    *,
    chosen: Collection[str] | None,
) -> list[Row]:
    """The login's Pages as rows. `chosen` None: whatever can be and isn't connected yet."""
    rows = [_row(login, page, holders, chosen) for page in found]
    names = Counter(fold(row.page.name) for row in rows)
    return [replace(row, shows_id=names[fold(row.page.name)] > 1) for row in rows]


def _row(login: Login, page: FoundPage, holders: Holders, chosen: Collection[str] | None) -> Row:
    state = holders.ours.get(page.remote_id)
    needs_reconnecting = state in health.IN_NEED
    obstacle = _obstacle(page, holders)
    if chosen is None:
        is_chosen = not obstacle and (state is None or needs_reconnecting)
    else:
        is_chosen = not obstacle and page.remote_id in chosen
    lacking = requirements.missing_tasks(page.tasks, has_instagram=bool(page.instagram_account_id))
    return Row(
        page=page,
        is_chosen=is_chosen,
        is_ours=state is not None,
        needs_reconnecting=needs_reconnecting,
        obstacle=obstacle,
        missing_tasks=[TASK_WORDS[task] for task in lacking],
        missing=_missing_here(login, page),
    )


def _missing_here(login: Login, page: FoundPage) -> list[Missing]:
    """Permissions that the person gave for other Pages only; those given for none are told once, above."""
    needed = requirements.needed_scopes(
        Flavour(login.flavour), has_instagram=bool(page.instagram_account_id)
    )
    elsewhere = set(login.granted_scopes) - set(page.granted_scopes)
    return [Missing(scope, SCOPE_WORDS[scope]) for scope in needed if scope in elsewhere]


def _obstacle(page: FoundPage, holders: Holders) -> str | Promise:
    if page.remote_id in holders.others:
        return _("It is connected to another organization of this HiroCRM.")
    if page.instagram_account_id in holders.accounts:
        return _("Its Instagram account is connected already, by itself or with another Page.")
    if not page.has_token:  # type: ignore[attr-defined]  # annotated by list_found_pages
        return _("Facebook gave no token for it: your role on the Page is too small.")
    return ""
