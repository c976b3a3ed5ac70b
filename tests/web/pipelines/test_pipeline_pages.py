"""Pipelines, their stages in order, and what the AI is told."""

import re

import pytest
from django.urls import reverse

from hirocrm.pipelines.models import Pipeline, Stage
from hirocrm.pipelines.services import create_default_pipeline
from tests.factories import ContactFactory, PageFactory, StageFactory

STAGE = {"name": "Sample sent", "type": "IN_PROGRESS", "color": "#3b82f6", "description": "Free."}


@pytest.fixture
def pipeline(owner) -> Pipeline:
    return create_default_pipeline(organization=owner.organization)


def names(pipeline: Pipeline) -> list[str]:
    return list(pipeline.stages.order_by("order").values_list("name", flat=True))


def url(name: str, pipeline: Pipeline, *more: object) -> str:
    return reverse(name, args=[pipeline.id, *more])


class TestPipelineList:
    def test_shows_stages_and_templates(self, sign_in, owner, pipeline):
        text = sign_in(owner).get("/pipelines").text

        assert "Sales Pipeline" in text
        assert "Closed Won" in text
        assert text.count('name="template"') == 4

    def test_ticks_the_first_step(self, sign_in, owner, pipeline):
        client = sign_in(owner)
        client.get("/pipelines")

        assert 'data-step="stages" data-done="yes"' in client.get("/welcome").text

    def test_adds_a_template(self, sign_in, owner, pipeline):
        text = sign_in(owner).get("/pipelines").text
        key = re.findall(r'name="template" value="(\w+)"', text)[1]

        response = sign_in(owner).post("/pipelines/add", {"template": key})

        made = Pipeline.objects.exclude(id=pipeline.id).get()
        assert response["Location"] == url("pipeline", made)
        assert made.stages.count() > 2

    def test_is_an_agents_to_see_only(self, sign_in, agent, pipeline):
        client = sign_in(agent)

        assert 'name="template"' not in client.get("/pipelines").text
        assert client.post("/pipelines/add", {"template": "sales"}).status_code == 403


class TestPipelineEditor:
    def test_saves_what_the_ai_is_told(self, sign_in, owner, pipeline):
        sent = {"name": "Shop", "ai_prompt": "A screenshot is a sale.", "is_default": "on"}

        sign_in(owner).post(url("pipeline", pipeline), sent)

        pipeline.refresh_from_db()
        assert (pipeline.name, pipeline.ai_prompt) == ("Shop", "A screenshot is a sale.")

    def test_needs_a_name(self, sign_in, owner, pipeline):
        response = sign_in(owner).post(url("pipeline", pipeline), {"name": ""})

        assert response.status_code == 422
        assert "This field is required." in response.text

    def test_says_that_a_name_is_taken(self, sign_in, owner, pipeline):
        Pipeline.objects.create(organization=owner.organization, name="Support")

        response = sign_in(owner).post(url("pipeline", pipeline), {"name": "support"})

        assert response.status_code == 422

    def test_asks_the_database_no_more_for_more_stages(
        self, sign_in, owner, pipeline, django_assert_num_queries
    ):
        StageFactory.create_batch(9, pipeline=pipeline, organization=owner.organization)
        client = sign_in(owner)

        with django_assert_num_queries(6):
            client.get(url("pipeline", pipeline))

    @pytest.mark.parametrize("name", ["pipeline", "pipeline-delete"])
    def test_does_not_exist_for_a_stranger(self, sign_in, stranger, pipeline, name):
        assert sign_in(stranger).get(url(name, pipeline)).status_code == 404

    def test_deletes_and_keeps_the_contacts(self, sign_in, owner, pipeline):
        stage = pipeline.stages.first()
        contact = ContactFactory(
            page=PageFactory(organization=owner.organization), pipeline=pipeline, stage=stage
        )

        sign_in(owner).post(url("pipeline-delete", pipeline))

        contact.refresh_from_db()
        assert contact.stage is None
        assert not Pipeline.objects.exists()

    def test_keeps_examples(self, sign_in, owner, pipeline):
        client = sign_in(owner)
        sent = {"excerpt": "sent na po gcash", "stage": "Closed Won", "reason": "Paid."}

        client.post(url("example-add", pipeline), sent)
        pipeline.refresh_from_db()
        assert pipeline.ai_examples == [sent]

        client.post(url("example-remove", pipeline, 0))
        pipeline.refresh_from_db()
        assert pipeline.ai_examples == []


class TestStages:
    def test_adds_one_at_the_end(self, sign_in, owner, pipeline):
        sign_in(owner).post(url("stage-add", pipeline), STAGE)

        assert names(pipeline)[-1] == "Sample sent"

    def test_says_what_is_wrong_with_a_colour(self, sign_in, owner, pipeline):
        response = sign_in(owner).post(url("stage-add", pipeline), STAGE | {"color": "blue"})

        assert response.status_code == 422
        assert len(names(pipeline)) == 7

    def test_changes_one(self, sign_in, owner, pipeline):
        stage = pipeline.stages.get(name="Contacted")

        sign_in(owner).post(url("stage", pipeline, stage.id), STAGE)

        stage.refresh_from_db()
        assert (stage.name, stage.description) == ("Sample sent", "Free.")

    def test_moves_one_up_without_javascript(self, sign_in, owner, pipeline):
        stage = pipeline.stages.get(name="Contacted")

        sign_in(owner).post(url("stage-order", pipeline), {"up": str(stage.id)})

        assert names(pipeline)[:2] == ["Contacted", "New Lead"]

    def test_takes_the_order_of_a_drag(self, sign_in, owner, pipeline):
        ids = [str(stage.id) for stage in pipeline.stages.order_by("-order")]

        response = sign_in(owner).post(
            url("stage-order", pipeline), {"stage": ids}, headers={"hx-request": "true"}
        )

        assert response.status_code == 204
        assert names(pipeline)[0] == "Closed Lost"

    def test_asks_where_the_contacts_go(self, sign_in, owner, pipeline):
        stage = pipeline.stages.get(name="Contacted")
        goal = pipeline.stages.get(name="Qualified")
        contact = ContactFactory(
            page=PageFactory(organization=owner.organization), pipeline=pipeline, stage=stage
        )
        client = sign_in(owner)
        path = url("stage-delete", pipeline, stage.id)

        asked = client.get(path).text
        refused = client.post(path)
        client.post(path, {"move_to": str(goal.id)})

        contact.refresh_from_db()
        assert "Its 1 contact is kept: say which stage it goes to." in asked
        assert "(optional)" not in asked
        assert refused.status_code == 422
        assert "It holds contacts: choose where they go." in refused.text
        assert contact.stage == goal
        assert not Stage.objects.filter(id=stage.id).exists()

    def test_an_empty_one_is_deleted_without_a_question(self, sign_in, owner, pipeline):
        stage = pipeline.stages.get(name="Contacted")
        client = sign_in(owner)
        path = url("stage-delete", pipeline, stage.id)

        asked = client.get(path).text
        done = client.post(path, follow=True)

        assert ("No contact is in it." in asked, "move_to" in asked) == (True, False)
        assert "The stage is deleted." in done.text
        assert not Stage.objects.filter(id=stage.id).exists()

    @pytest.mark.parametrize("name", ["stage", "stage-delete"])
    def test_are_an_admins_to_change(self, sign_in, agent, pipeline, name):
        stage = pipeline.stages.first()

        assert sign_in(agent).post(url(name, pipeline, stage.id), STAGE).status_code == 403
