"""Finds which name in a download is the business."""

import json
from collections.abc import Iterator

from hirocrm.sync.sources.archive.container import UnreadableEntry
from hirocrm.sync.sources.archive.errors import OwnNameAmbiguous, OwnNameUnknown
from hirocrm.sync.sources.archive.layout import Thread
from hirocrm.sync.sources.archive.opening import Archive
from hirocrm.sync.sources.archive.part import PartText, UnreadablePart, read_participants
from hirocrm.sync.sources.archive.people import NameCounter, participant_names, real_name
from hirocrm.sync.sources.archive.text import clean, clean_name, fold_name

START_BYTES = 64 * 1024  # of a part; participants come first, some 30 bytes each
MAX_PROFILE_BYTES = 1024 * 1024
TITLES_READ = 20  # threads read in full to break a tie


def count_names(archive: Archive) -> NameCounter:
    """Count the participants of every thread, reading no more than the start of each."""
    counter = NameCounter()
    for thread in archive.threads:
        counter.add(thread_names(archive, thread))
    return counter


def thread_names(archive: Archive, thread: Thread) -> list[str]:
    """The participants of one thread; [] if they can't be read."""
    entry = thread.newest_part().entry
    try:
        start = archive.reader.read_start(entry, START_BYTES)
        listed = participant_names(read_participants(start))
        return listed if len(listed) > 1 else names_in(archive.read_part(entry))
    except (UnreadableEntry, UnreadablePart):
        return []


def names_in(part: PartText) -> list[str]:
    """The participants, and where the list isn't whole, those who wrote."""
    listed = participant_names(part.head.get("participants"))
    if len(listed) > 1:
        return listed
    senders = {real_name(message.get("sender_name")) for _, message in part.messages()}
    return sorted({*listed, *senders})


def suggest_own_name(archive: Archive, counter: NameCounter) -> str | None:
    """The one name common to all threads; None if several are or none is.

    Where several are (a download of a single conversation), the profile file in the download
    decides, else the titles: Meta titles a conversation of two with the other person's name.
    """
    common = counter.common_names()
    if len(common) <= 1:
        return common[0] if common else None
    for known in (profile_names(archive), None):
        left = (
            [name for name in common if fold_name(name) in known]
            if known is not None
            else without_titles(archive, common)
        )
        if len(left) == 1:
            return left[0]
    return None


def settle_own_name(archive: Archive, told: str | None) -> str:
    """The name told, if it takes part in any thread, or the one found.

    Raises:
        OwnNameUnknown: the name told takes part in none.
        OwnNameAmbiguous: none was told and none stands out.
    """
    counter = count_names(archive)
    if told and told.strip():
        return require_known(counter, told)
    if found := suggest_own_name(archive, counter):
        return found
    raise OwnNameAmbiguous(
        f"Say which name in this archive is your business. {name_list(counter)}",
        candidates=candidate_details(counter),
    )


def require_known(counter: NameCounter, told: str) -> str:
    """The name told, if it takes part in any thread.

    Raises:
        OwnNameUnknown: it takes part in none.
    """
    if counter.knows(told):
        return told
    raise OwnNameUnknown(
        f"“{clean_name(told)}” takes part in no conversation here. {name_list(counter)}",
        candidates=candidate_details(counter),
    )


def candidate_details(counter: NameCounter) -> list[dict[str, object]]:
    """The candidates as plain data, for an API's answer."""
    return [{"name": one.name, "threads": one.threads} for one in counter.candidates()]


def name_list(counter: NameCounter) -> str:
    """The candidates in a sentence."""
    names = ", ".join(f"“{one.name}” ({one.threads})" for one in counter.candidates(limit=5))
    return f"Names found, with their conversations: {names}." if names else "No name was found."


def profile_names(archive: Archive) -> set[str]:
    """Every string of the download's profile files, folded: the owner's names are among them."""
    found: set[str] = set()
    for entry in archive.profiles[:4]:
        if entry.size > MAX_PROFILE_BYTES:
            continue
        try:
            content = archive.reader.read_start(entry, MAX_PROFILE_BYTES)
            found.update(strings_in(json.loads(content)))
        except (UnreadableEntry, ValueError, RecursionError):
            continue
    return found


def strings_in(value: object) -> Iterator[str]:
    """All strings inside, repaired and folded."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield fold_name(clean(one, max_chars=200))
        elif isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def without_titles(archive: Archive, names: list[str]) -> list[str]:
    """Those of the names that are no conversation's title."""
    titles: set[str] = set()
    for thread in archive.threads[:TITLES_READ]:
        try:
            head = archive.read_part(thread.newest_part().entry).head
        except UnreadablePart:
            continue
        if len(participant_names(head.get("participants"))) == 2:
            titles.add(fold_name(clean_name(head.get("title"))))
    return [name for name in names if fold_name(name) not in titles]
