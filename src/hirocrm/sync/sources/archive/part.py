"""One message_N.json, read message by message.

`json.loads` of a large part makes tens of objects for every message at once. Here the text stays
text: a first pass notes where each message begins and when it was sent, a second decodes them
one at a time in order of time.
"""

import json
import re
from array import array
from collections.abc import Iterator

JsonObject = dict[str, object]

HEAD_KEYS = frozenset({"participants", "title", "thread_type", "thread_path", "joinable_mode"})
# What one part may hold of "{", "[" and ",": about sixty times a real part's, and at most 300 MB
# of Python objects should all of them stand in one message.
MAX_VALUES = 4_000_000
NO_TIME = -1
OLDEST_MS = 946_684_800_000  # 2000-01-01
NEWEST_MS = 4_102_444_800_000  # 2100-01-01

_decode = json.JSONDecoder(strict=False).raw_decode
_skip_space = re.compile(r"[ \t\n\r]*").match


class UnreadablePart(Exception):  # internal: becomes a SkippedThread, never leaves the package
    """The file isn't JSON, or not of a thread's shape."""


class PartText:
    """A part's head, and its messages by place and time."""

    def __init__(self, content: bytes) -> None:
        """Find every message.

        Raises:
            UnreadablePart: not JSON, not a thread, or nested without end.
        """
        self.head: JsonObject = {}
        self.unreadable_messages = 0
        self._text = decode_text(content)
        self._at = 0  # behind the value read last
        self._starts = array("q")
        self._times = array("q")
        try:
            self._scan_thread()
        except (ValueError, IndexError, RecursionError) as fault:
            raise UnreadablePart(str(fault)) from fault

    def __len__(self) -> int:
        return len(self._starts)

    def messages(self) -> Iterator[tuple[int, JsonObject]]:
        """(milliseconds since 1970, message), oldest first; the file's order breaks ties."""
        # The file has the newest first, and sorting keeps the order of equals.
        order = sorted(range(len(self._starts) - 1, -1, -1), key=self._times.__getitem__)
        for index in order:
            message, _ = _decode(self._text, self._starts[index])
            yield self._times[index], message

    def _scan_thread(self) -> None:
        at = self._space(0)
        if self._text[at] != "{":
            raise ValueError("not an object")
        known = False
        for key, start in self._members(at):
            if key == "messages" and self._text[start] == "[":
                known = True
                self._at = self._scan_messages(start)
                continue
            value, self._at = _decode(self._text, start)
            if key in HEAD_KEYS:
                self.head[key] = value
                known = known or key == "participants"
        if not known:
            raise ValueError("neither participants nor messages")
        if self._space(self._at) != len(self._text):
            raise ValueError("something follows the object")

    def _members(self, at: int) -> Iterator[tuple[str, int]]:
        """(key, where its value begins); the caller leaves `self._at` behind each value."""
        at = self._space(at + 1)
        if self._text[at] == "}":
            self._at = at + 1
            return
        while True:
            key, at = _decode(self._text, at)
            at = self._space(at)
            if not isinstance(key, str) or self._text[at] != ":":
                raise ValueError("not a member of an object")
            yield key, self._space(at + 1)
            at = self._space(self._at)
            self._at = at + 1
            if self._text[at] == "}":
                return
            self._expect_comma(at)
            at = self._space(at + 1)

    def _scan_messages(self, at: int) -> int:
        at = self._space(at + 1)
        if self._text[at] == "]":
            return at + 1
        while True:
            message, end = _decode(self._text, at)
            self._note(message, at)
            at = self._space(end)
            if self._text[at] == "]":
                return at + 1
            self._expect_comma(at)
            at = self._space(at + 1)

    def _note(self, message: object, start: int) -> None:
        sent_at = sent_ms(message.get("timestamp_ms")) if isinstance(message, dict) else NO_TIME
        if sent_at == NO_TIME:
            self.unreadable_messages += 1
            return
        self._starts.append(start)
        self._times.append(sent_at)

    def _expect_comma(self, at: int) -> None:
        if self._text[at] != ",":
            raise ValueError("no comma between values")

    def _space(self, at: int) -> int:
        found = _skip_space(self._text, at)
        return found.end() if found else at


def decode_text(content: bytes) -> str:
    """The part as text.

    Raises:
        UnreadablePart: it isn't UTF-8, or holds more values than any real part.
    """
    if sum(content.count(mark) for mark in (b"{", b"[", b",")) > MAX_VALUES:
        raise UnreadablePart("more values than a part has")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise UnreadablePart("not UTF-8") from fault


def sent_ms(value: object) -> int:
    """A plausible moment in milliseconds, else NO_TIME."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return NO_TIME
    return value if OLDEST_MS <= value < NEWEST_MS else NO_TIME


def read_participants(start: bytes) -> list[object] | None:
    """The participants, if they stand at the very beginning of a part, as Meta writes them."""
    text = start.decode("utf-8-sig", "replace")
    found = re.match(r'\s*\{\s*"participants"\s*:\s*(?=\[)', text)
    if not found:
        return None
    try:
        value, _ = _decode(text, found.end())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None
