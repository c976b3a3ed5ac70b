import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import AsyncClient
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.contacts.models import Contact
from hirocrm.core.events import publish
from hirocrm.core.live import listener
from hirocrm.meta.models import Page
from hirocrm.sandbox.server import SandboxServer
from hirocrm.sync.models import RunError, SyncRun
from hirocrm.sync.webhooks.gaps import repair_page
from tests.factories import (
    ContactFactory,
    PageFactory,
    PipelineFactory,
    StageFactory,
    SyncRunFactory,
)

pytestmark = pytest.mark.django_db
RUN_FIELDS = {
    "runId",
    "kind",
    "status",
    "synced",
    "failed",
    "created",
    "updated",
    "unchanged",
    "analyzed",
    "autoAssigned",
    "needsReview",
    "skipped",
    "errors",
    "tokenExpired",
    "waitingUntil",
    "startedAt",
    "finishedAt",
    "cost",
    "notice",
}


@pytest.fixture
def page(owner):
    pipeline = PipelineFactory(organization=owner.organization, name="Sales")
    StageFactory(pipeline=pipeline, name="Won", type="WON", order=2)
    StageFactory(pipeline=pipeline, name="New", type="LEAD", order=1)
    return PageFactory(
        organization=owner.organization,
        remote_id="1234567890",
        name="Ana's Closet",
        instagram_account_id="178",
        instagram_username="anas",
        auto_pipeline=pipeline,
    )


class TestGetPage:
    @pytest.mark.parametrize("reference", ["id", "remote_id"])
    def test_has_the_seeds_shape(self, api, page, reference):
        answer = api.get(f"/api/facebook/pages/{getattr(page, reference)}")

        won, new = page.auto_pipeline.stages.order_by("-order")
        assert answer.json() == {
            "id": str(page.id),
            "pageId": "1234567890",
            "pageName": "Ana's Closet",
            "instagramAccountId": "178",
            "instagramUsername": "anas",
            "lastSyncedAt": None,
            "autoPipelineId": str(page.auto_pipeline_id),
            "autoPipelineMode": "SKIP_EXISTING",
            "autoPipelineConfidenceMin": 50,
            "autoPipeline": {
                "id": str(page.auto_pipeline_id),
                "name": "Sales",
                "stages": [
                    {"id": str(new.id), "name": "New", "type": "LEAD", "order": 1},
                    {"id": str(won.id), "name": "Won", "type": "WON", "order": 2},
                ],
            },
        }

    def test_has_no_pipeline_when_auto_assignment_is_off(self, api, owner):
        page = PageFactory(organization=owner.organization)

        answer = api.get(f"/api/facebook/pages/{page.id}").json()

        assert (answer["autoPipelineId"], answer["autoPipeline"]) == (None, None)


class TestUpdatePage:
    def test_changes_what_is_sent(self, api, page):
        other = PipelineFactory(organization=page.organization)

        answer = api.patch(
            f"/api/facebook/pages/{page.remote_id}",
            {
                "autoPipelineId": str(other.id),
                "autoPipelineMode": "UPDATE_EXISTING",
                "autoPipelineConfidenceMin": 100,
                "syncSchedule": "daily",
                "keepManualMovesDays": 7,
            },
        )

        page.refresh_from_db()
        assert answer.status_code == 200
        assert answer.json()["autoPipeline"] == {
            "id": str(other.id),
            "name": other.name,
            "stages": [],
        }
        assert (page.auto_pipeline, page.auto_pipeline_mode) == (other, "UPDATE_EXISTING")
        assert (page.auto_pipeline_confidence_min, page.sync_schedule) == (100, "daily")
        assert page.keep_manual_moves_days == 7

    def test_switches_auto_assignment_off(self, api, page):
        answer = api.patch(f"/api/facebook/pages/{page.id}", {"autoPipelineId": None})

        assert answer.json()["autoPipeline"] is None

    @pytest.mark.parametrize(
        "bad",
        [
            {"autoPipelineMode": "MOVE_ALL"},
            {"autoPipelineConfidenceMin": 101},
            {"autoPipelineConfidenceMin": -1},
            {"autoPipelineConfidenceMin": "high"},
            {"autoPipelineConfidenceMin": "50"},
            {"autoPipelineConfidenceMin": True},
            {"autoPipelineConfidenceMin": 50.5},
            {"autoPipelineConfidenceMin": None},
            {"keepManualMovesDays": False},
            {"keepManualMovesDays": "5"},
            {"autoPipelineId": "not-an-id"},
            {"autoPipelineId": "FOREIGN"},
            {"syncSchedule": "monthly"},
            {"keepManualMovesDays": -1},
            {"pageName": "Mine"},
        ],
    )
    def test_refuses_and_changes_nothing(self, api, page, bad):
        if bad.get("autoPipelineId") == "FOREIGN":
            bad = {"autoPipelineId": str(PipelineFactory().id)}
        before = Page.objects.values().get(id=page.id)

        answer = api.patch(f"/api/facebook/pages/{page.id}", {"keepManualMovesDays": 5, **bad})

        assert answer.status_code == 422
        assert Page.objects.values().get(id=page.id) == before


