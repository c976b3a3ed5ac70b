"""Whose pages a browser shows: one organization at a time, chosen by hand, and said when it changes."""

import pytest
from django.urls import reverse

from hirocrm.organizations.models import Member
from tests.factories import MemberFactory, NoteFactory

NAMES = {"name": "Renamed", "language": "en", "time_zone": "UTC", "business_description": ""}


@pytest.fixture
def elsewhere(owner: Member) -> Member:
    """The owner's own membership in a second organization, which an agency looks after."""
    return MemberFactory(user=owner.user, organization__name="Client Two", role="agent")


class TestChoosing:
    def test_shows_the_other_organization_from_then_on(self, sign_in, owner, elsewhere):
        client = sign_in(owner)

        answer = client.post(reverse("organization-choose", args=[elsewhere.organization_id]))

        assert answer.status_code == 302
        assert answer.url == "/"
        assert "Client Two" in client.get("/settings").text
        assert owner.organization.name in client.get("/settings").text  # the way back

    def test_is_offered_to_who_belongs_to_several(self, sign_in, owner, elsewhere):
        text = sign_in(owner).get("/settings").text

        assert reverse("organization-choose", args=[elsewhere.organization_id]) in text

    def test_is_not_offered_to_who_belongs_to_one(self, sign_in, agent, elsewhere):
        text = sign_in(agent).get("/settings").text

        assert "/choose" not in text
        assert "Client Two" not in text

    def test_comes_with_a_way_to_start_another_for_everybody(
        self, sign_in, owner, agent, elsewhere
    ):
        for member in (owner, agent):
            assert sign_in(member).get("/settings").text.count(f'href="{reverse("start")}"') == 1

    def test_is_refused_for_an_organization_of_others(self, sign_in, owner, stranger):
        client = sign_in(owner)

        answer = client.post(reverse("organization-choose", args=[stranger.organization_id]))

        assert answer.status_code == 404
        assert stranger.organization.name not in client.get("/settings").text


class TestAnotherTab:
    """A tab that still shows the first organization must not write into the second."""

    def test_saves_nothing_into_the_organization_that_was_chosen_since(
        self, sign_in, owner, elsewhere
    ):
        elsewhere.role = "owner"
        elsewhere.save()
        client = sign_in(owner)
        client.post(reverse("organization-choose", args=[elsewhere.organization_id]))

        answer = client.post(
            "/settings", {**NAMES, "seen_organization": str(owner.organization_id)}
        )

        assert answer.status_code == 409
        assert "This browser shows Client Two now" in answer.text
        elsewhere.organization.refresh_from_db()
        assert elsewhere.organization.name == "Client Two"

    def test_hears_of_it_where_htmx_asks(self, sign_in, owner, elsewhere):
        client = sign_in(owner)
        client.post(reverse("organization-choose", args=[elsewhere.organization_id]))

        answer = client.get(
            "/contacts",
            headers={"HX-Request": "true", "X-Organization": str(owner.organization_id)},
        )

        assert answer.status_code == 409
        assert "This browser shows Client Two now" in answer.headers["HX-Trigger"]

    def test_goes_on_as_long_as_nothing_was_chosen(self, sign_in, owner):
        sent = {**NAMES, "seen_organization": str(owner.organization_id)}

        assert sign_in(owner).post("/settings", sent).status_code == 302


class TestRemoved:
    """Somebody who is removed while at work hears it in a sentence."""

    def test_is_told_where_htmx_asks(self, sign_in, agent, shop):
        client = sign_in(agent)
        contact = shop.contact(shop.new)
        agent.delete()

        answer = client.post(
            reverse("contact-notes", args=[contact.id]),
            {"text": "Wants blue"},
            headers={"HX-Request": "true"},
        )

        assert answer.status_code == 403
        assert "You aren't a member of this organization any more" in answer.headers["HX-Trigger"]

    def test_sees_nothing_any_more(self, sign_in, agent, shop):
        client = sign_in(agent)
        contact = shop.contact(shop.new, first_name="Ana")
        NoteFactory(contact=contact, text="Wants blue")
        agent.delete()

        answer = client.get(reverse("contact", args=[contact.id]))

        assert answer.status_code == 403
        assert "Ana" not in answer.text
