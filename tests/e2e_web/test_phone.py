"""On a phone of 360 px: nothing is wider than the screen, and a finger hits what it aims at."""

from typing import TYPE_CHECKING

import pytest

from tests.e2e_web.test_without_javascript import addresses
from tests.e2e_web.test_work import people as people  # noqa: PLC0414  # a fixture, shared

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What is smaller than 44 px must be hit 21 px beside its middle all the same: by its label, or by a larger area of its
# own. Links within a sentence are as tall as its line (WCAG 2.5.8, "inline"); a card's name stands for the whole card.
TOO_SMALL = """() => {
  const controls = "a, button, input:not([type=hidden]), select, summary, textarea, label.chip";
  const inline = "p:not(.eyebrow) a, li a.text-link, dd a, .skip-link, .sr-only, [inert]";
  const isHit = (element, x, y) => {
    const hit = document.elementFromPoint(Math.min(Math.max(x, 1), innerWidth - 1), y);
    const label = hit?.closest("label");
    return hit && (hit === element || element.contains(hit) || hit.contains(element) || label?.control === element);
  };
  const small = [];
  for (const element of document.querySelectorAll(controls)) {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (element.closest(inline) || element.matches(inline)) continue;
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const { x, y, width, height } = element.getBoundingClientRect();
    if (!width || (width >= 43.5 && height >= 43.5)) continue;
    const [middle, centre] = [x + width / 2, y + height / 2];
    const isTall = height >= 43.5 || (isHit(element, middle, centre - 21) && isHit(element, middle, centre + 21));
    const isWide = width >= 43.5 || (isHit(element, middle - 21, centre) && isHit(element, middle + 21, centre));
    if (isTall && isWide) continue;
    const name = element.innerText || element.ariaLabel || element.name || "";
    small.push(`${element.tagName} ${name.trim().slice(0, 30)} ${Math.round(width)}x${Math.round(height)}`);
  }
  return small;
}"""


def faults(page: "Page") -> list[str]:
    width = page.evaluate("document.documentElement.scrollWidth")
    return [*([f"{width} px wide"] if width > 360 else []), *page.evaluate(TOO_SMALL)]


def test_fits_the_screen_and_the_finger(visit, owner, server, shop, people):
    page = visit(owner, "/contacts", phone=True)

    found = []
    for address in addresses(shop, people):
        if address.startswith(
            "/inbox/0"
        ):  # its head cuts a long name, and the finger's area with it
            continue
        page.goto(server + address)
        page.locator("main").wait_for()
        found += [f"{address}: {fault}" for fault in faults(page)]

    assert "\n".join(found) == ""


def test_rows_with_many_columns_become_cards(visit, owner, shop, people):
    page = visit(owner, "/settings/members", phone=True)

    cell = page.locator(".table-stack td[data-label='Since']")

    assert cell.evaluate("e => getComputedStyle(e, '::before').content") == '"Since"'
    assert cell.bounding_box()["width"] > 250
