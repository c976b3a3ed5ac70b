"""A shop whose Page assigns to a pipeline, with chats and what its people say of the AI's stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hirocrm.analysis.asker import asker_for
from hirocrm.analysis.transcripts import Reading, read_conversations
from hirocrm.contacts.models import Conversation
from hirocrm.meta.models import AutoPipelineMode, Page
from hirocrm.organizations.models import Member
from hirocrm.pipelines.assign import Rules, rules_of
from hirocrm.pipelines.models import Pipeline, Stage
from hirocrm.pipelines.services.moves import move_contact
from hirocrm.sync import reading
from hirocrm.sync.models import AnalysisBatch
from tests.factories import (
    ContactFactory,
    ConversationFactory,
    MemberFactory,
    MessageFactory,
    PageFactory,
    PipelineFactory,
    StageFactory,
)

MORNING = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LATER = MORNING + timedelta(days=1)
STAGES = {
    "New Lead": ("LEAD", "Just wrote for the first time; nobody answered yet."),
    "Qualified": ("IN_PROGRESS", "They told us what they need and are interested."),
    "Wholesale": ("IN_PROGRESS", ""),
    "Closed Won": ("WON", "They agreed to buy, paid or booked."),
    "Closed Lost": ("LOST", "They declined, or it couldn't be done."),
}


@dataclass
class Shop:
    member: Member
    page: Page
    pipeline: Pipeline
    stages: dict[str, Stage]

    @property
    def rules(self) -> Rules:
        return rules_of(Page.objects.select_related("auto_pipeline").get(pk=self.page.pk))

    def chat(self, *lines: str) -> Conversation:
        """Store lines: "c hm po?" is the customer's, "b 450 po" the shop's."""
        contact = ContactFactory(page=self.page)
        chat = ConversationFactory(contact=contact, has_text=True, message_count=len(lines))
        for number, line in enumerate(lines):
            MessageFactory(
                conversation=chat,
                sender="customer" if line[0] == "c" else "business",
                text=line[2:],
                created_time=MORNING + timedelta(minutes=number),
            )
        return chat

    def place(
        self, chat: Conversation, stage: str, *, reason: str = "", now: datetime = LATER
    ) -> None:
        """A person drags the contact to a stage."""
        move_contact(
            member=self.member,
            contact_id=chat.contact_id,
            pipeline_id=self.stages[stage].pipeline_id,
            stage_id=self.stages[stage].pk,
            reason=reason,
            now=now,
        )

    def batch(self, chats: Sequence[Conversation]) -> AnalysisBatch:
        return AnalysisBatch.objects.create(
            organization=self.page.organization,
            page=self.page,
            conversation_ids=[chat.pk for chat in chats],
            created_at=LATER,
        )

    async def read(self, batch: AnalysisBatch) -> None:
        """Analyse a batch as a worker does."""
        await reading.read_batch(organization_id=batch.organization_id, batch_id=batch.pk)

    def prepare(self, chats: Sequence[Conversation], *, now: datetime = LATER) -> list[Reading]:
        """What an analyser would be asked."""
        organization = self.page.organization
        return read_conversations(
            organization=organization,
            conversation_ids=[chat.pk for chat in chats],
            rules=self.rules,
            asker=asker_for(organization),
            now=now,
        )


def open_shop() -> Shop:
    member = MemberFactory(role="owner")
    pipeline = PipelineFactory(organization=member.organization)
    stages = {
        name: StageFactory(
            pipeline=pipeline, name=name, type=kind, description=description, order=number
        )
        for number, (name, (kind, description)) in enumerate(STAGES.items())
    }
    page = PageFactory(
        organization=member.organization,
        auto_pipeline=pipeline,
        auto_pipeline_mode=AutoPipelineMode.UPDATE_EXISTING,
        auto_pipeline_confidence_min=0,
    )
    return Shop(member, page, pipeline, stages)
