"""The API's own page in a real browser."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_shows_the_operations_with_nothing_from_another_host(visit, owner):
    page = visit(owner, "/settings")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    origin = page.url.removesuffix("/settings")

    page.goto(origin + "/api/docs")
    page.get_by_text("/api/facebook-pages/{page_id}/sync", exact=False).first.wait_for()

    assert [url for url in asked if not url.startswith((origin, "data:"))] == []
