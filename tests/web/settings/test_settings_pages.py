"""Organization, members, invitations, API tokens and AI settings."""

import re
from datetime import UTC

import pytest
from django.core import mail
from django.urls import reverse

from hirocrm.analysis.key_pool.window import next_pacific_midnight
from hirocrm.analysis.models import AnalyserChoice, AnalysisKey, DailySpend
from hirocrm.core import clock
from hirocrm.organizations.models import ApiToken, AuditEntry, Invitation, Member
from hirocrm.sandbox.server import SandboxServer
from tests.factories import UserFactory

ORGANIZATION = {
    "name": "Ana's Closet",
    "language": "fil",
    "time_zone": "Asia/Manila",
    "business_description": "Dresses; COD.",
}


class TestOrganization:
    def test_saves(self, sign_in, owner):
        response = sign_in(owner).post("/settings", ORGANIZATION)

        owner.organization.refresh_from_db()
        assert response.status_code == 302
        assert owner.organization.language == "fil"
        assert owner.organization.business_description == "Dresses; COD."

    def test_refuses_an_unknown_time_zone(self, sign_in, owner):
        response = sign_in(owner).post("/settings", ORGANIZATION | {"time_zone": "Mars/Base"})

        assert response.status_code == 422
        owner.organization.refresh_from_db()
        assert owner.organization.name != "Ana's Closet"

    def test_is_an_agents_to_see_only(self, sign_in, agent):
        client = sign_in(agent)

        assert client.get("/settings").status_code == 200
        assert client.post("/settings", ORGANIZATION).status_code == 403


class TestTokens:
    def test_shows_the_secret_once(self, sign_in, agent):
        client = sign_in(agent)

        made = client.post("/settings/tokens", {"name": "Website", "scope": "write"}).text
        secret = re.search(r'value="(hiro_[\w-]+)"', made)
        later = client.get("/settings/tokens").text

        assert secret is not None
        assert secret[1] not in later
        assert f"…{secret[1][-4:]}" in later
        assert ApiToken.objects.get().scopes == ["write"]

    def test_revokes(self, sign_in, agent):
        client = sign_in(agent)
        client.post("/settings/tokens", {"name": "Website", "scope": "read"})
        token = ApiToken.objects.get()

        client.post(reverse("token-revoke", args=[token.id]))

        token.refresh_from_db()
        assert token.revoked_at is not None

    def test_needs_a_name(self, sign_in, agent):
        response = sign_in(agent).post("/settings/tokens", {"name": "", "scope": "read"})

        assert response.status_code == 422
        assert not ApiToken.objects.exists()

    def test_a_strangers_token_does_not_exist(self, sign_in, agent, stranger):
        sign_in(agent).post("/settings/tokens", {"name": "Website", "scope": "read"})
        url = reverse("token-revoke", args=[ApiToken.objects.get().id])

        assert sign_in(stranger).post(url).status_code == 404


