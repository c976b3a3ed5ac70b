"""Who answers for an organization, and roughly what that costs."""

from hirocrm.analysis.transcripts import Asker
from hirocrm.organizations.models import Organization


def asker_for(organization: Organization) -> Asker:
    """The provider and model that would be asked first."""
    return Asker("local", "local-1")
