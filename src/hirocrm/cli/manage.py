"""`hirocrm manage …`: Django's own commands."""

from typing import Any

import typer

SETTINGS: dict[str, Any] = {
    "add_help_option": False,
    "context_settings": {
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    },
}


def manage(context: typer.Context) -> None:
    """Run one of Django's management commands (`hirocrm manage help` lists them)."""
    from hirocrm.cli.connection import database, name_settings

    name_settings()
    with database():
        from django.core.management import execute_from_command_line

        execute_from_command_line(["hirocrm manage", *context.args])
