"""Moving a card, refusing a stale one, and taking it back."""

import json

import pytest
from django.urls import reverse

from hirocrm.contacts.models import Activity, StageChange
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


def post(client, contact, **data):
    url = reverse("contact-move", args=[contact.id])
    headers = {"HX-Request": "true", "HX-Target": f"card-{contact.id}"}
    return client.post(url, {"version": contact.version, **data}, headers=headers)


def toast(answer):
    return json.loads(answer["HX-Trigger"])["toast"]


class TestMove:
    def test_answers_with_the_card_and_all_heads_anew(self, shop, agent, sign_in):
        contact = shop.contact(shop.new, first_name="Ana", last_name="Cruz")

        answer = post(sign_in(agent), contact, stage=str(shop.qualified.id))

        contact.refresh_from_db()
        assert (contact.stage_id, contact.version) == (shop.qualified.id, 1)
        page = answer.content.decode()
        assert 'data-version="1"' in page
        assert page.count('hx-swap-oob="true"') == 4
        assert toast(answer)["text"] == "Ana Cruz moved to Qualified."
        assert toast(answer)["undoUrl"].startswith(f"/contacts/{contact.id}/undo?at=")

    def test_keeps_why_it_was_lost(self, shop, agent, sign_in):
        contact = shop.contact(shop.new)

        post(
            sign_in(agent),
            contact,
            stage=str(shop.lost.id),
            reason="Too expensive",
            note="found it for 300",
        )

        assert StageChange.objects.get().reason == "Too expensive: found it for 300"

    def test_refuses_a_stale_card_and_says_who_was_first(self, shop, owner, agent, sign_in):
        owner.user.name = "Ben Reyes"
        owner.user.save()
        contact = shop.contact(shop.new, first_name="Ana")
        post(sign_in(owner), contact, stage=str(shop.won.id))

        answer = post(sign_in(agent), contact, stage=str(shop.qualified.id))

        contact.refresh_from_db()
        assert (answer.status_code, contact.stage_id) == (409, shop.won.id)
        assert toast(answer)["text"] == "Ben Reyes moved Ana to “Won” in the meantime."

    def test_works_as_a_plain_form(self, shop, agent, sign_in):
        contact = shop.contact(shop.new)
        client = sign_in(agent)
        url = reverse("contact-move", args=[contact.id])

        asked = client.get(url)
        answer = client.post(url, {"stage": str(shop.won.id), "next": "/board?review=1"})

        contact.refresh_from_db()
        assert "Qualified" in asked.content.decode()
        assert (answer.status_code, answer["Location"]) == (302, "/board?review=1")
        assert contact.stage_id == shop.won.id

    def test_leads_nowhere_else(self, shop, agent, sign_in):
        contact = shop.contact(shop.new)

        answer = sign_in(agent).post(
            reverse("contact-move", args=[contact.id]),
            {"stage": str(shop.won.id), "next": "https://evil.example/"},
        )

        assert answer["Location"] == f"/contacts/{contact.id}"

    def test_is_not_for_viewers(self, shop, viewer, sign_in):
        contact = shop.contact(shop.new)

        answer = post(sign_in(viewer), contact, stage=str(shop.won.id))

        contact.refresh_from_db()
        assert (answer.status_code, contact.stage_id) == (403, shop.new.id)

    def test_knows_no_foreign_contact_or_stage(self, shop, agent, sign_in):
        foreign = ContactFactory()
        mine = shop.contact(shop.new)
        client = sign_in(agent)

        assert post(client, foreign, stage=str(shop.won.id)).status_code == 404
        assert post(client, mine, stage=str(foreign.id)).status_code == 404
        assert post(client, mine, stage="nonsense").status_code == 400


class TestUndo:
    def test_puts_the_card_back(self, shop, agent, sign_in):
        contact = shop.contact(shop.new)
        client = sign_in(agent)
        undo_url = toast(post(client, contact, stage=str(shop.won.id)))["undoUrl"]

        answer = client.post(undo_url, headers={"HX-Request": "true"})

        contact.refresh_from_db()
        assert (answer.status_code, contact.stage_id) == (204, shop.new.id)
        assert set(json.loads(answer["HX-Trigger"])) == {
            "board-changed",
            "contact-changed",
            "toast",
        }
        assert list(Activity.objects.order_by("created_at").values_list("title", flat=True)) == [
            "Moved to Won",
            "Move undone",
        ]

    def test_says_so_when_somebody_moved_it_since(self, shop, owner, agent, sign_in):
        contact = shop.contact(shop.new)
        undo_url = toast(post(sign_in(agent), contact, stage=str(shop.won.id)))["undoUrl"]
        contact.refresh_from_db()
        post(sign_in(owner), contact, stage=str(shop.lost.id))

        answer = sign_in(agent).post(undo_url, headers={"HX-Request": "true"})

        contact.refresh_from_db()
        assert contact.stage_id == shop.lost.id
        assert toast(answer)["text"] == "Nothing to put back: it was moved again since."

    def test_refuses_a_moment_that_is_none(self, shop, agent, sign_in):
        contact = shop.contact(shop.new)

        answer = sign_in(agent).post(f"{reverse('contact-undo', args=[contact.id])}?at=soon")

        assert answer.status_code == 400
