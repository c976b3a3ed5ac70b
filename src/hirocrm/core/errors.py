"""Error families, named by what the caller can do next.

    HiroError
    ├── NotFound                 it doesn't exist, or belongs to another organization
    ├── Forbidden                the member's role or the token's scope doesn't allow it
    ├── Conflict                 the state has moved on; look again
    ├── Invalid                  the input can't be taken; the sentence says what would be
    ├── OutOfSpace               a disk of ours is full; somebody has to free some space
    └── UpstreamError            a remote platform said no, by what to do about it
        ├── UpstreamUnavailable      retry
        ├── UpstreamRateLimited      wait `retry_after_seconds`
        ├── UpstreamUnauthorized     reconnect, or replace the key
        ├── UpstreamForbidden        a permission is missing; reconnecting alone won't help
        ├── UpstreamRejected         give up: the request will never pass
        └── UpstreamMalformed        skip: the answer can't be read

Modules subclass a family and set `code`. `api/errors.py` alone turns families into HTTP.
"""

import errno
from typing import ClassVar

# What is said where it is met outside of any module that would word it.
DATABASE_AWAY = "The database can't be reached right now. Try again in a few seconds."
DISK_FULL = (
    "The disk of this HiroCRM is full, so nothing was kept. Free some space there and try again."
)


class HiroError(Exception):
    """A refusal someone can react to: a stable `code`, a sentence for people, optional details."""

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, **details: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details


class NotFound(HiroError):
    """The thing doesn't exist, or belongs to another organization (which must look the same)."""

    code = "not_found"


class Forbidden(HiroError):
    """The member's role or the token's scope doesn't allow it."""

    code = "forbidden"


class Conflict(HiroError):
    """Someone or something changed the state first."""

    code = "conflict"


class Invalid(HiroError):
    """The input can't be taken. `details` may hold `field`."""

    code = "invalid"


class OutOfSpace(HiroError):
    """A disk of ours is full. Nothing of the request was kept."""

    code = "disk_full"


def is_full_disk(exc: BaseException | None) -> bool:
    """Whether the operating system had no room for what was to be written."""
    return isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}


class UpstreamError(HiroError):
    """A remote platform refused or failed. `remote_code` is the platform's own code, if any."""

    code = "upstream_error"

    def __init__(
        self,
        sentence: str,
        *,
        remote_code: int | str | None = None,
        remote_subcode: int | str | None = None,
        **details: object,
    ) -> None:
        super().__init__(sentence, **details)
        self.remote_code = remote_code
        self.remote_subcode = remote_subcode


class UpstreamUnavailable(UpstreamError):
    """A passing fault: network, time-out, 5xx. Try again."""

    code = "upstream_unavailable"


class UpstreamRateLimited(UpstreamError):
    """Too many calls. Wait `retry_after_seconds` (None: the platform gave no time)."""

    code = "upstream_rate_limited"

    def __init__(
        self,
        sentence: str,
        *,
        retry_after_seconds: float | None = None,
        remote_code: int | str | None = None,
        remote_subcode: int | str | None = None,
        **details: object,
    ) -> None:
        super().__init__(
            sentence, remote_code=remote_code, remote_subcode=remote_subcode, **details
        )
        self.retry_after_seconds = retry_after_seconds


class UpstreamUnauthorized(UpstreamError):
    """The token or key is dead. Reconnect, or replace the key."""

    code = "upstream_unauthorized"


class UpstreamForbidden(UpstreamError):
    """The credential lives but lacks a permission."""

    code = "upstream_forbidden"


class UpstreamRejected(UpstreamError):
    """The request will never pass as it is. Give up on this item."""

    code = "upstream_rejected"


class UpstreamMalformed(UpstreamError):
    """The answer can't be read. Skip this item."""

    code = "upstream_malformed"
