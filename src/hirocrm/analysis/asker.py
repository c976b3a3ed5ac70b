"""Who answers for an organization: part of what decides whether a conversation is read again."""

from hirocrm.analysis.analysers import LOCAL, list_analysers
from hirocrm.analysis.engine import identity_of
from hirocrm.analysis.transcripts import Asker
from hirocrm.organizations.models import Organization


def asker_for(organization: Organization) -> Asker:
    """The provider and model that would be asked first."""
    order = list_analysers(organization.pk)
    who = identity_of(order[0])
    return Asker(who.provider, who.model, may_be_local=LOCAL in {one.name for one in order})
