"""What a run would take, as far as the keys' quotas go."""

from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.analysis.estimate import Guess, guess_cost
from hirocrm.analysis.key_pool.capacity import Capacity, find_capacity
from hirocrm.analysis.models import AnalysisKey, AnalysisQuota

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # noon in California; its day ends in twelve hours
DAY, HOUR = 86_400, 3600


class TestCapacity:
    @pytest.mark.parametrize(
        ("calls", "seconds"),
        [
            (30, 0),  # the first minute's go at once
            (90, 120),
            (400, 740),
            (401, 12 * HOUR),
            (1400, 12 * HOUR + 1940),
            (1401, 12 * HOUR + DAY),
        ],
    )
    def test_the_time_that_quotas_take(self, calls, seconds):
        quota = Capacity(a_minute=30, today=400, a_day=1000)

        assert round(quota.seconds(calls=calls, tokens_each=0, now=NOW)) == seconds

    def test_tokens_may_be_scarcer_than_requests(self):
        quota = Capacity(a_minute=30, tokens_a_minute=10_000)

        assert quota.seconds(calls=60, tokens_each=1000, now=NOW) == 300

    def test_without_limits_there_is_no_wait(self):
        assert Capacity().seconds(calls=10**6, tokens_each=1000, now=NOW) == 0


@pytest.mark.django_db
class TestFindCapacity:
    @pytest.fixture(autouse=True)
    def _keys(self, settings):
        settings.ANALYZER_ORDER = ("gemini",)
        settings.GOOGLE_AI_KEYS = ("one", "two", "three")
        settings.GOOGLE_AI_MODELS = ("gemini-x",)
        settings.GOOGLE_AI_RPM, settings.GOOGLE_AI_TPM, settings.GOOGLE_AI_RPD = 15, 1000, 500

    def find(self, owner) -> Capacity:
        from hirocrm.analysis.key_pool.keyring import register_environment_keys

        register_environment_keys()
        return find_capacity(
            provider="gemini", model="gemini-x", organization_id=owner.organization.pk, now=NOW
        )

    def test_sums_up_the_keys_less_what_is_used_today(self, owner):
        self.find(owner)
        used, spent, _ = AnalysisKey.objects.order_by("id")
        row = {"provider": "gemini", "model": "gemini-x"}
        AnalysisQuota.objects.create(
            budget_id=used.budget_id, day=NOW.date(), day_requests=120, **row
        )
        AnalysisQuota.objects.create(
            budget_id=spent.budget_id, parked_reason="day", parked_until=NOW + timedelta(hours=1), **row
        )  # fmt: skip

        assert self.find(owner) == Capacity(45, 3000, 880, 1500)

    def test_leaves_refused_keys_out_and_counts_a_project_once(self, owner):
        self.find(owner)
        first, second, third = AnalysisKey.objects.order_by("id")
        AnalysisKey.objects.filter(pk=first.pk).update(standing="refused")
        AnalysisKey.objects.filter(pk=third.pk).update(budget_id=second.budget_id)

        assert self.find(owner) == Capacity(15, 1000, 500, 500)

    def test_no_limit_and_no_key_are_no_limit(self, owner, settings):
        settings.GOOGLE_AI_RPM = settings.GOOGLE_AI_TPM = settings.GOOGLE_AI_RPD = 0
        assert self.find(owner) == Capacity()
        settings.GOOGLE_AI_KEYS = ()
        assert self.find(owner) == Capacity()

    def test_the_guess_says_what_goes_today(self, owner):
        self.find(owner)

        guess = guess_cost(organization=owner.organization, calls=1501, messages=0, now=NOW)
        small = guess_cost(organization=owner.organization, calls=45, messages=0, now=NOW)

        assert isinstance(guess, Guess)
        assert guess.calls_today == 1500
        assert guess.seconds == 12 * HOUR
        assert small.calls_today is None
