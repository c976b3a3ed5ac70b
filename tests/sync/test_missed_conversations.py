"""What a walk couldn't read is asked for again; what can't be read for long holds no sync for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.contacts.models import AnalysisState, Contact
from hirocrm.contacts.snapshots import ConversationSnapshot, ParticipantSnapshot, Platform
from hirocrm.meta.checkup import NOT_OURS
from hirocrm.meta.models import Page
from hirocrm.sync import fetch, outcomes, services
from hirocrm.sync.errors import NothingToDo
from hirocrm.sync.missed_conversations import MAX_TRIES, note, with_misses
from hirocrm.sync.models import AnalysisBatch, MissedConversation, RunStatus, SyncRun
from tests.factories import ConversationFactory, PageFactory, SyncRunFactory

pytestmark = pytest.mark.django_db(transaction=True)
CLOSET = "110000000000001"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def page(sandbox, owner) -> Page:
    """A Page with a second page of conversations, where one can't be read when they are first walked."""
    token = sandbox.graph.add_page(CLOSET, "Ana's Closet")
    sandbox.graph.add_synthetic(CLOSET, 103, messages=2, step_ms=3_600_000)
    sandbox.graph.breaks(
        "missing_fields",
        CLOSET,
        fields=["messages"],
        match={"op": "conversations"},
        after=1,
        times=1,
    )
    sandbox.graph.refuses(CLOSET, 100, match={"op": "conversation_messages"}, times=1)
    return PageFactory(organization=owner.organization, remote_id=CLOSET, access_token=token)


def sync(page, owner):
    return finish(services.start_sync(page=page, member=owner, now=NOW))


def finish(run):
    """The run after its fetching; nobody analyses here."""
    async_to_sync(fetch.fetch_run)(run.pk)
    for batch in run.batches.filter(finished_at=None):
        outcomes.close_batch(batch_id=batch.pk, now=NOW)
    run.refresh_from_db()
    return run


def calls(sandbox):
    return [sandbox.control.count(f"graph.{op}") for op in ("conversations", "conversation")]


class TestPageOutOfReach:
    def test_is_told_what_to_do_and_the_page_is_looked_at(self, sandbox, page, owner):
        sandbox.graph.recovers()
        sandbox.graph.refuses(CLOSET, 100, subcode=33, match={"op": "conversations"})

        run = sync(page, owner)

        assert run.status == RunStatus.FAILED
        assert [(e.code, e.error) for e in run.errors.all()] == [("100", NOT_OURS)]
        assert ProcrastinateJob.objects.filter(
            task_name="meta.check_page", args__page_id=str(page.pk)
        ).exists()


class TestMissedConversations:
    def test_the_next_sync_brings_one_in_a_call_of_its_own(self, sandbox, page, owner):
        first = sync(page, owner)
        had, asked = Contact.objects.count(), calls(sandbox)

        second, asked_again = sync(page, owner), calls(sandbox)
        third, asked_at_last = sync(page, owner), calls(sandbox)

        assert (first.status, first.failed, had) == (RunStatus.PARTIAL, 1, 102)
        assert (second.status, second.created) == (RunStatus.COMPLETED, 1)
        assert Contact.objects.count() == 103
        assert (third.status, third.created) == (RunStatus.COMPLETED, 0)
        assert [asked, asked_again, asked_at_last] == [[2, 0], [3, 1], [4, 1]]

    def test_one_that_never_works_is_given_up_until_a_person_retries(self, sandbox, page, owner):
        sandbox.graph.refuses(CLOSET, 100, match={"op": "conversation"})

        runs = [sync(page, owner) for _ in range(MAX_TRIES + 1)]

        assert [run.status for run in runs] == [
            *[RunStatus.PARTIAL] * MAX_TRIES, RunStatus.COMPLETED,
        ]  # fmt: skip
        assert [error.code for error in runs[1].errors.all()] == ["100"]
        assert calls(sandbox)[1] == MAX_TRIES - 1

        sandbox.graph.recovers()
        retried = finish(services.retry_failed(run=runs[0], member=owner, now=NOW))

        assert (retried.status, retried.created) == (RunStatus.COMPLETED, 1)
        assert Contact.objects.count() == 103
        assert not MissedConversation.objects.exists()


class TestRetryFailed:
    def test_takes_those_of_the_run_and_no_others(self, owner):
        page = PageFactory(organization=owner.organization)
        state = {"contact__page": page, "has_text": True, "analysis_state": AnalysisState.FAILED}
        mine, abandoned, others = (ConversationFactory(**state) for _ in range(3))
        run, other = (SyncRunFactory(page=page, finished_at=NOW) for _ in range(2))
        for of, failed, left in ((run, [mine], [abandoned]), (other, [others], [])):
            AnalysisBatch.objects.create(
                organization=page.organization, run=of, page=page, created_at=NOW, finished_at=NOW,
                failed_ids=[c.pk for c in failed], conversation_ids=[c.pk for c in left],
            )  # fmt: skip

        retried = services.retry_failed(run=run, member=owner, now=NOW + timedelta(hours=1))

        (batch,) = retried.batches.all()
        assert set(batch.conversation_ids) == {mine.pk, abandoned.pk}

    def test_refuses_when_none_is_left(self, owner):
        page = PageFactory(organization=owner.organization)
        run = SyncRunFactory(page=page, finished_at=NOW)
        ConversationFactory(contact__page=page, has_text=True, analysis_state=AnalysisState.FAILED)

        with pytest.raises(NothingToDo):
            services.retry_failed(run=run, member=owner, now=NOW)


class TestStatements:
    @pytest.mark.parametrize(("missed", "looked"), [(0, 0), (1, 1)])
    def test_where_nothing_was_ever_missed_nothing_is_forgotten(self, owner, missed, looked):
        page = PageFactory(organization=owner.organization)
        for number in range(missed):
            MissedConversation.objects.create(
                organization=owner.organization,
                page=page,
                platform="messenger",
                remote_id=f"t_{number}",
            )
        run = with_misses(SyncRun.objects.filter(pk=SyncRunFactory(page=page).pk)).get()
        snapshot = ConversationSnapshot(
            Platform.MESSENGER, "t_0", ParticipantSnapshot("7"), (), NOW
        )

        with CaptureQueriesContext(connection) as asked:
            note(run, "messenger", [snapshot], [])

        deletes = [one for one in asked.captured_queries if one["sql"].startswith("DELETE")]
        assert (len(deletes), bool(asked.captured_queries)) == (looked, bool(looked))
        assert MissedConversation.objects.count() == 0