class TestMembers:
    def test_shows_everyone_with_a_constant_number_of_queries(
        self, sign_in, owner, agent, django_assert_num_queries
    ):
        client = sign_in(owner)

        with django_assert_num_queries(6):
            text = client.get("/settings/members").text

        for member in (owner, agent):
            assert member.user.email in text

    def test_invites_by_link_and_mail(self, sign_in, admin):
        client = sign_in(admin)

        text = client.post("/settings/members", {"email": "ben@example.com", "role": "agent"}).text

        link = re.search(r'value="(http[^"]+/join/[\w-]+)"', text)
        assert link is not None
        assert link[1] in mail.outbox[0].body
        assert mail.outbox[0].to == ["ben@example.com"]
        assert link[1] not in client.get("/settings/members").text

    def test_an_admin_cannot_invite_an_owner(self, sign_in, admin):
        response = sign_in(admin).post(
            "/settings/members", {"email": "ben@example.com", "role": "owner"}
        )

        assert response.status_code == 422
        assert not Invitation.objects.exists()

    def test_says_who_is_a_member_already(self, sign_in, owner, agent):
        response = sign_in(owner).post(
            "/settings/members", {"email": agent.user.email, "role": "agent"}
        )

        assert response.status_code == 422
        assert "is a member already." in response.text

    def test_an_agent_cannot_invite(self, sign_in, agent):
        client = sign_in(agent)

        assert "Invite someone" not in client.get("/settings/members").text
        sent = {"email": "ben@example.com", "role": "viewer"}
        assert client.post("/settings/members", sent).status_code == 403

    def test_changes_a_role(self, sign_in, owner, agent):
        sign_in(owner).post(reverse("member-role", args=[agent.id]), {"role": "viewer"})

        agent.refresh_from_db()
        assert agent.role == "viewer"

    def test_keeps_the_last_owner(self, sign_in, owner):
        response = sign_in(owner).post(reverse("member-remove", args=[owner.id]), follow=True)

        assert "An organization needs an owner." in response.text

    def test_removes(self, sign_in, owner, agent):
        sign_in(owner).post(reverse("member-remove", args=[agent.id]))

        assert not Member.objects.filter(id=agent.id).exists()

    def test_a_strangers_member_does_not_exist(self, sign_in, owner, stranger):
        url = reverse("member-remove", args=[stranger.id])

        assert sign_in(owner).post(url).status_code == 404


class TestJoin:
    @pytest.fixture
    def path(self, sign_in, owner) -> str:
        text = (
            sign_in(owner)
            .post("/settings/members", {"email": "ben@example.com", "role": "viewer"})
            .text
        )
        found = re.search(r'value="http://[^/"]+(/join/[\w-]+)"', text)
        assert found is not None
        return found[1]

    def test_leads_a_visitor_to_sign_up_and_back(self, client, path, owner):
        response = client.get(path)

        assert f"/accounts/signup/?next={path}" in response.text
        assert response["Referrer-Policy"] == "same-origin"  # the link's secret goes nowhere else

    def test_takes_the_invitation_up_once(self, sign_in, path, owner):
        ben = UserFactory()
        client = sign_in(Member(user=ben))

        client.post(path)
        again = client.get(path)

        assert Member.objects.get(user=ben).role == "viewer"
        assert client.session["organization_id"] == str(owner.organization_id)
        assert again.status_code == 404


