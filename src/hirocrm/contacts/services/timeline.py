"""Entries of a contact's timeline that a member's doing makes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hirocrm.contacts.models import Activity, ActivityType
from hirocrm.core.text import shorten
from hirocrm.organizations.models import Member

TITLE_LENGTH = 200
DESCRIPTION_LENGTH = 500


def build_activity(
    *,
    member: Member,
    contact_id: UUID,
    kind: ActivityType,
    title: str,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
    now: datetime,
) -> Activity:
    """An entry, not saved yet, so that many can be saved at once."""
    return Activity(
        organization_id=member.organization_id,
        contact_id=contact_id,
        type=kind,
        title=shorten(title, TITLE_LENGTH),
        description=shorten(description, DESCRIPTION_LENGTH),
        user_id=member.user_id,
        metadata=dict(metadata or {}),
        created_at=now,
    )


def tagged(member: Member, contact_id: UUID, tags: Sequence[str], now: datetime) -> Activity:
    """The entry, not saved yet, that says which tags were put on."""
    return build_activity(
        member=member,
        contact_id=contact_id,
        kind=ActivityType.TAG_ADDED,
        title=f"Tagged {', '.join(tags)}",
        metadata={"tags": list(tags)},
        now=now,
    )
