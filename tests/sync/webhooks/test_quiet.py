"""One analysis for a burst of messages, once it is over."""

from datetime import timedelta

import pytest
from django.db import connection

from hirocrm.contacts.models import AnalysisState, Conversation
from hirocrm.sync.models import AnalysisBatch
from hirocrm.sync.webhooks.quiet import hand_over_quiet
from tests.sync.webhooks.payloads import echo, from_customer, page_body, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_queue(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


@pytest.fixture(autouse=True)
def _thirty_seconds(settings) -> None:
    settings.ANALYSIS_DEBOUNCE_SECONDS = 30


def jobs(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s", [name])
        return int(cursor.fetchone()[0])


class TestHandOverQuiet:
    def test_waits_until_nothing_more_comes(self, page, deliver, now):
        deliver(page_body(text()))
        due_at = Conversation.objects.get().analysis_due_at

        early = hand_over_quiet(now=due_at - timedelta(seconds=1))
        on_time = hand_over_quiet(now=due_at)

        assert due_at - now == timedelta(seconds=31)  # it was taken a second after it came
        assert (early, on_time) == (0, 1)
        conversation = Conversation.objects.get()
        assert (conversation.analysis_due_at, conversation.analysis_state) == (None, "pending")
        assert AnalysisBatch.objects.get().conversation_ids == [conversation.pk]
        assert AnalysisBatch.objects.get().run is None

    def test_asks_once_for_a_burst(self, page, deliver, now):
        for number in range(5):
            deliver(page_body(text(f"m_{number}", f"line {number}", at=number)))

        assert hand_over_quiet(now=now + timedelta(minutes=1)) == 1
        assert hand_over_quiet(now=now + timedelta(minutes=2)) == 0
        assert jobs("sync.analyse_batch") == 1

    def test_wakes_up_for_the_first_and_then_for_the_next(self, page, deliver, now):
        deliver(page_body(text()))
        deliver(page_body(from_customer(person="7222", message={"mid": "m_2", "text": "hi"})))

        assert jobs("webhooks.analyse_quiet") == 1

    def test_counts_answers_and_edits_and_not_pictures_or_receipts(self, page, deliver, now):
        deliver(
            page_body(from_customer(message={"mid": "m_0", "attachments": [{"type": "image"}]}))
        )
        deliver(page_body(from_customer(5, read={"watermark": 1767312005000})))
        assert Conversation.objects.get().analysis_due_at is None

        deliver(page_body(echo()))
        assert hand_over_quiet(now=now + timedelta(minutes=1)) == 1

    def test_reads_again_what_was_edited(self, page, deliver, now):
        deliver(page_body(text()))
        hand_over_quiet(now=now + timedelta(minutes=1))
        Conversation.objects.update(analysis_state=AnalysisState.DONE, analysed_revision=1)

        deliver(
            page_body(from_customer(9, message_edit={"mid": "m_A1", "text": "ok", "num_edit": 1}))
        )

        assert hand_over_quiet(now=now + timedelta(minutes=2)) == 1

    def test_leaves_what_a_sync_has_read_meanwhile(self, page, deliver, now):
        deliver(page_body(text()))
        Conversation.objects.update(analysis_state=AnalysisState.DONE, analysed_revision=1)

        assert hand_over_quiet(now=now + timedelta(minutes=1)) == 0
        assert Conversation.objects.get().analysis_due_at is None

    def test_comes_back_to_what_is_being_read_now(self, page, deliver, now):
        deliver(page_body(text()))
        Conversation.objects.update(analysis_state=AnalysisState.PENDING)
        later = now + timedelta(minutes=1)

        assert hand_over_quiet(now=later) == 0
        assert Conversation.objects.get().analysis_due_at == later + timedelta(seconds=10)

        Conversation.objects.update(analysis_state=AnalysisState.DONE, analysed_revision=0)
        assert hand_over_quiet(now=later + timedelta(seconds=10)) == 1