class TestAiSettings:
    def test_adds_a_key_and_never_shows_it(self, sign_in, admin):
        client = sign_in(admin)
        sent = {"provider": "gemini", "key": "AIza-secret-9876", "project_group": "shop"}

        response = client.post("/settings/ai", sent, follow=True)

        assert "…9876" in response.text
        assert "AIza-secret" not in response.text
        assert "project shop" in response.text
        assert "limits per project and model, not per key" in response.text

    def test_says_that_it_is_no_key(self, sign_in, admin):
        response = sign_in(admin).post("/settings/ai", {"provider": "gemini", "key": "a b"})

        assert response.status_code == 422
        assert "This is not an API key" in response.text
        assert not AnalysisKey.objects.exists()

    def test_switches_and_deletes(self, sign_in, admin):
        client = sign_in(admin)
        client.post("/settings/ai", {"provider": "gemini", "key": "AIza-secret-9876"})
        key = AnalysisKey.objects.get()

        client.post(reverse("key-switch", args=[key.id]))
        key.refresh_from_db()
        assert key.standing == "disabled"

        client.post(reverse("key-delete", args=[key.id]))
        assert not AnalysisKey.objects.exists()

    def test_tests_a_key(self, sign_in, admin, settings):
        client = sign_in(admin)
        client.post("/settings/ai", {"provider": "gemini", "key": "AIza-secret-9876"})
        key = AnalysisKey.objects.get()

        with SandboxServer("--rpm", "0") as sandbox:
            settings.GOOGLE_AI_BASE_URL = sandbox.gemini_url
            works = client.post(reverse("key-test", args=[key.id]), follow=True).text
            sandbox.gemini.refuses_key("AIza-secret-9876")
            refused = client.post(reverse("key-test", args=[key.id]), follow=True).text

        assert "gemini-3.5-flash-lite answered." in works
        assert "answered." not in refused

    def test_shows_spending_and_the_ceiling(self, sign_in, admin):
        DailySpend.objects.create(
            organization=admin.organization,
            day=clock.now().astimezone(UTC).date(),
            provider="gemini",
            model="gemini-3.5-flash-lite",
            calls=40,
            cost_micro_usd=1_250_000,
        )
        client = sign_in(admin)

        client.post("/settings/ai/ceiling", {"monthly_ceiling": "5"})
        text = client.get("/settings/ai").text

        admin.organization.refresh_from_db()
        assert admin.organization.monthly_ceiling_micro_usd == 5_000_000
        assert "$1.25" in text
        assert "of $5.00" in text
        today = clock.now().astimezone(UTC).date()
        assert f"<td>{today:%b} {today.day}, {today.year}</td>" in text

    def test_says_when_a_key_s_day_ends_in_the_viewer_s_time(self, sign_in, admin):
        client = sign_in(admin)
        client.post("/settings/ai", {"provider": "gemini", "key": "AIza-secret-9876"})

        text = client.get("/settings/ai").text

        ends = next_pacific_midnight(clock.now())
        assert f'resets at <time datetime="{ends:%Y-%m-%dT%H:%M:%SZ}" data-time="time">' in text
        assert "Pacific" not in text

    def test_refuses_a_negative_ceiling(self, sign_in, admin):
        response = sign_in(admin).post("/settings/ai/ceiling", {"monthly_ceiling": "-1"})

        assert response.status_code == 422

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_refused_to_an_agent(self, sign_in, agent, method):
        assert getattr(sign_in(agent), method)("/settings/ai").status_code == 403

    def test_a_strangers_key_does_not_exist(self, sign_in, admin, stranger):
        sign_in(admin).post("/settings/ai", {"provider": "gemini", "key": "AIza-secret-9876"})
        url = reverse("key-delete", args=[AnalysisKey.objects.get().id])

        assert sign_in(stranger).post(url).status_code == 404


