"""Taking back what a whole run did."""

from datetime import timedelta
from uuid import UUID

import pytest

from hirocrm.contacts.models import Activity, Contact, MovedBy, StageChange
from hirocrm.pipelines import assign, services
from hirocrm.pipelines.models import Assignment, Stage, SuggestionState
from hirocrm.pipelines.undo_run import undo_assignments
from tests.factories import ContactFactory, PageFactory, SuggestionFactory
from tests.pipelines.test_assign import UPDATE, pipeline, rules, stages, verdict

__all__ = ["pipeline", "stages"]

pytestmark = pytest.mark.django_db

RUN = UUID("01900000-0000-7000-8000-00000000000a")
OTHER_RUN = UUID("01900000-0000-7000-8000-00000000000b")
DAY = timedelta(days=1)


@pytest.fixture
def contact(owner, pipeline, stages, now) -> Contact:
    """Placed by a person three days ago."""
    return ContactFactory(
        page=PageFactory(organization=owner.organization),
        pipeline=pipeline, stage=stages[0], stage_entered_at=now - 3 * DAY, moved_by=MovedBy.PERSON,
        moved_by_person_at=now - 3 * DAY, lead_score=12, lead_status="CONTACTED",
    )  # fmt: skip


@pytest.fixture
def run(pipeline, stages):
    """Have a run evaluate the contact in UPDATE_EXISTING."""

    def run(contact, at, *, stage="Qualified", run_id=RUN, given=None) -> None:
        contact.refresh_from_db()
        assign.assign(
            organization_id=contact.organization_id,
            rules=given or rules(pipeline, stages, mode=UPDATE),
            verdicts=[verdict(contact, stage=stage)],
            run_id=run_id,
            user_id=None,
            now=at,
        )
        contact.save()

    return run


def undo(contact, at) -> int:
    count = undo_assignments(
        organization_id=contact.organization_id, run_id=RUN, user_id=None, now=at
    )
    contact.refresh_from_db()
    return count


def place(contact) -> tuple[object, ...]:
    return (
        contact.pipeline_id, contact.stage_id, contact.stage_entered_at, contact.lead_score,
        contact.lead_status, contact.moved_by, contact.moved_by_person_at,
    )  # fmt: skip


