"""More Pages chosen from one login than a request connects, with a real worker."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.core.worker import work_until_idle
from hirocrm.meta import choosing
from hirocrm.meta.errors import LoginFailed
from hirocrm.meta.models import FoundPage, Login, Page
from tests.factories import PageFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def login(owner, sandbox) -> Login:
    """A login of 25 Pages that waits for the choice."""
    now = datetime.now(UTC)
    login = Login.objects.create(
        organization=owner.organization, member=owner, session_hash="0", created_at=now,
        answered_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    for number in range(25):
        name, page_id = f"Shop {number:03}", f"12{number:013}"
        token = sandbox.graph.add_page(page_id, name)
        FoundPage.objects.create(
            organization=owner.organization, login=login, remote_id=page_id, name=name,
            access_token=token,
        )  # fmt: skip
    return login


def choose_all(owner, login) -> choosing.Choice:
    return choosing.connect_chosen(
        member=owner, login_id=login.pk, all_matching="", now=datetime.now(UTC)
    )


def interrupted(owner, login, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(choosing, "connect_portion", stop)
        choose_all(owner, login)


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


class TestConnectChosen:
    def test_a_worker_connects_the_rest(self, owner, login):
        choice = choose_all(owner, login)
        PageFactory(remote_id="120000000000024")  # by another organization, meanwhile

        asyncio.run(work_until_idle())

        assert (len(choice.connected), choice.left) == (20, 5)
        assert Page.objects.filter(organization=owner.organization).count() == 24
        refused = FoundPage.objects.get(outcome="refused")
        assert (refused.name, refused.access_token) == ("Shop 024", "")
        assert not FoundPage.objects.exclude(access_token="").exists()

    def test_a_stop_in_between_loses_none(self, owner, login, monkeypatch):
        monkeypatch.setattr(choosing, "STOP_AFTER", timedelta(0))
        with pytest.raises(KeyboardInterrupt):  # the web process ends before the first Page
            interrupted(owner, login, monkeypatch)

        asyncio.run(work_until_idle())

        assert Page.objects.count() == 25

    def test_a_second_answer_finds_it_chosen(self, owner, login):
        choose_all(owner, login)

        with pytest.raises(LoginFailed, match="chosen already"):
            choose_all(owner, login)