class TestConnectPage:
    BODY = {
        "pageId": "77",
        "pageName": "New Shop",
        "pageAccessToken": "secret-token",
        "instagramAccountId": "88",
        "instagramUsername": "newshop",
        "verify": False,
    }

    def test_is_created_without_telling_its_token(self, api, owner):
        answer = api.post("/api/facebook-pages", self.BODY)

        page = Page.objects.get(remote_id="77")
        assert answer.status_code == 201
        assert answer.json()["instagramUsername"] == "newshop"
        assert "secret-token" not in answer.content.decode()
        assert (page.organization, page.access_token) == (owner.organization, "secret-token")

    def test_reconnects_and_loses_nothing(self, api, page):
        ContactFactory(page=page)
        Page.objects.filter(id=page.id).update(state="needs_reconnect", state_reason="expired")
        body = {"pageId": page.remote_id, "pageAccessToken": "fresh", "verify": False}

        answer = api.post("/api/facebook-pages", body)

        page.refresh_from_db()
        assert answer.status_code == 200
        assert answer.json()["state"] == "healthy"
        assert (page.access_token, page.name, page.instagram_username) == (
            "fresh",
            "Ana's Closet",
            "anas",
        )
        assert page.contacts.count() == 1

    def test_a_reconnect_looks_for_what_was_missed(self, api, page, now):
        Page.objects.filter(id=page.id).update(state="needs_reconnect", last_synced_at=now)
        body = {"pageId": page.remote_id, "pageAccessToken": "fresh", "verify": False}

        api.post("/api/facebook-pages", body)
        jobs = ProcrastinateJob.objects.filter(task_name="webhooks.repair_page")
        assert list(jobs.values_list("args", flat=True)) == [{"page_id": str(page.id)}]
        repair_page(page_id=page.id, now=now)
        synced = api.post(f"/api/facebook-pages/{page.id}/sync").json()

        run = SyncRun.objects.get()  # the walk that the reconnect started is the one a caller gets
        assert (synced["runId"], run.full, run.started_by) == (str(run.id), False, None)

    def test_refuses_a_page_of_another_organization(self, page, stranger, client_of):
        body = {"pageId": page.remote_id, "pageAccessToken": "theirs", "verify": False}

        answer = client_of(stranger).post("/api/facebook-pages", body)

        page.refresh_from_db()
        assert (answer.status_code, answer.json()["code"]) == (409, "page_taken")
        assert page.access_token == "page-token"

    def test_refuses_an_instagram_account_of_another_page(self, api, page):
        answer = api.post("/api/facebook-pages", {**self.BODY, "instagramAccountId": "178"})

        assert (answer.status_code, answer.json()["code"]) == (409, "instagram_taken")
        assert Page.objects.count() == 1


