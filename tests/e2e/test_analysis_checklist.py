"""What the AI's side may bring: stages that match or don't, odd conversations, and nothing at all."""

import json

import pytest

from tests.e2e.shop import inquiries, talk

pytestmark = pytest.mark.slow


def verdict(stage, confidence=90):
    """An answer as the model writes it."""
    return json.dumps(
        {
            "summary": "They asked for a price. It was told. They wait.",
            "recommendedStage": stage,
            "recommendations": [{"stage": stage, "probability": confidence}],
            "leadScore": 61,
            "leadStatus": "QUALIFIED",
            "confidence": confidence,
            "reasoning": "They asked for the price.",
            "evidence": [],
            "sentiment": "neutral",
            "urgency": "low",
            "intentScore": 50,
            "topics": [],
            "painPoints": [],
            "buyingSignals": True,
            "nextBestAction": "Answer.",
            "suggestedFollowUpDate": None,
            "priority": "medium",
            "language": "en",
        }
    )


class TestStageMatch:
    @pytest.mark.parametrize(
        ("said", "stage"),
        [
            ("Qualified", "Qualified"),
            ("qualified", "Qualified"),
            ("  NEGOTIATING ", "Negotiating"),
            ("Somewhere else", "New Lead"),
        ],
    )
    def test_the_stage_is_found_whatever_its_case_else_the_first(
        self, stack, open_shop, said, stage
    ):
        shop = open_shop()
        shop.add(inquiries(1))
        stack.sandbox.gemini.answers_with("text", text=verdict(said))

        run = shop.sync()

        (contact,) = shop.contacts()
        assert (run["status"], run["autoAssigned"]) == ("completed", 1)
        assert contact["stageId"] == shop.stage_id(stage)
        assert (contact["leadScore"], contact["leadStatus"]) == (61, "QUALIFIED")

    def test_a_pipeline_without_stages_assigns_nothing_and_the_run_says_so(self, stack, open_shop):
        shop = open_shop()
        empty = stack.crm.post("/pipelines", {"name": f"Empty of {shop.page_id}"})
        shop.set(autoPipelineId=empty["id"])
        shop.add(inquiries(2))

        run = shop.sync()

        assert (run["status"], run["created"], run["autoAssigned"]) == ("completed", 2, 0)
        assert "has no stages" in run["notice"]
        assert {(c["pipelineId"], c["stageId"]) for c in shop.contacts()} == {(None, None)}

    def test_an_unsure_answer_moves_nobody_and_asks_for_review(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(1))
        stack.sandbox.gemini.answers_with("text", text=verdict("Qualified", confidence=30))

        run = shop.sync()

        (contact,) = shop.contacts()
        assert (run["autoAssigned"], run["needsReview"]) == (0, 1)
        assert (contact["needsReview"], contact["stageId"]) == (True, None)
        assert stack.crm.activities(contact["id"]) == []
        waiting = stack.crm.all("/review")
        assert contact["id"] in json.dumps(waiting)


class TestConversations:
    def test_one_word_a_hundred_messages_and_no_text_at_all(self, stack, open_shop):
        shop = open_shop()
        long = [f"Message number {n} about the blue shirt" for n in range(100)]
        shop.add(
            [
                talk("Hm", name="Short One"),
                talk(*long, name="Long One"),
                {
                    "name": "Silent One",
                    "messages": [{"from": "customer", "attachment": {"type": "sticker"}}],
                },
                {"name": "Empty One", "messages": []},
            ]
        )

        run = shop.sync()

        contacts = {c["firstName"]: c for c in shop.contacts()}
        assert (run["status"], run["created"], run["analyzed"]) == ("completed", 4, 2)
        assert stack.sandbox.control.count("gemini.generate") == 2
        assert contacts["Short"]["aiContext"]
        assert contacts["Long"]["aiContext"]
        assert contacts["Silent"]["aiContext"] is None
        assert contacts["Empty"]["aiContext"] is None
        assert contacts["Silent"]["stageId"] is None
        assert len(stack.crm.messages(contacts["Long"]["id"])) == 20  # all that Meta details


