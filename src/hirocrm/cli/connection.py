"""What a subcommand needs before its work: a database that runs, and Django."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_OTHERS_FIRST_SECONDS = 5.0  # another short command may have attached to the server we started


@contextmanager
def database() -> Iterator[None]:
    """Hold a running database: DATABASE_URL's, a running `hirocrm up`'s, or our own for the moment.

    Raises:
        SettingsError: a setting has a value that can't be used.
        HiroError: the database can't be started or used.
    """
    from hirocrm.config import env as environment

    env = environment.load()
    if env.database_url is not None:
        from hirocrm.config.database import parse_database_url
        from hirocrm.config.embedded_postgres import check_server

        url = env.database_url.get_secret_value()
        parse_database_url(url)
        check_server(url)
        yield
        return
    from hirocrm.config.embedded_postgres import ensure_running

    server = ensure_running(env.data_dir)
    try:
        yield
    finally:
        server.stop(others_first_seconds=_OTHERS_FIRST_SECONDS)


def set_up_django() -> None:
    """Load the settings and every model."""
    name_settings()
    import django

    django.setup()


def name_settings() -> None:
    """Tell Django where its settings are."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hirocrm.config.settings")  # noqa: TID251


@contextmanager
def django_on_database() -> Iterator[None]:
    """`database` and `set_up_django` together, with all migrations applied."""
    with database():
        set_up_django()
        from hirocrm.config.migrating import apply_migrations

        try:
            apply_migrations()
            yield
        finally:
            from django.db import connections

            connections.close_all()
            close_pools()


def close_pools() -> None:
    """Close Django's connection pools, or their connections would hold up the server's end."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        close = getattr(connection, "close_pool", None)
        if close is not None:
            close()