class TestRemovePage:
    def test_keeps_the_contacts(self, api, page):
        ContactFactory(page=page)
        run = SyncRunFactory(page=page)

        answer = api.delete(f"/api/facebook-pages/{page.remote_id}")

        page.refresh_from_db()
        run.refresh_from_db()
        assert answer.status_code == 204
        assert "Content-Type" not in answer.headers
        assert (page.access_token, page.state) == ("", "forgotten")
        assert run.status == "cancelled"
        assert api.get(f"/api/facebook-pages/{page.id}").status_code == 404
        assert len(api.get("/api/contacts").json()["items"]) == 1

    def test_erases_when_asked_to(self, api, page):
        ContactFactory(page=page)

        api.delete(f"/api/facebook-pages/{page.id}?erase=true")

        assert Page.objects.count() == Contact.objects.count() == 0

    def test_lets_another_organization_connect_it(self, api, page, stranger, client_of):
        api.delete(f"/api/facebook-pages/{page.id}")
        body = {"pageId": "1234567890", "pageAccessToken": "theirs", "verify": False}

        answer = client_of(stranger).post("/api/facebook-pages", body)

        assert answer.status_code == 201


class TestSync:
    def test_starts_a_run(self, api, page):
        answer = api.post(f"/api/facebook-pages/{page.remote_id}/sync")

        run = SyncRun.objects.get()
        assert answer.status_code == 202
        assert answer.json() == {
            "success": True,
            "runId": str(run.id),
            "status": "queued",
            "synced": 0,
            "failed": 0,
            "errors": [],
            "tokenExpired": False,
        }

    def test_returns_the_run_under_way(self, api, page):
        runs = [
            api.post(f"/api/facebook-pages/{page.id}/sync", {"full": True}).json()["runId"]
            for _ in range(2)
        ]

        assert runs[0] == runs[1]
        assert SyncRun.objects.get().full

    def test_refuses_a_page_without_a_token(self, api, owner):
        page = PageFactory(organization=owner.organization, access_token="")

        answer = api.post(f"/api/facebook-pages/{page.id}/sync")

        assert (answer.status_code, answer.json()["code"]) == (409, "page_not_connected")

    def test_tells_the_errors_of_a_run(self, api, page):
        run = SyncRunFactory(
            page=page, status="partial", created=50, failed=2, finished_at=page.created_at
        )
        RunError.objects.create(
            organization=page.organization,
            run=run,
            platform="messenger",
            remote_id="1234567890",
            error="Token expired",
            code="190",
            created_at=page.created_at,
        )

        answer = api.get(f"/api/sync-runs/{run.id}").json()

        assert answer["errors"] == [
            {"platform": "Messenger", "id": "1234567890", "error": "Token expired", "code": 190}
        ]
        assert set(answer) == RUN_FIELDS


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("thread_connections_closed")
class TestWaiting:
    @pytest.fixture(autouse=True)
    def _let_the_listener_end(self):
        """Its connection would keep the test database from being dropped."""
        yield
        if listener._thread is not None:
            listener._thread.join(10)

    @staticmethod
    async def finish(run_id):
        def write():
            run = SyncRun.objects.get(id=run_id)
            SyncRun.objects.filter(id=run_id).update(
                status="completed", created=3, analyzed=2, finished_at=run.created_at
            )
            publish(organization_id=run.organization_id, kind="run.changed", run=run_id)

        await sync_to_async(write)()

    def finish_once_started(self):
        try:
            run, tries = None, 0
            while run is None and tries < 500:
                time.sleep(0.02)
                run, tries = SyncRun.objects.first(), tries + 1
            async_to_sync(self.finish)(str(run.id))
            return run
        finally:
            connection.close()

    async def start(self, api, page, prefer):
        return await AsyncClient().post(
            f"/api/facebook-pages/{page.id}/sync",
            b"",
            content_type="application/json",
            headers={**api.headers, "Prefer": prefer},
        )

    async def test_answers_when_the_run_has_ended(self, api, page):
        # In a thread of its own: a synchronous middleware may hold Django's one during the request.
        ending = asyncio.create_task(asyncio.to_thread(self.finish_once_started))

        answer = await self.start(api, page, "respond-async, wait=30")

        run = await ending
        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "runId": str(run.id),
            "status": "completed",
            "synced": 3,
            "failed": 0,
            "errors": [],
            "tokenExpired": False,
            "created": 3,
            "updated": 0,
            "unchanged": 0,
            "analyzed": 2,
            "autoAssigned": 0,
            "needsReview": 0,
            "notice": None,
        }

    async def test_answers_when_the_time_is_up(self, api, page):
        answer = await self.start(api, page, "wait=0")

        assert (answer.status_code, answer.json()["status"]) == (202, "queued")

    async def test_streams_the_states_of_a_run(self, api, page):
        run = await sync_to_async(SyncRunFactory)(page=page, status="running")
        answer = await AsyncClient().get(f"/api/sync-runs/{run.id}/events", headers=api.headers)
        told = []

        async for chunk in answer.streaming_content:
            event, data = chunk.decode().strip().split("\n")
            told.append((event, json.loads(data.removeprefix("data: "))["status"]))
            if len(told) == 1:
                await self.finish(str(run.id))

        assert answer["Content-Type"] == "text/event-stream"
        assert told == [("event: run", "running"), ("event: end", "completed")]


