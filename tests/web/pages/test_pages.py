"""The list of Pages, their settings, connecting and removing them."""

from datetime import UTC, datetime
from html import unescape

import pytest
from django.urls import reverse

from hirocrm.meta.models import ConnectionState, Page
from hirocrm.sandbox.server import SandboxServer
from hirocrm.sync.models import SyncRun
from tests.factories import (
    AssignmentFactory,
    ConversationFactory,
    PageFactory,
    PipelineFactory,
    StageFactory,
    SyncRunFactory,
)
from tests.web.analyses import analysis_of

SETTINGS = {
    "auto_pipeline_id": "",
    "auto_pipeline_mode": "SKIP_EXISTING",
    "auto_pipeline_confidence_min": "70",
    "keep_manual_moves_days": "14",
    "sync_schedule": "daily",
}


@pytest.fixture
def page(owner) -> Page:
    return PageFactory(organization=owner.organization)


def settings_url(page: Page) -> str:
    return reverse("page-settings", args=[page.id])


class TestPageList:
    def test_invites_to_connect_the_first(self, sign_in, owner):
        response = sign_in(owner).get("/pages")

        assert response.status_code == 200
        assert "No Page yet" in response.text
        assert reverse("page-connect") in response.text

    def test_tells_a_viewer_who_can(self, sign_in, viewer):
        text = sign_in(viewer).get("/pages").text

        assert "An owner or admin can connect one." in text
        assert reverse("page-connect") not in text

    def test_shows_state_and_what_to_do(self, sign_in, owner, page):
        page.state, page.state_reason = ConnectionState.NEEDS_RECONNECT, "The password was changed."
        page.save()

        text = sign_in(owner).get("/pages").text

        assert "Needs reconnecting" in text
        assert "The password was changed." in text
        assert f"{reverse('page-connect')}?page={page.remote_id}" in text

    @pytest.mark.parametrize(
        ("tasks", "words"),
        [
            (["MODERATE", "MESSAGING"], "sufficient, as of"),
            (["ANALYZE"], "too few, as of"),
            ([], "unknown: Facebook doesn't say"),
        ],
    )
    def test_shows_whether_tasks_suffice_as_far_as_is_known(
        self, sign_in, owner, page, tasks, words
    ):
        page.tasks = tasks
        page.tasks_read_at = datetime(2026, 1, 2, tzinfo=UTC) if tasks else None
        page.save()

        assert words in unescape(sign_in(owner).get("/pages").text)

    def test_shows_an_app_that_was_removed_at_meta(self, sign_in, owner, page):
        page.state, page.access_token = ConnectionState.REMOVED, ""
        page.state_reason = "They removed the app on Facebook. Connect the Page again."
        page.save()

        text = sign_in(owner).get("/pages").text

        assert "Removed at Meta" in text
        assert "They removed the app on Facebook." in text
        assert f"""href="{reverse("page-connect")}?page={page.remote_id}">""" in text

    def test_leaves_out_a_page_that_was_removed_here(self, sign_in, owner, page):
        page.state = ConnectionState.FORGOTTEN
        page.save()

        assert "No Page yet" in sign_in(owner).get("/pages").text

    def test_shows_until_when_a_page_is_limited_and_why(self, sign_in, owner, page):
        page.state, page.state_reason = ConnectionState.LIMITED, "Meta has restricted this account."
        page.limited_until = datetime(2099, 1, 2, 14, 5, tzinfo=UTC)
        page.save()

        text = sign_in(owner).get("/pages").text

        assert "Limited" in text
        assert 'Until <time datetime="2099-01-02T14:05:00' in text
        assert ": Meta has restricted this account." in text

    def test_a_pause_that_is_over_is_not_shown(self, sign_in, owner, page):
        page.state, page.state_reason = ConnectionState.LIMITED, "Meta has restricted this account."
        page.limited_until = datetime(2026, 1, 2, tzinfo=UTC)
        page.save()

        text = sign_in(owner).get("/pages").text

        assert "Connected" in text
        assert "Meta has restricted this account." not in text

    def test_shows_coverage(self, sign_in, owner, page):
        for stored, whole in ((20, 143), (5, 5), (3, None)):
            ConversationFactory(contact__page=page, stored_count=stored, message_count=whole)

        text = sign_in(owner).get("/pages").text

        assert "3 conversations seen" in text
        assert "1 partially available" in text

    def test_offers_to_watch_the_sync_under_way(self, sign_in, owner, page):
        run = SyncRunFactory(page=page)

        text = sign_in(owner).get("/pages").text

        assert "Watch the sync" in text
        assert reverse("run", args=[run.id]) in text

    def test_marks_demo_data(self, sign_in, owner, page):
        page.is_demo = True
        page.save()

        assert "Remove demo data" in sign_in(owner).get("/pages").text

    def test_hides_other_organizations(self, sign_in, stranger, page):
        assert page.name not in sign_in(stranger).get("/pages").text.replace("&#x27;", "'")

    def test_asks_the_database_no_more_for_more_pages(
        self, sign_in, owner, page, django_assert_num_queries
    ):
        client = sign_in(owner)
        for _ in range(12):
            PageFactory(organization=owner.organization)

        with django_assert_num_queries(8):
            client.get("/pages")

    def test_leads_to_sign_in(self, client, db):
        response = client.get("/pages")

        assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/pages")


