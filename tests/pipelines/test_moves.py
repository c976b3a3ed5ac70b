from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hirocrm.contacts.models import Activity, Contact, StageChange
from hirocrm.organizations.errors import RoleTooWeak
from hirocrm.pipelines import services
from hirocrm.pipelines.errors import ContactMoved, PipelineUnknown, StageUnknown
from hirocrm.pipelines.models import Assignment, Suggestion
from tests.factories import (
    AssignmentFactory,
    ContactFactory,
    PageFactory,
    PipelineFactory,
    StageFactory,
    SuggestionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline(owner):
    return PipelineFactory(organization=owner.organization, name="Sales")


@pytest.fixture
def stages(pipeline):
    return [StageFactory(pipeline=pipeline, name=name) for name in ("New", "Won", "Lost")]


@pytest.fixture
def contact(owner, stages, now):
    return ContactFactory(
        page=PageFactory(organization=owner.organization),
        pipeline=stages[0].pipeline,
        stage=stages[0],
        stage_entered_at=now - timedelta(hours=2),
        needs_review=True,
    )


def move(member, contact, stage, now, **fields):
    return services.move_contact(
        member=member,
        contact_id=contact.id,
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        now=now,
        **fields,
    )


class TestMoveContact:
    def test_writes_contact_timeline_and_history(self, agent, contact, stages, now):
        move(agent, contact, stages[1], now, reason="Paid by GCash")

        contact.refresh_from_db()
        activity = Activity.objects.get()
        change = StageChange.objects.get()
        assert (contact.stage, contact.stage_entered_at) == (stages[1], now)
        assert (contact.moved_by, contact.moved_by_person_at) == ("person", now)
        assert (contact.version, contact.needs_review) == (1, False)
        assert (activity.type, activity.title) == ("STAGE_CHANGED", "Moved to Won")
        assert (activity.description, activity.user_id) == ("Paid by GCash", agent.user_id)
        assert (activity.from_stage_id, activity.to_stage_id) == (stages[0].id, stages[1].id)
        assert (change.seconds_in_stage, change.moved_by) == (7200, "person")

    def test_marks_the_ais_word_wrong(self, agent, contact, stages, now):
        older = AssignmentFactory(contact=contact, stage=stages[2])
        latest = AssignmentFactory(contact=contact, stage=stages[0], created_at=now)

        move(agent, contact, stages[1], now, reason="Paid")

        older.refresh_from_db()
        latest.refresh_from_db()
        assert (latest.outcome, latest.manual_stage, latest.reason) == ("wrong", "Won", "Paid")
        assert (latest.corrected_at, latest.corrected_by) == (now, agent.user_id)
        assert older.outcome == ""

    def test_marks_it_right_when_the_contact_stays(self, agent, contact, stages, now):
        assignment = AssignmentFactory(contact=contact, stage=stages[0])
        entered_at = contact.stage_entered_at

        move(agent, contact, stages[0], now)

        assignment.refresh_from_db()
        contact.refresh_from_db()
        assert assignment.outcome == "right"
        assert contact.stage_entered_at == entered_at
        assert Activity.objects.count() == StageChange.objects.count() == 0

    def test_leaves_an_answered_or_undone_word_alone(self, agent, contact, stages, now):
        answered = AssignmentFactory(contact=contact, stage=stages[0], outcome="right")
        AssignmentFactory(contact=contact, stage=stages[0], created_at=now, undone_at=now)

        move(agent, contact, stages[1], now)

        answered.refresh_from_db()
        assert answered.outcome == "right"
        assert Assignment.objects.filter(outcome="wrong").count() == 0

    def test_answers_an_open_suggestion(self, agent, contact, stages, now):
        suggestion = SuggestionFactory(contact=contact, stage=stages[2])

        move(agent, contact, stages[1], now, reason="Paid")

        suggestion.refresh_from_db()
        kept = Assignment.objects.get()
        assert (suggestion.state, suggestion.resolved_by) == ("corrected", agent.user_id)
        assert (kept.ai_stage, kept.manual_stage, kept.outcome) == ("Lost", "Won", "wrong")
        assert kept.previous_stage_id == stages[0].id

    def test_says_who_was_quicker(self, owner, agent, contact, stages, now):
        owner.user.name = "Ana"
        owner.user.save()
        move(owner, contact, stages[1], now)

        with pytest.raises(ContactMoved) as refusal:
            move(agent, contact, stages[2], now, expected_version=0)

        contact.refresh_from_db()
        assert refusal.value.sentence == "Ana moved Maria to “Won” in the meantime."
        assert refusal.value.details["version"] == 1
        assert contact.stage == stages[1]

    def test_refuses_another_organizations_pipeline(self, agent, contact, now):
        with pytest.raises(PipelineUnknown):
            move(agent, contact, StageFactory(), now)

    def test_refuses_a_stage_of_another_pipeline(self, agent, contact, stages, now):
        other = StageFactory(pipeline__organization=agent.organization)
        other.pipeline_id = stages[0].pipeline_id

        with pytest.raises(StageUnknown):
            move(agent, contact, other, now)

    def test_refuses_a_viewer(self, viewer, contact, stages, now):
        with pytest.raises(RoleTooWeak):
            move(viewer, contact, stages[1], now)

        contact.refresh_from_db()
        assert contact.stage == stages[0]


class TestMoveContacts:
    def bulk(self, member, contacts, stage, now):
        return services.move_contacts(
            member=member,
            contacts=contacts,
            pipeline_id=stage.pipeline_id,
            stage_id=stage.id,
            now=now,
        )

    def test_moves_those_that_are_elsewhere(self, agent, contact, stages, now):
        there = ContactFactory(page=contact.page, pipeline=stages[1].pipeline, stage=stages[1])
        assignment = AssignmentFactory(contact=contact, stage=stages[0])

        count = self.bulk(agent, Contact.objects.all(), stages[1], now)

        contact.refresh_from_db()
        there.refresh_from_db()
        assignment.refresh_from_db()
        assert count == 1
        assert (contact.stage, there.stage) == (stages[1], stages[1])
        assert assignment.outcome == "wrong"
        assert StageChange.objects.get().contact == contact

    def test_takes_the_same_statements_for_many(self, agent, contact, stages, now):
        counts = []
        for size in (1, 200):
            ContactFactory.create_batch(size, page=contact.page, stage=stages[0])
            with CaptureQueriesContext(
                connection,
            ) as captured:
                self.bulk(agent, Contact.objects.filter(stage=stages[0]), stages[1], now)
            counts.append(len(captured))

        assert counts[0] == counts[1]
        assert Contact.objects.filter(stage=stages[1], version=1).count() == 202


class TestReview:
    @pytest.fixture
    def suggestion(self, contact, stages):
        return SuggestionFactory(
            contact=contact,
            stage=stages[1],
            lead_score=83,
            lead_status="WON",
            reasoning="She paid.",
            provider="local",
            model="local-1",
        )

    def test_accepting_moves_scores_and_counts_as_right(
        self, agent, suggestion, contact, stages, now
    ):
        services.accept_suggestion(member=agent, suggestion_id=suggestion.id, now=now)

        contact.refresh_from_db()
        suggestion.refresh_from_db()
        kept = Assignment.objects.get()
        activity = Activity.objects.get()
        assert (contact.stage, contact.lead_score, contact.lead_status) == (stages[1], 83, "WON")
        assert contact.needs_review is False
        assert suggestion.state == "accepted"
        assert (kept.outcome, kept.ai_confidence, kept.corrected_at) == ("right", 40, now)
        assert (activity.title, activity.description) == ("AI suggestion accepted", "She paid.")
        assert activity.metadata["aiRecommendation"] == "Won"

    def test_correcting_moves_elsewhere_and_counts_as_wrong(
        self, agent, suggestion, contact, stages, now
    ):
        services.correct_suggestion(
            member=agent,
            suggestion_id=suggestion.id,
            stage_id=stages[2].id,
            reason="She cancelled",
            now=now,
        )

        contact.refresh_from_db()
        kept = Assignment.objects.get()
        assert (contact.stage, contact.lead_score) == (stages[2], None)
        assert (kept.outcome, kept.manual_stage, kept.reason) == ("wrong", "Lost", "She cancelled")

    def test_dismissing_leaves_the_contact(self, agent, suggestion, contact, stages, now):
        services.dismiss_suggestion(member=agent, suggestion_id=suggestion.id, now=now)

        contact.refresh_from_db()
        assert (contact.stage, contact.needs_review, contact.version) == (stages[0], False, 0)
        assert Suggestion.objects.get().state == "dismissed"
        assert Assignment.objects.count() == 0

    def test_is_answered_once(self, agent, suggestion, now):
        services.accept_suggestion(member=agent, suggestion_id=suggestion.id, now=now)

        with pytest.raises(Exception, match="Nothing waits under this id"):
            services.accept_suggestion(member=agent, suggestion_id=suggestion.id, now=now)

        assert Assignment.objects.count() == 1

    def test_refuses_a_stage_of_another_pipeline(self, agent, suggestion, now):
        with pytest.raises(StageUnknown):
            services.correct_suggestion(
                member=agent, suggestion_id=suggestion.id, stage_id=StageFactory().id, now=now
            )
