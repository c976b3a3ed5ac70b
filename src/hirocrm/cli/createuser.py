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
        from hirocrm.core import clock
        from hirocrm.pipelines.onboarding import create_user_with_organization

        member = create_user_with_organization(
            email=email, password=password, organization_name=organization, now=clock.now()
        )
        print(f"{member.user.email} can sign in and owns {member.organization.name}.")