class TestPageSettings:
    def test_shows_the_modes_and_the_warning(self, sign_in, owner, page):
        text = sign_in(owner).get(settings_url(page)).text

        assert "A contact that was placed stays where it is." in text
        assert "also moves contacts that people placed by hand." in text

    def test_saves(self, sign_in, owner, page):
        pipeline = PipelineFactory(organization=owner.organization)

        response = sign_in(owner).post(
            settings_url(page), SETTINGS | {"auto_pipeline_id": str(pipeline.id)}
        )

        page.refresh_from_db()
        assert response.status_code == 302
        assert page.auto_pipeline == pipeline
        assert page.auto_pipeline_confidence_min == 70
        assert (page.keep_manual_moves_days, page.sync_schedule) == (14, "daily")

    def test_shows_what_is_wrong_and_keeps_the_rest(self, sign_in, owner, page):
        response = sign_in(owner).post(
            settings_url(page), SETTINGS | {"auto_pipeline_confidence_min": "101"}
        )

        page.refresh_from_db()
        assert response.status_code == 422
        assert "less than or equal to 100" in response.text
        assert page.sync_schedule == "hourly"

    def test_refuses_a_pipeline_of_another_organization(self, sign_in, owner, page):
        response = sign_in(owner).post(
            settings_url(page), SETTINGS | {"auto_pipeline_id": str(PipelineFactory().id)}
        )

        assert response.status_code == 422
        assert "Select a valid choice." in response.text

    def test_lets_an_agent_look_but_not_change(self, sign_in, agent, page):
        client = sign_in(agent)

        assert "disabled" in client.get(settings_url(page)).text
        assert client.post(settings_url(page), SETTINGS).status_code == 403

    @pytest.mark.parametrize("name", ["page-settings", "page-threshold", "page-remove"])
    def test_does_not_exist_for_a_stranger(self, sign_in, stranger, page, name):
        assert sign_in(stranger).get(reverse(name, args=[page.id])).status_code == 404


class TestThreshold:
    def test_says_what_it_would_have_done(self, sign_in, owner, page):
        stage = StageFactory(pipeline__organization=owner.organization)
        said = [analysis_of(page, stage, confidence) for confidence in (30, 60, 85, 95)]
        AssignmentFactory(
            contact=said[2].contact, stage=stage, analysis_id=said[2].id, outcome="wrong"
        )
        AssignmentFactory(
            contact=said[1].contact, stage=stage, analysis_id=said[1].id, outcome="wrong"
        )

        response = sign_in(owner).get(
            reverse("page-threshold", args=[page.id]), {"auto_pipeline_confidence_min": "80"}
        )

        assert "80%" in response.text
        assert "Of the last 4 contacts: 2 placed, 2 to review." in response.text
        assert "1 of those placed was later corrected by people." in response.text

    def test_falls_back_to_the_saved_one(self, sign_in, owner, page):
        response = sign_in(owner).get(
            reverse("page-threshold", args=[page.id]), {"auto_pipeline_confidence_min": "x"}
        )

        assert "50%" in response.text