class TestAnalysers:
    """Who reads the conversations, with which models."""

    @pytest.fixture(autouse=True)
    def _environment(self, settings):
        settings.ANALYZER_ORDER = ("auto",)
        settings.GOOGLE_AI_KEYS = ()
        settings.GOOGLE_AI_MODELS = ("gemini-3.5-flash-lite",)
        settings.OPENAI_API_KEY = settings.OPENAI_MODEL = ""
        settings.ANTHROPIC_API_KEY = settings.ANTHROPIC_MODEL = ""

    @pytest.fixture
    def sandbox(self, settings):
        with SandboxServer() as opened:
            settings.GOOGLE_AI_BASE_URL = opened.gemini_url
            yield opened

    @pytest.fixture
    def client(self, sign_in, admin):
        signed_in = sign_in(admin)
        signed_in.post("/settings/ai", {"provider": "gemini", "key": "AIza-secret-9876"})
        return signed_in

    def chosen(self, member):
        row = AnalyserChoice.objects.filter(organization=member.organization).first()
        return None if row is None else (row.order, row.vendor_models)

    def test_are_the_environments_at_first(self, sign_in, admin):
        text = sign_in(admin).get("/settings/ai").text

        assert "As the server says: auto" in text
        assert "Empty: those of GOOGLE_AI_MODEL, gemini-3.5-flash-lite." in text
        assert "Anthropic (no key)" in text
        assert "HIROCRM_ANALYZER" in text

    def test_are_kept_when_the_vendor_has_the_model(self, client, admin, sandbox):
        sent = {
            "first": "gemini",
            "second": "local",
            "gemini_models": "gemini-4-argon, gemini-3.8-flash",
        }

        text = client.post("/settings/ai/analysers", sent, follow=True).text

        assert self.chosen(admin) == (
            ["gemini", "local"], {"gemini": ["gemini-4-argon", "gemini-3.8-flash"]},
        )  # fmt: skip
        assert "Saved." in text
        assert "is not known" not in text
        assert 'value="gemini-4-argon, gemini-3.8-flash"' in text
        assert "The order is chosen below." in text
        assert AuditEntry.objects.filter(action="analysers.chosen").count() == 1

    def test_refuses_a_retired_model_and_names_the_nearest(self, client, admin, sandbox):
        sent = {"first": "gemini", "gemini_models": "gemini-2.0-flash-exp"}

        response = client.post("/settings/ai/analysers", sent)

        assert response.status_code == 422
        assert "Gemini does not offer the model gemini-2.0-flash-exp to this key." in response.text
        assert "The nearest it has: gemini-" in response.text
        assert 'value="gemini-2.0-flash-exp"' in response.text
        assert self.chosen(admin) is None

    def test_takes_a_model_unchecked_where_the_vendor_is_out_of_reach(
        self, client, admin, settings
    ):
        settings.GOOGLE_AI_BASE_URL = "http://127.0.0.1:9"
        sent = {"gemini_models": "gemini-9", "openai_models": "gpt-9"}

        text = client.post("/settings/ai/analysers", sent, follow=True).text

        assert self.chosen(admin) == ([], {"gemini": ["gemini-9"], "openai": ["gpt-9"]})
        assert "Whether Gemini has the model is not known: The model&#x27;s address" in text
        assert "Whether OpenAI has the model is not known: There is no key to ask with." in text

    def test_leaves_a_model_alone_that_was_chosen_before_it_retired(self, client, admin, sandbox):
        AnalyserChoice.objects.create(
            organization=admin.organization, vendor_models={"gemini": ["gemini-old"]}
        )

        client.post("/settings/ai/analysers", {"first": "gemini", "gemini_models": "gemini-old"})

        assert self.chosen(admin) == (["gemini"], {"gemini": ["gemini-old"]})

    def test_go_back_to_the_environments(self, client, admin):
        AnalyserChoice.objects.create(
            organization=admin.organization, order=["local"], vendor_models={"gemini": ["x"]}
        )

        client.post("/settings/ai/analysers", {})

        assert self.chosen(admin) == ([], {})

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"second": "local"}, "Choose who is asked first, or nobody after."),
            ({"first": "local", "last": "local"}, "Each analyser can be asked once only."),
            ({"first": "oracle"}, "Select a valid choice."),
            ({"gemini_models": "../x"}, "“../x” is not a model"),
        ],
    )
    def test_refuse_what_makes_no_sense(self, client, admin, sent, said):
        response = client.post("/settings/ai/analysers", sent)

        assert response.status_code == 422
        assert said in response.text
        assert self.chosen(admin) is None

    def test_a_vendor_without_a_key_is_marked(self, client):
        text = client.post("/settings/ai/analysers", {"first": "anthropic"}, follow=True).text

        assert re.search(r"Anthropic</span>.*?no key", text)

    def test_the_model_of_a_key_that_all_share_is_the_environments(
        self, sign_in, admin, stranger, settings
    ):
        settings.GOOGLE_AI_KEYS = ("AIza-of-the-environment",)

        response = sign_in(admin).post(
            "/settings/ai/analysers", {"gemini_models": "gemini-4-argon"}
        )

        assert response.status_code == 422
        assert "serves every organization, with the environment" in response.text
        assert self.chosen(admin) is None

    def test_are_refused_to_an_agent(self, sign_in, agent):
        assert sign_in(agent).post("/settings/ai/analysers", {}).status_code == 403

    def test_a_key_is_tested_with_the_chosen_model(self, client, admin, sandbox):
        AnalyserChoice.objects.create(
            organization=admin.organization, vendor_models={"gemini": ["gemini-4-argon"]}
        )

        text = client.post(
            reverse("key-test", args=[AnalysisKey.objects.get().id]), follow=True
        ).text

        assert "gemini-4-argon answered." in text
