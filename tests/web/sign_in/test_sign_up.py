"""Signing up, and where it leads."""

import re

import pytest
from django.test import Client

from hirocrm.core import clock
from hirocrm.organizations import services
from hirocrm.organizations.models import Member, User
from hirocrm.pipelines.models import Pipeline
from tests.factories import MemberFactory

NEWCOMER = {"email": "ana@example.com", "password1": "correct horse 7"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def invited():
    """The address of the link by which the newcomer is invited to somebody's organization."""
    _, secret = services.invite_member(
        member=MemberFactory(role="owner"), email=NEWCOMER["email"], role="agent", now=clock.now()
    )
    return f"/join/{secret}"


class TestSignUp:
    def test_leads_to_the_first_steps_of_a_new_organization(self):
        client = Client()

        done = client.post("/accounts/signup/", {**NEWCOMER, "business": "Ana's Closet"})
        shown = client.get(done["Location"], follow=True)

        member = Member.objects.select_related("organization").get(user__email=NEWCOMER["email"])
        assert (member.role, member.organization.name) == ("owner", "Ana's Closet")
        assert Pipeline.objects.get(organization=member.organization).name == "Sales Pipeline"
        assert shown.redirect_chain == [("/welcome", 302)]
        assert "Successfully signed in" not in shown.text

    def test_asks_what_the_business_is_called(self):
        response = Client().post("/accounts/signup/", NEWCOMER)

        assert 'id="id_business_error"' in response.text
        assert not User.objects.exists()

    def test_by_an_invitation_asks_for_no_business_and_leads_back_to_it(self, invited):
        client = Client()

        asked = client.get(f"/accounts/signup/?next={invited}")
        done = client.post("/accounts/signup/", {**NEWCOMER, "next": invited})
        joined = client.post(invited)

        assert re.findall(r'name="(\w+)" ?', asked.text).count("business") == 0
        assert done["Location"] == invited
        assert joined["Location"] == "/"
        assert Member.objects.get(user__email=NEWCOMER["email"]).role == "agent"

    def test_by_a_dead_invitation_is_as_without_one(self):
        response = Client().get("/accounts/signup/?next=/join/nothing")

        assert 'name="business"' in response.text

    def test_of_who_is_invited_leads_to_the_invitation_first(self, invited):
        client = Client()

        done = client.post("/accounts/signup/", {**NEWCOMER, "business": "Ana's Closet"})
        shown = client.get(done["Location"])

        assert not Member.objects.filter(user__email=NEWCOMER["email"]).exists()
        assert "An invitation waits for you" in shown.text
        assert 'href="/start"' in shown.text