class TestNoAnswer:
    def test_with_the_ai_down_contacts_are_saved_and_listed_then_healed(self, stack, open_shop):
        shop = open_shop()
        ids = shop.add(inquiries(3))
        stack.sandbox.gemini.answers_with("blocked")

        run = shop.sync()

        saved = shop.contacts()
        assert (run["status"], run["synced"], run["failed"]) == ("partial", 3, 3)
        assert {e["id"] for e in run["errors"]} == set(ids)
        assert all(e["error"] and e["platform"] == "Messenger" for e in run["errors"])
        assert [c["aiContext"] for c in saved] == [None] * 3

        stack.sandbox.gemini.recovers()
        retried = stack.crm.post(f"/sync-runs/{run['runId']}/retry")
        healed = stack.crm.ended(retried["runId"])

        assert (healed["status"], healed["analyzed"], healed["failed"]) == ("completed", 3, 0)
        assert all(c["aiContext"] and c["stageId"] for c in shop.contacts())

    def test_what_a_blocked_answer_took_counts_as_spent(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(2))
        before = stack.crm.get("/analysis/usage")
        stack.sandbox.gemini.answers_with("blocked")

        run = shop.sync()

        after = stack.crm.get("/analysis/usage")
        assert run["failed"] == 2
        assert after["calls"] - before["calls"] == 2
        assert after["tokensIn"] > before["tokensIn"]
        assert after["cost"] - before["cost"] == pytest.approx(run["cost"])
        assert run["cost"] > 0

    def test_the_next_sync_heals_what_failed(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(2))
        stack.sandbox.gemini.answers_with("overloaded")
        failed = shop.sync()
        stack.sandbox.gemini.recovers()

        run = shop.sync()

        assert (failed["status"], failed["failed"], failed["analyzed"]) == ("partial", 2, 0)
        assert len(failed["errors"]) == 2
        assert (run["status"], run["analyzed"], run["failed"]) == ("completed", 2, 0)
        assert all(c["stageId"] for c in shop.contacts())

    def test_an_earlier_summary_is_never_lost(self, stack, open_shop):
        shop = open_shop()
        (customer,) = shop.add(inquiries(1, ago="1h"))
        shop.sync()
        (before,) = shop.contacts()
        shop.graph.customer_writes(shop.page_id, customer, "And how much is it?", webhook=False)
        stack.sandbox.gemini.answers_with("blocked")

        run = shop.sync()

        (after,) = shop.contacts()
        assert (run["status"], run["failed"]) == ("partial", 1)
        assert after["aiContext"] == before["aiContext"]
        assert after["stageId"] == before["stageId"]
        assert len(stack.crm.messages(after["id"])) == 4

    def test_one_invalid_answer_is_asked_for_again(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(3))
        stack.sandbox.control.fault("gemini", "invalid_json", times=1, per="prompt")

        run = shop.sync()

        assert (run["status"], run["analyzed"], run["failed"]) == ("completed", 3, 0)
        assert stack.sandbox.control.count("gemini.generate") == 6

    def test_what_was_refused_for_good_is_asked_again_only_after_news(self, stack, open_shop):
        shop = open_shop()
        (customer,) = shop.add(inquiries(1, ago="1h"))
        stack.sandbox.gemini.answers_with("blocked")
        shop.sync()
        stack.sandbox.gemini.recovers()
        asked = stack.sandbox.control.count("gemini.generate")

        nothing_new = shop.sync(full=True)

        assert (nothing_new["status"], nothing_new["analyzed"]) == ("completed", 0)
        assert stack.sandbox.control.count("gemini.generate") == asked

        shop.graph.customer_writes(shop.page_id, customer, "Are you there?", webhook=False)
        healed = shop.sync()

        assert (healed["status"], healed["analyzed"]) == ("completed", 1)
