"""The board: what it shows, column by column, and to whom."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from hirocrm.contacts.models import MovedBy
from tests.factories import ContactFactory, PageFactory, PipelineFactory, StageFactory
from tests.web.shops import make_shop

pytestmark = pytest.mark.django_db


class TestHome:
    def test_leads_strangers_to_sign_in(self, client):
        answer = client.get("/")

        assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/")

    def test_is_the_board_once_there_are_contacts(self, shop, owner, sign_in):
        shop.contact(shop.new, first_name="Ana", last_name="Cruz")

        answer = sign_in(owner).get("/")

        assert answer.status_code == 200
        assert "Ana Cruz" in answer.content.decode()
        assert [link.url for link in answer.context["navigation"] if link.is_current] == ["/board"]


class TestBoard:
    def test_shows_each_stage_with_its_true_count_mean_score_and_who_waits(
        self, shop, owner, sign_in
    ):
        for score in (10, 21):
            shop.contact(shop.new, lead_score=score, last_message_sender="customer")
        for _ in range(23):
            shop.contact(shop.qualified)

        columns = sign_in(owner).get("/board").context["columns"]

        found = [
            (c.name, c.count, len(c.cards), c.mean_score, c.waiting, c.is_folded) for c in columns
        ]
        assert found == [
            ("New", 2, 2, 16, 2, False),
            ("Qualified", 23, 20, None, 0, False),
            ("Won", 0, 0, None, 0, True),
            ("Lost", 0, 0, None, 0, True),
        ]
        assert columns[3].reason_dialog == "ask-why-lost"

    def test_shows_another_pipeline_when_asked(self, shop, owner, sign_in):
        other = PipelineFactory(organization=owner.organization, name="Support")
        StageFactory(pipeline=other, name="Open")

        columns = sign_in(owner).get("/board", {"pipeline": str(other.id)}).context["columns"]

        assert [column.name for column in columns] == ["Open"]

    def test_keeps_what_a_person_folded(self, shop, owner, sign_in):
        client = sign_in(owner)
        client.cookies["board_folds"] = f"{shop.won.id}=0&{shop.new.id}=1"

        columns = client.get("/board").context["columns"]

        assert [column.is_folded for column in columns] == [True, False, False, True]

    def test_narrows_by_the_address(self, shop, owner, sign_in):
        shop.contact(
            shop.new, first_name="Ana", lead_score=80, tags=["COD"], last_message_sender="customer"
        )
        shop.contact(shop.new, first_name="Ben", lead_score=80, tags=["COD"])
        shop.contact(
            shop.new, first_name="Cai", lead_score=20, tags=["COD"], last_message_sender="customer"
        )

        query = {"min": "50", "tag": "COD", "waiting": "1"}
        column = sign_in(owner).get("/board", query).context["columns"][0]

        assert (column.count, [card.name for card in column.cards]) == (1, ["Ana"])

    def test_ignores_what_it_cannot_read(self, shop, owner, sign_in):
        shop.contact(shop.new)

        answer = sign_in(owner).get("/board", {"stage": "x", "min": "500", "channel": "fax"})

        assert answer.context["columns"][0].count == 1
        assert answer.context["filters"].query == ""

    def test_marks_long_stays_and_locks(self, shop, owner, sign_in, settings):
        from hirocrm.core import clock

        now = clock.now()
        shop.page.keep_manual_moves_days = 7
        shop.page.save()
        shop.contact(
            shop.new,
            stage_entered_at=now - timedelta(days=31),
            moved_by=MovedBy.PERSON,
            moved_by_person_at=now - timedelta(days=6),
        )

        card = sign_in(owner).get("/board").context["columns"][0].cards[0]

        assert (card.is_stuck, card.is_locked, card.moved_by) == (True, True, "person")

    def test_never_shows_another_organizations_contacts(self, shop, owner, stranger, sign_in):
        theirs = make_shop(stranger)
        theirs.contact(theirs.new, first_name="Zed")

        client = sign_in(owner)

        assert "Zed" not in client.get("/board").content.decode()
        for name in ("board-column", "board-cards"):
            url = reverse(name, args=[theirs.pipeline.id, theirs.new.id])
            assert client.get(url).status_code == 404

    def test_asks_the_database_little_however_many_contacts(
        self, shop, owner, sign_in, django_assert_max_num_queries
    ):
        for _ in range(30):
            shop.contact(shop.new)
        client = sign_in(owner)

        with django_assert_max_num_queries(12):
            client.get("/board", {"q": "maria", "review": ""})

    def test_opens_a_contact_that_the_address_names(self, shop, owner, sign_in):
        contact = shop.contact(shop.new)

        page = sign_in(owner).get("/board", {"contact": str(contact.id)}).content.decode()

        assert f'hx-get="/contacts/{contact.id}" hx-trigger="load"' in page


class TestColumn:
    def test_comes_with_as_many_cards_as_were_loaded(self, shop, owner, sign_in):
        for _ in range(45):
            shop.contact(shop.new)
        url = reverse("board-column", args=[shop.pipeline.id, shop.new.id])

        column = sign_in(owner).get(url, {"loaded": "40"}).context["column"]

        assert (column.count, len(column.cards), bool(column.next_url)) == (45, 40, True)


class TestCards:
    def test_follow_each_other_to_the_end(self, shop, owner, sign_in):
        for number in range(25):
            shop.contact(shop.new, first_name=f"C{number}")
        client = sign_in(owner)
        column = client.get("/board").context["columns"][0]

        rest = client.get(column.next_url, headers={"HX-Request": "true"})

        page = rest.content.decode()
        shown = {card.name for card in column.cards}
        followed = set(re.findall(r'data-name="(C\d+)"', page))
        assert shown | followed == {f"C{number}" for number in range(25)}
        assert (len(shown & followed), "load-more" in page) == (0, False)
        assert page.lstrip().startswith("<li")

    def test_are_a_page_without_javascript(self, shop, owner, sign_in):
        shop.contact(shop.new, first_name="Ana")
        url = reverse("board-cards", args=[shop.pipeline.id, shop.new.id])

        page = sign_in(owner).get(url).content.decode()

        assert "<html" in page
        assert "Ana" in page


class TestUnplaced:
    def strip(self, answer) -> str:
        found = re.search(r'<div id="board-unplaced".*?</div>', answer.text, re.DOTALL)
        assert found is not None
        return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())

    def test_says_so_where_a_pipeline_has_no_stage(self, owner, viewer, sign_in):
        pipeline = PipelineFactory(organization=owner.organization, is_default=True)

        of_owner = sign_in(owner).get("/board").text
        of_viewer = sign_in(viewer).get("/board").text

        stages = f'href="/pipelines/{pipeline.id}"'
        assert ("No stages yet" in of_owner, stages in of_owner) == (True, True)
        assert ("No stages yet" in of_viewer, stages in of_viewer) == (True, False)

    def test_counts_who_is_in_no_column_and_leads_to_them(self, shop, owner, sign_in):
        shop.contact(shop.new)
        shop.contact(first_name="Ana", needs_review=True)
        shop.contact(first_name="Ben")
        client = sign_in(owner)

        answer = client.get("/board")
        listed = client.get("/contacts?unplaced=1").text

        assert self.strip(answer) == (
            "2 contacts are in no stage yet. 1 of them waits for your word. Review"
        )
        assert 'href="/contacts?unplaced=1"' in answer.text
        assert ("Ana" in listed, "Ben" in listed) == (True, True)

    def test_counts_only_what_the_filters_show(self, shop, owner, sign_in):
        other = PageFactory(organization=owner.organization)
        ContactFactory(page=other)
        shop.contact(tags=["COD"])
        shop.contact()
        client = sign_in(owner)

        of_page = self.strip(client.get("/board/unplaced", {"page": str(other.id)}))
        of_tag = client.get("/board", {"tag": "COD"})

        assert of_page == "1 contact is in no stage yet."
        assert self.strip(of_tag) == "1 contact is in no stage yet."
        assert 'href="/contacts?tag=COD&amp;unplaced=1"' in of_tag.text

    def test_is_silent_when_everybody_has_a_stage(self, shop, owner, sign_in, stranger):
        shop.contact(shop.new)
        make_shop(stranger).contact()

        assert self.strip(sign_in(owner).get("/board")) == ""
