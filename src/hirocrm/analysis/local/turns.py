"""A conversation as the local analyser reads it: who said what, cleaned, oldest first."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from hirocrm.analysis.schema import TranscriptMessage
from hirocrm.contacts.snapshots import Sender

MAX_MATCHED_CHARS = 4000  # a pasted novel says no more about the stage than its first pages
MAX_TURNS = 200  # the newest; older ones no longer tell where a conversation stands

_SPACES = re.compile(r"[\s\x00\u200b\u200c\u200e\u200f\u2060\ufeff]+")
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-"})


def clean(text: str) -> str:
    """The text on one line, without NUL and invisible characters."""
    return _SPACES.sub(" ", _LONE_SURROGATES.sub("\ufffd", text)).strip()


@dataclass(frozen=True)
class Turn:
    """One message. `text` is cleaned, `original` is what evidence must quote literally."""

    id: str
    from_customer: bool
    text: str
    original: str = ""
    kinds: tuple[str, ...] = ()
    sent_at: datetime | None = None

    @cached_property
    def folded(self) -> str:
        """The text as patterns see it: lower case, straight quotes, bounded length."""
        return self.text[:MAX_MATCHED_CHARS].translate(_QUOTES).lower()

    @property
    def words(self) -> int:
        """How many words, by white space."""
        return len(self.text.split())


def turns_of(messages: Iterable[TranscriptMessage]) -> tuple[Turn, ...]:
    """The newest messages that say something: text, or at least an attachment."""
    turns = [
        Turn(
            id=message.id,
            from_customer=message.sender is Sender.CUSTOMER,
            text=clean(message.text or ""),
            original=message.text or "",
            kinds=message.kinds,
            sent_at=message.sent_at,
        )
        for message in messages
    ]
    return tuple(turn for turn in turns if turn.text or turn.kinds)[-MAX_TURNS:]


def content_hash(turns: Sequence[Turn]) -> str:
    """A name for what was said, whatever the ids: tells whether a conversation was trained on."""
    lines = (f"{'c' if turn.from_customer else 'b'}\t{turn.text}" for turn in turns)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
