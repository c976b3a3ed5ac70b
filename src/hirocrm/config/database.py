"""Where PostgreSQL is: DATABASE_URL, or the embedded cluster under the data directory."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hirocrm.config.env import Env, SettingsError

POOL_MAX_SIZE = 16
# Seconds a request waits for a connection, and the pool goes on trying for one before it leaves that to the next
# request. Its own 300 s would double the pause between two tries until a database is back long before it is asked.
PATIENCE_SECONDS = 10


def database_settings(env: Env) -> dict[str, Any]:
    """Django's DATABASES["default"]; starts nothing."""
    if env.database_url is None:
        # Imported here: the embedded server's module is not needed where DATABASE_URL is set.
        from hirocrm.config import embedded_postgres

        location: dict[str, Any] = {**embedded_postgres.connection_settings(env.data_dir)}
    else:
        location = parse_database_url(env.database_url.get_secret_value())
    options = {
        "pool": {
            "min_size": 1,
            "max_size": POOL_MAX_SIZE,
            "timeout": PATIENCE_SECONDS,
            "reconnect_timeout": PATIENCE_SECONDS,
        },
        "connect_timeout": 5,
        "application_name": "hirocrm",
        **location.pop("OPTIONS", {}),
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # the pool hands out no connection that died in a restart
        **location,
        "OPTIONS": options,
    }


def parse_database_url(url: str) -> dict[str, Any]:
    """Split `postgresql://user:password@host:port/name?option=value`; `host` may be an option (a socket folder).

    Raises:
        SettingsError: it isn't a PostgreSQL URL. The sentence doesn't repeat it, as it holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = None, None
    if parts is None or parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise SettingsError(
            "DATABASE_URL: must look like postgresql://user:password@host:5432/name."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or options.pop("password", "")),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": options.pop("port", None) or (str(port) if port else ""),
        "OPTIONS": options,
    }
