"""A sync with nothing new costs next to nothing."""

import pytest

from tests.e2e.shop import inquiries

pytestmark = pytest.mark.slow


def calls(stack):
    """(platforms of the conversations calls, number of model calls) since the last reset."""
    listed = stack.sandbox.control.calls(op="conversations")
    return sorted(c["platform"] for c in listed), stack.sandbox.control.count("gemini.generate")


class TestNothingNew:
    @pytest.mark.parametrize("ago", ["1m", "3h"])
    def test_one_conversations_call_a_platform_and_no_model_call(self, stack, open_shop, ago):
        shop = open_shop(instagram=True)
        shop.add(inquiries(8, ago=ago))
        shop.add(inquiries(3, ago=ago, platform="instagram"))
        shop.sync()
        before = shop.contacts()
        stack.sandbox.control.reset()

        run = shop.sync()

        assert calls(stack) == (["instagram", "messenger"], 0)
        assert (run["status"], run["analyzed"], run["created"]) == ("completed", 0, 0)
        assert shop.contacts() == before

    def test_one_call_also_when_there_are_several_pages(self, stack, open_shop):
        shop = open_shop(pipeline=False)
        shop.graph.add_synthetic(shop.page_id, 220, messages=2, step_ms=1000)
        shop.sync()
        stack.sandbox.control.reset()

        run = shop.sync()

        assert calls(stack) == (["messenger"], 0)
        assert (run["status"], run["created"]) == ("completed", 0)

    def test_a_full_sync_asks_for_all_pages_and_no_model(self, stack, open_shop):
        shop = open_shop()
        shop.graph.add_synthetic(shop.page_id, 220, messages=2)
        shop.sync()
        before = shop.contacts()
        stack.sandbox.control.reset()

        run = shop.sync(full=True)

        assert calls(stack) == (["messenger"] * 3, 0)
        assert (run["status"], run["unchanged"], run["analyzed"]) == ("completed", 220, 0)
        assert shop.contacts() == before

    @pytest.mark.parametrize("full", [True, False])
    def test_a_sync_that_evaluates_everyone_reuses_the_answers(self, stack, open_shop, full):
        shop = open_shop()
        shop.set(autoPipelineMode="UPDATE_EXISTING")
        shop.add(inquiries(6))
        shop.sync()
        stack.sandbox.control.reset()

        run = shop.sync(full=full)

        assert calls(stack) == (["messenger"], 0)
        assert (run["status"], run["analyzed"], run["autoAssigned"]) == ("completed", 6, 6)
        (first, *_) = shop.contacts()
        titles = [a["title"] for a in stack.crm.activities(first["id"])]
        assert titles == ["AI confirmed stage", "AI auto-assigned to pipeline"]


class TestSomethingNew:
    def test_only_the_conversation_with_a_new_message_is_read_again(self, stack, open_shop):
        shop = open_shop()
        customer, *_ = shop.add(inquiries(5, ago="2h"))
        shop.sync()
        before = {c["messengerPSID"]: c for c in shop.contacts()}
        shop.graph.customer_writes(shop.page_id, customer, "I will take it", webhook=False)
        stack.sandbox.control.reset()

        run = shop.sync()

        after = {c["messengerPSID"]: c for c in shop.contacts()}
        changed = [key for key in after if after[key] != before[key]]
        assert calls(stack) == (["messenger"], 1)
        assert (run["analyzed"], run["updated"], run["skipped"]) == (1, 1, 1)
        assert changed == [customer]
        assert after[customer]["stageId"] == before[customer]["stageId"]
        assert after[customer]["aiContext"] != before[customer]["aiContext"]
        assert len(stack.crm.messages(after[customer]["id"])) == 4

    def test_another_prompt_reads_what_has_no_place_yet_and_nothing_else(self, stack, open_shop):
        shop = open_shop(pipeline=False)
        shop.add(inquiries(4))
        shop.sync()
        shop.set(autoPipelineId=shop.pipeline["id"])
        stack.sandbox.control.reset()

        run = shop.sync()

        assert calls(stack) == (["messenger"], 4)
        assert (run["analyzed"], run["autoAssigned"]) == (4, 4)


class TestOneRunAtATime:
    def test_a_second_request_returns_the_running_one(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(3))
        stack.sandbox.control.latency(gemini=400)

        first = stack.crm.start_sync(shop.page_id)
        second = stack.crm.start_sync(shop.page_id)
        run = stack.crm.ended(first["runId"])

        assert first["runId"] == second["runId"]
        assert (first["success"], first["status"], first["synced"]) == (True, "queued", 0)
        assert run["created"] == 3

    def test_prefer_wait_answers_with_the_result(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(2))

        reply = stack.crm.ask(
            "POST", f"/facebook-pages/{shop.page_id}/sync", headers={"Prefer": "wait=100"}
        )

        names = "success synced failed errors tokenExpired created updated unchanged analyzed autoAssigned needsReview"
        values = (True, 2, 0, [], False, 2, 0, 0, 2, 2, 0)
        assert reply.status == 200
        assert tuple(reply.body[name] for name in names.split()) == values
