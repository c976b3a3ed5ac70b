"""The inbox's state of a conversation: looked at, put away, whose it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from hirocrm.contacts.models import Conversation
from hirocrm.core.errors import Invalid
from hirocrm.inbox import queries
from hirocrm.inbox.models import InboxSettings
from hirocrm.inbox.services.sending import tell
from hirocrm.organizations import permissions
from hirocrm.organizations import queries as organizations
from hirocrm.organizations.errors import MemberNotFound
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit


@transaction.atomic
def mark_seen(
    *, member: Member, conversation_id: UUID, seen: bool = True, now: datetime
) -> Conversation:
    """Note that somebody looked at the conversation, for the whole organization; or make it unread again.

    Raises:
        ConversationNotFound: no such conversation here.
    """
    permissions.require(member, Right.WORK)
    return _set(member, conversation_id, seen_at=now if seen else None)


@transaction.atomic
def close(*, member: Member, conversation_id: UUID, now: datetime) -> Conversation:
    """Put the conversation away until the customer writes again.

    Raises:
        ConversationNotFound: no such conversation here.
    """
    permissions.require(member, Right.WORK)
    return _set(member, conversation_id, closed_at=now, seen_at=now)


@transaction.atomic
def reopen(*, member: Member, conversation_id: UUID) -> Conversation:
    """Take the conversation out again.

    Raises:
        ConversationNotFound: no such conversation here.
    """
    permissions.require(member, Right.WORK)
    return _set(member, conversation_id, closed_at=None)


@transaction.atomic
def assign(*, member: Member, conversation_id: UUID, assignee_id: UUID | None) -> Conversation:
    """Say whose conversation it is; None: nobody's.

    Raises:
        ConversationNotFound: no such conversation here.
        Invalid: the assignee is no member.
    """
    permissions.require(member, Right.WORK)
    if assignee_id is not None:
        try:
            organizations.get_member(member=member, member_id=assignee_id)
        except MemberNotFound as exc:
            raise Invalid(
                "The assignee is no member of this organization.", field="assigneeId"
            ) from exc
    return _set(member, conversation_id, assignee_id=assignee_id)


@transaction.atomic
def change_state(
    *, member: Member, conversation_id: UUID, changes: Mapping[str, Any], now: datetime
) -> Conversation:
    """Several of these at once: `is_closed`, `is_unread`, `assignee_id`.

    Raises:
        ConversationNotFound: no such conversation here.
        Invalid: the assignee is no member.
    """
    permissions.require(member, Right.WORK)
    if changes.get("is_closed") is not None:
        if changes["is_closed"]:
            close(member=member, conversation_id=conversation_id, now=now)
        else:
            reopen(member=member, conversation_id=conversation_id)
    if changes.get("is_unread") is not None:
        seen = not changes["is_unread"]
        mark_seen(member=member, conversation_id=conversation_id, seen=seen, now=now)
    if "assignee_id" in changes:
        assignee_id = changes["assignee_id"]
        assign(member=member, conversation_id=conversation_id, assignee_id=assignee_id)
    return queries.get_conversation(member=member, conversation_id=conversation_id)


def _set(member: Member, conversation_id: UUID, **values: object) -> Conversation:
    conversation = queries.get_conversation(
        member=member, conversation_id=conversation_id, for_update=True
    )
    changed = [name for name, value in values.items() if getattr(conversation, name) != value]
    if not changed:
        return conversation
    for name in changed:
        setattr(conversation, name, values[name])
    conversation.save(update_fields=[name.removesuffix("_id") for name in changed])
    tell(conversation)
    return queries.get_conversation(member=member, conversation_id=conversation_id)


@transaction.atomic
def update_settings(*, member: Member, human_agent: bool) -> InboxSettings:
    """Say whether the Meta app has the Human Agent feature."""
    permissions.require(member, Right.CONFIGURE)
    row, _ = InboxSettings.objects.update_or_create(
        organization_id=member.organization_id, defaults={"human_agent": human_agent}
    )
    record_audit(
        member=member,
        action="inbox_settings.changed",
        subject="",
        details={"humanAgent": human_agent},
    )
    return row
