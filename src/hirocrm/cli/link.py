"""`hirocrm link`: sign in without a password."""

from typing import Annotated

import typer


def link(
    email: Annotated[str, typer.Option(help="The user to sign in.")],
) -> None:
    """Print a link that signs the user in, once."""
    from hirocrm.cli.connection import django_on_database
    from hirocrm.cli.members import require_member

    with django_on_database():
        from django.conf import settings

        from hirocrm.organizations.sign_in_links import make_sign_in_path

        address = settings.BASE_URL + make_sign_in_path(require_member(email).user)
    print(address)
