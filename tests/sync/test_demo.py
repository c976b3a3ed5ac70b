"""Demo data: loaded on Pages marked as such, and gone without a trace."""

import pytest
from django.apps import apps

from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.meta.models import Page
from hirocrm.organizations.errors import RoleTooWeak
from hirocrm.sync import demo
from hirocrm.sync.models import RunStatus, SyncRun
from tests.factories import ContactFactory, PipelineFactory, StageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(owner, now) -> list[SyncRun]:
    """The three shops, read but for what an AI would say."""
    pipeline = PipelineFactory(organization=owner.organization, is_default=True)
    StageFactory(pipeline=pipeline)
    runs = demo.load_demo(member=owner, now=now)
    for run in runs:
        demo.read_into(run.id)
    return runs


class TestLoadDemo:
    def test_fills_three_marked_pages(self, loaded, owner):
        pages = Page.objects.filter(organization=owner.organization).order_by("name")

        assert [(page.name, page.is_demo, page.contacts.count()) for page in pages] == [
            ("Dulce ni Ana Cakes & Trays", True, 22),
            ("Hiraya Style House", True, 26),
            ("Santos & Sons Phones & Homes", True, 21),
        ]
        assert all(page.auto_pipeline.is_default for page in pages)

    def test_says_when_and_by_whom(self, loaded, now):
        contact = Contact.objects.get(first_name="Maricel", last_name="Dizon")
        first = Message.objects.filter(conversation__contact=contact).earliest("created_time")

        assert (now - contact.last_interaction_at).total_seconds() == 25 * 60
        assert (first.sender, first.text[:9]) == ("customer", "Hi po! Av")

    def test_has_what_it_reads_read_by_the_analyser(self, loaded):
        run = SyncRun.objects.get(id=loaded[0].id)

        assert (run.status, run.fetched, run.created) == (RunStatus.RUNNING, 26, 26)
        assert run.batches.count() == 2

    def test_loaded_again_doubles_nothing(self, loaded, owner, now):
        for run in demo.load_demo(member=owner, now=now):
            demo.read_into(run.id)

        assert (Page.objects.count(), Contact.objects.count(), Conversation.objects.count()) == (
            3,
            69,
            69,
        )

    def test_is_not_an_agents_to_load(self, agent, now):
        with pytest.raises(RoleTooWeak):
            demo.load_demo(member=agent, now=now)

        assert Page.objects.count() == 0


class TestRemoveDemo:
    def test_leaves_nothing_of_it_and_all_else(self, loaded, owner, now):
        own = ContactFactory(page__organization=owner.organization)

        assert demo.remove_demo(member=owner, now=now) == 3

        assert list(Contact.objects.all()) == [own]
        assert list(Page.objects.all()) == [own.page]
        left = {
            model.__name__: model._default_manager.count()
            for label in ("contacts", "analysis", "sync")
            for model in apps.get_app_config(label).get_models()
        }
        assert {name: count for name, count in left.items() if count} == {"Contact": 1}
