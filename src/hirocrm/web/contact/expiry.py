"""Whether a file's address is still worth offering: Meta signs addresses for a while, and stories end after a day."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

STORIES = frozenset({"story_reply", "story_mention"})
STORY_LASTS = timedelta(hours=24)  # Meta's documentation: Instagram Messaging, story mentions
# Our guess: Meta says that these addresses are signed and expire, not when. After a week no answer can be sent any more.
SIGNED_HOST = "lookaside.fbsbx.com"
SIGNED_LASTS = timedelta(days=7)
END_PARAMETER = "oe"  # of addresses at Meta's CDN: the second they end, in hexadecimal
CDN_SUFFIX = ".fbcdn.net"


def is_expired(kind: str, url: str, *, sent_at: datetime, now: datetime) -> bool:
    """Whether the address of an attachment of this kind, sent then, is too old to be offered."""
    if kind in STORIES:
        return now - sent_at >= STORY_LASTS
    address = _split(url)
    if address is None:
        return False
    host, query = address
    if host == SIGNED_HOST:
        return now - sent_at >= SIGNED_LASTS
    end = _end_of(query) if host.endswith(CDN_SUFFIX) else None
    return end is not None and end <= now


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.hostname or "", parts.query


def _end_of(query: str) -> datetime | None:
    given = parse_qs(query).get(END_PARAMETER, [""])[0]
    try:
        return datetime.fromtimestamp(int(given, 16), UTC)
    except (ValueError, OverflowError, OSError):
        return None
