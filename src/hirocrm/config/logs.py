"""How logs look, and the last guard against a secret in one of them."""

import re
from typing import Any

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from hirocrm.config import env as environment

# Tokens in a query string or a header, wherever a library may have printed one (Meta's `next`
# links carry access_token, Google's old samples ?key=).
_SECRETS = re.compile(
    r"(?i)((?:access_token|client_secret|fb_exchange_token|input_token|appsecret_proof|key|x-goog-api-key)"
    r"[\"']?\s*[=:]\s*[\"']?|bearer\s+)[A-Za-z0-9_\-.|%]{8,}"
)


def redact(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace anything that looks like a credential by `***`."""
    for field, value in event.items():
        if isinstance(value, str):
            event[field] = _SECRETS.sub(r"\1***", value)
    return event


def drop_request(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Leave out the request that Django hands along: its address may hold a login's code or what was searched for.

    The message names its path.
    """
    event.pop("request", None)
    return event


_stamped: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_of_libraries: list[Processor] = [*_stamped, structlog.stdlib.ExtraAdder(), drop_request]

# What structlog is set up with: our own lines, handed to the same formatter as those of libraries.
OWN_PROCESSORS: list[Processor] = [
    *_stamped,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def _renderers() -> list[Any]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.KeyValueRenderer(
            key_order=["timestamp", "level", "event"], drop_missing=True
        ),
    ]


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": _renderers(),
            "foreign_pre_chain": _of_libraries,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": environment.load().hirocrm_log_level.upper()},
    "loggers": {
        # These print addresses or one line a call; what matters of them is logged by us.
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
    },
}
