"""The review queue."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.pipelines.models import SuggestionState
from tests.factories import ConversationFactory, MessageFactory, SuggestionFactory
from tests.web.shops import make_shop

pytestmark = pytest.mark.django_db
START = datetime(2026, 2, 1, tzinfo=UTC)
HTMX = {"HX-Request": "true", "HX-Target": "review"}


@pytest.fixture
def ask(shop):
    def asked(name, minutes=0, **fields):
        contact = shop.contact(first_name=name, needs_review=True)
        return SuggestionFactory(
            contact=contact,
            stage=shop.qualified,
            recommendations=[
                {"stage": "Qualified", "probability": 45},
                {"stage": "New", "probability": 40},
                {"stage": "Gone", "probability": 5},
            ],
            created_at=START + timedelta(minutes=minutes),
            **fields,
        )

    return asked


def shown(answer):
    """The names on the page: the one to answer, and the next."""
    page = answer.content.decode()
    return [name for name in ("Ana", "Ben", "Cai") if f">{name}</a>" in page]


class TestQueue:
    def test_shows_the_oldest_with_its_top_stages_and_the_next_beside_it(
        self, shop, ask, owner, sign_in
    ):
        ask("Ben", 5)
        first = ask("Ana", 1)
        message = MessageFactory(
            conversation=ConversationFactory(contact=first.contact), text="hm po?"
        )
        first.evidence = [{"messageId": message.remote_id, "quote": "hm po?"}]
        first.save()
        ask("Cai", 9)

        answer = sign_in(owner).get("/review")

        item = answer.context["item"]
        assert item.contact.first_name == "Ana"
        assert [(choice.name, choice.stage_id) for choice in item.choices] == [
            ("Qualified", shop.qualified.id),
            ("New", shop.new.id),
        ]
        assert [choice.name for choice in item.others] == ["Won", "Lost"]
        assert answer.context["next_item"].contact.first_name == "Ben"
        assert "<mark>hm po?</mark>" in answer.content.decode()
        assert answer.context["waiting"] == 3

    def test_skips(self, ask, owner, sign_in):
        ask("Ana", 1)
        ask("Ben", 2)
        client = sign_in(owner)
        after = client.get("/review").context["item"].after

        skipped = client.get("/review", {"after": after})

        assert skipped.context["item"].contact.first_name == "Ben"

    def test_says_so_when_all_is_done(self, shop, owner, sign_in):
        shop.contact(first_name="Ana")

        shown = sign_in(owner).get("/review").content.decode()

        assert "All reviewed" in shown
        assert "The AI was sure" not in shown  # perhaps it has read nobody yet

    def test_says_who_will_wait_there_before_anybody_wrote(self, owner, sign_in):
        shown = sign_in(owner).get("/review").content.decode()

        assert ("Nobody to review yet" in shown, "All reviewed" in shown) == (True, False)

    def test_shows_nothing_foreign(self, shop, owner, stranger, sign_in):
        theirs = make_shop(stranger)
        SuggestionFactory(contact=theirs.contact(needs_review=True), stage=theirs.new)

        assert sign_in(owner).get("/review").context["item"] is None

    def test_asks_the_database_little(self, ask, owner, sign_in, django_assert_max_num_queries):
        for number in range(5):
            ask("Ana", number)
        client = sign_in(owner)

        with django_assert_max_num_queries(12):
            client.get("/review")


class TestAnswer:
    def test_takes_a_choice_and_shows_the_next(self, shop, ask, agent, sign_in):
        ana, _ben = ask("Ana", 1), ask("Ben", 2)

        answer = sign_in(agent).post(
            f"/review/{ana.id}/answer", {"stage": str(shop.new.id)}, headers=HTMX
        )

        ana.refresh_from_db()
        ana.contact.refresh_from_db()
        assert (ana.state, ana.contact.stage_id) == (SuggestionState.CORRECTED, shop.new.id)
        assert shown(answer) == ["Ben"]
        assert 'data-shortcut="u"' in answer.content.decode()

    def test_accepts_with_the_recommended_stage(self, shop, ask, agent, sign_in):
        ana = ask("Ana")

        sign_in(agent).post(
            f"/review/{ana.id}/answer", {"stage": str(shop.qualified.id)}, headers=HTMX
        )

        ana.refresh_from_db()
        assert ana.state == SuggestionState.ACCEPTED

    def test_leaves_the_contact_where_it_is(self, shop, ask, agent, sign_in):
        ana = ask("Ana")

        sign_in(agent).post(f"/review/{ana.id}/answer", {"stage": ""}, headers=HTMX)

        ana.contact.refresh_from_db()
        assert (ana.contact.stage_id, ana.contact.needs_review) == (None, False)

    def test_takes_an_answer_back_and_asks_again(self, shop, ask, agent, sign_in):
        ana = ask("Ana", 1)
        ask("Ben", 2)
        client = sign_in(agent)
        page = client.post(
            f"/review/{ana.id}/answer", {"stage": str(shop.new.id)}, headers=HTMX
        ).content.decode()
        undo_url = page.split('hx-post="/review/undo', 1)[1].split('"', 1)[0].replace("&amp;", "&")

        answer = client.post("/review/undo" + undo_url, headers=HTMX)

        ana.refresh_from_db()
        assert ana.state == SuggestionState.OPEN
        assert shown(answer) == ["Ana", "Ben"]
        assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "Taken back."

    def test_goes_on_when_somebody_was_first(self, shop, ask, agent, owner, sign_in):
        ana, _ben = ask("Ana", 1), ask("Ben", 2)
        data = {"stage": str(shop.new.id)}
        sign_in(owner).post(f"/review/{ana.id}/answer", data, headers=HTMX)

        answer = sign_in(agent).post(f"/review/{ana.id}/answer", data, headers=HTMX)

        assert (answer.status_code, shown(answer)) == (200, ["Ben"])

    def test_works_as_a_plain_form(self, shop, ask, agent, sign_in):
        ana, ben = ask("Ana"), ask("Ben")
        client = sign_in(agent)
        data = {"stage": str(shop.new.id)}

        answer = client.post(f"/review/{ana.id}/answer", data)
        behind = client.post(f"/review/{ben.id}/answer", {**data, "after": "abc"})
        client.post(client.get(answer["Location"]).context["undo_url"])

        ana.refresh_from_db()
        assert (answer.status_code, ana.state) == (302, SuggestionState.OPEN)
        assert behind["Location"].startswith("/review?after=abc&at=")

    def test_is_not_for_viewers(self, shop, ask, viewer, sign_in):
        ana = ask("Ana")

        answer = sign_in(viewer).post(f"/review/{ana.id}/answer", {"stage": str(shop.new.id)})

        ana.refresh_from_db()
        assert (answer.status_code, ana.state) == (403, SuggestionState.OPEN)

    def test_shows_viewers_the_question_without_ways_to_answer(self, shop, ask, viewer, sign_in):
        ask("Ana")

        text = sign_in(viewer).get("/review").text

        assert "Your role looks on." in text
        assert "Another stage" not in text
        assert "Accept Qualified" not in text
