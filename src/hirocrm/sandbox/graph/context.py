"""One Graph call on its way to an answer: who asks, about what, and what is to go wrong."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hirocrm.sandbox.faults import Call, Fault
from hirocrm.sandbox.graph.field_list import FieldNode, parse_fields
from hirocrm.sandbox.graph.shapes import INSTAGRAM, MESSENGER, Page
from hirocrm.sandbox.graph.tokens import Token
from hirocrm.sandbox.graph.world import World
from hirocrm.sandbox.wire import Reply, Request

MAX_PAGE_ITEMS = 499


@dataclass(slots=True)
class GraphCall(Call):
    """A Graph call: `parts` is the path without its version, `values` all its parameters."""

    version: str = ""
    parts: tuple[str, ...] = ()


@dataclass(slots=True)
class Context:
    """A call whose token was accepted."""

    world: World
    request: Request
    call: GraphCall
    token: Token
    values: dict[str, Any]
    faults: list[Fault]

    @property
    def page(self) -> Page | None:
        """The Page that the call is about."""
        return self.world.pages.get(self.call.page)

    def fields(self, default: str) -> dict[str, FieldNode]:
        """The asked fields, or the node's defaults.

        Raises:
            ValueError: they can't be parsed.
        """
        return parse_fields(self.values.get("fields") or default)

    def limit(self) -> int:
        """The asked page size."""
        text = str(self.values.get("limit") or "")
        return (
            min(MAX_PAGE_ITEMS, int(text))
            if text.isdigit() and int(text)
            else self.world.settings.default_limit
        )

    def platform(self) -> str:
        """The asked platform; Messenger unless said."""
        return INSTAGRAM if self.values.get("platform") == INSTAGRAM else MESSENGER

    def link(self, path: str = "", **changed: str) -> str:
        """A paging link as Meta writes it: everything that was asked, the token included."""
        kept = {
            k: str(v)
            for k, v in self.values.items()
            if k not in {"after", "before", "access_token", "appsecret_proof"}
        }
        query = {"access_token": self.token.value, **kept, **changed}
        return f"{self.request.base_url}{path or self.request.path}?{urlencode(query)}"

    def fault(self, kind: str) -> Fault | None:
        """The first fault of a kind that this call suffers."""
        return next((f for f in self.faults if f.kind == kind), None)


class Refusal(Exception):
    """An answer found deep inside: the reply to give."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply
