"""Lists and contact pages that change by themselves, and leave alone what a person is doing."""

from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.core import events
from hirocrm.pipelines import services as moves
from tests.factories import ConversationFactory, MessageFactory
from tests.web.analyses import make_analysis

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def is_live(page):
    page.locator("html[data-live=on]").wait_for(state="attached")


def move(member, contact, stage):
    moves.move_contact(
        member=member, contact_id=contact.pk, pipeline_id=stage.pipeline_id, stage_id=stage.pk,
        now=datetime.now(UTC),
    )  # fmt: skip


@pytest.fixture
def people(shop):
    """Thirty people, the newest first."""
    return [
        shop.contact(
            shop.new, first_name=f"P{n}", last_name="", last_interaction_at=NOW - timedelta(hours=n)
        )
        for n in range(30)
    ]


class TestList:
    def test_changes_a_row_in_its_place_and_keeps_what_one_does(
        self, visit, owner, agent, shop, people
    ):
        page = visit(owner, "/contacts")
        is_live(page)
        row = page.locator(f'[data-row="{people[20].pk}"]')
        row.scroll_into_view_if_needed()
        row.locator("[data-select-row]").check()
        row.locator(".table-name").focus()
        before = page.evaluate("[scrollY, document.activeElement.textContent]")

        move(agent, people[20], shop.qualified)
        row.locator(".cell-stage", has_text="Qualified").wait_for()

        assert row.locator("[data-select-row]").is_checked()
        assert page.evaluate("[scrollY, document.activeElement.textContent]") == before
        assert page.locator("[data-select-count]").inner_text() == "1 selected"
        assert page.locator("[data-list-news] a").count() == 0

    def test_tells_of_new_contacts_and_shows_them_when_asked(self, visit, owner, shop, people):
        page = visit(owner, "/contacts")
        is_live(page)
        page.locator(f'[data-row="{people[1].pk}"] [data-select-row]').check()
        top = page.locator("[data-row]").first.bounding_box()

        zoe = shop.contact(shop.new, first_name="Zoe", last_interaction_at=NOW + timedelta(hours=1))
        events.publish(organization_id=owner.organization_id, kind="contacts.changed")
        bar = page.get_by_role("link", name="1 new: show")
        bar.wait_for()
        place = page.locator("[data-row]").first.bounding_box()
        bar.click()
        page.locator(f'[data-row="{zoe.pk}"]').wait_for()

        assert place == top
        assert page.locator("[data-row]").first.get_attribute("data-row") == str(zoe.pk)
        assert page.locator(f'[data-row="{people[1].pk}"] [data-select-row]').is_checked()
        assert page.locator("[data-list-news] a").count() == 0

    def test_waits_while_a_dialog_is_open(self, visit, owner, agent, shop, people):
        page = visit(owner, "/contacts")
        is_live(page)
        row = page.locator(f'[data-row="{people[0].pk}"]')
        row.locator("[data-select-row]").check()
        page.locator(".bulk-bar").get_by_role("button", name="Tag").click()
        page.get_by_label("Tags, separated by commas").fill("vip")

        move(agent, people[0], shop.won)
        page.wait_for_timeout(1_500)
        held = row.locator(".cell-stage").inner_text().strip()
        typed = page.get_by_label("Tags, separated by commas").input_value()
        page.keyboard.press("Escape")
        row.locator(".cell-stage", has_text="Won").wait_for()

        assert (held, typed) == ("New", "vip")

    def test_forgets_who_was_erased(self, visit, owner, people):
        from hirocrm.contacts import services

        page = visit(owner, "/contacts")
        is_live(page)

        services.delete_contact(member=owner, contact_id=people[3].pk, now=datetime.now(UTC))
        page.locator(f'[data-row="{people[3].pk}"]').wait_for(state="detached")

        assert page.locator("[data-row]").count() == 29


