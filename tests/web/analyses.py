"""Analyses for pages that show figures about them."""

from datetime import UTC, datetime
from typing import Any

from hirocrm.analysis.models import Analysis
from hirocrm.contacts.models import Contact, Conversation
from hirocrm.meta.models import Page
from hirocrm.pipelines.models import Stage
from tests.factories import ConversationFactory


def analysis_of(page: Page, stage: Stage, confidence: int) -> Analysis:
    """What an analyser said of a new contact of the Page."""
    conversation = ConversationFactory(contact__page=page)
    return make_analysis(
        contact=conversation.contact,
        conversation=conversation,
        pipeline_id=stage.pipeline_id,
        recommended_stage=stage.name,
        confidence=confidence,
    )


def make_analysis(*, contact: Contact, conversation: Conversation, **fields: Any) -> Analysis:
    """What an analyser said of a conversation."""
    smallest = {
        "summary": "Asks for the price.",
        "lead_status": "NEW",
        "sentiment": "neutral",
        "urgency": "low",
        "priority": "low",
        "provider": "local",
        "model": "local-1",
        "input_hash": "0",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Analysis.objects.create(
        organization_id=contact.organization_id,
        contact=contact,
        conversation=conversation,
        **{**smallest, **fields},
    )
