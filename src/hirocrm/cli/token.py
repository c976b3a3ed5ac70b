"""`hirocrm token`: an API token for scripts."""

from typing import Annotated

import typer


def token(
    email: Annotated[str, typer.Option(help="The user whose rights the token carries.")],
    name: Annotated[str, typer.Option(help="What it is for, as shown in the settings.")] = "cli",
) -> None:
    """Print a new API token, and nothing else."""
    from hirocrm.cli.connection import django_on_database
    from hirocrm.cli.members import require_member

    with django_on_database():
        from hirocrm.core import clock
        from hirocrm.organizations import services
        from hirocrm.organizations.permissions import Scope

        member = require_member(email)
        _, plain = services.create_api_token(
            member=member, name=name, scopes=list(Scope), now=clock.now()
        )
    print(plain)