@pytest.fixture
def talk(shop):
    """A customer of whom the AI hasn't read anything yet."""
    wrote = datetime.now(UTC) - timedelta(hours=1)
    talk = ConversationFactory(
        contact=shop.contact(shop.new, first_name="Ana"),
        last_message_at=wrote,
        last_customer_message_at=wrote,
    )
    MessageFactory(conversation=talk, text="hm po?", created_time=wrote)
    return talk


class TestContactPage:
    def test_shows_a_fresh_analysis_and_keeps_what_is_being_written(self, visit, owner, shop, talk):
        page = visit(owner, f"/contacts/{talk.contact_id}")
        is_live(page)
        page.get_by_label("Your answer").fill("half an ans")

        analysis = make_analysis(
            contact=talk.contact, conversation=talk, pipeline_id=shop.pipeline.pk,
            recommended_stage="Qualified", confidence=80, lead_score=77, summary="Wants a dress.",
        )  # fmt: skip
        talk.contact.lead_score, talk.contact.stage = 77, shop.qualified
        talk.contact.save()
        events.publish(
            organization_id=owner.organization_id,
            kind="contacts.changed",
            contacts=[str(talk.contact_id)],
        )
        page.get_by_text(analysis.summary).wait_for()

        assert page.locator(".identity .score").inner_text().strip().startswith("77")
        assert page.locator("[data-part=stage] option:checked").inner_text() == "Qualified"
        assert page.get_by_label("Your answer").input_value() == "half an ans"
        assert page.get_by_label("Your answer").evaluate("box => box === document.activeElement")

    def test_waits_for_a_field_that_is_in_use(self, visit, owner, agent, shop, talk):
        page = visit(owner, f"/contacts/{talk.contact_id}?tab=activity")
        is_live(page)
        page.get_by_text("Edit", exact=True).click()
        page.get_by_role("textbox", name="Phone").fill("0917")
        page.get_by_label("Stage").focus()

        move(agent, talk.contact, shop.won)
        page.locator(".timeline-row", has_text="Won").wait_for()
        held = page.locator("[data-part=stage] option:checked").inner_text()
        page.get_by_role("textbox", name="Phone").focus()
        page.locator("[data-part=stage] option:checked", has_text="Won").wait_for(state="attached")

        assert held == "New"
        assert page.get_by_role("textbox", name="Phone").input_value() == "0917"

    def test_hears_of_its_own_contact_alone(self, visit, owner, agent, shop, talk):
        other = shop.contact(shop.new)
        page = visit(owner, f"/contacts/{talk.contact_id}")
        is_live(page)
        asked = []
        page.on("request", lambda request: asked.append(request.url))

        move(agent, other, shop.won)
        page.wait_for_timeout(1_000)
        move(agent, talk.contact, shop.won)
        page.locator("[data-part=stage] option:checked", has_text="Won").wait_for(state="attached")

        assert [url for url in asked if "/contacts/" in url] == [asked[-1]]


class TestScrolling:
    """What is for screen readers alone is placed absolutely: it must scroll with the box it stands in."""

    @pytest.fixture
    def talks(self, shop):
        for n in range(40):
            wrote = datetime.now(UTC) - timedelta(hours=1 + n / 60)
            talk = ConversationFactory(
                contact=shop.contact(shop.new, first_name=f"T{n}", last_customer_message_at=wrote),
                last_message_at=wrote,
                last_customer_message_at=wrote,
            )
        for n in range(60):
            at = datetime.now(UTC) - timedelta(hours=2, minutes=n)
            MessageFactory(conversation=talk, text=f"message {n}", created_time=at)
        return talk

    @pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
    @pytest.mark.parametrize("path", ["/inbox", "/inbox/{talk}", "/board"])
    def test_is_the_inner_boxes_not_the_documents(self, visit, owner, talks, path, phone):
        page = visit(owner, path.format(talk=talks.pk), phone=phone)

        excess = page.evaluate("document.scrollingElement.scrollHeight - innerHeight")

        assert excess <= (400 if path == "/board" and phone else 8)
