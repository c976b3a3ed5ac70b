"""Profiles: fetched late and gently, better names taken, people's own words kept."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.contacts.models import Contact, ContactPicture
from hirocrm.contacts.snapshots import NameSource
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.sync import profiles
from tests.factories import ContactFactory, PageFactory, SyncRunFactory
from tests.meta.graph.loopback import Loopback, Reply, error

pytestmark = pytest.mark.django_db(transaction=True)
CLOSET, INSTAGRAM = "110000000000001", "17841400000000001"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def sandbox(sandbox, settings):
    settings.PROFILE_PICTURES = "messenger"
    return sandbox


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """A thousand calls a second, or each test would wait."""
    monkeypatch.setattr(profiles, "CALLS_PER_SECOND", 1000.0)


@pytest.fixture
def page(sandbox, owner) -> Page:
    token = sandbox.graph.add_page(
        CLOSET, "Ana's Closet", instagram_id=INSTAGRAM, instagram_username="anas.closet"
    )
    return PageFactory(
        organization=owner.organization, remote_id=CLOSET, instagram_account_id=INSTAGRAM,
        access_token=token, last_synced_at=NOW,
    )  # fmt: skip


def customer(sandbox, page, name: str, *, platform="messenger", writes=True, **fields) -> Contact:
    """A person at Meta, and their contact here with the name that a conversation without one gives."""
    messages = [{"from": "customer" if writes else "business", "text": "Hm po?"}]
    (remote_id,) = sandbox.graph.add_conversations(
        CLOSET, [{"name": name, "platform": platform, "messages": messages}]
    )
    ids = {"messenger_psid": remote_id} if platform == "messenger" else {"messenger_psid": None, "instagram_sid": remote_id}  # fmt: skip
    given = {"first_name": "User", "last_name": remote_id[-6:], "name_source": NameSource.FALLBACK}
    return ContactFactory(page=page, organization=page.organization, **{**ids, **given, **fields})


def fetch(page: Page) -> None:
    async_to_sync(profiles.fetch_profiles)(page.pk)


class TestFetchProfiles:
    def test_gives_a_better_name_and_a_picture(self, sandbox, page):
        contact = customer(sandbox, page, "Liza Reyes 🌸")

        fetch(page)

        contact.refresh_from_db()
        picture = ContactPicture.objects.get()
        assert (contact.first_name, contact.last_name) == ("Liza", "Reyes 🌸")
        assert contact.name_source == NameSource.PROFILE
        assert "liza" in contact.search_text
        assert contact.profile_checked_at is not None
        assert (len(contact.picture_key), picture.content_type) == (16, "image/png")
        assert contact.locale == ""

    def test_never_changes_what_a_person_typed(self, sandbox, page):
        contact = customer(
            sandbox, page, "Liza Reyes", first_name="Tita", last_name="Liza", name_source=NameSource.PERSON
        )  # fmt: skip

        fetch(page)

        contact.refresh_from_db()
        assert contact.name == "Tita Liza"

    def test_takes_instagrams_username_but_no_picture_unless_wished(self, sandbox, page, settings):
        contact = customer(sandbox, page, "ana.cruz", platform="instagram")

        fetch(page)

        contact.refresh_from_db()
        assert contact.username != ""
        assert (contact.picture_key, ContactPicture.objects.count()) == ("", 0)

    def test_asks_for_the_locale_where_it_may(self, sandbox, page):
        page.granted_scopes = ["pages_user_locale"]
        page.access_token = sandbox.graph.issue_token(
            CLOSET, scopes=["pages_messaging", "pages_user_locale"]
        )
        page.save()
        contact = customer(sandbox, page, "Liza Reyes")

        fetch(page)

        contact.refresh_from_db()
        assert contact.locale == "en_PH"

    def test_looks_at_a_person_once(self, sandbox, page):
        customer(sandbox, page, "Liza Reyes")
        fetch(page)

        fetch(page)

        assert sandbox.control.count("graph.profile") == 1

    def test_a_person_who_may_not_be_seen_costs_nothing_else(self, sandbox, page):
        hidden = customer(sandbox, page, "Hidden", writes=False)
        seen = customer(sandbox, page, "Liza Reyes")

        fetch(page)

        hidden.refresh_from_db()
        seen.refresh_from_db()
        page.refresh_from_db()
        assert (hidden.first_name, hidden.profile_checked_at is None) == ("User", False)
        assert (seen.first_name, page.state) == ("Liza", ConnectionState.HEALTHY)

    def test_gives_up_politely_without_the_permission(self, sandbox, page):
        for number in range(8):
            customer(sandbox, page, f"Person {number}")
        sandbox.graph.refuses(CLOSET, 100, subcode=2018247, match={"op": "profile"})

        fetch(page)

        page.refresh_from_db()
        assert sandbox.control.count("graph.profile") == 5
        assert not Contact.objects.filter(profile_checked_at=None).exists()
        assert page.state == ConnectionState.HEALTHY

    def test_stops_at_a_rate_limit_and_keeps_the_rest(self, sandbox, page):
        for number in range(3):
            customer(sandbox, page, f"Person {number}")
        sandbox.graph.rate_limits(CLOSET, 80006, match={"op": "profile"})

        fetch(page)

        page.refresh_from_db()
        assert sandbox.control.count("graph.profile") == 1
        assert Contact.objects.filter(profile_checked_at=None).count() == 3
        assert page.state == ConnectionState.LIMITED

    def test_leaves_the_allowance_to_syncs(self, sandbox, page):
        for number in range(3):
            customer(sandbox, page, f"Person {number}")
        sandbox.graph.usage(CLOSET, call_count=60)

        fetch(page)
        sandbox.graph.usage(CLOSET, call_count=1)

        assert sandbox.control.count("graph.profile") == 1

    def test_a_dead_token_is_told(self, sandbox, page):
        customer(sandbox, page, "Liza Reyes")
        sandbox.graph.kills_token(CLOSET, 460)

        fetch(page)

        page.refresh_from_db()
        assert page.state == ConnectionState.NEEDS_RECONNECT

    def test_makes_way_for_a_sync(self, sandbox, page):
        customer(sandbox, page, "Liza Reyes")
        SyncRunFactory(page=page)

        fetch(page)

        assert sandbox.control.count("graph.profile") == 0


class TestOddAnswers:
    """Profiles as Meta may give them, from a Meta of our own; `said` by the id of whose they are."""

    @pytest.fixture
    def shop(self, owner) -> Page:
        return PageFactory(
            organization=owner.organization, remote_id=CLOSET, access_token="EAAtoken", last_synced_at=NOW
        )  # fmt: skip

    @pytest.fixture
    def ask(self, shop, settings):
        settings.PROFILE_PICTURES = "messenger"

        def ask(said: dict[str, Reply]) -> list[str]:
            async def work() -> list[str]:
                async with Loopback(
                    handler=lambda call: said[call.path.rsplit("/", 1)[-1]]
                ) as meta:
                    settings.FACEBOOK_GRAPH_URL = meta.url
                    await profiles.fetch_profiles(shop.pk)
                    return [call.path.rsplit("/", 1)[-1] for call in meta.asked]

            return async_to_sync(work)()

        return ask

    def person(self, shop, number: int, **fields) -> Contact:
        """The higher the number, the sooner it is asked for."""
        given = {"first_name": "User", "last_name": "000000", "name_source": NameSource.FALLBACK}
        return ContactFactory(
            page=shop, organization=shop.organization, messenger_psid=str(number), username="",
            last_interaction_at=NOW + timedelta(minutes=number), **{**given, **fields},
        )  # fmt: skip

    @pytest.mark.parametrize(
        "reply",
        [
            Reply({"first_name": "نور", "last_name": "الهدى 🌙"}),
            Reply({"first_name": " نور\x00", "last_name": "الهدى 🌙 ", "profile_pic": None}),
            Reply({"name": "نور الهدى 🌙", "first_name": None, "id": 1}),
            Reply({"name": "نور الهدى 🌙", "locale": ["x"], "username": {"a": 1}}),
            Reply({"name": "نور الهدى 🌙", "profile_pic": "https://[bad.fbcdn.net/x.jpg"}),
            Reply({"name": "نور الهدى 🌙", "profile_pic": "https://☃.fbcdn.net/x.jpg"}),
            Reply({"name": "نور الهدى 🌙", "profile_pic": "https://x.fbcdn.net/" + "x" * 200_000}),
            Reply({"name": "نور الهدى 🌙", "profile_pic": "http://169.254.169.254/latest/meta-data"}),
        ],
    )  # fmt: skip
    def test_a_name_is_taken_whatever_is_with_it(self, shop, ask, reply):
        person = self.person(shop, 1)

        ask({"1": reply})

        person.refresh_from_db()
        assert (person.first_name, person.last_name) == ("نور", "الهدى 🌙")
        assert (person.picture_key, person.locale, person.username) == ("", "", "")

    @pytest.mark.parametrize(
        "reply",
        [
            Reply({}),
            Reply([]),
            Reply({"name": ""}),
            Reply({"name": " \u200b "}),
            Reply({"name": "Facebook User"}),
            Reply({"name": {"first": "x"}, "first_name": []}),
            error(100, 33, status=404),
            error(230),
            error(2018218),
            error(100, 2018247),
            error(9010),
        ],
    )
    def test_a_person_of_whom_nothing_is_told_stays_and_the_next_is_asked(self, shop, ask, reply):
        hidden, seen = self.person(shop, 2), self.person(shop, 1)

        asked = ask({"2": reply, "1": Reply({"name": "Liza Reyes"})})

        hidden.refresh_from_db()
        seen.refresh_from_db()
        shop.refresh_from_db()
        assert asked == ["2", "1"]
        assert (hidden.name, hidden.profile_checked_at is None) == ("User 000000", False)
        assert (seen.name, shop.state) == ("Liza Reyes", ConnectionState.HEALTHY)

    def test_a_giant_name_is_cut(self, shop, ask):
        person = self.person(shop, 1)

        ask({"1": Reply({"first_name": "🙂" * 60_000, "last_name": "ب" * 60_000, "username": "u" * 900, "locale": "en_PH" * 900})})  # fmt: skip

        person.refresh_from_db()
        assert (len(person.first_name), len(person.username)) == (255, 64)

    def test_a_lesser_name_never_replaces_a_better_one(self, shop, ask):
        known = {"first_name": "Liza", "last_name": "Reyes", "name_source": NameSource.PROFILE}
        person = self.person(shop, 1, **known)

        ask({"1": Reply({"username": "liza_r"})})

        person.refresh_from_db()
        assert (person.name, person.username) == ("Liza Reyes", "liza_r")

    @pytest.mark.parametrize(
        "fault",
        [
            error(1, status=500),
            Reply(body=b"<html>Sorry</html>", status=502),
            Reply(body=b'{"na', cut_after=2),
        ],
    )
    def test_one_that_always_fails_does_not_stand_in_the_others_way(self, shop, ask, fault):
        broken, *others = [self.person(shop, number) for number in (9, 8, 7)]
        fine = Reply({"name": "Liza Reyes"})

        asked = ask({"9": fault, "8": fine, "7": fine})

        assert asked == ["9", "8", "7", "9"]
        for person in (broken, *others):
            person.refresh_from_db()
            assert person.profile_checked_at is not None
        assert [person.first_name for person in (broken, *others)] == ["User", "Liza", "Liza"]

    def test_nobody_is_passed_over_while_meta_fails(self, shop, ask):
        for number in range(1, 7):
            self.person(shop, number)

        asked = ask(dict.fromkeys("123456", error(2, status=500)))

        assert asked == ["6", "5", "4"]
        assert Contact.objects.filter(profile_checked_at=None).count() == 6


class TestAskForProfiles:
    def test_is_behind_everything_else(self, page):
        ContactFactory(page=page)

        assert profiles.ask_for_profiles() == 1
        assert profiles.ask_for_profiles() == 0
        job = ProcrastinateJob.objects.get(task_name="sync.fetch_profiles")
        assert (job.priority, job.args) == (-10, {"page_id": str(page.pk)})

    def test_does_not_wait_for_the_first_sync(self, page):
        """Who writes to a Page that nobody has synced is in the inbox, too, and has a name."""
        Page.objects.filter(pk=page.pk).update(last_synced_at=None)
        ContactFactory(page=page)

        assert profiles.ask_for_profiles() == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"state": "needs_reconnect"},
            {"state": "limited"},
            {"usage_percent": 50},
            {"access_token": ""},
        ],
    )
    def test_is_not_while_something_is_amiss(self, page, change):
        ContactFactory(page=page)
        for name, value in change.items():
            setattr(page, name, value)
        page.save()

        assert profiles.ask_for_profiles() == 0

    def test_is_not_beside_a_sync(self, page):
        ContactFactory(page=page)
        SyncRunFactory(page=page)

        assert profiles.ask_for_profiles() == 0


class TestLookAgain:
    def test_is_after_a_month_for_who_wrote_since(self, page):
        old = NOW - timedelta(days=31)
        quiet = ContactFactory(page=page, profile_checked_at=old, last_interaction_at=old)
        active = ContactFactory(page=page, profile_checked_at=old, last_interaction_at=NOW)

        assert profiles.look_again(now=NOW) == 1

        quiet.refresh_from_db()
        active.refresh_from_db()
        assert (quiet.profile_checked_at, active.profile_checked_at) == (old, None)

    def test_is_a_day_after_for_who_has_no_name_and_wrote_since(self, page):
        """Meta shows nothing of a person who never wrote, such as one whom the shop wrote to first."""
        then = NOW - timedelta(days=2)
        nameless = {"page": page, "profile_checked_at": then, "name_source": NameSource.FALLBACK}
        wrote = ContactFactory(**nameless, last_customer_message_at=NOW)
        ContactFactory(**nameless, last_customer_message_at=then - timedelta(days=1))
        ContactFactory(
            **{**nameless, "name_source": NameSource.SENDER}, last_customer_message_at=NOW
        )
        ContactFactory(**{**nameless, "profile_checked_at": NOW - timedelta(hours=1)}, last_customer_message_at=NOW)  # fmt: skip

        assert profiles.look_again(now=NOW) == 1

        wrote.refresh_from_db()
        assert wrote.profile_checked_at is None
