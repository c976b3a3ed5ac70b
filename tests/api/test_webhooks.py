"""/api/webhooks/unreadable: trying again, and dropping, what couldn't be taken."""

import json
from uuid import uuid4

import pytest

from hirocrm.contacts.models import Message
from hirocrm.meta.models import UnreadableEntry
from hirocrm.organizations.models import AuditEntry
from tests.factories import PageFactory
from tests.sync.webhooks.payloads import PAGE, text

pytestmark = pytest.mark.django_db
PATH = "/api/webhooks/unreadable"


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization, remote_id=PAGE)


@pytest.fixture
def entry(page, now) -> UnreadableEntry:
    """What this version can read by now."""
    return keep(page, {"id": PAGE, "messaging": [text()]}, now)


def keep(page, content, now) -> UnreadableEntry:
    return UnreadableEntry.objects.create(
        organization=page.organization, page=page, delivery_id=1, object_kind="page", content=json.dumps(content),
        digest=uuid4().hex, reason="an event isn't an object", received_at=now,
    )  # fmt: skip


def audited() -> list[str]:
    return list(AuditEntry.objects.values_list("action", flat=True))


class TestReplay:
    def test_applies_it_and_takes_it_off_the_list(self, api, page, entry):
        assert [row["id"] for row in api.get(PATH).json()["items"]] == [str(entry.pk)]

        answer = api.post(f"{PATH}/{entry.pk}/replay")

        assert (answer.status_code, answer.content) == (204, b"")
        message = Message.objects.get()
        assert (message.page, message.text) == (page, "Magkano po?")
        assert api.get(PATH).json()["items"] == []
        assert audited()[-1] == "webhook.replayed"

    def test_keeps_what_still_cannot_be_taken(self, api, page, now):
        entry = keep(page, {"id": PAGE, "messaging": ["odd"]}, now)

        answer = api.post(f"{PATH}/{entry.pk}/replay")

        assert answer.status_code == 409
        assert answer.json()["code"] == "webhook_entry_still_unreadable"
        assert UnreadableEntry.objects.get().replayed_at is not None
        assert Message.objects.count() == 0

    def test_hides_another_organizations(self, client_of, stranger, entry):
        answer = client_of(stranger).post(f"{PATH}/{entry.pk}/replay")

        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_entry_not_found")
        assert (UnreadableEntry.objects.count(), Message.objects.count()) == (1, 0)


class TestDrop:
    def test_forgets_it_and_applies_nothing(self, api, entry):
        answer = api.delete(f"{PATH}/{entry.pk}")

        assert answer.status_code == 204
        assert (UnreadableEntry.objects.count(), Message.objects.count()) == (0, 0)
        assert audited()[-1] == "webhook.dropped"
        assert api.delete(f"{PATH}/{entry.pk}").status_code == 404
