"""`hirocrm manage rotate_secrets`: encrypt every stored secret anew under the first HIROCRM_SECRET_KEY."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.models import Model

from hirocrm.core.encryption import EncryptedTextField, rotate

PORTION = 500


class Command(BaseCommand):
    """Rotates all encrypted columns. Safe to run beside a working install, and to run again."""

    help = "Encrypt every stored secret anew under the first HIROCRM_SECRET_KEY."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Rotate and say how many."""
        count = 0
        for model in apps.get_models():
            for field in model._meta.local_fields:  # noqa: SLF001  # Django documents _meta
                if isinstance(field, EncryptedTextField):
                    count += rotate_column(model, str(field.column))
        self.stdout.write(f"{count} secrets are now encrypted under the first key.")


def rotate_column(model: type[Model], column: str) -> int:
    """Rotate one column, a portion at a time; a value that changes meanwhile is left as it was set."""
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001
    name = connection.ops.quote_name(column)
    key = connection.ops.quote_name(str(model._meta.pk.column))  # noqa: SLF001
    count, last = 0, None
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {key}, {name} FROM {table} WHERE {name} <> ''"  # noqa: S608  # names come from models
                f" AND (%s::uuid IS NULL OR {key} > %s) ORDER BY {key} LIMIT {PORTION}",
                [last, last],
            )
            rows = cursor.fetchall()
            if not rows:
                return count
            cursor.executemany(
                f"UPDATE {table} SET {name} = %s WHERE {key} = %s AND {name} = %s",  # noqa: S608
                [(rotate(secret), pk, secret) for pk, secret in rows],
            )
            count, last = count + len(rows), rows[-1][0]
