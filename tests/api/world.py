"""One of everything in an organization, and a valid body for each route that wants one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hirocrm.analysis.key_pool import keys
from hirocrm.core import clock
from hirocrm.inbox.services import create_quick_reply, send_message
from hirocrm.organizations import services
from hirocrm.organizations.models import Member
from tests.factories import (
    ContactFactory,
    ConversationFactory,
    MemberFactory,
    MessageFactory,
    NoteFactory,
    PageFactory,
    PipelineFactory,
    StageFactory,
    SuggestionFactory,
    SyncRunFactory,
    TaskFactory,
    UnreadableEntryFactory,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class World:
    """The rows, and what a path's parameters stand for."""

    owner: Member
    path: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)

    def fill(self, path: str) -> str:
        """The path with ids of this world in it."""
        for name, value in self.path.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"tests/api/world.py knows no value for {path}"
        return path

    def body(self, operation_id: str) -> Any:
        """A valid body of an operation."""
        return self.bodies.get(operation_id)


def build_world(owner: Member) -> World:
    """Fill the owner's organization with one of everything."""
    organization = owner.organization
    page = PageFactory(organization=organization)
    pipeline = PipelineFactory(organization=organization, name="Sales")
    stages = [StageFactory(pipeline=pipeline, name=name) for name in ("New", "Won", "Lost")]
    contact = ContactFactory(page=page, pipeline=pipeline, stage=stages[0])
    conversation = ConversationFactory(contact=contact, has_text=True)
    MessageFactory(conversation=conversation)
    token, _ = services.create_api_token(member=owner, name="x", scopes=["read"], now=NOW)
    invitation, _ = services.invite_member(
        member=owner, email="new@example.com", role="agent", now=NOW + timedelta(days=3650)
    )
    key = keys.add_key(organization_id=organization.id, provider="gemini", secret="AIza" + "x" * 35)
    reply = create_quick_reply(member=owner, shortcut="hi", text="Hi!", now=NOW)
    answerable = ConversationFactory(
        contact=contact, last_message_at=clock.now(), last_customer_message_at=clock.now()
    )
    (outgoing,) = send_message(
        member=owner, conversation_id=answerable.id, text="Hi!", now=clock.now()
    )
    world = World(owner)
    world.path = {
        "page_id": str(page.id),
        "run_id": str(
            SyncRunFactory(page=page, finished_at=NOW, status="completed", kind="sync").id
        ),
        "contact_id": str(contact.id),
        "note_id": str(NoteFactory(contact=contact).id),
        "task_id": str(TaskFactory(contact=contact).id),
        "tag": "vip",
        "pipeline_id": str(pipeline.id),
        "stage_id": str(stages[2].id),
        "suggestion_id": str(SuggestionFactory(contact=contact, stage=stages[1]).id),
        "token_id": str(token.id),
        "member_id": str(MemberFactory(organization=organization, role="agent").id),
        "invitation_id": str(invitation.id),
        "key_id": str(key.id),
        "conversation_id": str(answerable.id),
        "outgoing_id": str(outgoing.id),
        "reply_id": str(reply.id),
        "entry_id": str(UnreadableEntryFactory(page=page).id),
    }
    move = {"pipelineId": str(pipeline.id), "stageId": str(stages[1].id)}
    chosen = {"contactIds": [str(contact.id)]}
    world.bodies = {
        "update_page": {"autoPipelineConfidenceMin": 60},
        "update_page_detail": {"syncSchedule": "off"},
        "connect_page": {"pageId": "555", "pageAccessToken": "t", "verify": False},
        "move_contact": move,
        "update_contact": {"firstName": "Ana"},
        "add_note": {"text": "Hello"},
        "change_note": {"text": "Hello"},
        "create_task": {"title": "Call"},
        "update_task": {"title": "Call"},
        "add_tags": {"tags": ["vip"]},
        "reanalyze_contacts": {**chosen, "dryRun": True},
        "move_contacts": {**chosen, **move},
        "tag_contacts": {**chosen, "tags": ["vip"]},
        "untag_contacts": {**chosen, "tags": ["vip"]},
        "delete_contacts": chosen,
        "import_contacts": {"csv": f"id,firstName\n{contact.id},Ana\n"},
        "create_pipeline": {"name": "Another"},
        "update_pipeline": {"name": "Renamed"},
        "create_stage": {"name": "Another"},
        "update_stage": {"name": "Renamed"},
        "reorder_stages": {"stageIds": [str(stage.id) for stage in reversed(stages)]},
        "correct_suggestion": {"stageId": str(stages[0].id)},
        "add_key": {"key": "AIza" + "y" * 35},
        "change_key": {"label": "Mine"},
        "estimate_analysis": chosen,
        "create_token": {"name": "CI", "scopes": ["read"]},
        "invite_member": {"email": "another@example.com"},
        "update_conversation": {"isClosed": True},
        "send_message": {"text": "Hello!"},
        "create_quick_reply": {"shortcut": "bye", "text": "Bye!"},
        "update_quick_reply": {"text": "Hello!"},
        "update_retention": {"messageDays": 365},
        "preview_retention": {"messageDays": 365},
        "update_inbox_settings": {"humanAgent": False},
        "change_member_role": {"role": "viewer"},
    }
    return world
