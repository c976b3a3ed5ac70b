"""The settings in a browser: who reads, keys, tokens, members, the organization, a Page, quick replies."""

import re

import httpx2
import pytest

from hirocrm.analysis.models import AnalyserChoice, AnalysisKey
from hirocrm.inbox.models import QuickReply
from hirocrm.meta.models import Page
from hirocrm.organizations.models import ApiToken
from tests.web.analyses import analysis_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEY = "AIza-of-the-browser-4321"


class TestAi:
    def test_a_key_is_added_tested_switched_and_removed(self, visit, owner, vendors):
        page = visit(owner, "/settings/ai")

        page.get_by_label("API key").fill(KEY)
        page.get_by_label("Name", exact=False).last.fill("Shop")
        page.get_by_label("Project").fill("closet")
        page.get_by_role("button", name="Add key").click()
        key = page.locator("[data-key='4321']")
        key.wait_for()
        page.get_by_role("heading", name="project closet").wait_for()
        key.get_by_role("button", name="Test").click()
        page.get_by_text("The key works: gemini-3.5-flash-lite answered.").wait_for()
        vendors.gemini.refuses_key(KEY)
        key.get_by_role("button", name="Test").click()
        page.locator(".toast-bad").wait_for()
        key.get_by_role("button", name="Switch off").click()
        key.get_by_text("Off", exact=True).wait_for()
        key.get_by_role("button", name="Switch on").click()
        key.get_by_text("Ready", exact=True).wait_for()
        key.get_by_role("button", name="Delete").click()
        key.wait_for(state="detached")

        assert KEY not in page.content()
        assert not AnalysisKey.objects.exists()

    @pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
    def test_says_who_reads_with_which_model(self, visit, owner, vendors, phone):
        AnalysisKey.objects.all().delete()
        page = visit(owner, "/settings/ai", phone=phone)
        page.get_by_label("API key").fill("AIza-of-the-browser-8765")
        page.get_by_role("button", name="Add key").click()
        page.locator("[data-key='8765']").wait_for()

        page.get_by_label("Asked first").select_option(label="Gemini")
        page.get_by_label("Asked second").select_option(label="Anthropic (no key)")
        page.get_by_label("Asked last").select_option("local")
        page.get_by_label("Models of Gemini").fill("gemini-2.0-flash-exp")
        page.get_by_role("button", name="Save who reads").click()
        page.get_by_text("does not offer the model gemini-2.0-flash-exp to this key").wait_for()
        page.get_by_label("Models of Gemini").fill("gemini-3.8-flash, gemini-3.5-flash-lite")
        page.get_by_role("button", name="Save who reads").click()
        page.get_by_text("Saved. The next conversations are read so.").wait_for()

        rows = page.locator("ol li:has(code)").all_inner_texts()
        assert [" ".join(row.split()) for row in rows] == [
            "1 Gemini gemini-3.8-flash, gemini-3.5-flash-lite",
            "2 Anthropic – no key",
            "3 The local analyser, on this computer local-1",
        ]
        assert AnalyserChoice.objects.get().order == ["gemini", "anthropic", "local"]

    def test_a_ceiling_is_set(self, visit, owner):
        page = visit(owner, "/settings/ai")

        page.get_by_label("Monthly ceiling in US dollars").fill("12.50")
        page.get_by_role("button", name="Save ceiling").click()
        page.get_by_text("of $12.50").wait_for()

        owner.organization.refresh_from_db()
        assert owner.organization.monthly_ceiling_micro_usd == 12_500_000


class TestTokens:
    def test_one_is_shown_once_used_and_revoked(self, visit, agent, server):
        page = visit(agent, "/settings/tokens")

        page.get_by_label("Name", exact=True).fill("Website")
        page.get_by_role("button", name="Make token").click()
        token = page.locator("[data-new-token]").input_value()
        before = status_with(token, server)
        page.goto(f"{server}/settings/tokens")
        row = page.get_by_role("row", name=re.compile("Website"))
        used = row.inner_text()
        shown_again = token in page.content()
        row.get_by_role("button", name="Revoke").click()
        page.get_by_text("No token yet").wait_for()

        assert (before, status_with(token, server)) == (200, 401)
        assert "never" not in used
        assert not shown_again
        assert ApiToken.objects.get().revoked_at is not None


def status_with(token, server):
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{server}/api/contacts", headers=headers).status_code


