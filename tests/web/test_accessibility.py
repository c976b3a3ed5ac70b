"""axe-core finds nothing against WCAG 2.2 AA on the gallery and the account pages, in both themes, on phone and desk."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PAGES = ("/design", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nope")


def violations(
    browser: "Browser", url: str, cookies: list[Any], width: int, theme: str
) -> list[str]:
    """Each violation as "rule: selector", with the pages' animations standing still."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,  # type: ignore[arg-type]  # the parametrized word is light or dark
        reduced_motion="reduce",
    )
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
    context.close()
    return [f"{rule['id']}: {node['target'][0]}" for rule in found for node in rule["nodes"]]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core comes with `make assets`.")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_breaks_no_rule(browser, live_server, owner, width, theme):
    owner.user.is_staff = True
    owner.user.save(update_fields=["is_staff"])
    client = Client()
    client.force_login(owner.user)
    session = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": live_server.url,
    }

    found = {
        path: violations(
            browser,
            live_server.url + path,
            [session] if path in {"/design", "/nope"} else [],
            width,
            theme,
        )
        for path in PAGES
    }

    assert found == {path: [] for path in PAGES}
