"""Asking a server whether it will do."""

from hirocrm.config.embedded_postgres.errors import DatabaseTooOld, DatabaseUnreachable

OLDEST_MAJOR = 15
_CONNECT_SECONDS = 5


def check_server(url: str) -> int:
    """The server's major version.

    Raises:
        DatabaseUnreachable: nothing answers, or it refuses; the sentence holds no password.
        DatabaseTooOld: older than the oldest supported version.
    """
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS) as connection:
            major = connection.info.server_version // 10_000
    except psycopg.Error as exc:
        first_line = str(exc).strip().split("\n", 1)[0]
        raise DatabaseUnreachable(
            f"The database at DATABASE_URL can't be used ({first_line}); "
            "check that it runs and that the address, user and password are right."
        ) from exc
    if major < OLDEST_MAJOR:
        raise DatabaseTooOld(
            f"The database is PostgreSQL {major}; HiroCRM needs {OLDEST_MAJOR} or newer. "
            "Upgrade it, or unset DATABASE_URL to use the embedded one.",
            found=major,
        )
    return major


def make_database(address: str, name: str) -> None:
    """Create database `name` on the server at `address` (a URL ending in `/`) unless it exists."""
    import psycopg
    from psycopg import sql

    try:
        with psycopg.connect(address.format(database=name), connect_timeout=_CONNECT_SECONDS):
            return
    except psycopg.OperationalError as exc:
        if "does not exist" not in str(exc):
            raise
    with psycopg.connect(address.format(database="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
