"""Which files of a download are conversations, and whose download it is.

A thread is a folder of parts: `…/messages/inbox/anacruz_1234567890/message_1.json`, where part 1
is the newest. The boxes beside `inbox` (archived_threads, message_requests, e2ee_cutover, …) look
the same, and one thread may lie in two of them.
"""

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hirocrm.core.platforms import Platform
from hirocrm.sync.sources.archive.container import Entry
from hirocrm.sync.sources.archive.text import clean

BOXES = frozenset(
    {"inbox", "archived_threads", "filtered_threads", "message_requests", "e2ee_cutover"}
)
PART_NAME = re.compile(r"message_(\d{1,6})\.(json|html)", re.IGNORECASE)
THREAD_NUMBER = re.compile(r"(?:^|_)(\d{9,})$")  # Meta's thread ids have 10-17 digits
MAX_KEY_CHARS = 64
NESTED_ARCHIVE = re.compile(r"\.(zip|rar|7z|tar|tgz|tar\.gz)$", re.IGNORECASE)
PROFILE = re.compile(
    r"(?:^|/)(?:profile_information|personal_information|instagram_profile_information)\.json$"
)

FACEBOOK_FOLDER = re.compile(
    r"(?:^|/)(?:your_facebook_activity|your_activity_across_facebook)/", re.IGNORECASE
)
INSTAGRAM_FOLDER = re.compile(r"(?:^|/)your_instagram_activity/", re.IGNORECASE)
# Weaker signs, for the older layout in which both platforms begin with `messages/inbox`.
FACEBOOK_SIGN = re.compile(
    r"(?:^|/)(?:e2ee_cutover/|filtered_threads/|stickers_used/"
    r"|friends_and_followers/|posts/your_posts|about_you/|profile_information/profile_information\.json)",
    re.IGNORECASE,
)
INSTAGRAM_SIGN = re.compile(
    r"(?:^|/)(?:followers_and_following/"
    r"|media/(?:posts|stories|reels)/|content/posts_1\.|story_sticker_interactions/"
    r"|[^/]*instagram[^/]*\.json)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One message_N.json."""

    entry: Entry
    number: int


@dataclass(slots=True)
class Thread:
    """A conversation's parts by the folders they lie in, each folder's parts oldest first."""

    key: str
    folders: dict[str, list[Part]] = field(default_factory=dict)

    def parts(self) -> list[Part]:
        """All parts, oldest first within each folder."""
        ordered = sorted(self.folders)
        return [part for folder in ordered for part in self.folders[folder]]

    def newest_part(self) -> Part:
        """The part whose head names the participants as they are now."""
        return self.parts()[-1]


@dataclass(slots=True)
class Layout:
    """What a download holds, by name alone."""

    folders: dict[str, list[Part]]  # the thread folders, the parts of each oldest first
    profiles: list[Entry]
    html_parts: int
    nested_archives: int
    platforms: frozenset[Platform]  # empty: no sign; two: a mixture


class LayoutReader:
    """Takes the entries one by one and keeps only those that matter."""

    def __init__(self, archive_name: str) -> None:
        """`archive_name`: of the ZIP or folder; Meta's begin with the platform."""
        self._archive_name = archive_name.lower()
        self._folders: dict[str, list[Part]] = defaultdict(list)
        self._profiles: list[Entry] = []
        self._html_parts = 0
        self._nested = 0
        self._sure: set[Platform] = set()
        self._signs: Counter[Platform] = Counter()

    def add(self, entry: Entry) -> Part | None:
        """Note the entry; its part if it is one."""
        name = entry.name
        if name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._"):
            return None
        self._note_platform(name)
        if found := match_part(name):
            return self._add_part(entry, found)
        if PROFILE.search(name):
            self._profiles.append(entry)
        elif NESTED_ARCHIVE.search(name):
            self._nested += 1
        return None

    def finish(self) -> Layout:
        """Everything that was added."""
        for parts in self._folders.values():
            parts.sort(key=lambda part: -part.number)
        return Layout(
            folders=dict(self._folders),
            profiles=self._profiles,
            html_parts=self._html_parts,
            nested_archives=self._nested,
            platforms=frozenset(self._sure) or self._likely(),
        )

    def _add_part(self, entry: Entry, found: re.Match[str]) -> Part | None:
        if found[2].lower() == "html":
            self._html_parts += 1
            return None
        part = Part(entry, int(found[1]))
        self._folders[entry.name.rpartition("/")[0]].append(part)
        return part

    def _note_platform(self, name: str) -> None:
        if FACEBOOK_FOLDER.search(name):
            self._sure.add(Platform.MESSENGER)
        if INSTAGRAM_FOLDER.search(name):
            self._sure.add(Platform.INSTAGRAM)
        if FACEBOOK_SIGN.search(name):
            self._signs[Platform.MESSENGER] += 1
        if INSTAGRAM_SIGN.search(name):
            self._signs[Platform.INSTAGRAM] += 1

    def _likely(self) -> frozenset[Platform]:
        facebook, instagram = (
            self._signs[Platform.MESSENGER],
            self._signs[Platform.INSTAGRAM],
        )
        if facebook == instagram:
            return self._by_archive_name()
        return frozenset({Platform.MESSENGER if facebook > instagram else Platform.INSTAGRAM})

    def _by_archive_name(self) -> frozenset[Platform]:
        for word, platform in (
            ("facebook", Platform.MESSENGER),
            ("instagram", Platform.INSTAGRAM),
        ):
            if self._archive_name.startswith(word):
                return frozenset({platform})
        return frozenset()


def match_part(name: str) -> re.Match[str] | None:
    """The match of `message_N.json` (or .html) where it lies in a thread's folder, else None."""
    steps = name.rsplit("/", 4)
    if len(steps) < 3:
        return None
    in_box = steps[-3].lower() in BOXES
    in_messages = len(steps) > 3 and steps[-4].lower() == "messages"
    return PART_NAME.fullmatch(steps[-1]) if in_box or in_messages else None


def group_threads(folders: dict[str, list[Part]]) -> list[Thread]:
    """Threads in a stable order, the folders of one (inbox and e2ee_cutover) together."""
    keys = thread_keys(folders)
    threads: dict[str, Thread] = {}
    for folder in sorted(folders):
        key = keys[folder]
        threads.setdefault(key, Thread(key)).folders[folder] = folders[folder]
    return list(threads.values())


def thread_keys(folders: dict[str, list[Part]]) -> dict[str, str]:
    """Each folder's key: the thread's number, which outlives a change of the person's name.

    Where two folders of one box carry the same number, it can't be the thread's; their whole
    names are the keys then.
    """
    in_box = Counter((box, thread_number(name)) for box, _, name in split_all(folders))
    keys = {}
    for box, folder, name in split_all(folders):
        number = thread_number(name)
        unique = number and in_box[box, number] == 1
        keys[folder] = number if number and unique else bounded_key(name)
    return keys


def split_all(folders: dict[str, list[Part]]) -> list[tuple[str, str, str]]:
    """(box, whole folder, the thread's own folder name) of each."""
    return [(folder.rpartition("/")[0], folder, folder.rpartition("/")[2]) for folder in folders]


def thread_number(name: str) -> str | None:
    """The number at the end of a thread folder's name."""
    found = THREAD_NUMBER.search(name)
    return found[1] if found and found[1].isascii() and len(found[1]) <= MAX_KEY_CHARS else None


def bounded_key(name: str) -> str:
    """The folder name, or its digest where it wouldn't fit an id."""
    key = clean(name, max_chars=MAX_KEY_CHARS + 1)
    if key and len(key) <= MAX_KEY_CHARS:
        return key
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
