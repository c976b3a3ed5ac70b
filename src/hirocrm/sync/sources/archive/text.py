"""Strings as people wrote them, out of the strings Meta's exporter writes.

The exporter takes each UTF-8 byte for a Latin-1 character: "ñ" (C3 B1) becomes "Ã±".
"""

import re
import unicodedata
from urllib.parse import urlsplit

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_URL_CHARS = 2_048


def repair(text: str) -> str:
    """Undo the exporter's mojibake; text that is right already comes back as it is.

    Only a string that is wholly UTF-8 bytes is mojibake. One character past U+00FF, or one
    byte that UTF-8 doesn't allow there ("café"), proves that the text is right.
    """
    if text.isascii():
        return text
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        return _repair_cut_off(text, raw, fault)


def _repair_cut_off(text: str, raw: bytes, fault: UnicodeDecodeError) -> str:
    """Meta cuts long strings at a byte; the half character at the end is dropped."""
    head = raw[: fault.start]
    if fault.reason != "unexpected end of data" or head.isascii():
        return text
    return head.decode("utf-8")


def clean(value: object, *, max_chars: int) -> str:
    """A repaired string that a database takes: no NUL, no lone surrogate; "" for what is none."""
    if not isinstance(value, str):
        return ""
    text = repair(value).replace("\0", "")
    return LONE_SURROGATE.sub("\ufffd", text)[:max_chars].strip()


def clean_name(value: object) -> str:
    """A person's name on one line."""
    return " ".join(clean(value, max_chars=200).split())


def fold_name(name: str) -> str:
    """What two spellings of one name have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def clean_url(value: object) -> str | None:
    """A web address that may become a link; None for local paths and other schemes."""
    url = clean(value, max_chars=MAX_URL_CHARS + 1)
    if len(url) > MAX_URL_CHARS:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None
