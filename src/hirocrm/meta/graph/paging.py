"""Going from page to page without leaving our host, running in circles, or stopping early."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from hirocrm.meta.graph.errors import GraphMalformed
from hirocrm.meta.graph.shapes import Paging
from hirocrm.meta.graph.usage import Usage

T_co = TypeVar("T_co", covariant=True)

_DEFAULT_PORTS = {"http": 80, "https": 443}
# A proxy before Meta passes Meta's links on; only their cursor is used, so these are no danger.
_METAS_OWN = frozenset({("graph.facebook.com", 443), ("graph.instagram.com", 443)})
# What every request says anew; the rest of a link is where the next page begins.
_NOT_A_PLACE = frozenset(
    {"access_token", "appsecret_proof", "fields", "limit", "platform", "pretty", "user_id"}
)
_PLACE = "?"  # how a cursor begins that is several parameters, such as `until` and `__paging_token`


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
    """The cursor of the next page, or None when Meta gives no `next` link; `place_of` makes parameters of it.

    Only the place in the link is used; the request is built anew from `base_url`. It is in `after`, except for
    edges of the older kinds: https://developers.facebook.com/docs/graph-api/results

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
    given = dict(parse_qsl(link.query))
    cursor = given.get("after") or (paging.cursors.after if paging.cursors else None)
    if cursor is not None:
        return cursor
    place = {name: value for name, value in given.items() if name not in _NOT_A_PLACE}
    if not place:
        raise GraphMalformed("Meta names a next page without saying where it begins.")
    return _PLACE + urlencode(place)


def place_of(cursor: str | None) -> dict[str, str]:
    """The parameters that ask for the page at this cursor."""
    if cursor is None:
        return {}
    if cursor.startswith(_PLACE):
        return dict(parse_qsl(cursor.removeprefix(_PLACE)))
    return {"after": cursor}


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
