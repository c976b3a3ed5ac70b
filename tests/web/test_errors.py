"""Refusals as pages, and as toasts where htmx asked."""

import json

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse, HttpResponseNotAllowed
from django.test import RequestFactory

from hirocrm.core.errors import Conflict, Forbidden, Invalid, NotFound
from hirocrm.web.errors import DomainErrorMiddleware, bad_request, csrf_failure, server_error


@pytest.fixture
def middleware() -> DomainErrorMiddleware:
    return DomainErrorMiddleware(lambda request: HttpResponse())


class TestDomainErrorMiddleware:
    @pytest.mark.parametrize(
        ("error", "status"), [(NotFound, 404), (Forbidden, 403), (Conflict, 409), (Invalid, 400)]
    )
    def test_shows_the_sentence_on_a_page(self, middleware, rf: RequestFactory, error, status):
        response = middleware.process_exception(rf.get("/x"), error("Ben moved it first."))

        assert response.status_code == status
        assert b"Ben moved it first." in response.content

    def test_gives_htmx_a_toast_and_nothing_to_swap(self, middleware, rf):
        request = rf.post("/x", headers={"hx-request": "true"})

        response = middleware.process_exception(request, Conflict("Ben moved it first."))

        assert (response.status_code, response.content) == (409, b"")
        assert json.loads(response["HX-Trigger"])["toast"] == {
            "text": "Ben moved it first.",
            "tone": "bad",
            "undoUrl": "",
            "seconds": 5,
        }

    def test_leaves_faults_and_the_api_alone(self, middleware, rf):
        assert middleware.process_exception(rf.get("/x"), ValueError()) is None
        assert middleware.process_exception(rf.get("/api/x"), NotFound("No.")) is None


class TestCsrfFailure:
    def test_tells_htmx_what_to_do(self, rf):
        response = csrf_failure(rf.post("/x", headers={"hx-request": "true"}))

        assert (response.status_code, response.content) == (403, b"")
        assert json.loads(response["HX-Trigger"])["toast"]["text"] == (
            "You signed in again since this page was opened. Reload it and try once more."
        )


class TestServerError:
    def test_needs_no_database(self, rf):
        request = rf.get("/x")
        request.COOKIES["theme"] = "dark"

        response = server_error(request)

        assert response.status_code == 500
        assert b'data-theme="dark"' in response.content
        assert b"on our side" in response.content


class TestWrongMethod:
    def test_is_a_page_that_says_so(self, rf):
        shown = DomainErrorMiddleware(lambda request: HttpResponseNotAllowed(["POST"]))(
            rf.get("/x")
        )

        assert (shown.status_code, shown["Allow"]) == (405, "POST")
        assert b"This address only takes forms" in shown.content

    def test_of_the_api_stays_as_it_is(self, rf):
        answer = HttpResponseNotAllowed(["POST"])

        assert DomainErrorMiddleware(lambda request: answer)(rf.get("/api/v1/x")) is answer


class TestBadRequest:
    def test_tells_too_much_from_unreadable(self, rf):
        large = bad_request(rf.post("/x"), RequestDataTooBig())
        other = bad_request(rf.post("/x"), SuspiciousOperation())

        assert (large.status_code, other.status_code) == (413, 400)
        assert b"choose a smaller file" in large.content

    def test_gives_htmx_the_words_of_a_toast(self, rf):
        request = rf.post("/x", headers={"hx-request": "true"})

        response = bad_request(request, RequestDataTooBig())

        assert response.status_code == 413
        assert json.loads(response["HX-Trigger"])["toast"]["text"] == (
            "That is larger than this page takes. Shorten it."
        )
