"""What couldn't be read of Meta's webhooks."""

from datetime import datetime
from uuid import UUID

from hirocrm.api.schemas.base import ApiSchema
from hirocrm.meta.models import UnreadableEntry


class UnreadableEntryOut(ApiSchema):
    """A part of a delivery that was kept aside: its JSON as Meta sent it, and why it couldn't be taken."""

    id: UUID
    facebook_page_id: UUID | None
    reason: str
    content: str
    received_at: datetime
    replayed_at: datetime | None

    @classmethod
    def of(cls, entry: UnreadableEntry) -> "UnreadableEntryOut":
        """The row as JSON has it."""
        return cls(
            id=entry.id,
            facebook_page_id=entry.page_id,
            reason=entry.reason,
            content=entry.content,
            received_at=entry.received_at,
            replayed_at=entry.replayed_at,
        )
