"""The list: sorting, filtering, saved views, and what is done with many."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse

from hirocrm.contacts.models import Contact, SavedView
from hirocrm.sync.models import SyncRun
from tests.factories import ConversationFactory
from tests.web.shops import make_shop

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def names(answer):
    return [row.name.partition(" ")[0] for row in answer.context["rows"]]


@async_to_sync
async def streamed(answer):
    return b"".join([part async for part in answer.streaming_content])


def toast(answer):
    return json.loads(answer["HX-Trigger"])["toast"]


class TestColumns:
    def test_are_left_out_as_the_person_chose(self, shop, owner, sign_in):
        shop.contact(first_name="Ana")
        client = sign_in(owner)
        client.cookies["list_hidden"] = "status tags <script>"

        answer = client.get("/contacts")

        shown = {one.key: one.is_shown for one in answer.context["columns"]}
        assert shown == {"stage": True, "score": True, "status": False, "last": True, "tags": False}
        assert 'data-hidden="status tags "' in answer.text


class TestSearch:
    def test_finds_by_the_beginning_of_a_whole_message(self, shop, owner, sign_in):
        shop.contact(first_name="Ana", search_text="magkano po yung blue dress")
        shop.contact(first_name="Ben", search_text="salamat")

        answer = sign_in(owner).get("/contacts", {"q": "magkano po " * 300})

        assert names(answer) == ["Ana"]

    def test_finds_nobody_by_signs_alone(self, shop, owner, sign_in):
        shop.contact(first_name="Ana")
        client = sign_in(owner)

        assert [names(client.get("/contacts", {"q": q})) for q in ("%", "_", '"')] == [[], [], []]


class TestChosen:
    @pytest.mark.parametrize("query", ["min=999", "stage=zz", "tag=" + "z" * 60])
    def test_is_nobody_where_a_filter_cant_be_read(self, shop, agent, sign_in, query):
        contact = shop.contact()

        sent = {"all_matching": "1", "query": query, "tags": "vip"}
        answer = sign_in(agent).post("/contacts/bulk/tag", sent)

        contact.refresh_from_db()
        assert (answer.status_code, contact.tags) == (400, [])

    def test_is_who_a_long_search_finds(self, shop, agent, sign_in):
        ana = shop.contact(search_text="magkano po")
        ben = shop.contact(search_text="salamat")

        sent = {"all_matching": "1", "query": "q=" + "magkano+po+" * 300, "tags": "vip"}
        sign_in(agent).post("/contacts/bulk/tag", sent)

        ana.refresh_from_db()
        ben.refresh_from_db()
        assert (ana.tags, ben.tags) == (["vip"], [])


class TestList:
    def test_sorts_by_a_head_and_the_other_way_round(self, shop, owner, sign_in):
        for name, score in (("Ana", 20), ("Ben", 90), ("Cai", 50)):
            shop.contact(first_name=name, lead_score=score)
        client = sign_in(owner)

        by_score = client.get("/contacts", {"sort": "-leadScore"})
        head = next(one for one in by_score.context["heads"] if one.is_current)

        assert names(by_score) == ["Ben", "Cai", "Ana"]
        assert head.query == "sort=leadScore"
        assert names(client.get("/contacts?" + head.query)) == ["Ana", "Cai", "Ben"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"q": "cebu"}, ["Ana"]),
            ({"channel": "instagram"}, ["Cai"]),
            ({"review": "1"}, ["Ben"]),
            ({"sentiment": "negative"}, ["Ben"]),
            ({"urgency": "high"}, ["Cai"]),
            ({"min": "30", "max": "60"}, ["Cai"]),
            ({"status": "WON"}, ["Ana"]),
            ({"tag": "VIP"}, ["Ana"]),
            ({"waiting": "1"}, ["Cai"]),
        ],
    )
    def test_narrows(self, shop, owner, sign_in, query, found):
        shop.contact(
            first_name="Ana", search_text="ana cebu", tags=["VIP"], lead_status="WON", lead_score=90
        )
        shop.contact(first_name="Ben", needs_review=True, sentiment="negative", lead_score=10)
        shop.contact(
            first_name="Cai", messenger_psid=None, instagram_sid="i1", urgency="high",
            lead_score=40, last_message_sender="customer",
        )  # fmt: skip

        assert names(sign_in(owner).get("/contacts", query)) == found

    def test_goes_on_page_by_page(self, shop, owner, sign_in):
        for number in range(53):
            shop.contact(first_name=f"C{number}")
        client = sign_in(owner)

        first = client.get("/contacts", {"sort": "name"})
        second = client.get("/contacts?" + first.context["next_query"])

        assert (first.context["total"], len(names(first)), len(names(second))) == (53, 50, 3)
        assert set(names(first)).isdisjoint(names(second))
        assert second.context["next_query"] == ""

    def test_asks_the_database_little(self, shop, owner, sign_in, django_assert_max_num_queries):
        for _ in range(30):
            shop.contact(shop.new)
        client = sign_in(owner)

        with django_assert_max_num_queries(12):
            client.get("/contacts", {"q": "maria"})

    def test_shows_no_foreign_contact(self, shop, owner, stranger, sign_in):
        make_shop(stranger).contact(first_name="Zed")

        assert names(sign_in(owner).get("/contacts")) == []

    def test_says_what_to_do_when_nobody_matches(self, shop, owner, sign_in):
        page = sign_in(owner).get("/contacts", {"q": "nobody"}).content.decode()

        assert "Nobody matches" in page


class TestSavedViews:
    def test_keeps_the_filters_under_a_name(self, shop, agent, owner, sign_in):
        client = sign_in(agent)

        answer = client.post(
            "/contacts/views?min=70&sort=-leadScore&cursor=x", {"name": "Hot", "shared": "1"}
        )

        assert answer["Location"] == "/contacts?min=70&sort=-leadScore"
        mine = client.get(answer["Location"]).context["views"]
        assert [(view.saved.name, view.is_current) for view in mine] == [("Hot", True)]
        assert [view.saved.name for view in sign_in(owner).get("/contacts").context["views"]] == [
            "Hot"
        ]

    def test_keeps_private_ones_private(self, shop, agent, owner, sign_in):
        sign_in(agent).post("/contacts/views?min=70", {"name": "Mine"})

        assert sign_in(owner).get("/contacts").context["views"] == []

    def test_replaces_the_one_of_that_name(self, shop, agent, sign_in):
        client = sign_in(agent)
        client.post("/contacts/views?min=70", {"name": "Hot"})

        client.post("/contacts/views?min=80", {"name": "hot"})

        assert list(SavedView.objects.values_list("name", "query")) == [("hot", "min=80")]

    def test_are_removed_by_their_maker_alone(self, shop, agent, owner, sign_in):
        sign_in(agent).post("/contacts/views?min=70", {"name": "Hot", "shared": "1"})
        url = reverse("saved-view-delete", args=[SavedView.objects.get().id])

        refused = sign_in(owner).post(url)
        left = SavedView.objects.count()
        sign_in(agent).post(url)

        assert (refused.status_code, left, SavedView.objects.count()) == (404, 1, 0)


class TestBulk:
    def test_moves_the_ticked_ones_and_takes_it_back(self, shop, agent, sign_in):
        ticked = [shop.contact(shop.new) for _ in range(2)]
        other = shop.contact(shop.new)
        client = sign_in(agent)
        data = {"ids": [str(one.id) for one in ticked], "stage": str(shop.won.id)}

        answer = client.post("/contacts/bulk/move", data, headers=HTMX)

        assert toast(answer)["text"] == "2 contacts moved to Won."
        assert set(Contact.objects.filter(stage=shop.won)) == set(ticked)
        client.post(toast(answer)["undoUrl"], headers=HTMX)
        assert set(Contact.objects.filter(stage=shop.new)) == {*ticked, other}

    def test_moves_all_that_match(self, shop, agent, sign_in):
        for score in (80, 90, 10):
            shop.contact(shop.new, lead_score=score)
        data = {"all_matching": "1", "query": "min=70", "stage": str(shop.won.id)}

        sign_in(agent).post("/contacts/bulk/move", data, headers=HTMX)

        assert Contact.objects.filter(stage=shop.won).count() == 2

    def test_tags_and_takes_tags_off(self, shop, agent, sign_in):
        contact = shop.contact(tags=["old"])
        data = {"ids": [str(contact.id)], "tags": "COD, Cebu"}
        client = sign_in(agent)

        client.post("/contacts/bulk/tag", data, headers=HTMX)
        contact.refresh_from_db()
        tagged = contact.tags
        client.post("/contacts/bulk/untag", {**data, "tags": "old,COD"}, headers=HTMX)
        contact.refresh_from_db()

        assert (tagged, contact.tags) == (["old", "COD", "Cebu"], ["Cebu"])

    def test_puts_tags_back_where_they_were(self, shop, agent, sign_in):
        ana, ben = shop.contact(tags=["COD", "old", "Cebu"]), shop.contact(tags=["old"])
        data = {"ids": [str(ana.id), str(ben.id)], "tags": "old,COD"}
        client = sign_in(agent)

        answer = client.post("/contacts/bulk/untag", data, headers=HTMX)
        client.post("/contacts/bulk/tag", {**data, "tags": "since"}, headers=HTMX)
        back = client.post(toast(answer)["undoUrl"], headers=HTMX)
        again = client.post(toast(answer)["undoUrl"], headers=HTMX)

        ana.refresh_from_db()
        ben.refresh_from_db()
        assert (toast(answer)["text"], toast(back)["text"], toast(again)["text"]) == (
            "Tag taken off 2 contacts.",
            "Put back.",
            "Nothing to put back any more.",
        )
        assert (ana.tags, ben.tags) == (["COD", "old", "Cebu", "since"], ["old", "since"])

    def test_tells_what_reading_again_takes_and_starts_it(self, shop, agent, sign_in):
        contact = shop.contact()
        ConversationFactory(contact=contact, has_text=True, stored_count=12)
        client = sign_in(agent)
        data = {"ids": [str(contact.id)]}

        estimate = client.post("/contacts/bulk/estimate", data, headers=HTMX)
        answer = client.post("/contacts/bulk/reanalyze", data, headers=HTMX)

        assert (estimate.context["estimate"].contacts, estimate.context["estimate"].calls) == (1, 1)
        assert answer["HX-Redirect"] == f"/runs/{SyncRun.objects.get().id}"

    def test_exports_the_chosen_ones(self, shop, viewer, sign_in):
        contact = shop.contact(first_name="Ana")
        shop.contact(first_name="Ben")

        answer = sign_in(viewer).post("/contacts/export", {"ids": [str(contact.id)]})
        lines = streamed(answer).decode("utf-8-sig").splitlines()

        assert answer["Content-Disposition"] == 'attachment; filename="contacts.csv"'
        assert ([line.split(",")[6] for line in lines]) == ["firstName", "Ana"]

    def test_deletes_only_for_who_may(self, shop, agent, owner, sign_in):
        contact = shop.contact()
        data = {"ids": [str(contact.id)]}

        refused = sign_in(agent).post("/contacts/bulk/delete", data, headers=HTMX)
        left = Contact.objects.count()
        sign_in(owner).post("/contacts/bulk/delete", data, headers=HTMX)

        assert (refused.status_code, left, Contact.objects.count()) == (403, 1, 0)

    def test_touches_no_foreign_contact(self, shop, agent, stranger, sign_in):
        theirs = make_shop(stranger)
        foreign = theirs.contact(theirs.new)
        data = {"ids": [str(foreign.id)], "stage": str(shop.won.id)}

        answer = sign_in(agent).post("/contacts/bulk/move", data, headers=HTMX)

        foreign.refresh_from_db()
        assert (toast(answer)["undoUrl"], foreign.stage_id) == ("", theirs.new.id)

    def test_refuses_to_act_on_nobody(self, shop, agent, sign_in):
        data = {"stage": str(shop.won.id)}

        answer = sign_in(agent).post("/contacts/bulk/move", data, headers=HTMX)

        assert (answer.status_code, toast(answer)["text"]) == (400, "Choose at least one contact.")


class TestNeighbours:
    def test_lead_through_the_list_one_came_from(self, shop, owner, sign_in):
        made = {
            name: shop.contact(first_name=name, lead_score=score)
            for name, score in (("Ana", 90), ("Ben", 80), ("Cai", 70), ("Dan", 10))
        }
        client = sign_in(owner)

        page = client.get(f"/contacts/{made['Ben'].id}?min=50&sort=-leadScore")

        before, after = (urlsplit(page.context[name]) for name in ("before", "after"))
        assert (before.path, after.path) == (
            f"/contacts/{made['Ana'].id}",
            f"/contacts/{made['Cai'].id}",
        )
        assert parse_qs(after.query) == {"min": ["50"], "sort": ["-leadScore"]}
        assert client.get(page.context["after"]).context["after"] == ""
