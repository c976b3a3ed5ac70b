"""`hirocrm migrate`: bring the database's tables up to date."""

from typing import Annotated

import typer


def migrate(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing when all is well.")] = False,
) -> None:
    """Apply the database migrations that are missing. Safe to run on several machines at once."""
    from hirocrm.cli.connection import database, set_up_django

    with database():
        set_up_django()
        from hirocrm.config.migrating import apply_migrations

        applied = apply_migrations(verbosity=0 if quiet else 1)
        if not quiet:
            print(f"{applied} migrations applied." if applied else "Nothing to migrate.")
        from hirocrm.cli.connection import close_pools

        close_pools()
