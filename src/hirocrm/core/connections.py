"""Connections of our own to Django's database."""

from typing import Any

from django.db import connection


def own_connection_params() -> dict[str, Any]:
    """What psycopg needs to connect as Django does, but outside its pool, which isn't made for connections kept for hours."""
    params = dict(connection.get_connection_params())
    for name in ("pool", "server_side_binding", "cursor_factory", "context"):
        params.pop(name, None)
    return params
