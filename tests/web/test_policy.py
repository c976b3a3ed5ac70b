"""A signed-out htmx request is sent to the sign-in page as a page."""

import pytest
from django.http import HttpResponse, HttpResponseRedirect

from hirocrm.web.policy import HtmxSignInMiddleware


class TestHtmxSignInMiddleware:
    @pytest.fixture
    def middleware(self) -> HtmxSignInMiddleware:
        return HtmxSignInMiddleware(
            lambda request: HttpResponseRedirect("/accounts/login/?next=/x")
        )

    def test_leads_back_to_the_page_being_looked_at(self, middleware, rf):
        headers = {"hx-request": "true", "hx-current-url": "http://h/board?stage=1&q=a"}

        response = middleware(rf.get("/board/cards", headers=headers))

        assert response.status_code == 204
        assert response["HX-Redirect"] == "/accounts/login/?next=/board%3Fstage%3D1%26q%3Da"

    def test_leaves_a_browser_to_its_redirect(self, middleware, rf):
        assert middleware(rf.get("/board")).status_code == 302

    def test_leaves_other_redirects_alone(self, rf):
        middleware = HtmxSignInMiddleware(
            lambda request: HttpResponse(status=302, headers={"Location": "/board"})
        )

        assert middleware(rf.get("/x", headers={"hx-request": "true"})).status_code == 302
