import pytest
from django.test import Client

from hirocrm.core import clock
from hirocrm.organizations import services
from hirocrm.organizations.models import ApiToken
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db


class TestBearerToken:
    def test_says_who_it_is(self, api, owner):
        answer = api.get("/api/me")

        assert answer.status_code == 200
        assert answer.json()["email"] == owner.user.email
        assert answer.json()["organizationName"] == owner.organization.name

    @pytest.mark.parametrize("token", [None, "wrong", "hiro_" + "x" * 43])
    def test_refuses_without_a_live_one(self, token):
        answer = ApiClient(token).get("/api/me")

        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"] == 'Bearer realm="HiroCRM"'
        assert answer.json() == {
            "type": "urn:hirocrm:problem:not_signed_in",
            "title": "Unauthorized",
            "status": 401,
            "detail": "Sign in, or send a valid API token as “Authorization: Bearer …”.",
            "code": "not_signed_in",
        }

    def test_ends_when_it_is_revoked(self, api):
        token_id = api.get("/api/tokens").json()["items"][0]["id"]

        assert api.delete(f"/api/tokens/{token_id}").status_code == 204
        assert api.get("/api/me").status_code == 401

    def test_ends_when_its_user_is_switched_off(self, api, owner):
        owner.user.is_active = False
        owner.user.save()

        assert api.get("/api/me").status_code == 401

    def test_narrows_the_members_role(self, owner, client_of):
        answer = client_of(owner, "read").post("/api/tokens", {"name": "x", "scopes": ["admin"]})

        assert answer.status_code == 403
        assert answer.json()["code"] == "scope_missing"
        assert ApiToken.objects.count() == 1

    def test_never_widens_the_members_role(self, viewer, client_of):
        answer = client_of(viewer, "admin").post("/api/members", {"email": "x@example.com"})

        assert answer.status_code == 403
        assert answer.json()["code"] == "role_too_weak"

    def test_remembers_when_it_was_used(self, api):
        before = clock.now()

        api.get("/api/me")

        used_at = ApiToken.objects.get().last_used_at
        assert used_at is not None
        assert before <= used_at <= clock.now()


class TestBrowserSession:
    @pytest.fixture
    def browser(self, owner):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(owner.user, backend="django.contrib.auth.backends.ModelBackend")
        return browser

    def test_may_read(self, browser, owner):
        assert browser.get("/api/me").json()["email"] == owner.user.email

    def test_may_not_write_without_the_csrf_token(self, browser):
        answer = browser.post(
            "/api/tokens", {"name": "x", "scopes": ["read"]}, content_type="application/json"
        )

        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"
        assert ApiToken.objects.count() == 0

    def test_may_write_with_it(self, browser):
        browser.cookies["csrftoken"] = "a" * 32

        answer = browser.post(
            "/api/tokens",
            {"name": "x", "scopes": ["read"]},
            content_type="application/json",
            headers={"X-CSRFToken": "a" * 32},
        )

        assert answer.status_code == 201
        assert answer.json()["token"].endswith(answer.json()["hint"])

    def test_follows_the_chosen_organization(self, browser, owner, stranger):
        joined = stranger.organization.members.create(user=owner.user, role="viewer")
        session = browser.session
        session["organization_id"] = str(joined.organization_id)
        session.save()

        assert browser.get("/api/me").json()["organizationId"] == str(joined.organization_id)

    def test_without_a_membership_is_nobody(self, browser, owner):
        owner.delete()

        assert browser.get("/api/me").status_code == 401


class TestRateLimit:
    def test_is_told_on_every_answer(self, api, settings):
        settings.API_REQUESTS_PER_MINUTE = 100

        answers = [api.get("/api/me"), api.get("/api/nowhere"), api.post("/api/tokens", "{")]

        assert [answer.get("X-RateLimit-Limit") for answer in answers] == ["100", None, "100"]
        assert [answer.get("X-RateLimit-Remaining") for answer in answers] == ["99", None, "98"]

    def test_refuses_past_it(self, owner, now, settings):
        settings.API_REQUESTS_PER_MINUTE = 0
        _, plain = services.create_api_token(member=owner, name="x", scopes=["read"], now=now)

        answer = ApiClient(plain).get("/api/me")

        assert answer.status_code == 429
        assert answer.json()["code"] == "rate_limited"
        assert answer["Retry-After"] == str(answer.json()["retryAfterSeconds"])
        assert answer["X-RateLimit-Remaining"] == "0"
