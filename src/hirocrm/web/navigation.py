"""What the side rail and the phone's bar lead to.

An entry appears as soon as its page has an address, so a page joins by naming its URL.
"""

from dataclasses import dataclass

from django.db.models import Count, Exists, Subquery
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from hirocrm.contacts import queries as contacts
from hirocrm.meta import health
from hirocrm.meta import queries as pages
from hirocrm.meta.models import Page
from hirocrm.organizations import queries as organizations
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right, allows


@dataclass(frozen=True, slots=True)
class Destination:
    """One place to go: its URL's name, words, icon, and the keys that lead there."""

    url_name: str
    label: str | Promise
    icon: str
    keys: str
    counted: str = ""  # the context variable whose number stands beside it
    on_phone: bool = True  # in the bar itself; else under More


@dataclass(frozen=True, slots=True)
class Link:
    """A destination on one page: its address, and whether one is there."""

    destination: Destination
    url: str
    is_current: bool


DESTINATIONS = (
    Destination("board", _("Board"), "square-kanban", "g b"),
    Destination("contacts", _("Contacts"), "users", "g c"),
    Destination("review", _("Review"), "circle-check-big", "g r", counted="review_count"),
    Destination("inbox", _("Inbox"), "inbox", "g i"),
    Destination("insights", _("Insights"), "chart-column", "g n", on_phone=False),
    Destination("pages", _("Pages"), "plug", "g p", on_phone=False),
    Destination("pipelines", _("Pipelines"), "workflow", "g l", on_phone=False),
    Destination("settings", _("Settings"), "settings", "g s", on_phone=False),
)


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _is_under(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))


def links(path: str) -> tuple[Link, ...]:
    """The destinations that exist, with the one that `path` belongs to marked."""
    if path == _address("home"):
        path = _address("board")  # which is what one sees there
    addressed = [(entry, _address(entry.url_name)) for entry in DESTINATIONS]
    return tuple(Link(entry, url, _is_under(path, url)) for entry, url in addressed if url)


def navigation(request: HttpRequest) -> dict[str, object]:
    """Context processor: `navigation`, `search_url` for the search in the top bar, `shortcuts_off`, `review_count`, `pages_in_need`, `memberships`.

    The last three are asked for only where a page shows them, all at once.
    """
    asked = SimpleLazyObject(lambda: _ask(getattr(request, "member", None)))
    return {
        "navigation": links(request.path),
        "search_url": _address("contacts"),
        "shortcuts_off": request.COOKIES.get("shortcuts") == "off",
        "review_count": lambda: asked.review_count,  # templates call it: parts want a plain value
        "pages_in_need": lambda: asked.pages_in_need,
        "memberships": lambda: asked.memberships,
    }


@dataclass(frozen=True, slots=True)
class PagesInNeed:
    """Pages that wait for a person: the banner on every page. `first` is shown, the others counted."""

    first: Page
    count: int
    may_configure: bool

    @property
    def is_blocked(self) -> bool:
        """Whether the connection works, and Meta lets the Page send nothing."""
        return self.first.state not in health.IN_NEED


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person, as every page says it."""

    review_count: int = 0
    pages_in_need: PagesInNeed | None = None
    memberships: tuple[Member, ...] = ()  # of who belongs to several organizations


def _ask(member: Member | None) -> Waiting:
    """What waits in the member's organization, and the ways to others; nothing for who is no member."""
    if member is None:
        return Waiting()
    wanted = contacts.ContactFilter(needs_review=True)
    counted = contacts.list_contacts(member=member, wanted=wanted).values("organization_id")
    in_need = pages.list_in_need(member=member)
    mine = organizations.list_memberships(user=member.user)
    count, is_in_need, has_others = (
        organizations.list_members(member=member)
        .filter(id=member.id)
        .values_list(
            Subquery(counted.annotate(count=Count("*")).values("count")),
            Exists(in_need),
            Exists(mine.exclude(id=member.id)),
        )
        .get()
    )
    need = _pages_in_need(member) if is_in_need else None
    return Waiting(count or 0, need, tuple(mine) if has_others else ())


def _pages_in_need(member: Member) -> PagesInNeed | None:
    """The organization's Pages that somebody must reconnect or give a permission."""
    in_need = pages.list_in_need(member=member)
    first = in_need.first()
    if first is None:
        return None
    return PagesInNeed(first, in_need.order_by().count(), allows(member, Right.CONFIGURE))
