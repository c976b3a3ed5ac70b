"""Taking back a member's action."""

from datetime import timedelta

import pytest

from hirocrm.contacts.models import Contact, MovedBy, StageChange
from hirocrm.pipelines import services
from hirocrm.pipelines.models import Assignment, Outcome, SuggestionState
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
    return PipelineFactory(organization=owner.organization)


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization)


def stage_of(pipeline, name):
    return StageFactory(pipeline=pipeline, name=name)


class TestUndoAction:
    def test_restores_place_time_and_mover(self, owner, pipeline, page, now):
        old, new = stage_of(pipeline, "Old"), stage_of(pipeline, "New")
        entered_at = now - timedelta(days=3)
        contact = ContactFactory(
            page=page,
            pipeline=pipeline,
            stage=old,
            stage_entered_at=entered_at,
            moved_by=MovedBy.AI,
        )
        StageChange.objects.create(
            organization=owner.organization,
            contact=contact,
            to_stage_id=old.id,
            moved_by=MovedBy.AI,
            created_at=entered_at,
        )
        services.move_contact(
            member=owner, contact_id=contact.id, pipeline_id=pipeline.id, stage_id=new.id, now=now
        )

        count = services.undo_action(
            member=owner, done_at=now, contact_id=contact.id, now=now + timedelta(seconds=4)
        )

        contact.refresh_from_db()
        assert count == 1
        assert (contact.stage_id, contact.stage_entered_at) == (old.id, entered_at)
        assert (contact.moved_by, contact.moved_by_person_at, contact.version) == ("ai", None, 2)

    def test_takes_back_what_the_move_said_of_the_ai(self, owner, pipeline, page, now):
        old, new = stage_of(pipeline, "Old"), stage_of(pipeline, "New")
        contact = ContactFactory(page=page, pipeline=pipeline, stage=old)
        assignment = AssignmentFactory(contact=contact, stage=old)
        services.move_contact(
            member=owner, contact_id=contact.id, pipeline_id=pipeline.id, stage_id=new.id, now=now
        )
        assignment.refresh_from_db()
        assert assignment.outcome == Outcome.WRONG

        services.undo_action(member=owner, done_at=now, now=now + timedelta(seconds=4))

        assignment.refresh_from_db()
        assert (assignment.outcome, assignment.manual_stage, assignment.corrected_at) == (
            "",
            "",
            None,
        )

    def test_asks_again_what_was_accepted(self, owner, pipeline, page, now):
        stage = stage_of(pipeline, "Qualified")
        contact = ContactFactory(page=page, needs_review=True, lead_score=12)
        suggestion = SuggestionFactory(
            contact=contact, stage=stage, lead_score=77, lead_status="QUALIFIED"
        )
        services.accept_suggestion(member=owner, suggestion_id=suggestion.id, now=now)

        services.undo_action(
            member=owner, done_at=now, contact_id=contact.id, now=now + timedelta(seconds=4)
        )

        contact.refresh_from_db()
        suggestion.refresh_from_db()
        assert (suggestion.state, suggestion.resolved_at) == (SuggestionState.OPEN, None)
        assert (contact.needs_review, contact.stage_id) == (True, None)
        assert (contact.lead_score, contact.lead_status) == (12, "NEW")
        assert Assignment.objects.count() == 0

    def test_asks_again_what_was_dismissed(self, owner, pipeline, page, now):
        stage = stage_of(pipeline, "Qualified")
        contact = ContactFactory(page=page, needs_review=True)
        suggestion = SuggestionFactory(contact=contact, stage=stage)
        services.dismiss_suggestion(member=owner, suggestion_id=suggestion.id, now=now)

        services.undo_action(
            member=owner, done_at=now, contact_id=contact.id, now=now + timedelta(seconds=4)
        )

        contact.refresh_from_db()
        suggestion.refresh_from_db()
        assert (suggestion.state, contact.needs_review) == (SuggestionState.OPEN, True)

    def test_puts_many_back_at_once(self, owner, pipeline, page, now):
        old, new = stage_of(pipeline, "Old"), stage_of(pipeline, "New")
        ids = [ContactFactory(page=page, pipeline=pipeline, stage=old).id for _ in range(3)]
        stays = ContactFactory(page=page, pipeline=pipeline, stage=new)
        services.move_contacts(
            member=owner,
            contacts=Contact.objects.filter(id__in=ids),
            pipeline_id=pipeline.id,
            stage_id=new.id,
            now=now,
        )

        count = services.undo_action(member=owner, done_at=now, now=now + timedelta(seconds=4))

        stays.refresh_from_db()
        assert count == 3
        assert set(Contact.objects.filter(id__in=ids).values_list("stage_id", flat=True)) == {
            old.id
        }
        assert stays.stage_id == new.id

    def test_leaves_contacts_in_no_stage_whose_stage_is_gone(self, owner, pipeline, page, now):
        old, new = stage_of(pipeline, "Old"), stage_of(pipeline, "New")
        contact = ContactFactory(page=page, pipeline=pipeline, stage=old)
        services.move_contact(
            member=owner, contact_id=contact.id, pipeline_id=pipeline.id, stage_id=new.id, now=now
        )
        old.delete()

        services.undo_action(member=owner, done_at=now, now=now + timedelta(seconds=4))

        contact.refresh_from_db()
        assert (contact.stage_id, contact.pipeline_id) == (None, None)

    @pytest.mark.parametrize("other", ["agent", "stranger"])
    def test_does_nothing_for_another_member(self, other, request, pipeline, page, now):
        owner = request.getfixturevalue("owner")
        old, new = stage_of(pipeline, "Old"), stage_of(pipeline, "New")
        contact = ContactFactory(page=page, pipeline=pipeline, stage=old)
        services.move_contact(
            member=owner, contact_id=contact.id, pipeline_id=pipeline.id, stage_id=new.id, now=now
        )

        services.undo_action(
            member=request.getfixturevalue(other), done_at=now, now=now + timedelta(seconds=4)
        )

        contact.refresh_from_db()
        assert contact.stage_id == new.id
