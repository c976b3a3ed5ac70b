"""What vendors took counts, whether their answers were of use or came too late."""

from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from hirocrm.analysis.asker import asker_for
from hirocrm.analysis.models import Analysis, DailySpend
from hirocrm.analysis.record import Answered, Failed
from hirocrm.analysis.schema import AnalysisAnswer, AnalysisResult, Spent, Usage
from hirocrm.analysis.transcripts import read_conversations
from hirocrm.contacts.models import Conversation
from hirocrm.sync import outcomes, reading
from hirocrm.sync.models import AnalysisBatch, SyncRun
from hirocrm.sync.plan import plan_for
from tests.analysis.gemini_payloads import (
    MODEL,
    PER_DAY,
    quota_failed,
    result_json,
    said,
    violation,
)
from tests.analysis.vendor_server import Answer, Vendor, running
from tests.factories import MessageFactory, SyncRunFactory

WASTED = Spent("gemini", "gemini-x", Usage(tokens_in=100, tokens_out=10, cost_micro_usd=70))
ANSWER = AnalysisAnswer(
    AnalysisResult(summary="Asks for a price."), "openai", "gpt-x",
    Usage(tokens_in=40, tokens_out=4, cost_micro_usd=9),
)  # fmt: skip


@pytest.fixture
def batch(now) -> AnalysisBatch:
    """One conversation of a run, handed to the analyser."""
    message = MessageFactory(conversation__has_text=True, conversation__revision=1)
    conversation = message.conversation
    run = SyncRunFactory(page=conversation.page, status="running", started_at=now)
    return AnalysisBatch.objects.create(
        organization=conversation.organization, run=run, page=conversation.page,
        conversation_ids=[conversation.pk], created_at=now,
    )  # fmt: skip


def record(batch, item, now) -> None:
    page = batch.page
    asker = asker_for(page.organization)
    plan = outcomes.reading_plan(batch, plan_for(batch.run, page, asker), asker)
    (found,) = read_conversations(
        organization=page.organization, conversation_ids=Conversation.objects.values_list("pk", flat=True),
        rules=plan.rules, asker=asker, now=now,
    )  # fmt: skip
    outcomes.record(plan=plan, items=[(batch.pk, item(found))], now=now)


def days() -> list[tuple[object, ...]]:
    rows = DailySpend.objects.order_by("provider")
    return list(
        rows.values_list("provider", "model", "calls", "tokens_in", "tokens_out", "cost_micro_usd")
    )


def of_run() -> tuple[int, int, int]:
    run = SyncRun.objects.get()
    return run.tokens_in, run.tokens_out, run.cost_micro_usd


@pytest.mark.django_db
class TestRecord:
    def test_counts_what_others_took_before_the_answer(self, batch, now):
        record(batch, lambda found: Answered(found, ANSWER, [WASTED]), now)

        assert days() == [("gemini", "gemini-x", 1, 100, 10, 70), ("openai", "gpt-x", 1, 40, 4, 9)]
        assert of_run() == (140, 14, 79)
        assert Analysis.objects.get().cost_micro_usd == 9

    def test_counts_what_failures_took(self, batch, now):
        record(batch, lambda found: Failed(found, "No.", "blocked", wasted=[WASTED, WASTED]), now)

        assert days() == [("gemini", "gemini-x", 2, 200, 20, 140)]
        assert of_run() == (200, 20, 140)

    def test_counts_answers_that_came_too_late(self, batch, now):
        AnalysisBatch.objects.update(finished_at=now)

        record(batch, lambda found: Answered(found, ANSWER), now)

        assert days() == [("openai", "gpt-x", 1, 40, 4, 9)]
        assert of_run() == (40, 4, 9)
        assert not Analysis.objects.exists()

    def test_counts_nothing_for_an_answer_that_was_known(self, batch, now):
        record(batch, lambda found: Answered(found, ANSWER), now)
        AnalysisBatch.objects.update(conversation_ids=[Analysis.objects.get().conversation_id])

        record(batch, lambda found: Answered(found, None), now)

        assert days() == [("openai", "gpt-x", 1, 40, 4, 9)]


@pytest.mark.django_db(transaction=True)
class TestReadBatch:
    @pytest.fixture(autouse=True)
    async def closed_connections(self) -> AsyncIterator[None]:
        """Close what threads opened, so that the database can be dropped."""
        yield
        await sync_to_async(connections.close_all)()

    @pytest.fixture
    async def vendor(self, settings) -> AsyncIterator[Vendor]:
        settings.ANALYZER_ORDER = ("gemini",)
        settings.GOOGLE_AI_KEYS = ("key-number-1",)
        settings.GOOGLE_AI_MODELS = (MODEL,)
        settings.GOOGLE_AI_RPM = settings.GOOGLE_AI_TPM = settings.GOOGLE_AI_RPD = 0
        settings.OPENAI_MODEL, settings.OPENAI_API_KEY = "gpt-x", "sk-key-number-1"
        async with running(Vendor()) as opened:
            settings.GOOGLE_AI_BASE_URL = opened.url
            settings.OPENAI_BASE_URL = f"{opened.url}/v1"
            yield opened

    async def test_counts_an_answer_of_no_use_when_the_next_in_order_answers(
        self, batch, vendor, settings
    ):
        settings.ANALYZER_ORDER = ("gemini", "openai")
        reply = {
            "choices": [{"message": {"content": result_json()}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 40, "completion_tokens": 4},
        }
        vendor.decide = lambda seen: (
            Answer(reply) if seen.path.startswith("/v1/chat") else said("I'd rather not.")
        )

        await reading.read_batch(organization_id=batch.organization_id, batch_id=batch.pk)

        counted = [row[:5] for row in await sync_to_async(days)()]
        assert counted == [("gemini", MODEL, 1, 122, 104), ("openai", "gpt-x", 1, 40, 4)]
        assert (await sync_to_async(of_run)())[:2] == (162, 108)

    async def test_counts_an_answer_of_no_use_when_the_keys_rest_after_it(self, batch, vendor):
        vendor.answers = [said("I'd rather not."), quota_failed(violation(PER_DAY, "20"))]

        await reading.read_batch(organization_id=batch.organization_id, batch_id=batch.pk)

        assert [row[:5] for row in await sync_to_async(days)()] == [("gemini", MODEL, 1, 61, 52)]
        assert (await sync_to_async(of_run)())[:2] == (61, 52)
        assert await AnalysisBatch.objects.filter(finished_at=None).acount() == 1
