"""What one does with a run, in a browser: stop it, try again what failed, take it back."""

from datetime import UTC, datetime

import pytest

from hirocrm.contacts.models import AnalysisState
from hirocrm.sync.models import AnalysisBatch, RunError, RunStatus, SyncRun
from tests.factories import AssignmentFactory, ConversationFactory, SyncRunFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
START = datetime(2026, 1, 1, tzinfo=UTC)


def state(page, status):
    """The page's answer, once it shows the run so."""
    shown = page.locator(f"#run-state[data-run-status={status}]")
    shown.wait_for()
    return shown


class TestCancel:
    def test_stops_a_run_for_everyone_who_watches(self, visit, owner, agent, shop):
        run = SyncRunFactory(page=shop.page, status=RunStatus.QUEUED)
        watcher = visit(owner, f"/runs/{run.pk}")
        watcher.locator("html[data-live=on]").wait_for(state="attached")
        page = visit(agent, f"/runs/{run.pk}")

        page.get_by_role("button", name="Cancel").click()

        state(page, "cancelled")
        state(watcher, "cancelled")
        assert page.get_by_role("button", name="Cancel").count() == 0
        assert SyncRun.objects.get().status == RunStatus.CANCELLED


class TestRetry:
    def test_leads_to_a_new_run_of_what_failed(self, visit, agent, shop):
        run = ended_run(shop, status=RunStatus.PARTIAL, failed=1)
        failed = ConversationFactory(
            contact=shop.contact(), has_text=True, analysis_state=AnalysisState.FAILED
        )
        AnalysisBatch.objects.create(
            organization=run.organization, run=run, conversation_ids=[], failed_ids=[failed.pk],
            created_at=START,
        )  # fmt: skip
        RunError.objects.create(
            organization=run.organization, run=run, code="provider_unavailable",
            error="Gemini has a passing problem.", created_at=START,
        )  # fmt: skip
        page = visit(agent, f"/runs/{run.pk}")

        page.get_by_text("A passing problem on the other side").wait_for()
        with page.expect_download() as file:
            page.get_by_role("link", name="All of them as a file").click()
        page.get_by_role("button", name="Retry what failed").click()
        page.get_by_role("heading", name="New analysis of contacts").wait_for()

        new = SyncRun.objects.exclude(pk=run.pk).get()
        assert page.url.endswith(f"/runs/{new.pk}")
        assert file.value.suggested_filename.endswith(".csv")


class TestUndo:
    def test_puts_back_who_is_still_there_after_asking(self, visit, owner, shop):
        run = ended_run(shop, status=RunStatus.COMPLETED, auto_assigned=2)
        ana, ben = (moved_by(run, shop, name) for name in ("Ana", "Ben"))
        ben.stage, ben.moved_by = shop.won, "person"
        ben.save()
        page = visit(owner, f"/runs/{run.pk}")

        page.get_by_role("link", name="Undo this run…").click()
        page.get_by_role("link", name="Leave it").click()
        page.get_by_role("link", name="Undo this run…").click()
        page.get_by_role("button", name="Put them back").click()
        page.get_by_text("1 contact was put back.").wait_for()

        page.get_by_text("This run was undone.").wait_for()
        ana.refresh_from_db()
        ben.refresh_from_db()
        assert (ana.stage, ben.stage) == (None, shop.won)
        assert page.get_by_role("link", name="Undo this run…").count() == 0

    def test_is_not_offered_to_an_agent(self, visit, agent, shop):
        run = ended_run(shop, status=RunStatus.COMPLETED, auto_assigned=1)
        page = visit(agent, f"/runs/{run.pk}")

        state(page, "completed")
        assert page.get_by_role("link", name="Undo this run…").count() == 0


def ended_run(shop, **fields):
    return SyncRunFactory(page=shop.page, phase="done", finished_at=START, **fields)


def moved_by(run, shop, name):
    """A contact that the run has put into Qualified."""
    contact = shop.contact(shop.qualified, first_name=name, moved_by="ai", stage_entered_at=START)
    AssignmentFactory(
        contact=contact, run_id=run.pk, stage=shop.qualified, moved=True, created_at=START
    )
    return contact
