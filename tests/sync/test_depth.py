"""How much a depth would bring, from one look at the newest conversations."""

from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.analysis.asker import asker_for
from hirocrm.sync.depth import Sample, estimate_depths
from tests.factories import ConversationFactory, PageFactory
from tests.web.analyses import make_analysis

NEWEST = datetime(2026, 3, 1, tzinfo=UTC)


def every_half_day(count: int, *, has_more: bool) -> Sample:
    return Sample(tuple(NEWEST - timedelta(hours=12 * n) for n in range(count)), has_more)


class TestSample:
    @pytest.mark.parametrize(
        ("days", "expected"),
        [(30, (61, True)), (90, (180, False)), (365, (730, False)), (None, (100, False))],
    )
    def test_counts_what_was_seen_and_guesses_beyond(self, days, expected):
        sample = every_half_day(100, has_more=True)
        oldest = None if days is None else NEWEST - timedelta(days=days)

        assert sample.count_since(oldest) == expected

    @pytest.mark.parametrize("days", [30, 90, None])
    def test_is_exact_when_all_was_seen(self, days):
        sample = every_half_day(10, has_more=False)

        oldest = None if days is None else NEWEST - timedelta(days=days)
        assert sample.count_since(oldest) == (10, True)

    @pytest.mark.parametrize("times", [(), (NEWEST,), (NEWEST, NEWEST)])
    def test_guesses_nothing_from_nothing(self, times):
        sample = Sample(times, has_more=True)

        assert sample.count_since(NEWEST - timedelta(days=30)) == (len(times), False)


@pytest.mark.django_db
class TestEstimateDepths:
    def test_tells_time_and_money_by_what_the_last_analyses_took(self, owner, settings):
        settings.ANALYZER_ORDER, settings.ANALYSIS_CONCURRENCY = ("gemini",), 10
        asker = asker_for(owner.organization)
        talk = ConversationFactory(contact__page=PageFactory(organization=owner.organization))
        make_analysis(
            contact=talk.contact, conversation=talk, provider=asker.provider, model=asker.model,
            cost_micro_usd=250, duration_ms=4000, tokens_in=1000, tokens_out=300,
        )  # fmt: skip

        month, _, _, everything = estimate_depths(
            organization=owner.organization,
            samples=[every_half_day(100, has_more=False)],
            share=0.5,
            now=NEWEST,
        )

        # Half of the Pages were asked, so it is twice what was seen. AI: 4 s each, ten at once; Meta: 3 s a hundred.
        assert (month.conversations, month.cost_micro_usd, month.seconds) == (122, 30_500, 49 + 4)
        assert (everything.conversations, everything.cost_micro_usd) == (200, 50_000)
        assert (everything.seconds, everything.is_exact) == (80 + 6, False)
