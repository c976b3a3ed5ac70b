"""Pages."""

import factory
from factory.django import DjangoModelFactory

from hirocrm.meta.models import Page
from tests.factories.organizations import OrganizationFactory


class PageFactory(DjangoModelFactory[Page]):
    class Meta:
        model = Page

    organization = factory.SubFactory(OrganizationFactory)
    remote_id = factory.Sequence(lambda n: str(100_000_000 + n))
    name = "Ana's Closet"
    access_token = "page-token"
