"""What a page offers, its reader's role may do: no link, button or form that ends in "your role can't"."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction

from hirocrm.organizations.models import Member
from tests.web.test_every_page import ALL, path_of
from tests.web.test_every_page import world as world  # noqa: PLC0414  # a fixture, shared

pytestmark = pytest.mark.django_db

ROLES = ("owner", "admin", "agent", "viewer")
# Streams, ways to Meta, and the question where to, which nothing leads a viewer to.
LEFT_OUT = {"contact-move", "live-events", "connect-facebook", "connect-instagram", "live-stream"}
AWAY = ("/accounts/logout", "/connect/facebook", "/connect/instagram", "/events")
HTMX = {"HX-Request": "true"}
VOID = {
    "input",
    "br",
    "img",
    "link",
    "meta",
    "hr",
    "wbr",
    "source",
    "path",
    "rect",
    "circle",
    "use",
}


class Offer(NamedTuple):
    """Something to click: how it asks, whom, and what it sends."""

    method: str
    path: str
    sent: tuple[tuple[str, str], ...] = ()


class Offers(HTMLParser):
    """Finds what can be clicked on a page; what is disabled can't."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.found: set[Offer] = set()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.form: dict[str, str] | None = None
        self.fields: list[tuple[str, str]] = []
        self.buttons: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append((tag, given))
        if self._is_off(given):
            return
        if tag == "a" and "href" in given:
            self._add("GET", given["href"])
        for name in ("hx-get", "hx-post"):
            if name in given and tag != "form":
                self._add(name[3:].upper(), given[name])
        if "data-move-url" in given:
            self._add("POST", given["data-move-url"])
        if tag == "form":
            self.form, self.fields, self.buttons = given, [], []
        elif self.form is not None and tag == "button" and given.get("type") != "button":
            self.buttons.append(given)
        elif self.form is not None and "name" in given and given.get("type") != "checkbox":
            self.fields.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.form is not None:
            self._end_form(self.form)
            self.form = None
        while self.open and self.open.pop()[0] != tag:
            pass

    def _end_form(self, form: dict[str, str]) -> None:
        method = form.get("method", "get").upper()
        for button in self.buttons:
            own = [(button["name"], button.get("value", ""))] if button.get("name") else []
            path = button.get("formaction") or form.get("action") or self.page
            self._add(method, path, (*self.fields, *own))

    def _is_off(self, given: dict[str, str]) -> bool:
        return "disabled" in given or any(
            "disabled" in one for tag, one in self.open if tag == "fieldset"
        )

    def _add(self, method: str, path: str, sent: tuple[tuple[str, str], ...] = ()) -> None:
        if urlsplit(path).netloc or path.startswith(("#", "mailto:", "blob:")):
            return
        whole = urljoin(self.page, path)
        if not whole.startswith(AWAY):
            self.found.add(Offer(method, whole, sent))


def offers_of(page: str, text: str) -> Iterator[Offer]:
    reader = Offers(page)
    reader.feed(text)
    return iter(sorted(reader.found))


def status_of(client: Any, offer: Offer) -> int:
    """What the click is answered, taken back at once."""
    sent: dict[str, list[str]] = {}
    for name, value in offer.sent:
        sent.setdefault(name, []).append(value)
    with transaction.atomic():
        ask = client.get if offer.method == "GET" else client.post
        answer = ask(offer.path, sent, headers=HTMX)
        transaction.set_rollback(True)
    return int(answer.status_code)


@pytest.fixture
def members(owner, admin, agent, viewer) -> dict[str, Member]:
    return {"owner": owner, "admin": admin, "agent": agent, "viewer": viewer}


@pytest.mark.parametrize("role", ROLES)
def test_offers_nothing_that_the_role_may_not_do(role, members, world, sign_in):
    client = sign_in(members[role])
    asked: dict[Offer, int] = {}
    faults = []
    for one in ALL:
        if one.name in LEFT_OUT:
            continue
        page = path_of(one, world)
        answer = client.get(page)
        if answer.status_code != 200 or "html" not in answer["Content-Type"]:
            continue
        for offer in offers_of(page, answer.text):
            if offer not in asked:
                asked[offer] = status_of(client, offer)
            if asked[offer] in {403, 404}:
                faults.append((one.name, offer.method, offer.path, asked[offer]))

    assert faults == []
    assert len(asked) > 100
