"""Analyses for pages that show figures about them."""

from datetime import UTC, datetime

from hirocrm.analysis.models import Analysis
from hirocrm.meta.models import Page
from hirocrm.pipelines.models import Stage
from tests.factories import ConversationFactory


def analysis_of(page: Page, stage: Stage, confidence: int) -> Analysis:
    """What an analyser said of a new contact of the Page."""
    conversation = ConversationFactory(contact__page=page)
    return Analysis.objects.create(
        organization=page.organization,
        contact=conversation.contact,
        conversation=conversation,
        pipeline_id=stage.pipeline_id,
        summary="Asks for the price.",
        recommended_stage=stage.name,
        lead_status="NEW",
        confidence=confidence,
        sentiment="neutral",
        urgency="low",
        priority="low",
        provider="local",
        model="local-1",
        input_hash="0",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
