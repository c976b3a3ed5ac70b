"""A contact's picture, served by ourselves."""

import re

import pytest
from django.urls import reverse

from hirocrm.contacts.models import ContactPicture
from tests.factories import ContactFactory, ConversationFactory, MessageFactory, PageFactory

PNG = b"\x89PNG\r\n\x1a\n."


@pytest.fixture
def contact(owner, now):
    page = PageFactory(organization=owner.organization)
    contact = ContactFactory(
        page=page, organization=owner.organization, picture_key="0123456789abcdef"
    )
    ContactPicture.objects.create(
        contact=contact, organization=owner.organization, content=PNG, content_type="image/png",
        fetched_at=now,
    )  # fmt: skip
    return contact


class TestShow:
    def test_is_kept_by_the_browser_alone(self, sign_in, viewer, contact):
        response = sign_in(viewer).get(reverse("contact-picture", args=[contact.pk]))

        assert (response.content, response["Content-Type"]) == (PNG, "image/png")
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"
        assert response["X-Content-Type-Options"] == "nosniff"

    def test_is_a_404_for_a_stranger(self, sign_in, stranger, contact):
        assert (
            sign_in(stranger).get(reverse("contact-picture", args=[contact.pk])).status_code == 404
        )

    @pytest.mark.parametrize("where", ["contacts", "board", "contact", "drawer", "inbox", "thread"])
    def test_stands_wherever_the_contact_does(self, sign_in, owner, shop, now, where):
        contact = shop.contact(shop.new, picture_key="0123456789abcdef", last_interaction_at=now)
        talk = ConversationFactory(contact=contact, last_message_at=now)
        MessageFactory(conversation=talk, sender="customer", text="hm po?", created_time=now)
        addresses = {
            "contacts": reverse("contacts"),
            "board": reverse("board"),
            "contact": reverse("contact", args=[contact.pk]),
            "drawer": reverse("contact", args=[contact.pk]),
            "inbox": reverse("inbox") + "?folder=all",
            "thread": reverse("inbox-conversation", args=[talk.pk]),
        }
        headers = {"HX-Request": "true", "HX-Target": "drawer-body"} if where == "drawer" else {}

        text = sign_in(owner).get(addresses[where], headers=headers).text

        faces = re.findall(r'class="avatar-face[^>]*>', text.partition("<main")[2] or text)
        picture = f"{reverse('contact-picture', args=[contact.pk])}?0123456789abcdef"
        assert {picture in face for face in faces} == {True}

    def test_goes_with_its_contact(self, contact):
        contact.delete()

        assert not ContactPicture.objects.exists()
