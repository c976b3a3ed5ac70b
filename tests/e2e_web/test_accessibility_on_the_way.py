"""axe-core on what only a journey leads to: an invitation, a login's Pages, a first sync, an archive's two downloads
and its names, the menu of an account with several organizations.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from hirocrm.core import clock
from hirocrm.meta.models import ChoiceOutcome, FoundPage, Login
from hirocrm.organizations.services import invite_member
from tests.e2e_web.test_accessibility import AXE, faults
from tests.factories import MemberFactory
from tests.web.imports.test_imports import archive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def login_of(owner: Any) -> Login:
    """A login that found a Page that can be connected, and one that lacks a task."""
    now = clock.now()
    login = Login.objects.create(
        organization=owner.organization, member=owner, session_hash="x", remote_user_name="Ana Cruz",
        page_count=2, created_at=now, answered_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    for number, tasks in enumerate((["MESSAGING", "MANAGE"], [])):
        FoundPage.objects.create(
            organization=owner.organization, login=login, remote_id=str(number), name=f"Shop {number}",
            access_token="secret", tasks=tasks,
        )  # fmt: skip
    return login


def half_done(owner: Any) -> Login:
    """A login of whose Pages one was refused and one waits for the worker."""
    login = login_of(owner)
    login.found_pages.filter(remote_id="0").update(outcome=ChoiceOutcome.CHOSEN)
    login.found_pages.filter(remote_id="1").update(
        outcome=ChoiceOutcome.REFUSED, refusal="This Page is connected by another organization."
    )
    Login.objects.filter(pk=login.pk).update(chosen_at=clock.now())
    return login


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core comes with `make assets`.")
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_no_page_on_the_way_breaks_a_rule(visit, owner, server, shop, phone):
    _, secret = invite_member(member=owner, email="ben@example.com", role="agent", now=clock.now())
    addresses = [
        reverse("join", args=[secret]),
        reverse("connect-choose", args=[login_of(owner).id]),
        reverse("connect-progress", args=[half_done(owner).id]),
        f"{reverse('first-sync')}?page={shop.page.id}",
    ]
    page = visit(owner, "/imports", phone=phone)
    file = archive(("Mia Cruz", "Ana's Closet"))
    page.locator("input[type=file]").set_input_files(
        {"name": "facebook.zip", "mimeType": "application/zip", "buffer": file.read()}
    )
    page.get_by_role("button", name="Import").click()
    page.get_by_text("Which one is your business?").wait_for()

    found = faults(page, "import-name")
    for address in addresses:
        assert (page.goto(server + address).status, address) == (200, address)
        found |= faults(page, address)

    assert found == {}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core comes with `make assets`.")
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_the_question_of_two_downloads_breaks_no_rule(visit, owner, phone):
    both = archive(("Mia Cruz", "Ana's Closet"), instagram=(("leo.gomez", "anas.closet"),))
    page = visit(owner, "/imports", phone=phone)
    page.locator("input[type=file]").set_input_files(
        {"name": "meta.zip", "mimeType": "application/zip", "buffer": both.read()}
    )
    page.get_by_role("button", name="Import").click()
    page.get_by_text("Which one first?").wait_for()

    assert faults(page, "import-platform") == {}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core comes with `make assets`.")
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_the_account_menu_breaks_no_rule(visit, owner, phone):
    for number in range(12):
        MemberFactory(user=owner.user, organization__name=f"Client {number}")
    page = visit(owner, "/settings", phone=phone)
    page.get_by_label("Your account").click()

    assert faults(page, "account-menu") == {}
