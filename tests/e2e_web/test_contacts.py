"""Many contacts at once, and one contact's tags and activity, in a browser."""

import pytest

from hirocrm.contacts.models import Activity, Contact
from tests.e2e_web.test_work import people as people  # noqa: PLC0414  # a fixture, shared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class TestMany:
    def test_are_tagged_and_untagged(self, visit, agent, people):
        page = visit(agent, "/contacts")

        page.get_by_label("Select the page").check()
        bar = page.locator(".bulk-bar")
        bar.get_by_role("button", name="Tag").click()
        dialog = page.get_by_role("dialog", name="Tags")
        dialog.get_by_label("Tags, separated by commas").fill("VIP, مهم")
        dialog.get_by_role("button", name="Put on").click()
        page.locator("[data-row]", has_text="مهم").nth(2).wait_for()
        put_on = tags_of(people)
        page.locator("[data-select-row]").first.wait_for()
        page.get_by_label("Select the page").check()
        bar.get_by_role("button", name="Tag").click()
        dialog.get_by_label("Tags, separated by commas").fill("VIP")
        dialog.get_by_role("button", name="Take off").click()
        page.locator("[data-row]", has_text="VIP").first.wait_for(state="detached")

        assert put_on == [{"COD", "VIP", "مهم"}] * 3
        assert tags_of(people) == [{"COD", "مهم"}] * 3

    def test_are_deleted_after_asking(self, visit, owner, people):
        page = visit(owner, "/contacts")
        page.locator(f"[data-row='{people[0].id}'] [data-select-row]").check()
        page.locator(f"[data-row='{people[1].id}'] [data-select-row]").check()

        page.locator(".bulk-bar").get_by_role("button", name="Delete").click()
        dialog = page.get_by_role("dialog", name="Delete these contacts?")
        dialog.get_by_role("button", name="Keep").click()
        dialog.wait_for(state="hidden")
        kept = Contact.objects.count()
        page.locator(".bulk-bar").get_by_role("button", name="Delete").click()
        dialog.get_by_role("button", name="Delete for good").click()
        page.locator(f"[data-row='{people[0].id}']").wait_for(state="detached")

        assert kept == 3
        assert list(Contact.objects.values_list("pk", flat=True)) == [people[2].pk]

    def test_are_not_an_agents_to_delete(self, visit, agent, people):
        page = visit(agent, "/contacts")
        page.locator("[data-select-row]").first.check()

        page.locator(".bulk-bar").get_by_role("button", name="Tag").wait_for()
        assert page.locator(".bulk-bar").get_by_role("button", name="Delete").count() == 0


def tags_of(people):
    return [set(Contact.objects.get(pk=one.pk).tags) for one in people]


class TestOne:
    def test_is_tagged_by_key_and_untagged(self, visit, agent, people):
        page = visit(agent, f"/contacts/{people[0].id}")

        page.keyboard.press("t")
        page.keyboard.type("Wholesale 📦")
        page.keyboard.press("Enter")
        tag = page.locator(".tag-line .pill", has_text="Wholesale 📦")
        tag.wait_for()
        put_on = tags_of(people[:1])
        tag.get_by_role("button", name="Remove the tag Wholesale 📦").click()
        tag.wait_for(state="detached")

        assert put_on == [{"COD", "Wholesale 📦"}]
        assert tags_of(people[:1]) == [{"COD"}]

    def test_narrows_its_activity_by_kind_and_actor(self, visit, agent, people, shop):
        page = visit(agent, f"/contacts/{people[0].id}?tab=notes")
        page.get_by_label("Note", exact=True).fill("Pays on Friday.")
        page.get_by_role("button", name="Save the note").click()
        page.locator(".note", has_text="Pays on Friday.").wait_for()
        page.get_by_label("Stage").first.select_option("Won")
        page.locator("[data-part=stage] option:checked", has_text="Won").wait_for(state="attached")
        page.goto(page.url.partition("?")[0] + "?tab=activity")

        chips = page.get_by_label("Filter the activity")
        everything = page.locator(".timeline > li").count()
        chips.get_by_role("link", name="Notes").click()
        page.wait_for_url("**kind=notes*")
        notes = page.locator(".timeline > li").all_inner_texts()
        page.reload()
        again = page.locator(".timeline > li").count()
        chips.get_by_role("link", name="AI", exact=True).click()
        page.get_by_text("Nothing of this kind has happened yet.").wait_for()

        assert everything == Activity.objects.filter(contact=people[0]).count() == 2
        assert (len(notes), again) == (1, 1)
        assert "Pays on Friday." in notes[0]
