"""GET /healthz: 200 once the database answers and its migrations are applied, else 503."""

from functools import lru_cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse

WORKER_SILENT_AFTER_SECONDS = 15  # a worker's heartbeat comes every 2 s

_QUESTION = """
SELECT (SELECT count(*) FROM procrastinate_workers
         WHERE last_heartbeat > now() - %s * interval '1 second'),
       (SELECT array_agg(app || '.' || name) FROM django_migrations)
"""


def healthz(_request: HttpRequest) -> JsonResponse:
    """Say whether this process can serve, and how many workers are alive."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('procrastinate_workers') IS NOT NULL")
            if not cursor.fetchone()[0]:
                return _unavailable("migrations pending")
            cursor.execute(_QUESTION, [WORKER_SILENT_AFTER_SECONDS])
            workers, applied = cursor.fetchone()
    except DatabaseError:
        return _unavailable("unreachable")
    if not _needed_migrations() <= set(applied or ()):
        return _unavailable("migrations pending")
    return JsonResponse({"status": "ok", "database": "ok", "workers": workers})


@lru_cache(maxsize=1)
def _needed_migrations() -> frozenset[str]:
    """The newest migration of every app, as "app.name"; read from disk once."""
    leaves = MigrationLoader(None, ignore_no_migrations=True).graph.leaf_nodes()
    return frozenset(f"{app}.{name}" for app, name in leaves)


def _unavailable(database: str) -> JsonResponse:
    answer: Any = JsonResponse({"status": "unavailable", "database": database}, status=503)
    # Django would log each look at a starting server as an error.
    answer._has_been_logged = True  # noqa: SLF001  # there is no public way
    return answer  # type: ignore[no-any-return]
