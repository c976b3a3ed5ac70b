"""A new account: an organization never starts without a pipeline to sort contacts into."""

from datetime import datetime

from django.db import transaction

from hirocrm.organizations import services as organizations
from hirocrm.organizations.models import Member, User
from hirocrm.pipelines.services import create_default_pipeline


@transaction.atomic
def create_user_with_organization(
    *, email: str, password: str, organization_name: str, now: datetime
) -> Member:
    """Save a user, an organization they own, and its "Sales Pipeline".

    Raises:
        EmailInvalid: not an e-mail address.
        EmailTaken: a user with this address exists.
        PasswordTooWeak: the password breaks a rule.
    """
    user = organizations.create_user(email=email, password=password)
    return create_organization(user=user, name=organization_name, now=now)


@transaction.atomic
def create_organization(*, user: User, name: str, now: datetime) -> Member:
    """Save an organization that the user owns, and its "Sales Pipeline"; after a sign-up in the browser, too."""
    member = organizations.create_organization(user=user, name=name)
    create_default_pipeline(organization=member.organization)
    organizations.record_audit(
        member=member, action="organization.created", subject=name, details={"at": now.isoformat()}
    )
    return member
