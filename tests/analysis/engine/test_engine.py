import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from hirocrm.analysis import vendor_analyst
from hirocrm.analysis.engine import Analyst, Identity, identity
from hirocrm.analysis.errors import AllKeysResting, AnalysisFailed, BudgetReached
from hirocrm.analysis.key_pool import keys
from hirocrm.analysis.models import AnalyserChoice, AnalysisKey, AnalysisQuota, DailySpend
from hirocrm.analysis.prompts import PROMPT_VERSION
from hirocrm.analysis.schema import AnalysisAnswer, Usage
from hirocrm.core import clock
from hirocrm.organizations.models import Organization
from tests.analysis.gemini_payloads import (
    MODEL,
    PER_DAY,
    PER_MINUTE,
    failed,
    key_invalid,
    model_gone,
    quota_failed,
    result_json,
    said,
    violation,
)
from tests.analysis.requests import conversation
from tests.analysis.vendor_server import Answer, Seen, Vendor, running
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

REQUEST = conversation("Magkano po?", "450 po")


@pytest.fixture
def organization() -> Organization:
    return Organization.objects.create(name="Shop")


@pytest.fixture(autouse=True)
def unlimited(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ANALYZER_ORDER = ("gemini",)
    settings.GOOGLE_AI_KEYS = ("key-number-1",)
    settings.GOOGLE_AI_MODELS = (MODEL,)
    settings.GOOGLE_AI_RPM = settings.GOOGLE_AI_TPM = settings.GOOGLE_AI_RPD = 0
    settings.OPENAI_API_KEY = settings.OPENAI_MODEL = ""
    settings.ANTHROPIC_API_KEY = settings.ANTHROPIC_MODEL = ""
    monkeypatch.setattr(vendor_analyst, "TRY_AGAIN_SECONDS", 0.01)


@pytest.fixture
async def vendor(settings: Settings) -> AsyncIterator[Vendor]:
    async with running(Vendor(said(result_json()))) as opened:
        settings.GOOGLE_AI_BASE_URL = opened.url
        yield opened


def key_of(seen: Seen) -> str:
    return seen.headers["x-goog-api-key"]


async def analyse(analyst: Analyst, organization: Organization) -> AnalysisAnswer:
    return await analyst.analyse(REQUEST, organization_id=organization.id)


async def many(analyst: Analyst, organization_id: UUID, count: int) -> list[AnalysisAnswer]:
    return list(
        await asyncio.gather(
            *(analyst.analyse(REQUEST, organization_id=organization_id) for _ in range(count))
        )
    )


class TestAnalyse:
    async def test_answers_with_where_it_came_from(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        async with Analyst() as analyst:
            answer = await analyse(analyst, organization)

        assert answer.result.recommended_stage == "Contacted"
        assert (answer.provider, answer.model) == ("gemini", MODEL)
        assert answer.prompt_version == PROMPT_VERSION
        assert answer.usage == Usage(
            tokens_in=61, tokens_out=52, tokens_cached=0, cost_micro_usd=148
        )

    async def test_asks_once_more_after_an_invalid_answer_and_counts_both(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [said("I'd rather not."), said(result_json())]
        async with Analyst() as analyst:
            answer = await analyse(analyst, organization)

        assert len(vendor.seen) == 2
        assert answer.usage.tokens_in == 122
        assert answer.usage.cost_micro_usd == 296

    async def test_gives_up_after_two_invalid_answers(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [said("no")]
        async with Analyst() as analyst:
            with pytest.raises(AnalysisFailed) as caught:
                await analyse(analyst, organization)

        assert len(vendor.seen) == 2
        assert (caught.value.reason, caught.value.retriable) == ("answer_invalid", False)

    async def test_gives_a_truncated_answer_more_room(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        cut = {"candidates": [{"finishReason": "MAX_TOKENS"}]}
        vendor.answers = [Answer(cut), said(result_json())]
        async with Analyst() as analyst:
            await analyse(analyst, organization)

        rooms = [s.body["generationConfig"]["maxOutputTokens"] for s in vendor.seen]
        assert rooms == [4096, 8192]

    async def test_tries_twice_more_after_faults(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [failed(503, "high demand"), Answer(hang_up=True), said(result_json())]
        async with Analyst() as analyst:
            await analyse(analyst, organization)

        assert len(vendor.seen) == 3

    async def test_fails_after_three_faults(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [failed(503, "high demand")]
        async with Analyst() as analyst:
            with pytest.raises(AnalysisFailed) as caught:
                await analyse(analyst, organization)

        assert len(vendor.seen) == 3
        assert (caught.value.reason, caught.value.retriable) == ("provider_unavailable", True)
        assert caught.value.sentence == "Gemini is unavailable (HTTP 503): high demand"

    async def test_a_blocked_conversation_is_not_tried_again(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [Answer({"promptFeedback": {"blockReason": "SAFETY"}})]
        async with Analyst() as analyst:
            with pytest.raises(AnalysisFailed) as caught:
                await analyse(analyst, organization)

        assert len(vendor.seen) == 1
        assert (caught.value.reason, caught.value.retriable) == ("prompt_blocked", False)

    async def test_keeps_to_the_places_in_flight(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [Answer(said(result_json()).body, delay=0.05)]
        async with Analyst(concurrency=3) as analyst:
            await many(analyst, organization.id, 12)

        assert len(vendor.seen) == 12
        assert vendor.most_at_once == 3

    async def test_cancelled_work_leaves_its_place(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [Answer(said(result_json()).body, delay=0.2)]
        async with Analyst(concurrency=1) as analyst:
            tasks = [asyncio.create_task(analyse(analyst, organization)) for _ in range(3)]
            await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

            vendor.answers = [said(result_json())]
            await asyncio.wait_for(analyse(analyst, organization), 5)


class TestKeys:
    async def test_a_429_moves_at_once_to_another_key(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.GOOGLE_AI_KEYS = ("key-limited-1", "key-good-2")

        def decide(seen: Seen) -> Answer:
            if key_of(seen) == "key-limited-1":
                return quota_failed(violation(PER_MINUTE), delay="40s")
            return said(result_json())

        vendor.decide = decide
        async with Analyst() as analyst:
            await many(analyst, organization.id, 40)

        assert Counter(key_of(s) for s in vendor.seen) == {"key-limited-1": 1, "key-good-2": 40}

    async def test_a_refused_key_is_asked_once_and_shown(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.GOOGLE_AI_KEYS = ("key-bad-1", "key-good-2")
        vendor.decide = lambda s: key_invalid() if "bad" in key_of(s) else said(result_json())

        async with Analyst() as analyst:
            await many(analyst, organization.id, 40)

        views = await sync_to_async(keys.list_key_views)(
            organization_id=organization.id, now=clock.now()
        )
        assert [view.state for view in views] == ["refused", "ready"]
        assert Counter(key_of(s) for s in vendor.seen)["key-bad-1"] == 1

    async def test_a_spent_day_is_one_call_and_then_come_back_at_midnight(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [quota_failed(violation(PER_DAY, "20"), delay="38s")]
        async with Analyst() as analyst:
            for _ in range(3):
                with pytest.raises(AllKeysResting) as caught:
                    await analyse(analyst, organization)

        assert len(vendor.seen) == 1
        assert caught.value.until.hour in {7, 8}
        assert "(requests a day)" in caught.value.sentence

    async def test_waits_while_all_keys_cool_and_says_until_when(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [
            quota_failed(violation(PER_MINUTE, None), delay="0.8s"),
            said(result_json()),
        ]
        async with Analyst() as analyst:
            task = asyncio.create_task(analyse(analyst, organization))
            waiting = None
            async with asyncio.timeout(10):
                while waiting is None:
                    await asyncio.sleep(0.02)
                    waiting = await analyst.waiting_until(organization.id)
            await task
            answered = clock.now()
            after = await analyst.waiting_until(organization.id)

        assert after is None
        assert answered >= waiting
        assert len(vendor.seen) == 2

    async def test_a_retired_model_fails_quickly_with_one_sentence(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        vendor.answers = [model_gone()]
        sentences = set()
        async with Analyst(concurrency=1) as analyst:
            for _ in range(5):
                with pytest.raises(AnalysisFailed) as caught:
                    await analyse(analyst, organization)
                sentences.add(caught.value.sentence)

        assert len(vendor.seen) == 1
        gone = (
            f"Google no longer offers the model {MODEL}. Set GOOGLE_AI_MODEL to a current model, "
            "or choose one in the AI settings."
        )
        assert sentences == {gone}
        notices = await sync_to_async(keys.list_notices)(
            organization_id=organization.id, now=clock.now()
        )
        assert set(notices) == sentences

    async def test_a_retired_model_gives_way_to_the_next_of_the_list(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.GOOGLE_AI_MODELS = ("gemini-old", MODEL)
        vendor.decide = lambda s: (
            model_gone("gemini-old") if "gemini-old" in s.path else said(result_json())
        )
        async with Analyst() as analyst:
            await analyse(analyst, organization)
            await analyse(analyst, organization)

        assert ["gemini-old" in s.path for s in vendor.seen] == [True, False, False]
        named = await sync_to_async(identity)(organization.id)
        assert named == Identity("gemini", "gemini-old", PROMPT_VERSION)

    async def test_state_survives_a_restart(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.GOOGLE_AI_RPM = 5
        async with Analyst() as analyst:
            await many(analyst, organization.id, 3)
        async with Analyst() as analyst:
            await many(analyst, organization.id, 2)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(analyse(analyst, organization), 0.3)

        quota = await AnalysisQuota.objects.aget()
        assert len(vendor.seen) == 5
        assert quota.day_requests == 5
        assert sum(row[1] for row in quota.window) == 5

    async def test_an_organizations_own_key_is_its_own(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.GOOGLE_AI_KEYS = ()
        other = await Organization.objects.acreate(name="Other")
        await sync_to_async(keys.add_key)(
            organization_id=organization.id, provider="gemini", secret="key-of-the-shop"
        )
        async with Analyst() as analyst:
            await analyse(analyst, organization)
            with pytest.raises(AnalysisFailed, match="There is no Gemini key"):
                await analyse(analyst, other)

        assert [key_of(s) for s in vendor.seen] == ["key-of-the-shop"]
        stored = await AnalysisKey.objects.aget()
        assert (stored.secret, stored.last4) == ("key-of-the-shop", "shop")

    async def test_an_added_key_ends_the_waiting(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        def decide(seen: Seen) -> Answer:
            if key_of(seen) == "key-number-1":
                return quota_failed(violation(PER_MINUTE), delay="60s")
            return said(result_json())

        vendor.decide = decide
        async with Analyst() as analyst:
            task = asyncio.create_task(analyse(analyst, organization))
            await asyncio.sleep(0.5)
            await sync_to_async(keys.add_key)(
                organization_id=organization.id, provider="gemini", secret="key-new-one"
            )
            await asyncio.wait_for(task, 5)

        assert [key_of(s) for s in vendor.seen] == ["key-number-1", "key-new-one"]


class TestOrder:
    async def test_falls_back_to_the_next_vendor(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.ANALYZER_ORDER = ("gemini", "openai")
        settings.OPENAI_MODEL, settings.OPENAI_API_KEY = "gpt-x", "sk-key-number-1"
        settings.OPENAI_BASE_URL = f"{vendor.url}/v1"
        reply = {"choices": [{"message": {"content": result_json()}, "finish_reason": "stop"}]}
        vendor.decide = lambda s: (
            Answer(reply) if s.path.startswith("/v1/chat") else failed(500, "Internal.")
        )
        async with Analyst() as analyst:
            answer = await analyse(analyst, organization)

        assert (answer.provider, answer.model) == ("openai", "gpt-x")

    async def test_falls_back_to_the_local_analyser_when_the_day_is_spent(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.ANALYZER_ORDER = ("gemini", "local")
        vendor.answers = [quota_failed(violation(PER_DAY, "20"))]
        async with Analyst() as analyst:
            answer = await analyse(analyst, organization)

        assert (answer.provider, answer.usage.cost_micro_usd) == ("local", 0)
        assert answer.result.recommended_stage in {"New Lead", "Contacted", "Closed Won"}

    async def test_an_organizations_choice_goes_before_the_environment(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        other = await Organization.objects.acreate(name="Another shop")
        await AnalyserChoice.objects.acreate(
            organization=organization,
            order=["gemini", "local"],
            vendor_models={"gemini": ["gemini-chosen"]},
        )
        async with Analyst() as analyst:
            await analyse(analyst, organization)
            await analyse(analyst, other)
            vendor.answers = [quota_failed(violation(PER_DAY, "20"))]
            spent = await analyse(analyst, organization)

        assert [MODEL in s.path for s in vendor.seen] == [False, True, False]
        assert "gemini-chosen" in vendor.seen[0].path
        assert spent.provider == "local"

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({}, "gemini"),
            ({"GOOGLE_AI_KEYS": ()}, "local"),
            ({"GOOGLE_AI_KEYS": (), "ANTHROPIC_API_KEY": "k"}, "local"),
            (
                {"GOOGLE_AI_KEYS": (), "ANTHROPIC_API_KEY": "k", "ANTHROPIC_MODEL": "c"},
                "anthropic",
            ),
            (
                {
                    "GOOGLE_AI_KEYS": (),
                    "OPENAI_MODEL": "llama",
                    "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1",
                },
                "openai",
            ),
        ],
    )
    def test_auto_is_the_first_that_is_configured(
        self, settings: Settings, organization: Organization, given: dict[str, Any], expected: str
    ) -> None:
        settings.ANALYZER_ORDER = ("auto",)
        for name, value in given.items():
            setattr(settings, name, value)

        assert identity(organization.id).provider == expected


class TestCeiling:
    async def test_stops_calls_with_a_sentence(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        organization.monthly_ceiling_micro_usd = 5_000_000
        await organization.asave()
        today = clock.now().date()
        await DailySpend.objects.acreate(
            organization=organization, day=today, provider="gemini", cost_micro_usd=5_000_000
        )
        async with Analyst() as analyst:
            with pytest.raises(BudgetReached, match=r"monthly ceiling of \$5\.00"):
                await analyse(analyst, organization)

        assert vendor.seen == []

    async def test_counts_this_month_alone(
        self, vendor: Vendor, organization: Organization
    ) -> None:
        organization.monthly_ceiling_micro_usd = 5_000_000
        await organization.asave()
        await DailySpend.objects.acreate(
            organization=organization,
            day=clock.now().date() - timedelta(days=40),
            provider="gemini",
            cost_micro_usd=9_000_000,
        )
        async with Analyst() as analyst:
            await analyse(analyst, organization)

        assert len(vendor.seen) == 1


class TestQuota:
    async def test_never_sends_more_than_a_minute_holds(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.GOOGLE_AI_KEYS = ("key-number-1", "key-number-2", "key-number-3")
        settings.GOOGLE_AI_RPM = 7
        async with Analyst() as analyst:
            work = asyncio.gather(*(analyse(analyst, organization) for _ in range(30)))
            await until(lambda: len(vendor.seen) >= 21)
            await asyncio.sleep(0.5)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

        assert Counter(key_of(s) for s in vendor.seen) == {
            "key-number-1": 7,
            "key-number-2": 7,
            "key-number-3": 7,
        }

    async def test_takes_few_statements(
        self, settings: Settings, vendor: Vendor, organization: Organization
    ) -> None:
        settings.GOOGLE_AI_RPM = 10_000
        async with Analyst() as analyst:
            takes = _count_takes(analyst)
            await many(analyst, organization.id, 200)

        assert len(vendor.seen) == 200
        assert takes() < 15


def _count_takes(analyst: Analyst) -> Callable[[], int]:
    pool, calls = analyst._pool, [0]
    take = pool._take

    async def counted(*args: Any) -> Any:
        calls[0] += 1
        return await take(*args)

    pool._take = counted  # type: ignore[method-assign]
    return lambda: calls[0]
