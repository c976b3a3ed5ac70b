"""Sync runs."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from hirocrm.sync.models import SyncRun
from tests.factories.pages import PageFactory


class SyncRunFactory(DjangoModelFactory[SyncRun]):
    class Meta:
        model = SyncRun

    page = factory.SubFactory(PageFactory)
    organization = factory.SelfAttribute("page.organization")
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
