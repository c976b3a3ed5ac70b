"""Web server, worker and command line on machines of their own, which have nothing in common but the database."""

import json
import zipfile

import psycopg
import pytest

from tests.e2e.crm import eventually
from tests.e2e.stack import Command, Stack
from tests.e2e.test_commands import hirocrm
from tests.sync.sources.archive.builders import FACEBOOK, thread, write_zip

pytestmark = pytest.mark.slow

THREADS = 600


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """The web server's machine."""
    with Stack(tmp_path_factory.mktemp("web"), workers=0) as running:
        yield running


@pytest.fixture
def start_worker(stack, tmp_path_factory):
    """Start a worker on a machine of its own."""

    def start():
        machine = tmp_path_factory.mktemp("worker")
        env = {**stack.env, "HIROCRM_DATA_DIR": str(machine / "data")}
        stack.workers.append(Command("worker", env=env, log=machine / "worker.log"))
        return stack.workers[-1]

    yield start
    for worker in stack.workers:
        worker.stop()


def threads(first, count):
    """The files of threads that no other test imports."""
    for number in range(first, first + count):
        yield f"{FACEBOOK}/inbox/p_{number}/message_1.json", thread(f"Person{number} Cruz")


def upload(stack, path):
    with path.open("rb") as file:
        body = {"file": ("facebook.zip", file, "application/zip")}
        return stack.crm.post("/imports", data={"ownName": "Tienda Ñandú"}, files=body)["runId"]


def pieces(stack):
    with psycopg.connect(stack.database) as database:
        row = database.execute("SELECT count(*) FROM sync_archivepiece").fetchone()
    return row[0]


class TestImport:
    def test_of_an_upload_on_another_machine(self, stack, start_worker, tmp_path):
        run_id = upload(stack, write_zip(tmp_path / "export.zip", threads(10**9, 2)))
        waiting = pieces(stack)
        start_worker()

        run = stack.crm.ended(run_id)

        assert (run["status"], run["created"]) == ("completed", 2)
        assert (waiting, pieces(stack)) == (1, 0)
        assert list(stack.folder.rglob("*.zip")) == []

    def test_is_taken_over_by_a_third_machine_from_a_worker_that_was_killed(
        self, stack, start_worker, tmp_path
    ):
        files = threads(2 * 10**9, THREADS)
        run_id = upload(
            stack, write_zip(tmp_path / "large.zip", files, compression=zipfile.ZIP_STORED)
        )
        first = start_worker()
        eventually(lambda: stack.crm.run(run_id)["created"], "the first contacts")

        first.kill()
        at = stack.crm.run(run_id)["created"]
        start_worker()
        run = stack.crm.ended(run_id)

        assert at < THREADS
        assert (run["status"], run["created"], run["updated"]) == ("completed", THREADS, 0)
        assert pieces(stack) == 0

    def test_from_the_command_line_of_another_machine(self, stack, start_worker, tmp_path):
        path = write_zip(tmp_path / "export.zip", threads(3 * 10**9, 2))
        email = stack.crm.get("/members")["items"][0]["email"]
        start_worker()

        code, out, said = hirocrm(stack, "import", str(path), "--email", email, "--json")

        assert (code, said, json.loads(out)["status"]) == (0, "", "completed")
        with psycopg.connect(stack.database) as database:
            options = database.execute(
                "SELECT options FROM sync_syncrun ORDER BY created_at DESC LIMIT 1"
            ).fetchone()[0]
        assert "path" not in options
        assert pieces(stack) == 0
