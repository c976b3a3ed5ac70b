"""The timeline's word of messages: one for each that came or went, whatever brought it."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from hirocrm.contacts.ingest import Ingested
from hirocrm.contacts.models import Activity, ActivityType
from hirocrm.contacts.snapshots import MessageSnapshot, Sender
from hirocrm.core.bulk import insert_rows
from hirocrm.core.ids import new_id
from hirocrm.core.platforms import Platform
from hirocrm.meta.models import Page
from hirocrm.pipelines.assign import ACTIVITY_COLUMNS
from hirocrm.sync.models import SyncPosition


def tell_of_webhooks(page: Page, ingested: Sequence[Ingested], ours: Collection[str]) -> None:
    """Of each new message. What was sent from here (`ours`) has its own, which says by whom."""
    rows = [
        _activity(page, item, message)
        for item in ingested
        for message in item.new
        if message.remote_id not in ours
    ]
    insert_rows(Activity, ACTIVITY_COLUMNS, rows)


def tell_of_walk(page: Page, platform: str, ingested: Sequence[Ingested]) -> None:
    """Of what customers wrote since the last whole walk: a webhook should have brought it. History is no news."""
    if not any(item.new for item in ingested):
        return
    known = SyncPosition.objects.filter(page=page, platform=platform, newest_at__isnull=False)
    position = known.first()
    if position is None or position.newest_at is None:
        return
    since: datetime = position.newest_at
    rows = [
        _activity(page, item, message)
        for item in ingested
        for message in item.new
        if message.sender is Sender.CUSTOMER and message.created_at > since
    ]
    insert_rows(Activity, ACTIVITY_COLUMNS, rows)


def _activity(page: Page, item: Ingested, message: MessageSnapshot) -> tuple[Any, ...]:
    """Says that a message came or went, never what it says: activities stay when a message is unsent."""
    is_theirs = message.sender is Sender.CUSTOMER
    kind = ActivityType.MESSAGE_RECEIVED if is_theirs else ActivityType.MESSAGE_SENT
    platform = Platform(item.conversation.platform)
    title = f"{platform.title} message {'received' if is_theirs else 'sent from elsewhere'}"
    metadata = {"messageId": message.remote_id, "conversationId": str(item.conversation.pk), "platform": platform.value}  # fmt: skip
    return (
        new_id(), page.organization_id, item.contact.pk, kind.value, title, "", None, None, None, None,
        json.dumps(metadata), message.created_at,
    )  # fmt: skip
