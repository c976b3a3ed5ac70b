"""The account's own pages have the frame of all others: the organization's name, the way to another one, a heading."""

import pytest

from tests.factories import MemberFactory, UserFactory

PAGES = {
    "/accounts/email/": "E-mail address",
    "/accounts/password/change/": "Change password",
    "/accounts/reauthenticate/": "Confirm that it is you",
}


@pytest.mark.django_db
class TestAccountPages:
    @pytest.mark.parametrize(("path", "heading"), PAGES.items())
    def test_have_a_heading_and_the_organization(self, sign_in, owner, path, heading):
        elsewhere = MemberFactory(user=owner.user, organization__name="Client Two")

        text = sign_in(owner).get(path).text

        assert f"<h1>{heading}</h1>" in text
        assert f"<span>{owner.organization.name}</span>" in text
        assert f"/{elsewhere.organization_id}/choose" in text

    @pytest.mark.parametrize("path", PAGES)
    def test_open_for_who_belongs_to_no_organization(self, client, path):
        client.force_login(UserFactory())

        assert client.get(path).status_code == 200
