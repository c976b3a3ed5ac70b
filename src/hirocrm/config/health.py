"""GET /healthz: 200 once the database answers and its migrations are applied, else 503."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

_migrated = False


def healthz(_request: HttpRequest) -> JsonResponse:
    """Say whether this process can serve."""
    try:
        ready = _is_migrated()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "unreachable"}, status=503)
    if not ready:
        return JsonResponse({"status": "unavailable", "database": "migrations pending"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


def _is_migrated() -> bool:
    """Whether all migrations are applied; asked of the database until it is so, then remembered."""
    global _migrated  # noqa: PLW0603  # a process-wide fact that only ever turns true
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