class TestMembers:
    def test_a_role_is_changed_and_counts_at_once(self, visit, owner, agent):
        theirs = visit(agent, "/board")
        page = visit(owner, "/settings/members")

        row = page.get_by_role("row", name=re.compile(re.escape(agent.user.email)))
        row.get_by_label(re.compile("^Role of")).select_option("admin")
        row.get_by_role("button", name="Change").click()
        page.get_by_text("Saved.").wait_for()
        as_admin = theirs.goto(page.url.replace("members", "ai")).status
        row.get_by_label(re.compile("^Role of")).select_option("viewer")
        row.get_by_role("button", name="Change").click()
        page.get_by_text("Saved.").wait_for()

        agent.refresh_from_db()
        assert (as_admin, theirs.reload().status, agent.role) == (200, 403, "viewer")

    def test_who_is_removed_sees_nothing_more(self, visit, owner, agent):
        theirs = visit(agent, "/board")
        page = visit(owner, "/settings/members")

        row = page.get_by_role("row", name=re.compile(re.escape(agent.user.email)))
        row.get_by_role("button", name="Remove").click()
        row.wait_for(state="detached")
        theirs.reload()

        assert theirs.locator("[data-board-column]").count() == 0

    def test_the_last_owner_stays(self, visit, owner):
        page = visit(owner, "/settings/members")

        page.get_by_role("button", name="Leave").click()

        page.get_by_text("An organization needs an owner.").wait_for()


class TestOrganization:
    def test_is_described_for_the_ai(self, visit, owner):
        page = visit(owner, "/settings")

        page.get_by_label("Name", exact=True).fill("Ana's Closet 👗")
        page.get_by_label("Language of summaries").select_option("fil")
        page.get_by_label("Time zone").select_option("Asia/Dubai")
        page.get_by_label("Business description").fill("فساتين. COD.")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Saved.").wait_for()
        page.reload()

        assert page.get_by_label("Name", exact=True).input_value() == "Ana's Closet 👗"
        assert page.get_by_label("Business description").input_value() == "فساتين. COD."
        owner.organization.refresh_from_db()
        assert owner.organization.time_zone == "Asia/Dubai"


class TestPage:
    def test_shows_what_a_threshold_would_have_done_before_it_is_saved(self, visit, owner, shop):
        for confidence in (40, 60, 90):
            analysis_of(shop.page, shop.qualified, confidence)
        page = visit(owner, f"/pages/{shop.page.pk}")

        slider = page.locator("input[name=auto_pipeline_confidence_min]")
        slider.fill("50")
        page.get_by_text("Of the last 3 contacts: 2 placed, 1 to review.").wait_for()
        slider.fill("95")
        page.get_by_text("Of the last 3 contacts: 0 placed, 3 to review.").wait_for()
        before = Page.objects.get().auto_pipeline_confidence_min
        page.get_by_label("Update every contact").check()
        page.get_by_text("also moves contacts that people placed by hand").wait_for()
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Saved.").wait_for()

        kept = Page.objects.get()
        assert before != 95
        assert kept.auto_pipeline_confidence_min == 95
        assert kept.auto_pipeline_mode == "UPDATE_EXISTING"

    def test_is_removed_after_asking_with_or_without_its_contacts(self, visit, owner, shop):
        ana = shop.contact(shop.new)
        page = visit(owner, f"/pages/{shop.page.pk}")

        page.get_by_role("link", name="Remove this Page…").click()
        page.get_by_role("link", name="Keep it").click()
        page.wait_for_url("**/pages")
        page.goto(f"{page.url}/{shop.page.pk}/remove")
        page.get_by_role("button", name="Remove", exact=True).click()
        page.wait_for_url("**/pages")

        assert page.get_by_text(shop.page.name, exact=True).count() == 0
        ana.refresh_from_db()
        assert ana.stage == shop.new


class TestQuickReplies:
    def test_are_kept_changed_and_removed(self, visit, agent):
        page = visit(agent, "/inbox/quick-replies")

        page.get_by_label("Shortcut", exact=True).fill("hm")
        page.get_by_label("Text", exact=True).fill("Hello po! 1,200 po 👗")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("link", name="Change /hm").click()
        page.get_by_label("Text", exact=True).fill("Hello po! 1,100 po 👗")
        page.get_by_role("button", name="Save", exact=True).click()
        page.locator(".note", has_text="1,100").wait_for()
        kept = QuickReply.objects.get().text
        page.get_by_role("button", name="Remove /hm").click()
        page.get_by_text("None yet.").wait_for()

        assert kept == "Hello po! 1,100 po 👗"
        assert not QuickReply.objects.exists()
