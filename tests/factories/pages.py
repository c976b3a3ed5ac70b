"""Pages."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from hirocrm.meta.models import Page, UnreadableEntry
from tests.factories.organizations import OrganizationFactory


class PageFactory(DjangoModelFactory[Page]):
    class Meta:
        model = Page

    organization = factory.SubFactory(OrganizationFactory)
    remote_id = factory.Sequence(lambda n: str(100_000_000 + n))
    name = "Ana's Closet"
    access_token = "page-token"


class UnreadableEntryFactory(DjangoModelFactory[UnreadableEntry]):
    class Meta:
        model = UnreadableEntry

    page = factory.SubFactory(PageFactory)
    organization = factory.SelfAttribute("page.organization")
    delivery_id = 1
    object_kind = "page"
    content = factory.LazyAttribute(
        lambda entry: f'{{"id": "{entry.page.remote_id}", "messaging": [{{"message": {{}}}}]}}'
    )
    digest = factory.Sequence(lambda n: f"{n:064d}")
    reason = "the message has no usable id"
    received_at = datetime(2026, 1, 1, tzinfo=UTC)
