"""Finding contacts by a few letters of their name, their tags or what they wrote.

PostgreSQL's parser has opinions (web addresses, hyphenated words, signs of numbers) and drops emoji. So
both sides, what is stored and what is asked, are first brought to plain words here: folded, without
accents, an emoji as a word of its own. Every word of a query must begin a word of the contact.
"""

import re
import unicodedata
from collections.abc import Iterable

from django.contrib.postgres.search import SearchQuery

MAX_CHARACTERS = 4_000  # of what is searched in one contact: names, tags, then the newest texts
MAX_QUERY_WORDS = 12

_WORD = re.compile(r"[^\W_]+")
_THOUSANDS = re.compile(r"(?<=\d)[,.'](?=\d{3}(?!\d))")


class _PlainCharacters(dict[int, str]):
    """A table for `str.translate` that fills itself: each character is looked at once in a process."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain(chr(code))
        return plain


_TABLE = _PlainCharacters()


def plain_words(text: str) -> list[str]:
    """The text's words as search compares them: "Niño 👍 ₱1,500" gives nino, u1f44d, u20b1, 1500."""
    text = _THOUSANDS.sub("", text.casefold())
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_TABLE)
    return _WORD.findall(text)


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character.isascii():
        return character
    if category in {"Mn", "Cf", "Cs", "Sk"}:  # accents and vowel signs, joiners, skin tones
        return ""
    if category in {"So", "Sc"}:  # emoji and currency signs become words
        return f" u{ord(character):x} "
    return character


def build_search_text(
    first_name: str, last_name: str, username: str, tags: Iterable[str], texts: Iterable[str]
) -> str:
    """What `Contact.search_text` holds; `texts` are message texts, newest first, and are cut at MAX_CHARACTERS."""
    words: dict[str, None] = {}
    length = 0
    for part in (first_name, last_name, username, *tags, *texts):
        if length > MAX_CHARACTERS:
            break
        for word in plain_words(part[:MAX_CHARACTERS]):
            if word not in words:
                words[word] = None
                length += len(word) + 1
    return " ".join(words)[:MAX_CHARACTERS]


def search_query(text: str) -> SearchQuery | None:
    """A query for contacts that hold a word beginning with each of the text's words; None: nothing to look for."""
    words = list(dict.fromkeys(plain_words(text)))[:MAX_QUERY_WORDS]
    if not words:
        return None
    # Words hold letters and digits only, so nothing in them can mean anything to tsquery.
    return SearchQuery(
        " & ".join(f"'{word}':*" for word in words), search_type="raw", config="simple"
    )
