"""Small work on foreign text."""

import re
import unicodedata
from urllib.parse import urlsplit

_SPACE = re.compile(r"\s+")


def clean(value: str | None) -> str:
    """Foreign text as PostgreSQL takes it: no NUL, no lone surrogate."""
    if not value:
        return ""
    if "\x00" in value:
        value = value.replace("\x00", "")
    return value.encode("utf-8", "replace").decode("utf-8")


def web_address(value: str | None) -> str | None:
    """The address if a browser may follow it as a link: http or https to some host; else None."""
    try:
        parts = urlsplit(value or "")
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and parts.netloc else None


def fold(value: str) -> str:
    """Text for comparing names: composed, trimmed, inner space single, case folded."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", value)).strip().casefold()


def shorten(value: str, length: int) -> str:
    """At most `length` characters, ending in an ellipsis where something was cut."""
    return value if len(value) <= length else value[: length - 1].rstrip() + "…"
