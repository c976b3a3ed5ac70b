from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hirocrm.contacts.models import StageChange
from hirocrm.contacts.queries import ContactFilter
from hirocrm.pipelines import queries, services
from hirocrm.pipelines.errors import NameTaken, StageNotEmpty, StageUnknown
from hirocrm.pipelines.models import Pipeline, Stage
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
def page(owner):
    return PageFactory(organization=owner.organization)


@pytest.fixture
def pipeline(owner):
    pipeline = PipelineFactory(organization=owner.organization, name="Sales")
    for order, name in enumerate(("New", "Won")):
        StageFactory(pipeline=pipeline, name=name, order=order)
    return pipeline


class TestPipelines:
    def test_from_a_template_twice_gets_a_number(self, owner):
        names = [services.add_template(member=owner, key="bookings").name for _ in range(2)]

        assert names == ["Bookings Pipeline", "Bookings Pipeline 2"]
        assert Stage.objects.count() == 12

    def test_names_are_taken_whatever_their_case(self, owner, pipeline):
        with pytest.raises(NameTaken):
            services.create_pipeline(member=owner, name="SALES", fields={})

    def test_leaves_its_contacts_without_one(self, owner, page, pipeline):
        stage = pipeline.stages.first()
        contact = ContactFactory(page=page, pipeline=pipeline, stage=stage, needs_review=True)
        SuggestionFactory(contact=contact, stage=stage)

        services.delete_pipeline(member=owner, pipeline_id=pipeline.id)

        contact.refresh_from_db()
        assert (contact.pipeline, contact.stage, contact.needs_review) == (None, None, False)
        assert Pipeline.objects.count() == 0

    def test_has_one_default(self, owner, pipeline):
        other = PipelineFactory(organization=owner.organization, is_default=True)

        services.update_pipeline(
            member=owner, pipeline_id=pipeline.id, changes={"is_default": True}
        )

        other.refresh_from_db()
        assert other.is_default is False


class TestStages:
    def test_are_put_in_order(self, owner, pipeline):
        new, won = pipeline.stages.order_by("order")

        services.reorder_stages(member=owner, pipeline_id=pipeline.id, stage_ids=[won.id, new.id])

        assert [stage.name for stage in pipeline.stages.order_by("order")] == ["Won", "New"]

    def test_all_have_to_be_named(self, owner, pipeline):
        with pytest.raises(StageUnknown):
            services.reorder_stages(
                member=owner, pipeline_id=pipeline.id, stage_ids=[pipeline.stages.first().id]
            )

    def test_ask_where_their_contacts_go(self, owner, page, pipeline, now):
        new = pipeline.stages.get(name="New")
        contact = ContactFactory(page=page, pipeline=pipeline, stage=new)

        with pytest.raises(StageNotEmpty) as refusal:
            services.delete_stage(member=owner, stage_id=new.id, now=now)

        contact.refresh_from_db()
        assert refusal.value.details == {"contacts": 1}
        assert contact.stage == new

    def test_hand_their_contacts_over_without_blaming_the_ai(self, owner, page, pipeline, now):
        new, won = pipeline.stages.order_by("order")
        contact = ContactFactory(page=page, pipeline=pipeline, stage=new)
        assignment = AssignmentFactory(contact=contact, stage=new)

        moved = services.delete_stage(member=owner, stage_id=new.id, move_to=won.id, now=now)

        contact.refresh_from_db()
        assignment.refresh_from_db()
        assert (moved, contact.stage, assignment.outcome) == (1, won, "")
        assert StageChange.objects.get().reason == "The stage “New” was removed."
        assert not Stage.objects.filter(id=new.id).exists()


class TestBoard:
    def test_has_true_figures_and_the_first_cards(self, owner, page, pipeline, now):
        new, won = pipeline.stages.order_by("order")
        for age in range(23):
            ContactFactory(
                page=page,
                pipeline=pipeline,
                stage=new,
                lead_score=age,
                first_name=f"P{age}",
                last_interaction_at=now - timedelta(hours=age),
                last_message_sender="customer" if age < 5 else "business",
            )
        ContactFactory(page=page, pipeline=pipeline, stage=new, first_name="Silent")

        _, columns = queries.get_board(member=owner, pipeline_id=pipeline.id)

        first, second = columns
        assert (first.stage, first.count, first.mean_score, first.waiting) == (new, 24, 11.0, 5)
        assert [card.first_name for card in first.cards] == [f"P{age}" for age in range(20)]
        assert (second.stage, second.count, second.cards, second.next_cursor) == (won, 0, [], None)

        more = queries.list_cards(
            member=owner, pipeline_id=pipeline.id, stage_id=new.id, cursor=first.next_cursor
        )
        assert [card.first_name for card in more.items] == ["P20", "P21", "P22", "Silent"]
        assert more.next_cursor is None

    def test_counts_what_the_filter_lets_through(self, owner, page, pipeline):
        new = pipeline.stages.get(name="New")
        ContactFactory(page=page, pipeline=pipeline, stage=new, tags=["vip"])
        ContactFactory(page=page, pipeline=pipeline, stage=new)

        _, columns = queries.get_board(
            member=owner, pipeline_id=pipeline.id, wanted=ContactFilter(tag="vip")
        )

        assert (columns[0].count, len(columns[0].cards)) == (1, 1)

    def test_takes_the_same_statements_for_many(self, owner, page, pipeline):
        counts = []
        for size in (1, 60):
            for stage in pipeline.stages.all():
                ContactFactory.create_batch(size, page=page, pipeline=pipeline, stage=stage)
            with CaptureQueriesContext(connection) as captured:
                queries.get_board(member=owner, pipeline_id=pipeline.id)
            counts.append(len(captured))

        assert counts == [4, 4]
