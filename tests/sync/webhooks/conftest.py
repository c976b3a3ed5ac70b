"""A connected Page, and deliveries to it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.sync.webhooks.payloads import INSTAGRAM, PAGE, encode

if TYPE_CHECKING:
    from hirocrm.meta.models import Page, WebhookDelivery


@pytest.fixture
def now() -> datetime:
    """A little after the events of the payloads."""
    return datetime(2026, 1, 2, 0, 10, tzinfo=UTC)


@pytest.fixture
def page(owner: Any) -> "Page":
    from tests.factories import PageFactory

    return PageFactory(
        organization=owner.organization, remote_id=PAGE, instagram_account_id=INSTAGRAM
    )


@pytest.fixture
def deliver(now: datetime) -> "Callable[..., list[WebhookDelivery]]":
    """Store deliveries as the intake does, and take them as the worker does."""
    from hirocrm.meta.models import WebhookDelivery
    from hirocrm.sync.webhooks.take import take_deliveries

    def deliver(*contents: Any, together: bool = True) -> "list[WebhookDelivery]":
        rows = []
        for content in contents:
            body = content if isinstance(content, bytes) else encode(content)
            row = WebhookDelivery.objects.create(body=body, secret=0, received_at=now)
            rows.append(row)
            if not together:
                take_deliveries(now=now)
        while take_deliveries(now=now + timedelta(seconds=1)):
            pass
        for row in rows:
            row.refresh_from_db()
        return rows

    return deliver
