"""Smallest valid rows. A test names only the fields it is about."""

from tests.factories.contacts import (
    ActivityFactory,
    ContactFactory,
    ConversationFactory,
    MessageFactory,
    NoteFactory,
    TaskFactory,
)
from tests.factories.organizations import MemberFactory, OrganizationFactory, UserFactory
from tests.factories.pages import PageFactory, UnreadableEntryFactory
from tests.factories.pipelines import (
    AssignmentFactory,
    PipelineFactory,
    StageFactory,
    SuggestionFactory,
)
from tests.factories.runs import SyncRunFactory

__all__ = [
    "ActivityFactory",
    "AssignmentFactory",
    "ContactFactory",
    "ConversationFactory",
    "MemberFactory",
    "MessageFactory",
    "NoteFactory",
    "OrganizationFactory",
    "PageFactory",
    "PipelineFactory",
    "StageFactory",
    "SuggestionFactory",
    "SyncRunFactory",
    "TaskFactory",
    "UnreadableEntryFactory",
    "UserFactory",
]
