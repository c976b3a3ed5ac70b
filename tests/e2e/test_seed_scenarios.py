"""The four scenarios of the application that HiroCRM replaces, over HTTP with real processes."""

import pytest

from tests.e2e.crm import eventually
from tests.e2e.shop import inquiries

pytestmark = pytest.mark.slow

ASSIGNED, CONFIRMED = "AI auto-assigned to pipeline", "AI confirmed stage"


def stage_changes(crm, contacts):
    """Each contact's STAGE_CHANGED activities, newest first."""
    found = {c["id"]: crm.activities(c["id"]) for c in contacts}
    return {key: [a for a in rows if a["type"] == "STAGE_CHANGED"] for key, rows in found.items()}


class TestFirstSync:
    def test_twenty_five_conversations_are_staged_with_names_and_reasons(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(25))

        run = shop.sync()

        contacts = shop.contacts()
        changes = stage_changes(stack.crm, contacts)
        contacted = shop.stage_id("Contacted")
        assert (run["status"], run["errors"], run["failed"]) == ("completed", [], 0)
        assert (run["synced"], run["created"], run["analyzed"], run["autoAssigned"]) == (25,) * 4
        assert {(c["firstName"], c["lastName"]) for c in contacts} == {
            (f"Maria{n}", "Santos") for n in range(25)
        }
        assert {(c["pipelineId"], c["stageId"]) for c in contacts} == {
            (shop.pipeline["id"], contacted)
        }
        assert {c["leadScore"] for c in contacts} == {35}
        assert [[a["title"] for a in rows] for rows in changes.values()] == [[ASSIGNED]] * 25
        for (activity,) in changes.values():
            assert activity["description"].startswith("This stage because the business has replied")
            assert (activity["fromStageId"], activity["toStageId"]) == (None, contacted)
            assert activity["metadata"]["confidence"] >= 50
            assert activity["metadata"]["evidence"][0]["quote"]
        assert shop.settings()["lastSyncedAt"] == run["finishedAt"]
        assert stack.sandbox.control.count("gemini.generate") == 25


class TestSkipExisting:
    def test_only_the_twenty_new_ones_are_analysed_and_moved(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(50, ago="2h"))
        shop.sync()
        before = {c["id"]: c for c in shop.contacts()}
        synced_at = shop.settings()["lastSyncedAt"]
        changes_before = stage_changes(stack.crm, before.values())
        stack.sandbox.control.reset()
        shop.add(inquiries(20, ago="5m"))

        run = shop.sync()

        after = {c["id"]: c for c in shop.contacts()}
        assert (run["status"], run["analyzed"], run["created"], run["autoAssigned"]) == (
            "completed",
            20,
            20,
            20,
        )
        assert stack.sandbox.control.count("gemini.generate") == 20
        assert len(after) == 70
        assert {key: after[key] for key in before} == before
        assert stage_changes(stack.crm, before.values()) == changes_before
        assert shop.settings()["lastSyncedAt"] > synced_at

    def test_contacts_staged_by_hand_before_any_analysis_stay(self, stack, open_shop):
        shop = open_shop(pipeline=False)
        shop.add(inquiries(5, ago="2h"))
        shop.sync()
        negotiating = shop.stage_id("Negotiating")
        ids = [c["id"] for c in shop.contacts()]
        body = {"contactIds": ids, "pipelineId": shop.pipeline["id"], "stageId": negotiating}
        stack.crm.post("/contacts/bulk/move", body)
        before = {c["id"]: c for c in shop.contacts()}
        shop.set(autoPipelineId=shop.pipeline["id"])
        shop.add(inquiries(2, ago="5m"))
        stack.sandbox.control.reset()

        run = shop.sync()

        assert (run["analyzed"], run["autoAssigned"]) == (2, 2)
        assert stack.sandbox.control.count("gemini.generate") == 2
        assert {c["id"]: c for c in shop.contacts() if c["id"] in before} == before


class TestUpdateExisting:
    def test_a_hundred_are_evaluated_again_with_an_activity_each(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(100, ago="1h"))
        shop.sync()
        contacts = shop.contacts()
        lost = shop.stage_id("Closed Lost")
        moved = [c["id"] for c in contacts[:10]]
        stack.crm.post(
            "/contacts/bulk/move",
            {"contactIds": moved, "pipelineId": shop.pipeline["id"], "stageId": lost},
        )
        shop.set(autoPipelineMode="UPDATE_EXISTING")

        run = shop.sync()

        changes = stage_changes(stack.crm, contacts)
        newest = {key: rows[0]["title"] for key, rows in changes.items()}
        assert (run["status"], run["analyzed"], run["autoAssigned"]) == ("completed", 100, 100)
        assert sum(title == ASSIGNED for title in newest.values()) == 10
        assert sum(title == CONFIRMED for title in newest.values()) == 90
        assert {key for key, title in newest.items() if title == ASSIGNED} == set(moved)
        assert all(len(rows) == 2 for key, rows in changes.items() if key not in moved)
        assert {c["stageId"] for c in shop.contacts()} == {shop.stage_id("Contacted")}


class TestTokenDies:
    def test_after_ten_of_fifty_the_rest_comes_after_reconnecting(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(50, ago="1h"))
        shop.graph.token_dies_after(shop.page_id, 10)

        run = shop.sync()

        page = stack.crm.get(f"/facebook-pages/{shop.page_id}")
        first = {c["id"]: c for c in shop.contacts()}
        assert (run["status"], run["synced"], run["tokenExpired"]) == ("token_expired", 10, True)
        assert [(e["platform"], e["code"]) for e in run["errors"]] == [("Messenger", 190)]
        assert len(first) == 10
        assert page["state"] == "needs_reconnect"
        assert stack.sandbox.control.count("gemini.generate") == 10

        token = shop.graph.issue_token(shop.page_id)
        stack.crm.connect(shop.page_id, token)
        page = stack.crm.get(f"/facebook-pages/{shop.page_id}")
        resumed = eventually(  # nobody asks for it
            lambda: stack.crm.all(f"/facebook-pages/{shop.page_id}/sync-runs")[:-1],
            "a sync after the reconnect",
        )
        run = stack.crm.ended(resumed[0]["runId"])

        after = {c["id"]: c for c in shop.contacts()}
        assert page["state"] == "healthy"
        assert page["autoPipelineId"] == shop.pipeline["id"]
        assert (run["status"], run["created"], run["analyzed"]) == ("completed", 40, 40)
        assert (run["tokenExpired"], run["errors"]) == (False, [])
        assert len(after) == 50
        assert {key: after[key] for key in first} == first
        assert stack.sandbox.control.count("gemini.generate") == 50
        assert stack.sandbox.control.repeated_prompts() == 0