class TestUndoAssignments:
    def test_restores_stage_time_score_status_and_mover(self, contact, run, stages, now):
        before = place(contact)
        run(contact, now)
        moved = (contact.stage_id, contact.lead_score, contact.lead_status, contact.moved_by)
        assert moved == (stages[1].pk, 72, "QUALIFIED", MovedBy.AI)

        assert undo(contact, now + DAY) == 1

        assert place(contact) == before
        change = StageChange.objects.latest("created_at")
        assert (change.from_stage_id, change.to_stage_id) == (stages[1].pk, stages[0].pk)
        assert (change.moved_by, change.seconds_in_stage) == (MovedBy.SYSTEM, 86_400)
        told = Activity.objects.latest("created_at")
        assert (told.title, told.to_stage_id) == ("AI assignment undone", stages[0].pk)
        assert undo(contact, now + DAY) == 0

    def test_takes_back_every_step_of_a_run_that_moved_somebody_twice(self, contact, run, now):
        before = place(contact)
        run(contact, now)
        run(contact, now + timedelta(minutes=1), stage="Negotiating")

        assert undo(contact, now + DAY) == 1

        assert place(contact) == before
        assert Assignment.objects.filter(undone_at=None).count() == 0

    def test_leaves_whoever_was_moved_since(self, contact, run, owner, stages, now):
        run(contact, now)
        services.move_contact(
            member=owner, contact_id=contact.pk, pipeline_id=stages[2].pipeline_id, stage_id=stages[2].pk,
            now=now + DAY,
        )  # fmt: skip

        assert undo(contact, now + 2 * DAY) == 0
        assert contact.stage_id == stages[2].pk

    def test_a_stage_deleted_since_isnt_gone_back_to(self, contact, run, owner, stages, now):
        run(contact, now)
        services.delete_stage(member=owner, stage_id=stages[0].pk, now=now)

        assert undo(contact, now + DAY) == 1

        assert (contact.pipeline_id, contact.stage_id, contact.stage_entered_at) == (None,) * 3
        assert (contact.lead_score, contact.lead_status) == (12, "CONTACTED")
        change = StageChange.objects.latest("created_at")
        assert (change.to_pipeline_id, change.to_stage_id) == (None, None)
        assert Activity.objects.latest("created_at").to_stage_id is None
        assert Stage.objects.count() == 2

    def test_asks_again_what_the_move_had_answered(self, contact, run, stages, now):
        waiting = SuggestionFactory(contact=contact, stage=stages[2], kind="review", state="open")
        Contact.objects.update(needs_review=True)
        run(contact, now)
        waiting.refresh_from_db()
        assert (contact.needs_review, waiting.state) == (False, SuggestionState.SUPERSEDED)

        undo(contact, now + DAY)

        waiting.refresh_from_db()
        assert (contact.needs_review, waiting.state, waiting.resolved_at) == (True, "open", None)

    def test_gives_back_score_and_status_where_the_stage_was_only_confirmed(
        self, contact, run, now
    ):
        before = place(contact)
        run(contact, now, stage="New Lead")
        assert (contact.lead_score, contact.lead_status) == (72, "QUALIFIED")

        assert undo(contact, now + DAY) == 0

        assert place(contact) == before
        told = Activity.objects.latest("created_at")
        assert told.title == "AI score and status undone"
        assert (told.from_stage_id, told.to_stage_id) == (contact.stage_id, contact.stage_id)
        assert not StageChange.objects.exists()
        assert Assignment.objects.filter(undone_at=None).count() == 0

    def test_takes_a_confirmation_and_the_move_before_it_back(self, contact, run, now):
        before = place(contact)
        run(contact, now)
        run(contact, now + timedelta(minutes=1))

        assert undo(contact, now + DAY) == 1

        assert place(contact) == before

    def test_keeps_what_a_person_wrote_over_it(self, contact, run, now):
        run(contact, now, stage="New Lead")
        Contact.objects.update(lead_status="LOST")

        undo(contact, now + DAY)

        assert (contact.lead_score, contact.lead_status) == (12, "LOST")

    def test_keeps_what_a_later_run_said(self, contact, run, now):
        run(contact, now, stage="New Lead")
        run(contact, now + DAY, stage="New Lead", run_id=OTHER_RUN)

        undo(contact, now + 2 * DAY)

        assert (contact.lead_score, contact.lead_status) == (72, "QUALIFIED")

    def test_keeps_what_a_person_has_agreed_to(self, contact, run, owner, stages, now):
        run(contact, now, stage="New Lead")
        services.move_contact(
            member=owner, contact_id=contact.pk, pipeline_id=stages[0].pipeline_id, stage_id=stages[0].pk,
            now=now + DAY,
        )  # fmt: skip

        undo(contact, now + 2 * DAY)

        assert (contact.lead_score, contact.lead_status) == (72, "QUALIFIED")

    def test_asks_again_what_the_confirmation_had_answered(self, contact, run, stages, now):
        waiting = SuggestionFactory(contact=contact, stage=stages[2], kind="review", state="open")
        Contact.objects.update(needs_review=True, lead_score=72, lead_status="QUALIFIED")
        run(contact, now, stage="New Lead")

        undo(contact, now + DAY)

        waiting.refresh_from_db()
        assert (contact.needs_review, waiting.state) == (True, "open")

    def test_another_runs_question_stands(self, contact, run, pipeline, stages, now):
        waiting = SuggestionFactory(contact=contact, stage=stages[2], state="open")
        run(contact, now)
        run(
            contact, now + DAY, stage="Negotiating", run_id=OTHER_RUN, given=rules(pipeline, stages)
        )

        assert undo(contact, now + 2 * DAY) == 1

        waiting.refresh_from_db()
        assert waiting.state == SuggestionState.SUPERSEDED
        assert contact.suggestions.filter(state="open").count() == 1
