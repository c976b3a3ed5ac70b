"""axe-core finds nothing against WCAG 2.2 AA on any page: both themes, on a phone and on a desk.

And every form can be sent without JavaScript. Each page is loaded once for each width; the theme changes under it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from hirocrm.meta.models import WebhookHealth
from tests.e2e_web.test_work import people as people  # noqa: PLC0414  # a fixture, shared
from tests.factories import SyncRunFactory, UnreadableEntryFactory

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from hirocrm.sync.models import SyncRun

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"runOnly": ["color-contrast"]}  # all that another theme can change

# Colours that are still changing have contrasts that nobody will see.
SETTLED = "() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))"

# A form that JavaScript sends by itself gets its token from there, and is refused without JavaScript.
# The gallery's examples lead to "#".
WITHOUT_TOKEN = """() => [...document.querySelectorAll("form[method=post]")]
  .filter((form) => form.getAttribute("action") !== "#")
  .filter((form) => !form.querySelector("[name=csrfmiddlewaretoken]")?.value)
  .map((form) => form.getAttribute("action") ?? "")"""

SLOW_MS = 1_500  # what comes later on a busy machine, such as the drawer, changes its colours then

PARTS = 4  # of the pages, so that workers share them

SIGNED_OUT = ("account_login", "account_signup", "account_reset_password")
PAGES: dict[str, tuple[str, ...]] = {  # by name, and what stands behind the address
    "board": ("", "?contact={contact}", "?q=nobody"),
    "contacts": ("", "?min=1&columns=name&columns=score", "?q=nobody"),
    "contact": ("", "?tab=activity", "?tab=notes", "?tab=analyses"),
    "contact-move": ("",),
    "board-cards": ("",),
    "review": ("",),
    "inbox": ("",),
    "inbox-conversation": ("",),
    "quick-replies": ("",),
    "onboarding": ("",),
    "start": ("",),
    "pages": ("",),
    "page-connect": ("",),
    "page-settings": ("",),
    "page-remove": ("",),
    "imports": ("",),
    "runs": ("",),
    "run": ("",),
    "run-undo": ("",),
    "pipelines": ("",),
    "pipeline": ("",),
    "pipeline-delete": ("",),
    "pipeline-try": ("",),
    "stage": ("",),
    "stage-delete": ("",),
    "settings": ("",),
    "members": ("",),
    "ai-settings": ("",),
    "tokens": ("",),
    "webhooks": ("",),
    "privacy-settings": ("",),
    "deletion-status": ("",),
    "account_change_password": ("",),
    "account_email": ("",),
    "account_logout": ("",),
}


def violations(page: "Page", rules: dict[str, list[str]]) -> list[str]:
    """Each violation as "rule: selector"."""
    options = {**rules, "resultTypes": ["violations"]}  # what is well needn't be listed
    found = page.evaluate(f"axe.run(document, {json.dumps(options)})")["violations"]
    return [f"{rule['id']}: {node['target'][0]}" for rule in found for node in rule["nodes"]]


@pytest.fixture
def run(owner, shop) -> "SyncRun":
    """A run that ended with errors."""
    run = SyncRunFactory(page=shop.page, status="partial", phase="done", created=3, failed=1)
    run.errors.create(
        organization=run.organization, code="190", error="Token expired", created_at=run.created_at
    )
    WebhookHealth.objects.create(
        page=shop.page, organization=run.organization, missed_count=3, missed_total=12,
        last_event_at=run.created_at, policy_action="warning", policy_reason="Too many tags.",
    )  # fmt: skip
    UnreadableEntryFactory(page=shop.page)
    type(run).objects.filter(pk=run.pk).update(
        started_at=run.created_at, finished_at=run.created_at, auto_assigned=3
    )
    return run


@pytest.fixture
def addresses(owner: Any, people: Any, shop: Any, run: Any) -> list[str]:
    """Every address to look at; the gallery is there for staff."""
    owner.user.is_staff = True
    owner.user.save(update_fields=["is_staff"])
    return [*_addresses(people, shop, run), "/design", "/nope"]


def _addresses(people: Any, shop: Any, run: Any) -> Iterator[str]:
    from django.urls import get_resolver, reverse

    known = {
        "contact_id": people[0].id,
        "conversation_id": people[0].conversations.get().id,
        "page_id": shop.page.id,
        "pipeline_id": shop.pipeline.id,
        "stage_id": shop.new.id,
        "run_id": run.id,
        "code": "none-such",
    }
    patterns = get_resolver().reverse_dict
    for name, queries in PAGES.items():
        wanted = patterns.getlist(name)[0][0][0][1]
        path = reverse(name, kwargs={key: known[key] for key in wanted})
        yield from (path + query.format(contact=people[0].id) for query in queries)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core comes with `make assets`.")
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_no_page_breaks_a_rule(visit, owner, addresses, phone, part):
    first, *others = addresses[part::PARTS]
    page = visit(owner, first, phone=phone)

    found = faults(page, first)
    for path in others:
        page.goto(urljoin(page.url, path))
        found |= faults(page, path)

    assert found == {}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core comes with `make assets`.")
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_no_page_of_who_is_signed_out_breaks_a_rule(visit, owner, phone):
    from django.urls import reverse

    page = visit(owner, "/nope", phone=phone)
    page.context.clear_cookies()

    found: dict[str, list[str]] = {}
    for name in SIGNED_OUT:
        page.goto(urljoin(page.url, reverse(name)))
        found |= faults(page, reverse(name))

    assert found == {}


def faults(page: "Page", path: str) -> dict[str, list[str]]:
    """What is wrong with the page that is open, in both themes."""
    found: dict[str, list[str]] = {}
    page.evaluate(AXE.read_text("utf-8"))
    if forms := page.evaluate(WITHOUT_TOKEN):
        found[f"{path} (forms without a token)"] = forms
    for theme, rules in (("light", RULES), ("dark", COLOURS)):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.evaluate(SETTLED)
        if broken := violations(page, rules):
            page.wait_for_timeout(SLOW_MS)
            page.evaluate(SETTLED)
            broken = violations(page, rules)
        if broken:
            found[f"{path} ({theme})"] = broken
    return found


def test_knows_every_page():
    """What opens by a link is looked at above, or named here with the reason why it needs no look."""
    from django.urls import get_resolver

    parts_of_pages = {
        "board-column", "board-unplaced", "contact-tag-words", "contact-messages", "contact-activities", "review-undo",
        "welcome-card", "page-threshold", "first-sync-outlook", "quick-reply", "contacts-news",
    }  # fmt: skip
    lead_elsewhere = {
        "home", "sign-in-by-link", "connect-facebook", "connect-instagram", "facebook-callback",
        "instagram-callback",
    }  # fmt: skip
    no_pages = {
        "live-events", "run-errors", "design", "design-move", "inbox-file", "contact-picture",
        "contact-json", "meta-deauthorize", "meta-data-deletion",
    }  # fmt: skip
    looked_at_on_the_way = {
        "join", "import-name", "connect-choose", "connect-progress", "first-sync",
    }  # fmt: skip
    known = set(PAGES) | parts_of_pages | lead_elsewhere | no_pages
    known |= looked_at_on_the_way

    assert _opened_by_links(get_resolver()) - known == set()


def _opened_by_links(resolver: Any) -> set[str]:
    """Names of our views that answer GET: those that `require_POST` guards say so themselves."""
    names = set()
    for entry in resolver.url_patterns:
        if hasattr(entry, "url_patterns"):
            if "api/" not in str(entry.pattern) and "accounts/" not in str(entry.pattern):
                names |= _opened_by_links(entry)
        elif entry.name and _answers_get(entry.callback):
            names.add(entry.name)
    return names


def _answers_get(view: Any) -> bool:
    cells = [cell.cell_contents for cell in view.__closure__ or ()]
    methods = next((cell for cell in cells if isinstance(cell, list)), ["GET"])
    return "GET" in methods
