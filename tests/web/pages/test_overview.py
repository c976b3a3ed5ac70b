"""The list of Pages, when there are many: paged, searched, and who needs somebody first."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from hirocrm.core import clock
from hirocrm.meta import overview
from hirocrm.meta.models import Page, WebhookHealth
from hirocrm.meta.overview import Group, PageFilter
from hirocrm.web.pages.overview import CARDS
from hirocrm.web.pages.presentation import card_of
from tests.factories import ConversationFactory, PageFactory, SyncRunFactory

PAST = datetime(2026, 1, 2, tzinfo=UTC)
FAR = datetime(2099, 1, 2, tzinfo=UTC)
MORE = {"HX-Request": "true"}


def names(text: str) -> list[str]:
    """The Pages whose cards are shown, in order."""
    return re.findall(r"underline-offset-4\" href=\"/pages/[0-9a-f-]+\">([^<]+)<", text)


def next_address(text: str) -> str | None:
    found = re.search(r'class="load-more" hx-get="([^"]+)"', text)
    return found[1].replace("&amp;", "&") if found else None


@pytest.fixture
def many(owner) -> list[Page]:
    """Sixty Pages by name, of which the last two are in need."""
    return [
        PageFactory(
            organization=owner.organization,
            name=f"Shop {number:03d}",
            state="needs_reconnect" if number > 57 else "healthy",
        )
        for number in range(60)
    ]


class TestManyPages:
    def test_shows_some_at_a_time_and_all_in_the_end(self, sign_in, owner, many):
        client = sign_in(owner)

        text = client.get("/pages").text
        seen = [names(text)]
        while (address := next_address(text)) is not None:
            text = client.get(address, headers=MORE).text
            assert "<html" not in text
            seen.append(names(text))

        assert [len(part) for part in seen] == [CARDS, CARDS, 60 - 2 * CARDS]
        in_order = ["Shop 058", "Shop 059", *(f"Shop {number:03d}" for number in range(58))]
        assert [name for part in seen for name in part] == in_order

    def test_a_link_leads_on_without_javascript(self, sign_in, owner, many):
        client = sign_in(owner)

        text = client.get(next_address(client.get("/pages").text)).text

        assert "<html" in text
        assert names(text)[0] == "Shop 022"
        assert "To the start" in text

    def test_counts_each_group(self, sign_in, owner, many):
        PageFactory(organization=owner.organization, state="imported", remote_id=None)
        PageFactory(organization=owner.organization, state="limited", limited_until=FAR)

        text = sign_in(owner).get("/pages").text

        chips = re.findall(r'class="chip"[^>]*>([^<]+) <span class="tab-count">(\d+)<', text)
        assert chips == [
            ("All", "62"),
            ("Need attention", "2"),
            ("Paused by Meta", "1"),
            ("Working", "58"),
            ("Archives", "1"),
        ]

    def test_a_group_alone(self, sign_in, owner, many):
        text = sign_in(owner).get("/pages?state=attention").text

        assert names(text) == ["Shop 058", "Shop 059"]
        assert re.search(r'state=attention" aria-current="true">Need attention', text)

    @pytest.mark.parametrize(
        "search", ["bLÜmen", "@bluetenzauber", "1784140000", "555000111", "  blümen "]
    )
    def test_finds_by_name_username_or_id(self, sign_in, owner, many, search):
        PageFactory(
            organization=owner.organization,
            name="Zoë's Blümen 🌷",
            remote_id="555000111",
            instagram_account_id="1784140000",
            instagram_username="bluetenzauber",
        )

        assert names(sign_in(owner).get("/pages", {"q": search}).text) == ["Zoë&#x27;s Blümen 🌷"]

    def test_finds_arabic(self, sign_in, owner, many):
        PageFactory(organization=owner.organization, name="متجر الزهور")

        assert names(sign_in(owner).get("/pages", {"q": "الزهور"}).text) == ["متجر الزهور"]

    def test_keeps_search_and_group_while_paging(self, sign_in, owner, many):
        client = sign_in(owner)

        text = client.get("/pages?q=shop&state=working").text
        more = client.get(next_address(text), headers=MORE).text

        assert names(text)[0] == "Shop 000"
        assert names(more)[0] == "Shop 024"
        assert "q=shop&state=working" in next_address(more)

    def test_says_when_none_fits(self, sign_in, owner, many):
        text = sign_in(owner).get("/pages?q=%25&state=paused").text

        assert "No Page fits" in text
        assert reverse("page-connect") in text

    @pytest.mark.parametrize("query", ["state=%00", "q=%00", "state=attention&q=" + "x" * 5000])
    def test_odd_questions_are_answered(self, sign_in, owner, many, query):
        assert sign_in(owner).get(f"/pages?{query}").status_code == 200

    def test_a_cursor_that_is_none_is_refused(self, sign_in, owner, many):
        response = sign_in(owner).get("/pages?cursor=nonsense")

        assert (response.status_code, "Start again without it." in response.text) == (400, True)

    def test_few_pages_need_no_search(self, sign_in, owner):
        PageFactory(organization=owner.organization)

        assert 'type="search" name="q" value="" maxlength' not in sign_in(owner).get("/pages").text

    def test_is_the_organizations_own(self, sign_in, stranger, many):
        text = sign_in(stranger).get("/pages?q=shop").text

        assert names(text) == []

    def test_asks_only_about_the_pages_it_shows(
        self, sign_in, owner, many, django_assert_num_queries
    ):
        ConversationFactory(contact__page=many[0])
        SyncRunFactory(page=many[1])
        client = sign_in(owner)

        with django_assert_num_queries(10) as asked:
            client.get("/pages")
        following = next_address(client.get("/pages").text)
        with django_assert_num_queries(6):
            client.get(following, headers=MORE)

        of_pages = [one["sql"] for one in asked.captured_queries if '"page_id" IN (' in one["sql"]]
        assert len(of_pages) == 2  # coverage and open runs

    def test_a_look_at_the_connection_comes_back_to_the_card(self, sign_in, owner, many):
        page = many[30]

        text = sign_in(owner).get("/pages?q=shop+030").text

        assert f'name="next" value="/pages?q=shop+030#page-{page.id.hex}"' in text

    @pytest.mark.parametrize(
        ("wanted", "back"),
        [
            ("/pages?state=attention#page-1", "/pages?state=attention#page-1"),
            ("https://elsewhere.example/pages", "/pages"),
            ("//elsewhere.example", "/pages"),
        ],
    )
    def test_and_to_no_other_site(self, sign_in, owner, wanted, back):
        page = PageFactory(organization=owner.organization, state="imported", access_token="")

        response = sign_in(owner).post(reverse("page-check", args=[page.id]), {"next": wanted})

        assert (response.status_code, response["Location"]) == (302, back)

    def test_the_banner_counts_all_of_them_and_leads_there(self, sign_in, owner):
        for number in range(130):
            PageFactory(
                organization=owner.organization, name=f"S{number:03d}", state="needs_reconnect"
            )

        text = sign_in(owner).get(reverse("pipelines")).text

        assert "S000 needs reconnecting" in text
        assert "(and 129 more)" in text
        assert 'href="/pages?state=attention"' in text


CASES = {
    "working": ({}, {}, Group.WORKING),
    "dead": ({"state": "needs_reconnect"}, {}, Group.ATTENTION),
    "removed at Meta": ({"state": "removed"}, {}, Group.ATTENTION),
    "lacks a permission": ({"state": "needs_permission"}, {}, Group.ATTENTION),
    "blocked": ({}, {"policy_action": "block"}, Group.ATTENTION),
    "warned": ({}, {"policy_action": "warning"}, Group.ATTENTION),
    "no longer blocked": ({}, {"policy_action": ""}, Group.WORKING),
    "paused": ({"state": "limited", "limited_until": FAR}, {}, Group.PAUSED),
    "paused without an end": ({"state": "limited"}, {}, Group.PAUSED),
    "was paused": ({"state": "limited", "limited_until": PAST}, {}, Group.WORKING),
    "paused and warned": (
        {"state": "limited", "limited_until": FAR},
        {"policy_action": "warning"},
        Group.ATTENTION,
    ),
    "token ends": ({"token_expires_at": PAST}, {}, Group.ATTENTION),
    "token ends late": ({"token_expires_at": FAR}, {}, Group.WORKING),
    "access ends": ({"data_access_expires_at": PAST}, {}, Group.ATTENTION),
    "instagram wasn't renewed": (
        {"flavour": "instagram", "token_expires_at": PAST},
        {},
        Group.ATTENTION,
    ),
    "no events": (
        {"checked_at": PAST, "subscribed_fields": ["feed"]},
        {"subscribe_problem": ""},
        Group.ATTENTION,
    ),
    "events refused": ({}, {"subscribe_problem": "No task."}, Group.ATTENTION),
    "events": ({"checked_at": PAST, "subscribed_fields": ["messages"]}, {}, Group.WORKING),
    "archive": ({"state": "imported", "remote_id": None}, {}, Group.ARCHIVE),
}


class TestGroups:
    @pytest.mark.parametrize("case", CASES)
    def test_a_page_needs_attention_when_its_card_says_so(self, owner, settings, case):
        settings.FACEBOOK_APP_ID = settings.FACEBOOK_APP_SECRET = "app"
        settings.INSTAGRAM_APP_ID = settings.INSTAGRAM_APP_SECRET = ""
        values, health, group = CASES[case]
        page = PageFactory(organization=owner.organization, **values)
        if health:
            WebhookHealth.objects.create(page=page, organization=owner.organization, **health)
        now = clock.now()

        found = overview.list_grouped(member=owner, wanted=PageFilter(), now=now).get()
        card = card_of(found, coverage=None, open_run=None, now=now)

        assert found.group == group
        says = bool(card.notices) or card.standing.tone == "bad"
        says = says or str(card.standing.label) == "Warned by Meta"
        assert says is (group is Group.ATTENTION)

    def test_an_end_is_told_a_fortnight_before(self, owner):
        now = clock.now()
        page = PageFactory(
            organization=owner.organization, token_expires_at=now + timedelta(days=13)
        )
        PageFactory(
            organization=owner.organization, token_expires_at=now + timedelta(days=15), name="Later"
        )

        wanted = PageFilter(group=Group.ATTENTION)
        assert list(overview.list_grouped(member=owner, wanted=wanted, now=now)) == [page]

    def test_a_removed_page_is_in_none(self, owner):
        PageFactory(organization=owner.organization, state="forgotten")

        assert overview.count_groups(member=owner, search="", now=clock.now()) == {}
