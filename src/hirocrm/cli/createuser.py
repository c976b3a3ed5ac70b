"""`hirocrm createuser`: a first account without the browser."""

from typing import Annotated

import typer


def createuser(
    email: Annotated[str, typer.Option(help="The address the user signs in with.")],
    password: Annotated[str, typer.Option(help="At least 8 characters.")],
    organization: Annotated[str, typer.Option(help="Name of the organization to make.")],
) -> None:
    """Make a user who owns a new organization."""
    from hirocrm.cli.connection import django_on_database

    with django_on_database():
        from django.db import transaction

        from hirocrm.organizations import services

        with transaction.atomic():
            user = services.create_user(email=email, password=password)
            services.create_organization(user=user, name=organization)
    print(f"{user.email} can sign in and owns {organization.strip()}.")
