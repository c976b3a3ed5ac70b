"""Asking the AI what it would say, with stages as somebody is just writing them; nothing of it is kept but its cost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import OuterRef, Subquery

from hirocrm.analysis.asker import asker_for
from hirocrm.analysis.engine import Analyst
from hirocrm.analysis.errors import AllKeysResting, AnalysisFailed, BudgetReached
from hirocrm.analysis.record import add_spend
from hirocrm.analysis.schema import AnalysisAnswer, Spent
from hirocrm.analysis.transcripts import Reading, read_conversations
from hirocrm.contacts.models import Contact, Conversation
from hirocrm.meta.models import AutoPipelineMode
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines.assign import Rules
from hirocrm.pipelines.models import Pipeline, Stage

MOST = 5  # conversations at once: enough to see, few enough to wait for


@dataclass(frozen=True, slots=True)
class Tried:
    """What the AI says of a conversation now; `problem` says why it says nothing."""

    contact: Contact
    answer: AnalysisAnswer | None
    problem: str = ""
    wasted: Sequence[Spent] = ()  # on answers of no use


async def try_stages(
    *,
    member: Member,
    pipeline: Pipeline,
    stages: Sequence[Stage],
    contact_id: UUID | None,
    now: datetime,
) -> list[Tried]:
    """Have the AI read one contact's newest conversation, or the organization's `MOST` newest.

    `stages` stand for the pipeline's own: they may have been changed without being saved.
    """
    readings = await sync_to_async(_readings)(member, pipeline, stages, contact_id, now)
    if not readings:
        return []
    async with Analyst() as analyst:
        found = await asyncio.gather(*(_ask(analyst, member, one) for one in readings))
    await sync_to_async(_charge)(member, found, now)
    return list(found)


def _readings(
    member: Member,
    pipeline: Pipeline,
    stages: Sequence[Stage],
    contact_id: UUID | None,
    now: datetime,
) -> list[Reading]:
    permissions.require(member, Right.RUN)
    organization = member.organization
    rules = Rules(pipeline, tuple(stages), AutoPipelineMode.SKIP_EXISTING, confidence_min=0)
    readings = read_conversations(
        organization=organization,
        conversation_ids=_newest(organization.id, contact_id),
        rules=rules,
        asker=asker_for(organization),
        now=now,
    )
    return sorted(readings, key=lambda one: one.contact.name.casefold())


def _newest(organization_id: UUID, contact_id: UUID | None) -> list[UUID]:
    """Conversations with text: the contact's newest, or the newest of those who wrote last."""
    mine = Conversation.objects.filter(organization_id=organization_id, has_text=True)
    if contact_id is not None:
        mine = mine.filter(contact_id=contact_id).order_by("-last_message_at", "-id")
        return list(mine.values_list("id", flat=True)[:1])
    of_contact = mine.filter(contact_id=OuterRef("pk")).order_by("-last_message_at", "-id")
    newest = (
        Contact.objects.filter(organization_id=organization_id, last_interaction_at__isnull=False)
        .order_by("-last_interaction_at", "-id")
        .annotate(conversation=Subquery(of_contact.values("id")[:1]))
        .values_list("conversation", flat=True)[: 4 * MOST]
    )
    return [one for one in newest if one is not None][:MOST]


async def _ask(analyst: Analyst, member: Member, reading: Reading) -> Tried:
    wasted: list[Spent] = []
    try:
        answer = await analyst.analyse(
            reading.request, organization_id=member.organization_id, wasted=wasted
        )
    except (AnalysisFailed, AllKeysResting, BudgetReached) as exc:
        return Tried(reading.contact, None, exc.sentence, wasted)
    return Tried(reading.contact, answer, wasted=wasted)


def _charge(member: Member, found: Sequence[Tried], now: datetime) -> None:
    """What was asked is paid for, though its answer isn't kept."""
    answers = [one.answer for one in found if one.answer is not None]
    spent = [Spent(answer.provider, answer.model, answer.usage) for answer in answers]
    spent += [taken for one in found for taken in one.wasted]
    if spent:
        add_spend(member.organization_id, spent, now)
