"""What Meta's side may hold: many pages, two platforms, limits, nothing, and every kind of name."""

import pytest

from tests.e2e.crm import eventually
from tests.e2e.shop import inquiries, talk

pytestmark = pytest.mark.slow

# Longer than what is sat out in place, so the run gives its worker's place away.
BRIEF_MINUTES, BRIEF_SECONDS = 0.15, 9
CODES = (4, 17, 32, 613, 80001, 80002, 80006, 80014)


def waiting_run(crm, run_id):
    """The run at a moment when it says until when it waits."""

    def look():
        run = crm.run(run_id)
        return run if run["waitingUntil"] else None

    return eventually(look, "the run says that it waits")


class TestPagination:
    def test_more_than_a_hundred_come_in_pages_following_cursors(self, stack, open_shop):
        shop = open_shop(pipeline=False)
        shop.graph.add_synthetic(shop.page_id, 230, messages=2)

        run = shop.sync()

        calls = stack.sandbox.control.calls(op="conversations")
        assert (run["status"], run["created"], run["errors"]) == ("completed", 230, [])
        assert len(shop.contacts()) == 230
        assert len(calls) == 3


class TestPlatforms:
    def test_messenger_and_instagram_are_both_synced(self, stack, open_shop):
        shop = open_shop(instagram=True)
        shop.add(inquiries(3))
        shop.add(inquiries(4, platform="instagram"))

        run = shop.sync()

        messenger, instagram = (
            shop.contacts(platform="messenger"),
            shop.contacts(platform="instagram"),
        )
        assert (run["status"], run["created"], run["autoAssigned"]) == ("completed", 7, 7)
        assert [len(messenger), len(instagram)] == [3, 4]
        assert all(c["hasMessenger"] and c["messengerPSID"] for c in messenger)
        assert all(c["hasInstagram"] and c["instagramSID"] for c in instagram)
        assert all(c["messengerPSID"] is None for c in instagram)

    def test_a_page_without_instagram_is_asked_for_messenger_only(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(1))

        shop.sync()

        calls = stack.sandbox.control.calls(op="conversations")
        assert [c["platform"] for c in calls] == ["messenger"]


class TestNoConversations:
    def test_the_run_completes_with_nothing(self, open_shop):
        shop = open_shop(instagram=True)

        run = shop.sync()

        assert (run["status"], run["synced"], run["errors"]) == ("completed", 0, [])
        assert shop.settings()["lastSyncedAt"] == run["finishedAt"]
        assert shop.contacts() == []


class TestNames:
    @pytest.mark.parametrize("platform", ["messenger", "instagram"])
    def test_first_word_is_the_first_name_and_the_rest_the_last(self, open_shop, platform):
        shop = open_shop(instagram=True, pipeline=False)
        names = {
            "Cher": ("Cher", ""),
            "Juan Carlos de la": ("Juan", "Carlos de la"),
            "🌸 Ana 🌸": ("🌸", "Ana 🌸"),
            "محمد علي": ("محمد", "علي"),
        }
        shop.add([talk("Hello", name=name, platform=platform) for name in names])

        shop.sync()

        found = {(c["firstName"], c["lastName"]) for c in shop.contacts()}
        if platform == "instagram":  # there, a name is known by its username alone
            assert len(found) == len(names)
        else:
            assert found == set(names.values())

    def test_without_a_name_it_is_user_and_the_end_of_the_id(self, open_shop):
        shop = open_shop(pipeline=False)
        (customer,) = shop.add([talk("Hello", name="")])
        shop.graph.breaks("missing_fields", shop.page_id, fields=["name"])

        shop.sync()

        (contact,) = shop.contacts()
        assert (contact["firstName"], contact["lastName"]) == ("User", customer[-6:])

    def test_a_better_name_never_gives_way_to_a_fallback(self, open_shop):
        shop = open_shop(pipeline=False)
        shop.add([talk("Hello", name="Ana Reyes")])
        shop.sync()
        shop.graph.breaks("missing_fields", shop.page_id, fields=["name"])

        shop.sync(full=True)

        (contact,) = shop.contacts()
        assert (contact["firstName"], contact["lastName"]) == ("Ana", "Reyes")


class TestRateLimits:
    def test_for_each_code_the_run_waits_says_until_when_and_completes(self, stack, open_shop):
        shops = {code: open_shop() for code in CODES}
        for code, shop in shops.items():
            shop.add(inquiries(2))
            shop.graph.rate_limits(
                shop.page_id,
                code,
                regain_minutes=BRIEF_MINUTES,
                retry_after=BRIEF_SECONDS,
                match={"op": "conversations"},
            )
        run_ids = {c: stack.crm.start_sync(s.page_id)["runId"] for c, s in shops.items()}

        waiting = {code: waiting_run(stack.crm, run_id) for code, run_id in run_ids.items()}
        runs = {code: stack.crm.ended(run_id) for code, run_id in run_ids.items()}

        for code, run in runs.items():
            assert waiting[code]["status"] == "rate_limited", code
            assert (run["status"], run["created"], run["errors"]) == ("completed", 2, []), code
            assert run["waitingUntil"] is None, code
            assert run["finishedAt"] > waiting[code]["waitingUntil"], code
            page = stack.crm.get(f"/facebook-pages/{shops[code].page_id}")
            assert (page["state"], page["limitedUntil"]) == ("healthy", None), code

    def test_a_limit_in_the_middle_loses_no_place(self, stack, open_shop):
        shop = open_shop(pipeline=False)
        shop.graph.add_synthetic(shop.page_id, 250, messages=2)
        shop.graph.rate_limits(
            shop.page_id, 32, headers=False, retry_after=BRIEF_SECONDS, after=1,
            match={"op": "conversations"},
        )  # fmt: skip

        run = shop.sync()

        assert (run["status"], run["created"], run["unchanged"]) == ("completed", 250, 0)
        assert len(stack.sandbox.control.calls(op="conversations")) == 4


class TestFaults:
    @pytest.mark.parametrize("kind", ["html_502", "reset", "half", "broken_json", "empty_body"])
    def test_a_passing_fault_is_not_noticed(self, open_shop, kind):
        shop = open_shop(pipeline=False)
        shop.add(inquiries(2))
        shop.graph.breaks(kind, shop.page_id, times=1, match={"op": "conversations"})

        run = shop.sync()

        assert (run["status"], run["created"], run["errors"]) == ("completed", 2, [])

    def test_a_looping_cursor_ends_the_walk_with_a_reason(self, open_shop):
        shop = open_shop(pipeline=False)
        shop.graph.add_synthetic(shop.page_id, 250, messages=2)
        shop.graph.breaks("looping_cursor", shop.page_id)

        run = shop.sync()

        assert run["status"] == "partial"
        assert run["created"] >= 100
        assert len(run["errors"]) == 1

    def test_less_data_is_asked_for_when_meta_says_so(self, stack, open_shop):
        shop = open_shop(pipeline=False)
        shop.graph.add_synthetic(shop.page_id, 60, messages=2)
        shop.graph.breaks("reduce_data", shop.page_id, max_limit=25)

        run = shop.sync()

        assert (run["status"], run["created"], run["errors"]) == ("completed", 60, [])

    def test_a_paging_link_to_another_host_is_not_followed(self, open_shop):
        shop = open_shop(pipeline=False)
        shop.graph.add_synthetic(shop.page_id, 150, messages=2)
        shop.graph.breaks("foreign_next", shop.page_id, host="http://127.0.0.1:9")

        run = shop.sync()

        assert run["created"] >= 100
        assert "127.0.0.1:9" not in str(run["errors"])
