"""Which conversation a snapshot is of: by its id, or, where a webhook told it first, by whose it is.

Webhooks name a person, never the conversation. Until a sync has told its id, one made of the person's
stands in for it; the contacts' rows are locked by then, so nobody else does the same at the same time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from hirocrm.contacts.models import AnalysisState, Contact, Conversation
from hirocrm.contacts.snapshots import ConversationSnapshot, Platform
from hirocrm.core.bulk import insert_rows, update_rows
from hirocrm.core.ids import new_id
from hirocrm.meta.models import Page


def person_of(snapshot: ConversationSnapshot) -> tuple[Platform, str]:
    """Who is on the other side, by platform and id."""
    return snapshot.platform, snapshot.participant.remote_id


def id_column(platform: Platform) -> str:
    """The contact's column that holds their id on that platform."""
    return "messenger_psid" if platform is Platform.MESSENGER else "instagram_sid"


def thread_key(snapshot: ConversationSnapshot) -> str:
    """The conversation's id, or, while nobody has told it, one made of the person's."""
    return snapshot.remote_id or stand_in_id(snapshot.platform, snapshot.participant.remote_id)


def stand_in_id(platform: Platform, person_id: str) -> str:
    """What stands in for the id of a thread that only webhooks have told of; a sync puts the real one there."""
    return f"with:{platform.value}:{person_id}"


def find_or_insert(
    page: Page,
    snapshots: Sequence[ConversationSnapshot],
    contacts: dict[tuple[Platform, str], Contact],
    new_contacts: set[UUID],
    now: datetime,
) -> tuple[dict[str, Conversation], set[UUID]]:
    """The threads of the snapshots, locked, by `thread_key`; missing ones are inserted. Also the new ones' ids."""
    by_id = {thread_key(s): s for s in snapshots}
    found = _locked_conversations(page, by_id)
    strange = [s for key, s in by_id.items() if key not in found]
    # A contact that was inserted a moment ago can't have a thread by another id.
    found |= _byperson(page, [s for s in strange if contacts[person_of(s)].pk not in new_contacts])
    missing = [s for s in strange if thread_key(s) not in found]
    inserted = _insert_conversations(page, missing, contacts, now)
    if missing:
        found |= _locked_conversations(page, [thread_key(s) for s in missing])
    return found, inserted


def _byperson(page: Page, snapshots: Sequence[ConversationSnapshot]) -> dict[str, Conversation]:
    """Threads that are known under another id: a webhook's by whatever a sync called it, and the reverse."""
    if not snapshots:
        return {}
    nameless = [s for s in snapshots if s.remote_id is None]
    named = [s for s in snapshots if s.remote_id is not None]
    return _newest_threads(page, nameless) | _name_threads(page, named)


def _newest_threads(
    page: Page, snapshots: Sequence[ConversationSnapshot]
) -> dict[str, Conversation]:
    found: dict[str, Conversation] = {}
    for platform in {s.platform for s in snapshots}:
        column = id_column(platform)
        ids = [s.participant.remote_id for s in snapshots if s.platform is platform]
        rows = (
            Conversation.objects.select_for_update(of=("self",))
            .filter(page=page, platform=platform.value, **{f"contact__{column}__in": ids})
            .annotate(person_id=F(f"contact__{column}"))
            .order_by("id")
        )
        for row in sorted(rows, key=_age):
            found[stand_in_id(platform, row.person_id)] = row
    return found


def _age(conversation: Conversation) -> tuple[datetime, UUID]:
    return conversation.last_message_at or conversation.created_at, conversation.pk


def _name_threads(page: Page, snapshots: Sequence[ConversationSnapshot]) -> dict[str, Conversation]:
    """Give the threads that stood in for these their real ids."""
    named = {stand_in_id(*person_of(s)): s.remote_id for s in snapshots}
    standing_in = _locked_conversations(page, named)
    for key, row in standing_in.items():
        row.remote_id = named[key] or key
    update_rows(
        Conversation, ["id", "remote_id"], [(row.pk, row.remote_id) for row in standing_in.values()]
    )
    return {row.remote_id: row for row in standing_in.values()}


def _insert_conversations(
    page: Page,
    snapshots: Sequence[ConversationSnapshot],
    contacts: dict[tuple[Platform, str], Contact],
    now: datetime,
) -> set[UUID]:
    columns = [
        "id", "organization", "page", "contact", "platform", "remote_id", "stored_count", "has_text",
        "revision", "analysis_state", "analysis_error", "analysis_attempts", "analysed_settings", "created_at",
    ]  # fmt: skip
    rows = [
        (new_id(), page.organization_id, page.pk, contacts[person_of(s)].pk, s.platform.value, thread_key(s),
         0, False, 0, AnalysisState.NONE.value, "", 0, "", now)
        for s in snapshots
    ]  # fmt: skip
    conflict = "(page_id, remote_id) DO NOTHING"
    inserted = insert_rows(Conversation, columns, rows, on_conflict=conflict, returning="id")
    return {row[0] for row in inserted}


def _locked_conversations(page: Page, remote_ids: Iterable[str]) -> dict[str, Conversation]:
    rows = (
        Conversation.objects.select_for_update()
        .filter(page=page, remote_id__in=list(remote_ids))
        .order_by("id")
    )
    return {row.remote_id: row for row in rows}
