"""Who answers for an organization: part of what decides whether a conversation is read again."""

from hirocrm.analysis.engine import identity
from hirocrm.analysis.transcripts import Asker
from hirocrm.organizations.models import Organization


def asker_for(organization: Organization) -> Asker:
    """The provider and model that would be asked first."""
    who = identity(organization.pk)
    return Asker(who.provider, who.model)
