"""Pipelines, stages, and what the AI said."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from hirocrm.pipelines.models import Assignment, Pipeline, Stage, Suggestion, SuggestionKind
from tests.factories.contacts import ContactFactory
from tests.factories.organizations import OrganizationFactory


class PipelineFactory(DjangoModelFactory[Pipeline]):
    class Meta:
        model = Pipeline

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Pipeline {n}")


class StageFactory(DjangoModelFactory[Stage]):
    class Meta:
        model = Stage

    pipeline = factory.SubFactory(PipelineFactory)
    organization = factory.SelfAttribute("pipeline.organization")
    name = factory.Sequence(lambda n: f"Stage {n}")
    order = factory.Sequence(lambda n: n % 30_000)


class AssignmentFactory(DjangoModelFactory[Assignment]):
    class Meta:
        model = Assignment

    class Params:
        stage = factory.SubFactory(StageFactory)

    contact = factory.SubFactory(ContactFactory)
    organization = factory.SelfAttribute("contact.organization")
    pipeline_id = factory.SelfAttribute("stage.pipeline_id")
    stage_id = factory.SelfAttribute("stage.id")
    ai_stage = factory.SelfAttribute("stage.name")
    ai_confidence = 80
    provider = "local"
    model = "local-1"
    created_at = datetime(2026, 1, 1, tzinfo=UTC)


class SuggestionFactory(DjangoModelFactory[Suggestion]):
    class Meta:
        model = Suggestion

    contact = factory.SubFactory(ContactFactory)
    organization = factory.SelfAttribute("contact.organization")
    stage = factory.SubFactory(StageFactory)
    pipeline = factory.SelfAttribute("stage.pipeline")
    kind = SuggestionKind.REVIEW
    confidence = 40
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
