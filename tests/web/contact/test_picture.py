"""A contact's picture, served by ourselves."""

import pytest
from django.urls import reverse

from hirocrm.contacts.models import ContactPicture
from tests.factories import ContactFactory, PageFactory

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

    def test_stands_in_the_list(self, sign_in, owner, contact):
        text = sign_in(owner).get(reverse("contacts")).text

        assert f"{reverse('contact-picture', args=[contact.pk])}?0123456789abcdef" in text

    def test_goes_with_its_contact(self, contact):
        contact.delete()

        assert not ContactPicture.objects.exists()