class TestConnection:
    def test_tells_what_is_missing_and_until_when(self, api, page, now):
        Page.objects.filter(pk=page.pk).update(
            granted_scopes=["pages_messaging"],
            tasks=["ANALYZE"],
            tasks_read_at=now,
            subscribed_fields=["messages"],
            token_expires_at=now,
            checked_at=now,
            connected_user_name="Ana",
        )

        found = api.get(f"/api/facebook-pages/{page.pk}").json()

        names = ("flavour", "missingScopes", "missingTasks", "tasksReadAt", "subscribedFields", "tokenExpiresAt",
                 "dataAccessExpiresAt", "checkedAt", "connectedBy")  # fmt: skip
        assert {name: found[name] for name in names} == {
            "flavour": "page",
            "missingScopes": ["pages_manage_metadata", "pages_read_engagement", "instagram_basic",
                              "instagram_manage_messages"],
            "missingTasks": ["MODERATE", "MESSAGING"],
            "tasksReadAt": "2026-03-01T09:30:00Z",
            "subscribedFields": ["messages"],
            "tokenExpiresAt": "2026-03-01T09:30:00Z",
            "dataAccessExpiresAt": None,
            "checkedAt": "2026-03-01T09:30:00Z",
            "connectedBy": "Ana",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("minutes", "shown"),
        [(5, ("limited", "Meta allows no more calls.")), (-5, ("healthy", None))],
    )
    def test_is_limited_until_its_time_has_passed(self, api, page, minutes, shown):
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minutes)
        Page.objects.filter(pk=page.pk).update(
            state="limited", state_reason="Meta allows no more calls.", limited_until=until
        )

        found = api.get(f"/api/facebook-pages/{page.pk}").json()

        assert (found["state"], found["stateReason"]) == shown
        told = until.isoformat().replace("+00:00", "Z") if minutes > 0 else None
        assert found["limitedUntil"] == told

    def test_says_that_the_app_was_removed_at_meta(self, api, page):
        Page.objects.filter(pk=page.pk).update(
            state="removed", state_reason="They removed the app on Facebook.", access_token=""
        )

        (found,) = api.get("/api/facebook-pages").json()["items"]

        assert (found["state"], found["stateReason"]) == (
            "removed",
            "They removed the app on Facebook.",
        )

    def test_is_looked_at_when_asked(self, api, page, settings):
        with SandboxServer("--page-id", page.remote_id) as sandbox:
            settings.FACEBOOK_GRAPH_URL = sandbox.graph_url
            sandbox.graph.kills_token(page.remote_id, 460)

            response = api.post(f"/api/facebook-pages/{page.pk}/check")

        found = response.json()
        assert (response.status_code, found["state"]) == (200, "needs_reconnect")
        assert found["checkedAt"] is not None

    def test_goes_back_as_far_as_asked(self, api, page):
        api.post(f"/api/facebook-pages/{page.pk}/sync", {"since": "2026-01-01T00:00:00Z"})

        assert SyncRun.objects.get().options == {
            "asked": True,
            "since": "2026-01-01T00:00:00+00:00",
        }
