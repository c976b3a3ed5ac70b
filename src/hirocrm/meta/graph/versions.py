"""The life of Graph API versions: which one we ask for, and when it stops being served.

Dates: https://developers.facebook.com/docs/graph-api/changelog/versions
"""

import re
from datetime import date

from hirocrm.core.errors import Invalid

DEFAULT_VERSION = "v25.0"
WARNING_DAYS = 90

EXPIRES: dict[str, date | None] = {
    "v18.0": date(2026, 1, 26),
    "v19.0": date(2026, 5, 21),
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
    "v26.0": None,  # ends two years after its successor appears
}

_FORMAT = re.compile(r"v\d+\.\d+")
_OLDEST_LISTED = (18, 0)


class GraphVersionInvalid(Invalid):
    """The version isn't written the way Meta writes versions."""

    code = "graph_version_invalid"


def check_format(version: str) -> str:
    """Return `version` unchanged.

    Raises:
        GraphVersionInvalid: it isn't of the form v25.0.
    """
    if not _FORMAT.fullmatch(version):
        sentence = f"FACEBOOK_GRAPH_VERSION is {version!r}, but must look like {DEFAULT_VERSION}."
        raise GraphVersionInvalid(sentence, field="FACEBOOK_GRAPH_VERSION")
    return version


def warning_for(version: str, today: date) -> str | None:
    """A sentence for the operator when `version` has expired or will within 90 days, else None.

    A version newer than the table is trusted; one older than the table has expired.
    """
    if _number(version) < _OLDEST_LISTED:
        return f"Graph API {version} expired before 2026. {_WAY_OUT}"
    expires = EXPIRES.get(version)
    if expires is None:
        return None
    days = (expires - today).days
    if days < 0:
        return f"Graph API {version} expired on {expires}: Meta answers with another version, where fields may be missing. {_WAY_OUT}"
    if days <= WARNING_DAYS:
        return f"Graph API {version} expires on {expires}, in {days} days. {_WAY_OUT}"
    return None


_WAY_OUT = f"Set FACEBOOK_GRAPH_VERSION to {DEFAULT_VERSION} or newer."


def _number(version: str) -> tuple[int, int]:
    major, minor = check_format(version)[1:].split(".")
    return int(major), int(minor)
