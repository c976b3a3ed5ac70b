"""What people do with runs: cancel, undo, retry, evaluate again, watch, import, schedule."""

import re
import zipfile

import psycopg
import pytest

from tests.e2e.crm import eventually
from tests.e2e.outcome import open_work
from tests.e2e.shop import inquiries, talk
from tests.sync.sources.archive.builders import OWN, encode, message, thread

pytestmark = pytest.mark.slow

OPEN = {"queued", "running", "rate_limited"}


class TestCancel:
    def test_what_was_saved_stays_and_the_ai_is_left_in_peace(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(200))
        stack.sandbox.control.latency(gemini=700)
        run_id = stack.crm.start_sync(shop.page_id)["runId"]
        eventually(lambda: stack.crm.run(run_id)["analyzed"] >= 1, "the first analyses")

        stack.crm.post(f"/sync-runs/{run_id}/cancel")
        run = stack.crm.ended(run_id)

        assert run["status"] == "cancelled"
        assert run["synced"] == 200
        assert run["analyzed"] < 200
        assert len(shop.contacts()) == 200
        eventually(lambda: open_work(stack.database) == (0, 0), "no work is left")
        assert stack.sandbox.control.count("gemini.generate") < 200

        stack.sandbox.control.latency(gemini=0)
        finished = shop.sync()
        assert finished["status"] == "completed"
        assert all(c["stageId"] for c in shop.contacts())

    def test_a_run_that_has_ended_cannot_be_cancelled(self, stack, open_shop):
        shop = open_shop()
        run = shop.sync()

        reply = stack.crm.ask("POST", f"/sync-runs/{run['runId']}/cancel")

        assert (reply.status, reply.body["code"]) == (409, "run_already_finished")
        assert stack.crm.run(run["runId"]) == run


class TestUndo:
    def test_contacts_go_back_but_those_that_a_person_moved_since_stay(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(5))
        run = shop.sync()
        mine, *others = shop.contacts()
        won = shop.stage_id("Closed Won")
        body = {"pipelineId": shop.pipeline["id"], "stageId": won}
        stack.crm.post(f"/contacts/{mine['id']}/move", body)

        undone = stack.crm.post(f"/sync-runs/{run['runId']}/undo")

        assert undone == {"contacts": 4}
        assert stack.crm.contact(mine["id"])["stageId"] == won
        for contact in others:
            after = stack.crm.contact(contact["id"])
            assert (after["pipelineId"], after["stageId"], after["leadStatus"]) == (
                None,
                None,
                "NEW",
            )
            assert after["aiContext"] == contact["aiContext"]
        assert stack.crm.post(f"/sync-runs/{run['runId']}/undo") == {"contacts": 0}


class TestEvaluateAgain:
    def test_chosen_by_ids(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(4))
        shop.sync()
        chosen = [c["id"] for c in shop.contacts()[:2]]
        body = {"contactIds": chosen, "updateMode": "UPDATE_EXISTING"}
        stack.sandbox.control.reset()

        run = stack.crm.ended(stack.crm.post("/contacts/re-analyze", body)["runId"])

        titles = {c["id"]: len(stack.crm.activities(c["id"])) for c in shop.contacts()}
        assert (run["kind"], run["status"]) == ("reanalyze", "completed")
        assert (run["analyzed"], run["autoAssigned"]) == (2, 2)
        assert {key for key, count in titles.items() if count == 2} == set(chosen)
        assert stack.sandbox.control.count("gemini.generate") == 0  # nothing is paid twice

    def test_chosen_by_filter_into_another_pipeline(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(4))
        shop.sync()
        support = stack.crm.post("/pipelines", {"template": "support", "name": shop.page_id})
        stack.sandbox.control.reset()

        started = stack.crm.post(
            "/contacts/re-analyze",
            {
                "filter": {"pageId": shop.page_id, "q": "Maria1"},
                "pipelineId": support["id"],
                "updateMode": "UPDATE_EXISTING",
            },
        )
        run = stack.crm.ended(started["runId"])

        assert (run["status"], run["analyzed"], run["autoAssigned"]) == ("completed", 1, 1)
        assert stack.sandbox.control.count("gemini.generate") == 1
        (moved,) = shop.contacts(pipelineId=support["id"])
        assert moved["firstName"] == "Maria1"

    def test_a_dry_run_estimates_and_does_nothing(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(3))
        shop.sync()
        before = shop.contacts()
        runs = stack.crm.all("/sync-runs")
        stack.sandbox.control.reset()

        estimate = stack.crm.post(
            "/contacts/re-analyze", {"filter": {"pageId": shop.page_id}, "dryRun": True}
        )

        assert (estimate["contacts"], estimate["calls"]) == (3, 3)
        assert estimate["tokens"] > 300
        assert estimate["cost"] > 0
        assert estimate["seconds"] >= 1
        assert stack.sandbox.control.count("gemini.generate") == 0
        assert (shop.contacts(), stack.crm.all("/sync-runs")) == (before, runs)


class TestEvents:
    def test_the_stream_tells_the_run_to_its_end(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(40))
        stack.sandbox.control.latency(gemini=300)
        run_id = stack.crm.start_sync(shop.page_id)["runId"]

        events = list(stack.crm.events(f"/sync-runs/{run_id}/events"))

        names, states = [n for n, _ in events], [s for _, s in events]
        assert names == ["run"] * (len(events) - 1) + ["end"]
        assert len(events) >= 2
        assert states[-1]["status"] == "completed"
        assert (states[-1]["analyzed"], states[-1]["fetched"]) == (40, 40)
        counts = [s["analyzed"] for s in states]
        assert counts == sorted(counts)

    def test_the_stream_of_an_ended_run_is_one_event(self, stack, open_shop):
        shop = open_shop()
        run = shop.sync()

        events = list(stack.crm.events(f"/sync-runs/{run['runId']}/events"))

        assert [name for name, _ in events] == ["end"]
        assert events[0][1]["runId"] == run["runId"]


