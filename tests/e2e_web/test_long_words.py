"""Very long names and tags stay in the box they belong to, and so does what stands beside them, at any width."""

import pytest
from django.urls import reverse

from tests.factories import ConversationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (320, 360, 768, 1440)
# What isn't cut off by its own box, but sticks out of the one around it.
OUTSIDE = """() => {
  const found = [...document.documentElement.querySelectorAll("body")]
    .filter((body) => body.scrollWidth > innerWidth).map(() => `${document.body.scrollWidth} px wide`);
  for (const box of document.querySelectorAll(".card, .contact-card, .inbox-row, tr[data-row]")) {
    const { left, right } = box.getBoundingClientRect();
    for (const part of box.querySelectorAll(".identity-name, .pill, .inbox-row-time, .contact-card-name, .table-name, .contact-card-more")) {
      if (!part.checkVisibility()) continue;
      const own = part.getBoundingClientRect();
      if (own.left < left - 1 || own.right > right + 1) found.push(`${part.className}: ${part.innerText.slice(0, 20)}`);
    }
  }
  return found;
}"""


@pytest.fixture
def contact(shop, now):
    contact = shop.contact(
        shop.new, first_name="Maria Concepcion Guadalupe 🌸",
        last_name="Villanueva-Montecarlo de los Reyes y Santos", last_interaction_at=now,
        tags=["a-very-long-tag-that-somebody-once-thought-of-and-nobody-shortened", "COD"],
    )  # fmt: skip
    ConversationFactory(contact=contact, last_message_at=now)
    return contact


def test_stay_in_their_boxes(visit, owner, server, contact):
    found = {}
    for width in WIDTHS:
        page = visit(owner, "/board", viewport={"width": width, "height": 800})
        for path in (
            "/board", "/contacts", "/inbox?folder=all", reverse("contact", args=[contact.pk]),
        ):  # fmt: skip
            page.goto(server + path)
            page.locator("main").wait_for()
            if outside := page.evaluate(OUTSIDE):
                found[width, path] = outside

    assert found == {}


def test_a_column_shows_two_cards_on_a_small_phone(visit, owner, shop, contact):
    """Whatever stands above it: here the first steps, and who is in no stage."""
    shop.contact(needs_review=True)
    page = visit(owner, "/board", phone=True, viewport={"width": 360, "height": 560})
    page.locator(".first-steps").wait_for()

    height = page.locator(".board-cards").first.bounding_box()["height"]

    assert height >= 280
    assert page.evaluate("document.documentElement.scrollWidth") == 360
