from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from hirocrm.analysis.key_pool import keyring, ledger, rest
from hirocrm.analysis.key_pool.keyring import Limits
from hirocrm.analysis.key_pool.slices import Handout, Report, Slice, Source
from hirocrm.analysis.models import AnalysisKey, AnalysisQuota, KeyStanding
from hirocrm.analysis.providers.errors import KeyRefused, ModelRetired, QuotaExceeded, QuotaScope

pytestmark = pytest.mark.django_db

MODEL = "gemini-x"
SOURCE = Source("gemini", None, (MODEL,))
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def use_keys(settings: Settings, *keys: str, **limits: int) -> None:
    settings.GOOGLE_AI_KEYS = keys
    settings.GOOGLE_AI_MODELS = (MODEL,)
    settings.GOOGLE_AI_RPM = limits.get("rpm", 0)
    settings.GOOGLE_AI_TPM = limits.get("tpm", 0)
    settings.GOOGLE_AI_RPD = limits.get("rpd", 0)
    keyring.register_environment_keys()
    AnalysisKey.objects.update(proven_at=NOW)


def prove(*models: str) -> None:
    for budget_id in AnalysisKey.objects.values_list("budget_id", flat=True).distinct():
        for model in models or (MODEL,):
            AnalysisQuota.objects.update_or_create(
                provider="gemini",
                budget_id=budget_id,
                model=model,
                defaults={"proven_at": NOW + timedelta(hours=3)},
            )
    AnalysisKey.objects.update(proven_at=NOW + timedelta(hours=3))


def take(clock: Clock, want: int, tokens: int = 100, **options: Any) -> Handout:
    return ledger.take(
        options.pop("source", SOURCE), want=want, tokens_each=tokens, clock=clock, **options
    )


def good_answer(probe: Slice) -> Report:
    return Report(
        "gemini",
        probe.budget_id,
        MODEL,
        probe.slot,
        probe.key_id,
        answered=True,
        ends_probe=True,
    )


def counts(handout: Handout) -> list[int | None]:
    return sorted((taken.requests for taken in handout.slices), key=lambda n: (n is None, n))


