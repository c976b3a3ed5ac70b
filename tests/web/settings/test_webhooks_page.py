"""The webhooks' page: the address, each Page's health, and what was kept aside."""

from datetime import UTC, datetime

import pytest

from hirocrm.contacts.models import Message
from hirocrm.meta.models import UnreadableEntry, WebhookDelivery, WebhookHealth
from tests.factories import PageFactory, UnreadableEntryFactory

pytestmark = pytest.mark.django_db

READABLE = (
    '{"id": "%s", "messaging": [{"sender": {"id": "7000"}, "recipient": {"id": "%s"}, "timestamp": 1767312000000,'
    ' "message": {"mid": "m_1", "text": "hi"}}]}'
)


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization)


class TestWebhooksPage:
    def test_shows_the_address_and_what_is_missing(self, owner, sign_in, settings):
        settings.BASE_URL, settings.FACEBOOK_APP_SECRET = "https://crm.example.com", ""

        answer = sign_in(owner).get("/settings/webhooks")

        assert b"https://crm.example.com/api/webhooks/facebook" in answer.content
        assert b"FACEBOOK_APP_SECRET isn" in answer.content

    def test_shows_each_pages_health(self, owner, page, sign_in):
        WebhookHealth.objects.create(
            page=page, organization=page.organization, missed_count=3, missed_total=12,
            last_event_at=datetime(2026, 1, 1, tzinfo=UTC), policy_action="block", policy_reason="Spam.",
        )  # fmt: skip

        words = sign_in(owner).get("/settings/webhooks").content.decode()

        assert "3 in the last look, 12 in all" in words
        assert "Policy: block" in words
        card = sign_in(owner).get("/pages").content.decode()
        assert "3 missed messages found by the last sync" in card

    def test_says_how_many_pages_it_leaves_out(self, owner, page, sign_in):
        for number in range(236):
            PageFactory(organization=owner.organization, name=f"Shop {number:03d}")

        text = sign_in(owner).get("/settings/webhooks").text

        assert "Shop 198" in text
        assert "Shop 199" not in text
        assert "And 37 more, by name:" in text

    def test_shows_the_dashboards_test(self, owner, sign_in):
        WebhookDelivery.objects.create(body=b"{}", secret=0, outcome="test")

        assert "none yet;" not in sign_in(owner).get("/settings/webhooks").content.decode()

    def test_replays_what_was_kept_aside(self, owner, page, sign_in):
        content = READABLE % (page.remote_id, page.remote_id)
        entry = UnreadableEntryFactory(page=page, content=content)

        answer = sign_in(owner).post(f"/settings/webhooks/{entry.id}/replay", follow=True)

        assert b"It was read and applied." in answer.content
        assert Message.objects.get().text == "hi"

    def test_says_why_it_still_cannot(self, owner, page, sign_in):
        entry = UnreadableEntryFactory(page=page)

        answer = sign_in(owner).post(f"/settings/webhooks/{entry.id}/replay", follow=True)

        assert b"The message has no usable id" in answer.content
        assert UnreadableEntry.objects.get() == entry

    def test_forgets_on_demand(self, owner, page, sign_in):
        entry = UnreadableEntryFactory(page=page)

        sign_in(owner).post(f"/settings/webhooks/{entry.id}/drop")

        assert UnreadableEntry.objects.count() == 0

    def test_escapes_what_was_sent(self, owner, page, sign_in):
        UnreadableEntryFactory(page=page, content="<script>alert(1)</script>")

        assert b"<script>alert(1)" not in sign_in(owner).get("/settings/webhooks").content

    def test_shows_content_only_to_who_may_configure(self, owner, page, viewer, stranger, sign_in):
        entry = UnreadableEntryFactory(page=page, content="private words")

        for member in (viewer, stranger):
            answer = sign_in(member).get("/settings/webhooks")
            assert answer.status_code == 200
            assert b"private words" not in answer.content
        assert sign_in(viewer).post(f"/settings/webhooks/{entry.id}/drop").status_code == 403
        assert sign_in(stranger).post(f"/settings/webhooks/{entry.id}/drop").status_code == 404
        assert UnreadableEntry.objects.count() == 1
