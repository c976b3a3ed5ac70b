"""One thread of a download as conversation snapshots, or the reason why it is left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    NameSource,
    ParticipantSnapshot,
)
from hirocrm.core.platforms import Platform
from hirocrm.sync.sources.archive.layout import Part, Thread
from hirocrm.sync.sources.archive.messages import MessageReader
from hirocrm.sync.sources.archive.opening import Archive
from hirocrm.sync.sources.archive.part import JsonObject, PartText, UnreadablePart
from hirocrm.sync.sources.archive.people import participant_names, real_name
from hirocrm.sync.sources.archive.system_lines import SystemLines
from hirocrm.sync.sources.archive.text import clean_name, fold_name

MESSAGES_PER_SNAPSHOT = 500


class SkipReason(StrEnum):
    """Why a thread, or a part of it, isn't imported."""

    GROUP = "group"
    ONLY_YOU = "only_you"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


SENTENCES = {
    SkipReason.GROUP: "A group conversation: HiroCRM keeps conversations with one person.",
    SkipReason.ONLY_YOU: "Nobody but the business takes part in it.",
    SkipReason.EMPTY: "It has no messages.",
    SkipReason.UNREADABLE: "A file of this conversation is damaged or isn't JSON.",
}


@dataclass(frozen=True, slots=True)
class SkippedThread:
    """A thread that was left out, or for UNREADABLE, one of its files."""

    remote_id: str
    title: str
    reason: SkipReason
    file: str | None = None  # the file that couldn't be read

    @property
    def sentence(self) -> str:
        """The reason for people."""
        return SENTENCES[self.reason]


@dataclass(slots=True)
class Tally:
    """Counts over the whole archive."""

    messages: int = 0
    notices_dropped: int = 0
    messages_unreadable: int = 0


class ThreadReader:
    """Reads one thread, one part in memory at a time."""

    def __init__(self, archive: Archive, thread: Thread, own_name: str, tally: Tally) -> None:
        self._archive = archive
        self._thread = thread
        self._own_name = own_name
        self._tally = tally
        self._remote_id = conversation_id(archive.platform, thread)
        self._participant: ParticipantSnapshot | None = None
        self._messages: MessageReader | None = None

    def read(self) -> Iterator[ConversationSnapshot | SkippedThread]:
        """The thread's snapshots, oldest first, and what was left out of it.

        Only the last one tells `message_count`: the count isn't known before.
        """
        count = 0
        held: ConversationSnapshot | None = None
        skipped = False
        for found in self._chunks():
            if isinstance(found, SkippedThread):
                skipped = True
                yield found
                continue
            if held:
                yield held
            held = found
            count += len(found.messages)
        if held:
            yield ConversationSnapshot(
                platform=held.platform,
                remote_id=held.remote_id,
                participant=held.participant,
                messages=held.messages,
                updated_at=held.updated_at,
                message_count=count,
            )
        elif not skipped:
            yield self._skip(SkipReason.EMPTY, {})

    def _chunks(self) -> Iterator[ConversationSnapshot | SkippedThread]:
        batch: list[MessageSnapshot] = []
        for part in self._thread.parts():
            try:
                text = self._archive.read_part(part.entry)
            except UnreadablePart:
                yield self._skip(SkipReason.UNREADABLE, {}, part)
                continue
            if reason := self._meet(text):
                yield self._skip(reason, text.head)
                return
            for message in self._read_messages(text):
                batch.append(message)
                if len(batch) == MESSAGES_PER_SNAPSHOT:
                    yield self._snapshot(batch)
                    batch = []
        if batch:
            yield self._snapshot(batch)

    def _read_messages(self, text: PartText) -> Iterator[MessageSnapshot]:
        assert self._messages  # noqa: S101  # _meet made it
        self._tally.messages_unreadable += text.unreadable_messages
        for sent_ms, raw in text.messages():
            message = self._messages.read(sent_ms, raw)
            if message is None:
                self._tally.notices_dropped += 1
                continue
            self._tally.messages += 1
            yield message

    def _meet(self, text: PartText) -> SkipReason | None:
        """Learn from the first readable part who takes part; a reason if the thread isn't for us."""
        if self._messages:
            return None
        others = other_side(text, self._own_name)
        if isinstance(others, SkipReason):
            alone_so_far = others is SkipReason.ONLY_YOU and len(self._thread.parts()) > 1
            if not alone_so_far:
                return others
            others = ("", NameSource.FALLBACK)
        name, source = others
        self._participant = ParticipantSnapshot(self._remote_id, name or None, source)
        title = clean_name(text.head.get("title"))
        self._messages = MessageReader(
            platform=self._archive.platform,
            thread_key=self._thread.key,
            own_name=self._own_name,
            lines=SystemLines({name, title, clean_name(self._own_name)}),
        )
        return None

    def _snapshot(self, batch: list[MessageSnapshot]) -> ConversationSnapshot:
        assert self._participant  # noqa: S101  # _meet made it
        return ConversationSnapshot(
            platform=self._archive.platform,
            remote_id=self._remote_id,
            participant=self._participant,
            messages=tuple(batch),
            updated_at=max(message.created_at for message in batch),
        )

    def _skip(
        self, reason: SkipReason, head: JsonObject, part: Part | None = None
    ) -> SkippedThread:
        folder = next(iter(self._thread.folders)).rpartition("/")[2]
        title = clean_name(head.get("title")) or clean_name(folder)
        return SkippedThread(self._remote_id, title, reason, part.entry.name if part else None)


def conversation_id(platform: Platform, thread: Thread) -> str:
    """The id of the conversation and of its person: an archive knows no other."""
    return f"archive:{platform.value}:{thread.key}"


def other_side(text: PartText, own_name: str) -> tuple[str, NameSource] | SkipReason:
    """The other person's name ("" if deleted) and where it stands, or why there is none."""
    if is_group(text.head):
        return SkipReason.GROUP
    own = fold_name(own_name)
    listed = participant_names(text.head.get("participants"))
    others = [name for name in listed if fold_name(name) != own]
    if len(others) > 1:
        return SkipReason.GROUP
    if others and others[0]:
        return others[0], NameSource.PARTICIPANT
    return person_by_senders(text, own, listed_other=bool(others))


def person_by_senders(
    text: PartText, own: str, *, listed_other: bool
) -> tuple[str, NameSource] | SkipReason:
    """The same by who wrote, where the list of participants is missing or names a deleted account."""
    senders = {clean_name(raw.get("sender_name")) for _, raw in text.messages()}
    strangers = {name for name in senders if fold_name(name) != own}
    names = {fold_name(name): name for name in sorted(strangers) if real_name(name)}
    if len(names) > 1:
        return SkipReason.GROUP
    if names:
        return names.popitem()[1], NameSource.SENDER
    title = clean_name(text.head.get("title"))
    titled_other = bool(title) and fold_name(title) != own
    if strangers or listed_other or titled_other:
        return "", NameSource.FALLBACK
    return SkipReason.ONLY_YOU


def is_group(head: JsonObject) -> bool:
    """Whether the part says of itself that it is a group, whoever is left in it."""
    return head.get("thread_type") == "RegularGroup" or bool(head.get("joinable_mode"))
