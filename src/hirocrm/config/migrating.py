"""Applying migrations when several machines may start at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# pg_advisory_lock's key: "hiro" in ASCII, then 1 for "migrations".
_LOCK_KEY = 0x6869726F_00000001


def apply_migrations(*, verbosity: int = 0) -> int:
    """Apply what is missing, one process at a time; returns how many migrations were applied."""
    if not count_pending():
        return 0
    with _alone():
        pending = count_pending()  # the process before us may have done it all
        if pending:
            call_command("migrate", interactive=False, verbosity=verbosity)
    return pending


def count_pending() -> int:
    """How many migrations the database lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock for this database session; PostgreSQL drops it if the session dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_KEY])