class TestSyncNow:
    def test_leads_to_the_run(self, sign_in, agent, page):
        response = sign_in(agent).post(reverse("page-sync", args=[page.id]), {"full": "on"})

        run = SyncRun.objects.get()
        assert (run.page, run.full) == (page, True)
        assert response["Location"] == reverse("run", args=[run.id])

    def test_is_refused_to_a_viewer(self, sign_in, viewer, page):
        response = sign_in(viewer).post(reverse("page-sync", args=[page.id]))

        assert response.status_code == 403
        assert not SyncRun.objects.exists()

    def test_says_why_an_imported_page_cannot(self, sign_in, owner, page):
        page.access_token = ""
        page.save()

        response = sign_in(owner).post(reverse("page-sync", args=[page.id]))

        assert response.status_code == 409
        assert "connected to Facebook. Connect it first." in response.text


class TestRemove:
    def test_keeps_the_contacts(self, sign_in, owner, page):
        conversation = ConversationFactory(contact__page=page)

        response = sign_in(owner).post(reverse("page-remove", args=[page.id]))

        page.refresh_from_db()
        assert response["Location"] == "/pages"
        assert (page.state, page.access_token) == ("forgotten", "")
        conversation.contact.refresh_from_db()

    def test_erases_when_asked_to(self, sign_in, owner, page):
        ConversationFactory(contact__page=page)

        sign_in(owner).post(reverse("page-remove", args=[page.id]), {"erase": "on"})

        assert not Page.objects.exists()

    def test_is_refused_to_an_agent(self, sign_in, agent, page):
        assert sign_in(agent).post(reverse("page-remove", args=[page.id])).status_code == 403
        page.refresh_from_db()
        assert page.access_token == "page-token"


class TestConnect:
    @pytest.fixture
    def sandbox(self, settings):
        with SandboxServer("--rpm", "0") as running:
            running.graph.add_page("110000000000077", "Test Shop", token="PAGETOKEN")
            settings.FACEBOOK_GRAPH_URL = running.graph_url
            yield running

    def test_checks_the_token_with_facebook(self, sign_in, owner, sandbox):
        sent = {"page_id": "110000000000077", "page_access_token": "PAGETOKEN"}

        response = sign_in(owner).post("/pages/connect", sent)

        page = Page.objects.get()
        assert (page.name, page.organization) == ("Test Shop", owner.organization)
        assert response["Location"] == settings_url(page)

    def test_says_what_facebook_said(self, sign_in, owner, sandbox):
        sent = {"page_id": "110000000000077", "page_access_token": "WRONG-TOKEN"}

        response = sign_in(owner).post("/pages/connect", sent)

        assert response.status_code == 422
        assert "Facebook doesn&#x27;t take this token" in response.text
        assert "WRONG-TOKEN" not in response.text
        assert not Page.objects.exists()

    def test_reconnects(self, sign_in, owner, sandbox):
        page = PageFactory(
            organization=owner.organization,
            remote_id="110000000000077",
            state=ConnectionState.NEEDS_RECONNECT,
            last_synced_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        sent = {"page_id": "110000000000077", "page_access_token": "PAGETOKEN"}

        response = sign_in(owner).post("/pages/connect", sent)

        page.refresh_from_db()
        assert response["Location"] == "/pages"
        assert (page.state, page.access_token) == ("healthy", "PAGETOKEN")

    def test_names_the_empty_fields(self, sign_in, owner):
        response = sign_in(owner).post("/pages/connect", {})

        assert response.status_code == 422
        assert response.text.count("This field is required.") == 2

    def test_is_refused_to_an_agent(self, sign_in, agent):
        assert sign_in(agent).get("/pages/connect").status_code == 403
