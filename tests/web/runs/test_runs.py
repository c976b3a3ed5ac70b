"""A run's page, the list of runs, and what can be done with one."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.urls import reverse

from hirocrm.core import clock
from hirocrm.sync.models import RunError, SyncRun
from tests.factories import AssignmentFactory, PageFactory, SyncRunFactory

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def run(owner) -> SyncRun:
    return SyncRunFactory(page=PageFactory(organization=owner.organization))


def ended(run: SyncRun, **fields: object) -> SyncRun:
    fields = {"status": "completed", "phase": "done", **fields}
    SyncRun.objects.filter(pk=run.pk).update(
        started_at=STARTED,
        fetched_at=STARTED + timedelta(seconds=60),
        finished_at=STARTED + timedelta(seconds=100),
        **fields,
    )
    run.refresh_from_db()
    return run


@async_to_sync
async def streamed(response: StreamingHttpResponse) -> bytes:
    return b"".join([part async for part in response.streaming_content])


def url(run: SyncRun, name: str = "run") -> str:
    return reverse(name, args=[run.id])


class TestRunDetail:
    def test_listens_while_it_goes_on(self, sign_in, viewer, run):
        text = sign_in(viewer).get(url(run)).text

        assert f'data-live-url="/api/sync-runs/{run.id}/events"' in text
        assert "Waiting for a worker to take it up" in text
        assert '<meta http-equiv="refresh" content="5">' in text

    def test_leads_to_reconnecting_who_may(self, sign_in, owner, agent, run):
        ended(run, status="token_expired", token_expired=True)
        way = f"{reverse('page-connect')}?page={run.page.remote_id}"

        assert [way in sign_in(one).get(url(run)).text for one in (owner, agent)] == [True, False]

    def test_is_still_once_it_has_ended(self, sign_in, owner, run):
        ended(run, fetched=240, created=230, updated=10, to_analyse=200, analyzed=200)

        text = sign_in(owner).get(url(run)).text

        assert "data-live-url" not in text
        assert 'data-run-status="completed"' in text
        assert "240 · 4 a second" in text
        assert "200 of 200 · 2 a second" in text

    def test_gives_htmx_the_state_alone(self, sign_in, owner, run):
        response = sign_in(owner).get(url(run), headers={"hx-request": "true"})

        assert response.text.strip().startswith('<div class="grid gap-5" id="run-state"')
        assert "<html" not in response.text

    def test_says_what_it_waits_for(self, sign_in, owner, run):
        run.status, run.waiting_for = "rate_limited", "Meta allows no more calls for now."
        run.waiting_until = clock.now() + timedelta(minutes=30)
        run.save()

        text = sign_in(owner).get(url(run)).text

        assert "Waiting until" in text
        assert "Meta allows no more calls for now." in text

    def test_groups_errors_with_what_to_do(self, sign_in, owner, run):
        ended(run, status="partial", failed=3)
        for number in range(3):
            RunError.objects.create(
                organization=owner.organization,
                run=run,
                code="provider_unavailable",
                remote_id=f"psid-{number}",
                error="Gemini has a passing problem.",
                created_at=STARTED,
            )

        text = sign_in(owner).get(url(run)).text

        assert text.count("Gemini has a passing problem.") == 1
        assert "× 3" in text
        assert "psid-0, psid-1, psid-2" in text
        assert "A passing problem on the other side: retry what failed later." in text
        assert "Retry what failed" in text

    def test_leads_to_reconnecting(self, sign_in, owner, run):
        ended(run, status="token_expired", token_expired=True)

        assert f"/pages/connect?page={run.page.remote_id}" in sign_in(owner).get(url(run)).text

    def test_costs_a_few_queries(self, sign_in, owner, run, django_assert_num_queries):
        client = sign_in(owner)

        with django_assert_num_queries(8):
            client.get(url(run))

    @pytest.mark.parametrize("name", ["run", "run-undo"])
    def test_does_not_exist_for_a_stranger(self, sign_in, stranger, run, name):
        assert sign_in(stranger).get(url(run, name)).status_code == 404


class TestCancel:
    def test_stops_the_run(self, sign_in, agent, run):
        response = sign_in(agent).post(url(run, "run-cancel"))

        run.refresh_from_db()
        assert (response.status_code, run.status) == (302, "cancelled")

    def test_says_that_it_has_ended(self, sign_in, agent, run):
        ended(run)

        response = sign_in(agent).post(url(run, "run-cancel"), follow=True)

        assert "This run has already ended." in response.text

    def test_is_refused_to_a_viewer(self, sign_in, viewer, run):
        assert sign_in(viewer).post(url(run, "run-cancel")).status_code == 403


class TestRetry:
    def test_says_when_nothing_failed(self, sign_in, owner, run):
        ended(run)

        response = sign_in(owner).post(url(run, "run-retry"), follow=True)

        assert "No contact of this run is waiting for another try." in response.text


class TestUndo:
    def test_asks_first_then_puts_back(self, sign_in, owner, run):
        ended(run, auto_assigned=1)
        AssignmentFactory(
            contact__page=run.page, run_id=run.id, stage__pipeline__organization=owner.organization
        )
        client = sign_in(owner)

        assert "Undo this run?" in client.get(url(run, "run-undo")).text
        response = client.post(url(run, "run-undo"), follow=True)

        run.refresh_from_db()
        assert run.undone_at is not None
        assert "This run was undone." in response.text

    def test_is_refused_to_an_agent(self, sign_in, agent, run):
        ended(run, auto_assigned=1)

        assert sign_in(agent).post(url(run, "run-undo")).status_code == 403


class TestRunList:
    def test_shows_those_of_one_page(self, sign_in, viewer, run):
        other = SyncRunFactory(page=PageFactory(organization=run.organization, name="Other Shop"))
        client = sign_in(viewer)

        everything = client.get("/runs").text
        mine = client.get("/runs", {"page": str(run.page_id)}).text

        assert url(run) in everything
        assert url(other) in everything
        assert url(run) in mine
        assert url(other) not in mine

    def test_teaches_when_empty(self, sign_in, owner):
        assert "No run yet" in sign_in(owner).get("/runs").text


class TestErrorFile:
    def test_lists_every_error_with_its_advice(self, sign_in, viewer, run):
        RunError.objects.create(
            organization=run.organization, run=run, platform="messenger", remote_id="77", code="190",
            error="=Token expired", count=2, created_at=STARTED,
        )  # fmt: skip

        response = sign_in(viewer).get(url(run, "run-errors"))

        lines = streamed(response).decode("utf-8-sig").splitlines()
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert lines == [
            "time,platform,id,code,error,times,advice",
            (
                "2026-01-01T00:00:00+00:00,messenger,77,190,'=Token expired,2,"
                '"Facebook\'s side: reconnect the Page, then sync again."'
            ),
        ]

    def test_is_not_a_strangers(self, sign_in, stranger, run):
        assert sign_in(stranger).get(url(run, "run-errors")).status_code == 404
