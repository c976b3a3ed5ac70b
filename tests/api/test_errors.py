import pytest
from django.db import OperationalError

from hirocrm.core import errors
from hirocrm.organizations import queries

pytestmark = pytest.mark.django_db


class TestMalformedBody:
    @pytest.mark.parametrize(
        ("body", "status", "sentence"),
        [
            ("{", 400, "Expecting property name enclosed in double quotes at line 1, column 2."),
            ('{"name": NaN}', 400, "The body isn't valid JSON."),
            (b'{"name": "\xff"}', 400, "it must be encoded as UTF-8."),
            ("[" * 100_000, 400, "The body isn't valid JSON."),
            ("", 422, "Field required"),
            ("[]", 422, "Input should be"),
        ],
    )
    def test_is_refused_with_a_sentence(self, api, body, status, sentence):
        answer = api.post("/api/tokens", body)

        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert sentence in answer.json()["detail"]

    def test_names_the_field(self, api):
        answer = api.post("/api/tokens", {"name": "x", "scopes": ["read", "root"]})

        assert answer.json()["errors"] == [
            {"field": "scopes.1", "message": "Input should be 'read', 'write' or 'admin'"}
        ]

    def test_refuses_unknown_fields(self, api):
        answer = api.post("/api/tokens", {"name": "x", "scopes": ["read"], "colour": "red"})

        assert answer.status_code == 422
        assert answer.json()["detail"] == "colour: Extra inputs are not permitted."

    def test_drops_what_the_database_refuses(self, api):
        answer = api.post("/api/tokens", '{"name": "a\\u0000b\\ud800", "scopes": ["read"]}')

        assert answer.status_code == 201
        assert answer.json()["name"] == "ab?"


class TestAddresses:
    @pytest.mark.parametrize("path", ["/api/nowhere", "/api/tokens/", "/api/members/not-a-uuid"])
    def test_unknown_ones_are_problems(self, api, path):
        answer = api.delete(path)

        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    def test_wrong_methods_are_problems(self, api):
        answer = api.put("/api/tokens")

        assert answer.status_code == 405
        assert answer["Allow"] == "GET, POST"
        assert answer.json()["code"] == "method_not_allowed"


class TestFamilies:
    @pytest.mark.parametrize(
        ("raised", "status", "code"),
        [
            (errors.NotFound("x"), 404, "not_found"),
            (errors.Forbidden("x"), 403, "forbidden"),
            (errors.Conflict("x"), 409, "conflict"),
            (errors.Invalid("x"), 422, "invalid"),
            (
                errors.UpstreamRateLimited("x", retry_after_seconds=7.4),
                503,
                "upstream_rate_limited",
            ),
            (errors.UpstreamUnavailable("x"), 503, "upstream_unavailable"),
            (errors.UpstreamUnauthorized("x"), 502, "upstream_unauthorized"),
            (OperationalError("host=secret"), 503, "database_unavailable"),
            (RuntimeError("password=secret"), 500, "internal_error"),
        ],
    )
    def test_have_their_status(self, api, monkeypatch, raised, status, code):
        def refuse(**_: object) -> None:
            raise raised

        monkeypatch.setattr(queries, "list_members", refuse)

        answer = api.get("/api/members")

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "secret" not in answer.content.decode()

    def test_say_how_long_to_wait(self, api, monkeypatch):
        def refuse(**_: object) -> None:
            raise errors.UpstreamRateLimited("x", retry_after_seconds=7.4)

        monkeypatch.setattr(queries, "list_members", refuse)

        assert api.get("/api/members")["Retry-After"] == "7"
