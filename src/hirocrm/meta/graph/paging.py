"""Going from page to page without leaving our host, running in circles, or stopping early."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from hirocrm.meta.graph.errors import GraphMalformed
from hirocrm.meta.graph.shapes import Paging
from hirocrm.meta.graph.usage import Usage

T_co = TypeVar("T_co", covariant=True)

_DEFAULT_PORTS = {"http": 80, "https": 443}
# A proxy before Meta passes Meta's links on; only their cursor is used, so these are no danger.
_METAS_OWN = frozenset({("graph.facebook.com", 443), ("graph.instagram.com", 443)})


class GraphForeignLink(GraphMalformed):
    """A `next` link points away from the configured Graph API; following it would leak the token."""

    code = "graph_foreign_link"


class GraphCursorLoop(GraphMalformed):
    """The pages lead back to one that was read before."""

    code = "graph_cursor_loop"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item of a page that could not be read, by its id if it has one."""

    remote_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Listing(Generic[T_co]):
    """One page of results. `after` is the cursor of the next page; None: this was the last.

    `broken_paging` says that there are more pages, but no safe way to them.
    """

    items: tuple[T_co, ...]
    after: str | None = None
    broken_paging: GraphMalformed | None = None
    unreadable: tuple[Unreadable, ...] = ()
    usage: Usage = field(default_factory=Usage)


def next_cursor(paging: Paging | None, *, base_url: str) -> str | None:
    """The cursor of the next page, or None when Meta gives no `next` link.

    Only the cursor of the link is used; the request is built anew from `base_url`.

    Raises:
        GraphForeignLink: the link leads to a host that is neither configured nor Meta's.
        GraphMalformed: there is a link, but no cursor.
    """
    if paging is None or paging.next is None:
        return None
    link = urlsplit(paging.next)
    if link.netloc and _origin(paging.next) not in {_origin(base_url), *_METAS_OWN}:
        raise GraphForeignLink(
            f"The next page is said to be at {link.hostname}, not at the configured Graph API; it was not asked for."
        )
    given = parse_qs(link.query).get("after")
    cursor = given[0] if given else paging.cursors.after if paging.cursors else None
    if cursor is None:
        raise GraphMalformed("Meta names a next page without saying where it begins.")
    return cursor


def _origin(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme)


class CursorTrail:
    """The cursors of one walk, to notice a circle. Keeps a number per page, not the cursors."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def follow(self, cursor: str) -> None:
        """Note that the walk goes on at `cursor`.

        Raises:
            GraphCursorLoop: it has been there before.
        """
        mark = hash(cursor)
        if mark in self._seen:
            raise GraphCursorLoop(
                "Meta's pages lead in a circle; the list was read up to there and no further."
            )
        self._seen.add(mark)