class TestTake:
    def test_spreads_over_the_keys_in_turn(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1", "key-two-2", "key-three-3", rpm=10)
        prove()

        first, second = take(clock, 2), take(clock, 1)
        even = take(clock, 12)

        assert counts(first) == [1, 1]
        assert not {s.key_id for s in second.slices} & {s.key_id for s in first.slices}
        assert counts(even) == [4, 4, 4]

    def test_never_books_more_than_a_minute_holds(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1", rpm=10)

        assert counts(take(clock, 64)) == [10]
        waiting = take(clock, 64)
        clock.pass_seconds(61.2)
        early = take(clock, 64)
        clock.pass_seconds(0.1)

        assert waiting.slices == ()
        assert waiting.waiting_until == NOW + timedelta(seconds=61.25)
        assert early.slices == ()
        assert counts(take(clock, 64)) == [10]

    def test_a_slice_larger_than_the_need_comes_back(
        self, settings: Settings, clock: Clock
    ) -> None:
        use_keys(settings, "key-one-1", rpm=10)
        taken = take(clock, 10).slices[0]

        report = Report(
            "gemini",
            taken.budget_id,
            MODEL,
            taken.slot,
            taken.key_id,
            requests=-4,
            tokens=-400,
        )

        assert counts(take(clock, 64, reports=[report])) == [4]
        assert AnalysisQuota.objects.get().day_requests == 10

    def test_tokens_a_minute_are_corrected_with_what_was_used(
        self, settings: Settings, clock: Clock
    ) -> None:
        use_keys(settings, "key-one-1", tpm=1_000)
        taken = take(clock, 64, tokens=250).slices[0]
        report = Report(
            "gemini", taken.budget_id, MODEL, taken.slot, taken.key_id, tokens=-500, answered=True
        )

        after = take(clock, 64, tokens=250, reports=[report])

        assert taken.requests == 4
        assert counts(after) == [2]

    def test_the_day_is_googles(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1", rpd=3)

        assert counts(take(clock, 64)) == [3]
        spent = take(clock, 64)
        clock.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

        assert spent.waiting_until == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        assert spent.wait_reason == "day"
        assert counts(take(clock, 64)) == [3]

    def test_without_limits_nothing_is_booked(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1")

        handout = take(clock, 64)

        assert counts(handout) == [None]
        assert AnalysisQuota.objects.get().window == []

    def test_keys_of_one_project_share_one_budget(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1", "key-two-2", rpm=10)
        AnalysisKey.objects.update(project_group="p", budget_id="group:environment:p")

        assert sum(n or 0 for n in counts(take(clock, 64))) == 10
        assert take(clock, 64).slices == ()

    def test_an_unproven_key_is_tried_with_one_request(
        self, settings: Settings, clock: Clock
    ) -> None:
        use_keys(settings, "key-one-1", "key-two-2", rpm=10)

        first, second = take(clock, 64), take(clock, 64)
        probe = first.slices[0]
        third = take(clock, 64, reports=[good_answer(probe)])

        assert [(s.requests, s.is_probe) for s in first.slices] == [(1, True), (1, True)]
        assert (second.slices, second.wait_reason) == ((), "probe")
        assert [(s.requests, s.key_id) for s in third.slices] == [(9, probe.key_id)]

    def test_a_key_that_never_answered_is_proven_by_its_first_answer(
        self, settings: Settings, clock: Clock
    ) -> None:
        use_keys(settings, "key-one-1", "key-two-2", rpm=10)
        AnalysisKey.objects.update(proven_at=None)
        probe = take(clock, 64).slices[0]

        after = take(clock, 64, reports=[good_answer(probe)])

        assert [(s.requests, s.key_id, s.is_probe) for s in after.slices] == [
            (9, probe.key_id, False)
        ]

    def test_a_dead_process_does_not_keep_a_key_on_trial(
        self, settings: Settings, clock: Clock
    ) -> None:
        use_keys(settings, "key-one-1", "key-two-2", rpm=10)
        take(clock, 64)
        clock.pass_seconds(76)

        assert counts(take(clock, 64)) == [1, 1]

    def test_no_key_is_said(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings)

        trouble = take(clock, 1).trouble

        assert isinstance(trouble, KeyRefused)
        assert trouble.sentence == (
            "There is no Gemini key: set GOOGLE_AI_API_KEY or add one in the settings."
        )


class TestRest:
    def one(self, settings: Settings, clock: Clock, **limits: int) -> Slice:
        use_keys(settings, "key-one-1", "key-two-2", **limits)
        prove()
        return take(clock, 1).slices[0]

    def quota(self, scope: QuotaScope, seconds: float | None = None, **learned: int) -> Any:
        return QuotaExceeded("429", scope=scope, retry_after_seconds=seconds, learned=learned)  # type: ignore[arg-type]

    def test_a_minute_rests_one_project_and_teaches_its_limit(
        self, settings: Settings, clock: Clock
    ) -> None:
        taken = self.one(settings, clock, rpm=300)

        until = rest.park(taken, self.quota(QuotaScope.MINUTE, 20.0, rpm=15), clock=clock)

        assert NOW + timedelta(seconds=20) < until < NOW + timedelta(seconds=21)
        others = {s.budget_id for s in take(clock, 64).slices}
        assert taken.budget_id not in others
        assert len(others) == 1
        clock.pass_seconds(21)
        back = {s.budget_id: s.requests for s in take(clock, 600).slices}
        assert back[taken.budget_id] == 14

    def test_a_day_rests_until_midnight_whatever_delay_is_given(
        self, settings: Settings, clock: Clock
    ) -> None:
        taken = self.one(settings, clock)

        until = rest.park(taken, self.quota(QuotaScope.DAY, 38.0, rpd=20), clock=clock)

        assert until == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        clock.now = until - timedelta(seconds=1)
        assert {s.budget_id for s in take(clock, 64).slices} != {taken.budget_id}

    def test_a_shorter_rest_never_ends_a_longer_one(self, settings: Settings, clock: Clock) -> None:
        taken = self.one(settings, clock)
        midnight = rest.park(taken, self.quota(QuotaScope.DAY), clock=clock)

        assert rest.park(taken, self.quota(QuotaScope.MINUTE, 1.0), clock=clock) == midnight

    def test_bursts_back_off_further_each_time_and_an_answer_forgives(
        self, settings: Settings, clock: Clock
    ) -> None:
        taken = self.one(settings, clock)
        rests = []
        for _ in range(7):
            until = rest.park(taken, self.quota(QuotaScope.BURST), clock=clock)
            rests.append(int((until - clock.now).total_seconds()))
            clock.now = until
        report = Report("gemini", taken.budget_id, MODEL, taken.slot, taken.key_id, answered=True)
        ledger.settle([report], clock=clock)

        assert rests == [2, 4, 8, 16, 32, 60, 60]
        assert AnalysisQuota.objects.get(budget_id=taken.budget_id).strikes == 0

    def test_a_retired_model_moves_on_to_the_next(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1")
        source = Source("gemini", None, ("gone", MODEL))
        taken = take(clock, 1, source=source).slices[0]

        rest.retire(taken, ModelRetired("Set GOOGLE_AI_MODEL.", model="gone"), clock=clock)

        assert {s.model for s in take(clock, 1, source=source).slices} == {MODEL}

    def test_a_model_that_no_project_has_is_trouble_until_later(
        self, settings: Settings, clock: Clock
    ) -> None:
        use_keys(settings, "key-one-1", "key-two-2")
        for taken in take(clock, 64).slices:
            rest.retire(taken, ModelRetired("Set GOOGLE_AI_MODEL.", model=MODEL), clock=clock)

        trouble = take(clock, 1).trouble

        assert isinstance(trouble, ModelRetired)
        assert trouble.sentence == "Set GOOGLE_AI_MODEL."
        clock.pass_seconds(6 * 3600 + 1)
        assert counts(take(clock, 1)) == [1, 1] or take(clock, 1).slices

    def test_a_model_that_is_not_offered_names_the_setting(
        self, settings: Settings, clock: Clock
    ) -> None:
        use_keys(settings, "key-one-1")
        taken = take(clock, 1).slices[0]

        rest.park(taken, self.quota(QuotaScope.NOT_OFFERED), clock=clock)

        trouble = take(clock, 1).trouble
        assert trouble is not None
        assert "Set GOOGLE_AI_MODEL to another model, or" in trouble.sentence

    def test_a_spent_day_moves_on_to_the_next_model(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1")
        source = Source("gemini", None, ("first", MODEL))
        taken = take(clock, 1, source=source).slices[0]

        rest.park(taken, self.quota(QuotaScope.DAY), clock=clock)

        assert {s.model for s in take(clock, 1, source=source).slices} == {MODEL}

    def test_a_refused_key_is_out_with_its_reason(self, settings: Settings, clock: Clock) -> None:
        taken = self.one(settings, clock)

        rest.refuse(taken, KeyRefused("Google refused the key: no."), clock=clock)

        row = AnalysisKey.objects.get(id=taken.key_id)
        assert (row.standing, row.refused_reason) == (
            KeyStanding.REFUSED,
            "Google refused the key: no.",
        )
        assert taken.key_id not in {s.key_id for s in take(clock, 64).slices}

    def test_all_refused_is_said_with_the_reason(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1")
        rest.refuse(take(clock, 1).slices[0], KeyRefused("Leaked."), clock=clock)

        trouble = take(clock, 1).trouble

        assert trouble is not None
        assert trouble.sentence == (
            "Every Gemini key was refused (Leaked.) Replace it in the settings or in GOOGLE_AI_API_KEY."
        )


class TestLimits:
    def test_are_learned_then_own_then_assumed(self, settings: Settings, clock: Clock) -> None:
        use_keys(settings, "key-one-1", rpm=15, tpm=1000, rpd=500)
        key = AnalysisKey.objects.get()
        key.rpm, key.rpd = 100, 0
        learned = AnalysisQuota(learned_rpm=7, learned_at=NOW)

        assert ledger.effective_limits(None, [key], NOW) == Limits(100, 1000, 0)
        assert ledger.effective_limits(learned, [key], NOW) == Limits(7, 1000, 0)
        tomorrow = NOW + timedelta(hours=25)
        assert ledger.effective_limits(learned, [key], tomorrow) == Limits(100, 1000, 0)


def test_a_slice_does_not_show_its_secret(settings: Settings, clock: Clock) -> None:
    use_keys(settings, "key-very-secret-1")

    assert "very-secret" not in repr(take(clock, 1))
