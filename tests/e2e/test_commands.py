"""What the commands for people bring when all goes well: sync, import and eval, beside a running install."""

import json
import subprocess

import pytest

from tests.e2e.databases import HIROCRM
from tests.e2e.shop import inquiries
from tests.log_guard import guard
from tests.sync.sources.archive.builders import OWN, message, thread, write_folder, write_zip

pytestmark = pytest.mark.slow


def hirocrm(stack, *arguments, **env):
    """A command's exit code, what it printed, and what it said on stderr."""
    done = subprocess.run(
        [HIROCRM, *arguments],
        env={**stack.env, "HIROCRM_LOG_LEVEL": "warning", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=stack.folder,
    )
    guard.read(done.stderr)
    return done.returncode, done.stdout, done.stderr


class TestSync:
    def test_waits_and_prints_the_run_as_the_api_tells_it(self, stack, open_shop):
        shop = open_shop(instagram=True)
        shop.add(inquiries(3))
        shop.add(inquiries(2, platform="instagram"))

        code, out, said = hirocrm(stack, "sync", shop.page_id, "--wait", "--json")

        run = json.loads(out)
        assert (code, said) == (0, "")
        assert run.pop("runId")
        assert run == {
            "success": True,
            "status": "completed",
            "synced": 5,
            "failed": 0,
            "errors": [],
            "tokenExpired": False,
            "created": 5,
            "updated": 0,
            "unchanged": 0,
            "analyzed": 5,
            "autoAssigned": 5,
            "needsReview": 0,
            "notice": None,
        }

    def test_says_it_in_a_sentence_for_people(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(2))

        code, out, said = hirocrm(stack, "sync", shop.page_id, "--wait")

        assert (code, said) == (0, "")
        assert out == (
            "Completed: 2 contacts saved (2 new), 2 analysed, 2 assigned, 0 to review, 0 failed.\n"
        )

    def test_returns_at_once_unless_it_is_to_wait(self, stack, open_shop):
        shop = open_shop()
        shop.add(inquiries(2))

        code, out, _ = hirocrm(stack, "sync", shop.settings()["id"], "--json")

        started = json.loads(out)
        assert (code, started["success"], started["synced"]) == (0, True, 0)
        assert stack.crm.ended(started["runId"])["synced"] == 2

    def test_full_reads_everything_again(self, stack, open_shop):
        shop = open_shop(pipeline=False)
        shop.graph.add_synthetic(shop.page_id, 130, messages=1)
        shop.sync()

        news = json.loads(hirocrm(stack, "sync", shop.page_id, "--wait", "--json")[1])
        full = json.loads(hirocrm(stack, "sync", shop.page_id, "--full", "--wait", "--json")[1])

        assert (news["unchanged"], full["unchanged"], full["analyzed"]) == (100, 130, 0)

    def test_a_dead_token_is_exit_code_1(self, stack, open_shop):
        shop = open_shop()
        shop.graph.refuses(shop.page_id, 190)

        code, out, _ = hirocrm(stack, "sync", shop.page_id, "--wait", "--json")

        run = json.loads(out)
        assert (code, run["status"], run["tokenExpired"]) == (1, "token_expired", True)
        assert [error["code"] for error in run["errors"]] == [190]


FACEBOOK = thread("Ana Cruz", [message("Ana Cruz", "Magkano po ito?", at=1), message(OWN, "450", at=9)])  # fmt: skip
OTHER = thread("Ben Reyes", [message("Ben Reyes", "Available pa?", at=5)])
INSTAGRAM = thread("leo.gomez", [message("leo.gomez", "Hola, precio?", at=7)])


FILES = {
    "your_facebook_activity/messages/inbox/ana_1000000001/message_1.json": FACEBOOK,
    "your_facebook_activity/messages/inbox/ben_1000000002/message_1.json": OTHER,
}
BOTH = {**FILES, "your_instagram_activity/messages/inbox/leo_1000000003/message_1.json": INSTAGRAM}


class TestImport:
    def test_a_zip_goes_all_the_way(self, stack, open_shop, tmp_path):
        shop = open_shop()
        path = write_zip(tmp_path / "export.zip", FILES)

        code, out, said = hirocrm(stack, "import", str(path), "--page", shop.page_id, "--json")

        run = json.loads(out)
        assert (code, said) == (0, "")
        assert (run["status"], run["created"], run["autoAssigned"]) == ("completed", 2, 2)
        assert {c["firstName"] for c in shop.contacts()} == {"Ana", "Ben"}

    def test_again_brings_nothing_new(self, stack, open_shop, tmp_path):
        shop = open_shop()
        path = write_zip(tmp_path / "export.zip", FILES)
        arguments = ("import", str(path), "--page", shop.page_id)

        hirocrm(stack, *arguments)
        code, out, _ = hirocrm(stack, *arguments)

        assert code == 0
        assert out == (
            "Completed: 2 contacts saved (0 new), 0 analysed, 0 assigned, 0 to review, 0 failed.\n"
        )

    def test_without_a_page_they_go_to_a_shelf_of_the_users_organization(self, stack, tmp_path):
        folder = write_folder(tmp_path / "facebook", FILES)
        email = stack.crm.get("/members")["items"][0]["email"]

        code, out, _ = hirocrm(stack, "import", str(folder), "--email", email, "--json")

        names = {c["firstName"] for c in stack.crm.all("/contacts")}
        assert (code, json.loads(out)["created"]) == (0, 2)
        assert {"Ana", "Ben"} <= names

    def test_of_two_downloads_it_asks_which(self, stack, open_shop, tmp_path):
        shop = open_shop()

        folder = write_folder(tmp_path / "both", BOTH)

        code, out, said = hirocrm(stack, "import", str(folder), "--page", shop.page_id)

        assert (code, out) == (1, "")
        assert said == (
            "hirocrm: This holds a Facebook and an Instagram download: import them one after the other, and say which. "
            "Add --platform messenger, and then do it again with --platform instagram.\n"
        )
        assert shop.contacts() == []

    def test_of_two_downloads_the_one_said_is_imported(self, stack, open_shop, tmp_path):
        shop = open_shop(instagram=True)
        folder = write_folder(tmp_path / "both", BOTH)
        arguments = ("import", str(folder), "--page", shop.page_id, "--own-name", OWN, "--json")

        first = hirocrm(stack, *arguments, "--platform", "messenger")
        messenger = {c["firstName"] for c in shop.contacts()}
        second = hirocrm(stack, *arguments, "--platform", "Instagram")

        assert [first[0], second[0]] == [0, 0]
        assert messenger == {"Ana", "Ben"}
        assert {c["firstName"] for c in shop.contacts(platform="instagram")} == {"leo.gomez"}

    def test_the_api_is_told_which_of_two_with_the_same_upload(self, stack, open_shop, tmp_path):
        shop = open_shop(instagram=True)
        path = write_zip(tmp_path / "both.zip", BOTH)

        asked = stack.crm.ask(
            "POST",
            "/imports",
            data={"pageId": shop.page_id, "ownName": OWN},
            files={"file": ("both.zip", path.read_bytes(), "application/zip")},
        )
        told = {"uploadId": asked.body["uploadId"], "platform": "instagram"}
        run = stack.crm.post("/imports", data={"pageId": shop.page_id, "ownName": OWN, **told})

        assert (asked.status, asked.body["code"]) == (422, "archive_mixed_platforms")
        assert asked.body["platforms"] == ["instagram", "messenger"]
        assert stack.crm.ended(run["runId"])["created"] == 1
        assert {c["firstName"] for c in shop.contacts()} == {"leo.gomez"}


@pytest.fixture
def dataset(tmp_path):
    """Three labelled conversations of the form that `eval` and the sandbox take."""
    stages = [
        {"name": "New Lead", "outcome": "open", "description": "A first question."},
        {"name": "Closed Won", "outcome": "won", "description": "Bought."},
    ]
    (tmp_path / "pipelines.json").write_text(
        json.dumps({"sales": {"description": "", "stages": stages}})
    )
    dialogues = [
        (["Hi, how much is the red dress?"], "New Lead"),
        (["Is it there?", "Yes, 450 pesos.", "I'll take it, sent the payment"], "Closed Won"),
        (["Hello po"], "New Lead"),
    ]
    rows = [
        {
            "id": f"d{number}",
            "pipeline": "sales",
            "gold_stage": stage,
            "messages": [
                {"from": "business" if turn % 2 else "customer", "text": text}
                for turn, text in enumerate(texts)
            ],
        }
        for number, (texts, stage) in enumerate(dialogues)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class TestEval:
    def test_asks_a_vendor_with_the_keys_of_the_environment(self, stack, open_shop, dataset):
        open_shop()

        code, out, said = hirocrm(stack, "eval", str(dataset), "--analyzer", "gemini", "--json")

        report = json.loads(out)
        assert (code, said) == (0, "")
        assert report["n"] == 3
        assert report["failed"] == {}
        assert report["cost"]["tokensIn"] > 0
        assert stack.sandbox.control.count("gemini.generate") == 3

    def test_judges_the_local_analyser_without_a_database(self, stack, dataset):
        code, out, said = hirocrm(
            stack, "eval", str(dataset), "--json", DATABASE_URL="postgresql://nobody@127.0.0.1:9/x"
        )

        report = json.loads(out)
        assert (code, said, report["n"]) == (0, "", 3)
        assert {"accuracy", "macroF1", "ece", "perStage", "confusion", "cost"} <= set(report)


class TestDialogues:
    def test_labelled_dialogues_go_through_a_whole_sync(self, stack, open_shop, dataset):
        shop = open_shop()
        assert shop.graph.load(shop.page_id, dataset) == 3

        run = shop.sync()

        texts = {
            tuple(m["text"] for m in stack.crm.messages(c["id"])[::-1]) for c in shop.contacts()
        }
        assert (run["status"], run["created"], run["analyzed"]) == ("completed", 3, 3)
        assert (run["autoAssigned"] + run["needsReview"], run["errors"]) == (3, [])
        assert ("Is it there?", "Yes, 450 pesos.", "I'll take it, sent the payment") in texts
