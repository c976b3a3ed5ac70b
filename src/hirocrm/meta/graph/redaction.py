"""Keeping tokens and secrets out of sentences and log records."""

import logging
import re
from collections.abc import Iterable

import httpx2

_HIDDEN = "[hidden]"
SECRET_PARAMETERS = (
    "access_token",
    "input_token",
    "fb_exchange_token",
    "client_secret",
    "appsecret_proof",
    "code",
)
_NAMED = re.compile(rf"(\b(?:{'|'.join(SECRET_PARAMETERS)})=)[^&\s\"']+", re.IGNORECASE)
_TOKEN_LIKE = re.compile(r"\b(?:EAA|IGAA)[A-Za-z0-9_-]{8,}")
MESSAGE_LIMIT = 500


def redact(text: str, secrets: Iterable[str | None] = ()) -> str:
    """`text` without `secrets`, without anything that looks like a token, cut to 500 characters."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, _HIDDEN)
    text = _TOKEN_LIKE.sub(_HIDDEN, _NAMED.sub(rf"\1{_HIDDEN}", text))
    return text[:MESSAGE_LIMIT]


def _drop_queries(record: logging.LogRecord) -> bool:
    """The HTTP library logs each URL whole; a query may hold a proof, a code or a secret."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.copy_with(query=None) if isinstance(arg, httpx2.URL) else arg for arg in record.args
        )
    return True


def keep_queries_out_of_logs() -> None:
    """Make the HTTP library log addresses without their query. Repeating it changes nothing."""
    logging.getLogger("httpx2").addFilter(_drop_queries)
