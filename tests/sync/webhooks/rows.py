"""What a Page's webhooks left in the database, without what differs from run to run."""

from typing import Any

from hirocrm.contacts.models import Activity, Contact, Conversation, Message
from hirocrm.meta.models import Page, UnreadableEntry

_MESSAGE = (
    "remote_id", "sender", "text", "attachments", "reactions", "reply_to", "created_time", "edited_time",
    "deleted_time", "edits", "source", "sent_by_app",
)  # fmt: skip
_CONVERSATION = (
    "platform", "remote_id", "stored_count", "last_message_at", "last_customer_message_at", "delivered_until",
    "read_until", "thread_owner", "has_text", "customer_acted_at",
)  # fmt: skip
_CONTACT = (
    "messenger_psid", "instagram_sid", "first_name", "last_name", "last_interaction_at", "last_message_text",
    "last_message_sender", "last_customer_message_at", "referrals", "customer_acted_at",
)  # fmt: skip


def rows_of(page: Page) -> dict[str, Any]:
    """Every row that hangs on the Page, in a fixed order."""
    activities = Activity.objects.filter(contact__page=page)
    return {
        "contacts": list(
            Contact.objects.filter(page=page).order_by("messenger_psid", "instagram_sid").values(*_CONTACT)
        ),
        "conversations": list(
            Conversation.objects.filter(page=page).order_by("remote_id").values(*_CONVERSATION)
        ),
        "messages": list(Message.objects.filter(page=page).order_by("remote_id").values(*_MESSAGE)),
        "activities": sorted(
            (a.type, a.metadata["messageId"], a.created_at) for a in activities
        ),
        "unreadable": sorted(UnreadableEntry.objects.values_list("reason", flat=True)),
    }  # fmt: skip
