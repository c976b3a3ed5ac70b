"""What the Page's rules make of a verdict, and what is written then."""

from datetime import timedelta
from uuid import UUID

import pytest

from hirocrm.contacts.models import Activity, Contact, MovedBy, StageChange
from hirocrm.meta.models import AutoPipelineMode
from hirocrm.pipelines import assign
from hirocrm.pipelines.assign import Decision, Rules, Verdict
from hirocrm.pipelines.models import Assignment, Suggestion
from tests.factories import ContactFactory, PageFactory, PipelineFactory, StageFactory

pytestmark = pytest.mark.django_db

SKIP, UPDATE = AutoPipelineMode.SKIP_EXISTING, AutoPipelineMode.UPDATE_EXISTING
ANALYSIS = UUID("01900000-0000-7000-8000-000000000001")


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization)


@pytest.fixture
def pipeline(owner):
    return PipelineFactory(organization=owner.organization)


@pytest.fixture
def stages(pipeline):
    return tuple(
        StageFactory(pipeline=pipeline, name=name, order=order)
        for order, name in enumerate(("New Lead", "Qualified", "Negotiating"))
    )


def rules(pipeline, stages, *, mode=SKIP, confidence_min=50, keep_days=0) -> Rules:
    return Rules(
        pipeline=pipeline,
        stages=stages,
        mode=mode,
        confidence_min=confidence_min,
        keep_manual_moves_days=keep_days,
    )


def verdict(contact, *, stage="Qualified", confidence=80) -> Verdict:
    return Verdict(
        contact=contact,
        analysis_id=ANALYSIS,
        recommended_stage=stage,
        recommendations=[{"stage": stage, "probability": confidence}],
        lead_score=72,
        lead_status="QUALIFIED",
        confidence=confidence,
        reasoning="Named a size.",
        evidence=[],
        provider="local",
        model="local-1",
        prompt_version="1",
    )


def apply(contact, given: Rules, said: Verdict, now) -> Decision:
    """Assign one contact and write its row, as a sync does."""
    result = assign.assign(
        organization_id=contact.organization_id,
        rules=given,
        verdicts=[said],
        run_id=None,
        user_id=None,
        now=now,
    )
    contact.save()
    contact.refresh_from_db()
    return result.decisions[contact.pk]


def place(contact: Contact) -> tuple[object, ...]:
    return (contact.pipeline_id, contact.stage_id, contact.lead_score, contact.lead_status)


def written(contact: Contact) -> tuple[int, int, int, int]:
    """How many activities, stage changes, assignment records and suggestions the contact has."""
    kinds = (Activity, StageChange, Assignment, Suggestion)
    return tuple(kind.objects.filter(contact=contact).count() for kind in kinds)


class TestMode:
    @pytest.mark.parametrize("mode", [SKIP, UPDATE])
    def test_whoever_has_no_pipeline_is_placed(self, page, pipeline, stages, now, mode):
        contact = ContactFactory(page=page)

        decision = apply(contact, rules(pipeline, stages, mode=mode), verdict(contact), now)

        assert decision is Decision.MOVED
        assert place(contact) == (pipeline.pk, stages[1].pk, 72, "QUALIFIED")
        assert (contact.stage_entered_at, contact.moved_by) == (now, MovedBy.AI)
        assert written(contact) == (1, 1, 1, 0)

    def test_skipping_leaves_place_score_and_history_and_keeps_a_suggestion(
        self, page, pipeline, stages, now
    ):
        contact = ContactFactory(page=page, pipeline=pipeline, stage=stages[0], lead_score=12)
        before = place(contact)

        decision = apply(contact, rules(pipeline, stages), verdict(contact), now)

        assert decision is Decision.SKIPPED
        assert place(contact) == before
        assert written(contact) == (0, 0, 0, 1)
        assert Suggestion.objects.get().stage == stages[1]

    def test_skipping_suggests_nothing_where_the_contact_is_already(
        self, page, pipeline, stages, now
    ):
        contact = ContactFactory(page=page, pipeline=pipeline, stage=stages[1])

        assert apply(contact, rules(pipeline, stages), verdict(contact), now) is Decision.SKIPPED
        assert written(contact) == (0, 0, 0, 0)

    def test_skipping_protects_a_contact_of_another_pipeline(self, page, pipeline, stages, now):
        other = PipelineFactory(organization=page.organization)
        contact = ContactFactory(page=page, pipeline=other)

        assert apply(contact, rules(pipeline, stages), verdict(contact), now) is Decision.SKIPPED
        assert contact.pipeline_id == other.pk

    def test_updating_moves_whoever_placed_it(self, page, pipeline, stages, now):
        contact = ContactFactory(
            page=page,
            pipeline=pipeline,
            stage=stages[0],
            moved_by=MovedBy.PERSON,
            moved_by_person_at=now,
        )

        decision = apply(contact, rules(pipeline, stages, mode=UPDATE), verdict(contact), now)

        assert (decision, contact.stage_id) == (Decision.MOVED, stages[1].pk)

    def test_updating_to_the_same_stage_confirms_and_time_in_it_goes_on(
        self, page, pipeline, stages, now
    ):
        entered_at = now - timedelta(days=3)
        contact = ContactFactory(
            page=page, pipeline=pipeline, stage=stages[1], stage_entered_at=entered_at
        )

        decision = apply(contact, rules(pipeline, stages, mode=UPDATE), verdict(contact), now)

        assert (decision, contact.stage_entered_at) == (Decision.CONFIRMED, entered_at)
        assert (contact.lead_score, contact.lead_status) == (72, "QUALIFIED")
        assert written(contact) == (1, 0, 1, 0)
        assert Activity.objects.get().title == assign.TITLE_CONFIRMED


