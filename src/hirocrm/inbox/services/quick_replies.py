"""Quick replies: saved texts with places for the customer's name."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from hirocrm.contacts.models import Contact
from hirocrm.core.text import clean
from hirocrm.inbox import queries
from hirocrm.inbox.errors import QuickReplyInvalid, ShortcutTaken
from hirocrm.inbox.models import QuickReply
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

SHORTCUT = re.compile(r"[\w-]{1,32}")
TEXT_LENGTH = 2000
VARIABLES = ("first_name", "last_name", "name", "page_name", "my_name")
_PLACE = re.compile(r"\{(\w+)\}")


@transaction.atomic
def create_quick_reply(*, member: Member, shortcut: str, text: str, now: datetime) -> QuickReply:
    """Save a text under a shortcut.

    Raises:
        QuickReplyInvalid: the shortcut can't be typed, the text is empty or too long.
        ShortcutTaken: another one has the shortcut.
    """
    permissions.require(member, Right.WORK)
    row = QuickReply(
        organization_id=member.organization_id,
        shortcut=_shortcut(shortcut),
        text=_text(text),
        created_by_id=member.user_id,
        created_at=now,
    )
    return _save(row)


@transaction.atomic
def update_quick_reply(*, member: Member, reply_id: UUID, changes: Mapping[str, Any]) -> QuickReply:
    """Change a quick reply's shortcut or text.

    Raises:
        QuickReplyInvalid: the shortcut can't be typed, the text is empty or too long.
        QuickReplyNotFound: no such one here.
        ShortcutTaken: another one has the shortcut.
    """
    permissions.require(member, Right.WORK)
    row = queries.get_quick_reply(member=member, reply_id=reply_id, for_update=True)
    row.shortcut = _shortcut(changes.get("shortcut", row.shortcut))
    row.text = _text(changes.get("text", row.text))
    return _save(row)


@transaction.atomic
def delete_quick_reply(*, member: Member, reply_id: UUID) -> None:
    """Forget a quick reply.

    Raises:
        QuickReplyNotFound: no such one here.
    """
    permissions.require(member, Right.WORK)
    queries.get_quick_reply(member=member, reply_id=reply_id, for_update=True).delete()


def fill_in(text: str, *, contact: Contact, member: Member) -> str:
    """The text with {first_name} and the like replaced; a word that is no variable stays as it is."""
    values = {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "name": contact.name,
        "page_name": contact.page.name,
        "my_name": member.user.name or "",
    }
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def _save(row: QuickReply) -> QuickReply:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as exc:
        raise ShortcutTaken(
            f"There is a quick reply /{row.shortcut} already.", field="shortcut"
        ) from exc
    return row


def _shortcut(value: str) -> str:
    value = clean(value).strip().removeprefix("/")
    if not SHORTCUT.fullmatch(value):
        raise QuickReplyInvalid("A shortcut has 1 to 32 letters, digits, - or _.", field="shortcut")
    return value


def _text(value: str) -> str:
    value = clean(value).strip()
    if not value or len(value) > TEXT_LENGTH:
        raise QuickReplyInvalid(f"A text of 1 to {TEXT_LENGTH} characters.", field="text")
    return value