def archive(path, threads):
    """A ZIP as "Download your information" gives it."""
    with zipfile.ZipFile(path, "w") as bundle:
        for number, one in enumerate(threads):
            name = (
                f"your_facebook_activity/messages/inbox/person{number}_{number:010d}/message_1.json"
            )
            bundle.writestr(name, encode(one))
    return path


class TestImport:
    def test_a_small_archive_goes_all_the_way(self, stack, open_shop, tmp_path):
        shop = open_shop()
        said = "Hola, ¿cuánto cuesta la falda? 😍"
        threads = [
            thread("Ana Cruz", [message("Ana Cruz", said, at=1), message(OWN, "Son 300 pesos", at=9)]),
            thread("Íñigo Peña", [message("Íñigo Peña", "Hola", at=5)]),
            thread("Solo Foto", [message("Solo Foto", photos=[{"uri": "a.jpg"}], at=5)]),
        ]  # fmt: skip
        path = archive(tmp_path / "export.zip", threads)

        started = stack.crm.post(
            "/imports",
            data={"ownName": OWN, "pageId": shop.page_id},
            files={"file": ("export.zip", path.read_bytes(), "application/zip")},
        )
        run = stack.crm.ended(started["runId"])

        contacts = {c["firstName"]: c for c in shop.contacts()}
        assert (run["kind"], run["status"], run["errors"]) == ("import", "completed", [])
        assert (run["created"], run["analyzed"], run["autoAssigned"]) == (3, 2, 2)
        assert set(contacts) == {"Ana", "Íñigo", "Solo"}
        assert contacts["Íñigo"]["lastName"] == "Peña"
        texts = [m["text"] for m in stack.crm.messages(contacts["Ana"]["id"])]
        assert texts == ["Son 300 pesos", said]
        assert contacts["Ana"]["stageId"] == shop.stage_id("Proposal Sent")
        assert contacts["Solo"]["aiContext"] is None


class TestSchedule:
    def test_a_page_whose_hour_has_come_is_synced_and_no_other(self, stack, open_shop):
        due, fresh, off = open_shop(), open_shop(), open_shop()
        off.set(syncSchedule="off")
        for shop in (due, fresh, off):
            shop.sync()
        with psycopg.connect(stack.database, autocommit=True) as connection:
            connection.execute(
                "UPDATE meta_page SET last_synced_at = now() - interval '61 minutes'"
                " WHERE remote_id = ANY(%s)",
                [[due.page_id, off.page_id]],
            )
            # The worker looks every minute; here it shall look now.
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
                " VALUES ('sync', 'sync.start_due_syncs', '{\"timestamp\": 0}', 'todo')"
            )

        runs = eventually(lambda: runs_of(stack, due)[1:], "a second run of the Page")

        assert len(runs) == 1
        assert stack.crm.ended(runs[0]["runId"])["status"] == "completed"
        assert (len(runs_of(stack, fresh)), len(runs_of(stack, off))) == (1, 1)


def runs_of(stack, shop):
    """The Page's runs, oldest first."""
    return stack.crm.all(f"/facebook-pages/{shop.page_id}/sync-runs")[::-1]


class TestTenancy:
    def test_another_organization_sees_none_of_it(self, stack, open_shop):
        shop = open_shop()
        shop.add([talk("A secret order", name="Private Person")])
        run = shop.sync()
        (contact,) = shop.contacts()
        page_id = shop.page["id"]
        paths = [
            f"/contacts/{contact['id']}",
            f"/contacts/{contact['id']}/messages",
            f"/contacts/{contact['id']}/activities",
            f"/contacts/{contact['id']}/analyses",
            f"/sync-runs/{run['runId']}",
            f"/sync-runs/{run['runId']}/events",
            f"/facebook/pages/{page_id}",
            f"/facebook/pages/{shop.page_id}",
            f"/facebook-pages/{shop.page_id}/sync-runs",
            f"/pipelines/{shop.pipeline['id']}",
            f"/pipelines/{shop.pipeline['id']}/board",
        ]

        seen = {path: stack.stranger.ask("GET", path).status for path in paths}

        assert seen == dict.fromkeys(paths, 404)
        for listing in ("/contacts", "/sync-runs", "/facebook-pages", "/imports", "/review"):
            assert stack.stranger.all(listing) == [], listing
        for path in (
            f"/facebook-pages/{shop.page_id}/sync",
            f"/sync-runs/{run['runId']}/cancel",
            f"/sync-runs/{run['runId']}/undo",
        ):
            assert stack.stranger.ask("POST", path).status == 404
        chosen = {"contactIds": [contact["id"]]}
        assert stack.stranger.ask("POST", "/contacts/re-analyze", chosen).status in {404, 422}
        assert stack.crm.contact(contact["id"]) == contact

    def test_a_page_that_another_organization_holds_is_refused(self, stack, open_shop):
        shop = open_shop()
        body = {"pageId": shop.page_id, "pageName": "Mine", "pageAccessToken": shop.token}

        reply = stack.stranger.ask("POST", "/facebook-pages", body)

        assert reply.status == 409
        assert re.fullmatch(r"[^.]+\.( [^.]+\.)?", reply.body["detail"])
        assert stack.stranger.all("/facebook-pages") == []
        assert shop.sync()["status"] == "completed"
