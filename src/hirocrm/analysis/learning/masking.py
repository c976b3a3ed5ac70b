"""A case as an example for a model: its last lines, without what would tell who somebody is."""

import re
from collections.abc import Sequence

from hirocrm.analysis.schema import Sender, TranscriptMessage
from hirocrm.core.text import shorten

LINES = 8
LINE_LETTERS = 160
EXCERPT_LETTERS = 680  # the prompt shows 700
REASON_LETTERS = 200

_EMAIL = re.compile(r"[\w.+%-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")
# Seven digits or more, however they are grouped: phone and GCash numbers, cards, accounts, references.
_NUMBER = re.compile(r"\+?\(?\d(?:[\s()./·_–—-]{0,3}\d){6,}")
_QUOTES = str.maketrans({'"': "'", "“": "'", "”": "'"})  # the prompt puts an excerpt in quotes


def mask(text: str) -> str:
    """The text with e-mail addresses and long numbers taken out."""
    return _NUMBER.sub("(number)", _EMAIL.sub("(e-mail)", text)).translate(_QUOTES)


def excerpt_of(messages: Sequence[TranscriptMessage]) -> str:
    """The last lines of a conversation, a message each, within `EXCERPT_LETTERS`."""
    lines: list[str] = []
    room = EXCERPT_LETTERS
    for message in reversed([m for m in messages if m.text and m.text.strip()][-LINES:]):
        line = f"{_who(message.sender)}: {shorten(mask(' '.join((message.text or '').split())), LINE_LETTERS)}"
        room -= len(line) + 3  # the prompt's mark for a line's end
        if room < 0:
            break
        lines.append(line)
    return "\n".join(reversed(lines))


def _who(sender: Sender) -> str:
    return "customer" if sender is Sender.CUSTOMER else "business"