class TestConfidence:
    @pytest.mark.parametrize(
        ("least", "confidence", "decision"),
        [
            (0, 0, Decision.MOVED),
            (50, 49, Decision.REVIEW),
            (50, 50, Decision.MOVED),
            (100, 99, Decision.REVIEW),
            (100, 100, Decision.MOVED),
        ],
    )
    def test_only_less_than_the_least_goes_to_review(
        self, page, pipeline, stages, now, *, least, confidence, decision
    ):
        contact = ContactFactory(page=page)
        given = rules(pipeline, stages, confidence_min=least)

        assert apply(contact, given, verdict(contact, confidence=confidence), now) is decision
        assert contact.needs_review is (decision is Decision.REVIEW)

    def test_review_moves_nothing_and_asks(self, page, pipeline, stages, now):
        contact = ContactFactory(page=page, pipeline=pipeline, stage=stages[0], lead_score=12)
        before = place(contact)

        apply(contact, rules(pipeline, stages, mode=UPDATE), verdict(contact, confidence=10), now)

        assert place(contact) == before
        assert written(contact) == (0, 0, 0, 1)
        assert Suggestion.objects.get().recommendations == [
            {"stageId": str(stages[1].pk), "stage": "Qualified", "probability": 10}
        ]

    def test_a_sure_verdict_ends_the_review(self, page, pipeline, stages, now):
        contact = ContactFactory(page=page)
        given = rules(pipeline, stages)
        apply(contact, given, verdict(contact, confidence=10), now)

        apply(contact, given, verdict(contact), now)

        assert contact.needs_review is False
        assert Suggestion.objects.get().state == "superseded"


class TestMatch:
    @pytest.mark.parametrize(
        ("said", "index"),
        [("Qualified", 1), ("qUALIFIED", 1), ("  negotiating\n", 2), ("Nonsense", 0), ("", 0)],
    )
    def test_is_by_name_whatever_the_case_else_the_first(self, pipeline, stages, said, index):
        assert rules(pipeline, stages).match(said) == stages[index]

    def test_a_pipeline_without_stages_assigns_nothing(self, page, pipeline, now):
        contact = ContactFactory(page=page)

        assert apply(contact, rules(pipeline, ()), verdict(contact), now) is Decision.OFF
        assert (place(contact)[:2], written(contact)) == ((None, None), (0, 0, 0, 0))

    def test_no_pipeline_is_off(self, page, now):
        contact = ContactFactory(page=page)

        assert apply(contact, rules(None, ()), verdict(contact), now) is Decision.OFF


class TestKeepManualMoves:
    @pytest.mark.parametrize(
        ("keep_days", "moved_ago", "decision"),
        [
            (0, timedelta(0), Decision.MOVED),
            (7, timedelta(days=7) - timedelta(seconds=1), Decision.SKIPPED),
            (7, timedelta(days=7), Decision.MOVED),
            (7, None, Decision.MOVED),
        ],
    )
    def test_protects_a_persons_move_for_its_days(
        self, page, pipeline, stages, now, *, keep_days, moved_ago, decision
    ):
        contact = ContactFactory(
            page=page,
            pipeline=pipeline,
            stage=stages[0],
            moved_by_person_at=None if moved_ago is None else now - moved_ago,
        )
        given = rules(pipeline, stages, mode=UPDATE, keep_days=keep_days)

        assert apply(contact, given, verdict(contact), now) is decision
