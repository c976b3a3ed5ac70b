"""Bad input: one clear sentence, the right status or exit code, and nothing changed."""

import socket
import subprocess
import zipfile

import psycopg
import pytest

from tests.e2e.databases import HIROCRM
from tests.e2e.shop import inquiries
from tests.log_guard import guard

pytestmark = pytest.mark.slow

NOBODY = "01a203ac-0000-7000-8000-000000000000"
COUNTED = (
    "contacts_contact",
    "contacts_activity",
    "meta_page",
    "sync_syncrun",
    "pipelines_pipeline",
    "analysis_analysiskey",
)


def contents(stack):
    """How many rows each table has, and the Pages' settings: what must not change."""
    with psycopg.connect(stack.database) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  # our own names
            for table in COUNTED
        ]
        pages = connection.execute(
            "SELECT id, auto_pipeline_id, auto_pipeline_mode, auto_pipeline_confidence_min,"
            " sync_schedule, access_token FROM meta_page ORDER BY id"
        ).fetchall()
    return counts, pages


def check_problem(reply, status):
    """RFC 9457, with one sentence for people."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert reply.body["status"] == status
    assert reply.body["code"]
    detail = reply.body["detail"]
    assert detail.endswith(".")
    assert "Traceback" not in detail
    assert "\n" not in detail


@pytest.fixture
def shop(open_shop):
    made = open_shop()
    made.add(inquiries(1))
    made.sync()
    return made


class TestApi:
    @pytest.mark.parametrize(
        "call",
        [
            ("POST", "/facebook-pages/999999999/sync", None, 404),
            ("GET", "/facebook/pages/999999999", None, 404),
            ("PATCH", "/facebook/pages/{page}", {"autoPipelineId": "{foreign}"}, 422),
            ("PATCH", "/facebook/pages/{page}", {"autoPipelineId": NOBODY}, 422),
            ("PATCH", "/facebook/pages/{page}", {"autoPipelineMode": "SOMETIMES"}, 422),
            ("PATCH", "/facebook/pages/{page}", {"autoPipelineConfidenceMin": 101}, 422),
            ("PATCH", "/facebook/pages/{page}", {"autoPipelineConfidenceMin": -1}, 422),
            (
                "PATCH",
                "/facebook/pages/{page}",
                {"autoPipelineMode": "UPDATE_EXISTING", "syncSchedule": "sometimes"},
                422,
            ),
            ("POST", "/contacts/re-analyze", {"contactIds": [NOBODY]}, 404),
            ("POST", "/contacts/re-analyze", {"filter": {}, "pipelineId": "{foreign}"}, 422),
            ("POST", "/contacts/re-analyze", {"filter": {}, "updateMode": "SOMETIMES"}, 422),
            ("GET", f"/sync-runs/{NOBODY}", None, 404),
            ("POST", f"/sync-runs/{NOBODY}/undo", None, 404),
        ],
    )
    def test_one_sentence_and_nothing_changed(self, stack, shop, call):
        method, path, body, status = call
        foreign = stack.stranger.default_pipeline()["id"]
        filled = {k: foreign if v == "{foreign}" else v for k, v in (body or {}).items()}
        before = contents(stack)

        reply = stack.crm.ask(method, path.format(page=shop.page_id), filled or None)

        check_problem(reply, status)
        assert contents(stack) == before

    def test_malformed_json(self, stack, shop):
        before = contents(stack)

        reply = stack.crm.ask(
            "PATCH",
            f"/facebook/pages/{shop.page_id}",
            content=b'{"autoPipelineMode": ',
            headers={"Content-Type": "application/json"},
        )

        check_problem(reply, 400)
        assert contents(stack) == before

    @pytest.mark.parametrize("token", ["", "Bearer", "Bearer nonsense", "Basic b3duZXI6eA=="])
    def test_a_wrong_token_of_ours(self, stack, shop, token):
        reply = stack.crm.ask("GET", "/contacts", headers={"Authorization": token})

        check_problem(reply, 401)

    def test_a_wrong_token_of_meta(self, stack, open_shop):
        shop = open_shop()
        before = contents(stack)

        reply = stack.crm.ask(
            "POST",
            "/facebook-pages",
            {"pageId": shop.page_id, "pageName": "Shop", "pageAccessToken": "EAAWRONG"},
        )

        check_problem(reply, 422)
        assert "EAAWRONG" not in str(reply.body)
        assert contents(stack) == before

    @pytest.mark.parametrize(
        "content",
        [b"", b"not a zip at all", b"PK\x03\x04" + b"\0" * 60],
        ids=["empty", "text", "torn"],
    )
    def test_a_corrupt_archive(self, stack, open_shop, content):
        before = contents(stack)

        reply = stack.crm.ask(
            "POST", "/imports", data={}, files={"file": ("x.zip", content, "application/zip")}
        )

        check_problem(reply, 422)
        assert contents(stack) == before

    def test_an_archive_that_climbs_out_of_its_folder(self, stack, open_shop, tmp_path):
        path = tmp_path / "evil.zip"
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr("../../../../tmp/evil/messages/inbox/a_1/message_1.json", "{}")
        before = contents(stack)

        reply = stack.crm.ask(
            "POST", "/imports", files={"file": ("evil.zip", path.read_bytes(), "application/zip")}
        )

        check_problem(reply, 422)
        assert contents(stack) == before

    def test_a_key_without_permission(self, stack, shop):
        body = {"name": "reader", "scopes": ["read"]}
        reader = stack.crm.post("/tokens", body)["token"]
        before = contents(stack)

        reply = stack.crm.ask(
            "POST",
            f"/facebook-pages/{shop.page_id}/sync",
            headers={"Authorization": f"Bearer {reader}"},
        )

        check_problem(reply, 403)
        assert contents(stack) == before


def run_badly(*arguments, env):
    """A command that must fail: its exit code and what it says."""
    done = subprocess.run(
        [HIROCRM, *arguments], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    guard.read(done.stderr)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def check_sentence(said):
    assert said.startswith("hirocrm: ")
    assert said.endswith(".")
    assert "Traceback" not in said
    assert "\n" not in said


class TestCommands:
    def test_no_database(self, stack):
        env = {**stack.env, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}

        code, out, said = run_badly("migrate", env=env)

        assert (code, out) == (1, "")
        check_sentence(said)

    def test_a_taken_port(self, stack):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])

            code, out, said = run_badly("web", "--port", port, env=stack.env)

        assert (code, out) == (1, "")
        check_sentence(said)
        assert port in said

    def test_an_unknown_page(self, stack):
        before = contents(stack)

        code, out, said = run_badly("sync", "999999999", env=stack.env)

        assert (code, out) == (1, "")
        check_sentence(said)
        assert contents(stack) == before

    def test_a_corrupt_archive(self, stack, tmp_path):
        path = tmp_path / "broken.zip"
        path.write_bytes(b"not a zip")
        before = contents(stack)

        code, out, said = run_badly("import", str(path), env=stack.env)

        assert (code, out) == (1, "")
        check_sentence(said)
        assert contents(stack) == before

    @pytest.mark.parametrize(
        "setting", ["GOOGLE_AI_RPM", "FACEBOOK_GRAPH_VERSION", "HIROCRM_ANALYZER"]
    )
    def test_a_setting_that_makes_no_sense(self, stack, setting):
        code, out, said = run_badly("migrate", env={**stack.env, setting: "banana"})

        assert (code, out) == (1, "")
        check_sentence(said)
        assert setting in said

    def test_wrong_usage(self, stack):
        code, _, said = run_badly("up", "--port", "banana", env=stack.env)

        assert code == 2
        assert "Traceback" not in said

    def test_a_data_folder_that_cannot_be_written(self, stack, tmp_path):
        (tmp_path / "file").write_text("in the way")
        env = {k: v for k, v in stack.env.items() if k != "DATABASE_URL"}

        code, out, said = run_badly(
            "migrate", env={**env, "HIROCRM_DATA_DIR": str(tmp_path / "file" / "data")}
        )

        assert (code, out) == (1, "")
        check_sentence(said)
