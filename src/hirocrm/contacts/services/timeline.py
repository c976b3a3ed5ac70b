"""Entries of a contact's timeline that a member's doing makes."""

from collections.abc import Mapping
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
