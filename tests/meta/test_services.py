"""Connecting a Page by its token, and what a removed one lets go of."""

import pytest

from hirocrm.meta import errors, services
from hirocrm.meta.models import Flavour, Page
from hirocrm.meta.services import PageAccess
from tests.factories import ConversationFactory, PageFactory

CLOSET = "110000000000001"
INSTAGRAM = "17841400000000001"


@pytest.fixture
def removed(owner) -> Page:
    page = PageFactory(
        organization=owner.organization, remote_id=CLOSET, instagram_account_id=INSTAGRAM
    )
    services.remove_page(member=owner, reference=page.pk)
    return page


def connect(member, now, **access):
    given = {"remote_id": CLOSET, "name": "Ana's Closet", "access_token": "EAAnew", **access}
    page, _ = services.connect_page(
        member=member, access=PageAccess(**given), verify=False, now=now
    )
    return page


class TestConnectPage:
    @pytest.mark.parametrize("who", ["owner", "stranger"])
    def test_an_account_whose_page_was_removed_is_free(self, request, removed, now, who):
        conversation = ConversationFactory(page=removed)

        account = connect(
            request.getfixturevalue(who), now,
            remote_id=INSTAGRAM, instagram_account_id=INSTAGRAM, flavour=Flavour.INSTAGRAM,
        )  # fmt: skip

        removed.refresh_from_db()
        conversation.refresh_from_db()
        assert (account.instagram_account_id, removed.instagram_account_id) == (INSTAGRAM, None)
        assert conversation.page_id == removed.pk

    def test_the_removed_page_itself_takes_its_account_back(self, removed, owner, now):
        again = connect(owner, now, instagram_account_id=INSTAGRAM)

        assert (again.pk, again.instagram_account_id) == (removed.pk, INSTAGRAM)

    def test_an_account_of_a_connected_page_is_taken(self, owner, stranger, now):
        PageFactory(organization=owner.organization, instagram_account_id=INSTAGRAM)

        with pytest.raises(errors.InstagramTaken):
            connect(stranger, now, instagram_account_id=INSTAGRAM)

    @pytest.mark.parametrize("token", ["EAAB…", "tok é", "EAA new", "EAA\nnew", "EAA\x00"])
    @pytest.mark.parametrize("verify", [True, False])
    def test_what_cant_be_a_token_is_refused_plainly(self, owner, now, token, verify):
        access = PageAccess(remote_id=CLOSET, name="Closet", access_token=token)

        with pytest.raises(errors.PageTokenRefused, match="copy the whole token again") as refusal:
            services.connect_page(member=owner, access=access, verify=verify, now=now)

        assert refusal.value.details["field"] == "pageAccessToken"
        assert not Page.objects.exists()
