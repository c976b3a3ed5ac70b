"""`hirocrm up` as a person or a service manager meets it."""

import os
import signal
import socket
import time

import psycopg
import pytest

from hirocrm.config.embedded_postgres import connection_settings
from tests.cli.conftest import Install, eventually, reap

pytestmark = pytest.mark.slow


def query(install: Install, question: str) -> object:
    place = connection_settings(install.data_dir)
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=place["NAME"]
    ) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[call-overload]  # a test's own text
    return row and row[0]


class TestUp:
    def test_serves_until_sigterm_and_leaves_nothing_behind(self, install: Install) -> None:
        up = install.up()

        assert eventually(lambda: install.health()[1].get("workers") == 2)
        assert install.health()[0] == 200
        began = time.monotonic()
        up.terminate()
        up.wait(30)

        assert up.returncode == 0
        assert time.monotonic() - began < 10
        assert install.pids() == []
        assert (install.data_dir / "up.lock").read_text() == ""

    def test_refuses_a_second_start_and_a_taken_port(self, install: Install) -> None:
        up = install.up()

        second = install.run("up")
        elsewhere = install.run(
            "up", "--port", str(install.port), HIROCRM_DATA_DIR=str(install.data_dir / "new")
        )

        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr == (
            f"hirocrm: Another `hirocrm up` (pid {up.pid}) holds the data directory {install.data_dir}; "
            "stop it first, or set HIROCRM_DATA_DIR to another folder.\n"
        )
        assert elsewhere.returncode == 1
        assert elsewhere.stderr == (
            f"hirocrm: Port {install.port} on 127.0.0.1 is taken by another program; "
            "stop that one, or choose another with --port.\n"
        )
        assert not (install.data_dir / "new" / "postgres").exists()
        assert install.health()[0] == 200

    def test_survives_the_kill_of_its_parts(self, install: Install) -> None:
        install.up()
        assert eventually(lambda: install.health()[1].get("workers") == 2)

        for words in (("hirocrm.cli", " worker "), ("hirocrm.cli", " web ")):
            (victim,) = [p for p in install.pids(*words) if os.getpgid(p) == p]
            os.kill(victim, signal.SIGKILL)
            assert eventually(lambda w=words, v=victim: set(install.pids(*w)) - {v} != set())  # type: ignore[misc]
            assert eventually(lambda: install.health()[0] == 200)

    def test_survives_the_kill_of_its_database(self, install: Install) -> None:
        install.up()
        (postmaster,) = install.pids("postgres", "-D")

        os.kill(postmaster, signal.SIGKILL)

        assert eventually(lambda: set(install.pids("postgres", "-D")) - {postmaster} != set())
        assert eventually(
            lambda: install.health() == (200, {"status": "ok", "database": "ok", "workers": 2})
        )
        assert query(install, "SELECT 1") == 1

    def test_starts_again_after_everything_was_killed(self, install: Install) -> None:
        up = install.up()

        for pid in [up.pid, *install.pids("hirocrm.cli"), *install.pids("postgres", "-D")]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        reap(up)
        install.up()

        assert install.health()[0] == 200

    def test_leaves_nothing_behind_when_it_alone_is_killed(self, install: Install) -> None:
        up = install.up()

        up.kill()
        reap(up)

        assert eventually(lambda: install.pids() == [], seconds=15)
        install.up()
        assert install.health()[0] == 200

    def test_makes_everything_on_a_first_start(self, install: Install) -> None:
        fresh = install.data_dir / "fresh"
        install.up(HIROCRM_DATA_DIR=str(fresh))

        assert install.health()[0] == 200
        assert (fresh / "secret_key").stat().st_mode & 0o777 == 0o600


class TestCommandsBesideUp:
    def test_makes_users_and_tokens(self, install: Install) -> None:
        install.up()
        owner = ["--email", "Ana@Example.com", "--password", "sari-sari-2024"]

        made = install.run("createuser", *owner, "--organization", "Ana's Shop")
        again = install.run("createuser", *owner, "--organization", "Ana's Shop")
        token = install.run("token", "--email", "ana@example.com")

        assert (made.returncode, made.stdout) == (
            0,
            "ana@example.com can sign in and owns Ana's Shop.\n",
        )
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr == "hirocrm: A user with the address ana@example.com exists already.\n"
        assert (token.returncode, token.stderr) == (0, "")
        assert token.stdout.startswith("hiro_")
        assert len(token.stdout.splitlines()) == 1
        assert query(install, "SELECT count(*) FROM organizations_organization") == 1


class TestCommandsAlone:
    def test_start_the_database_for_the_moment(self, install: Install) -> None:
        made = install.run(
            "createuser",
            "--email",
            "b@example.com",
            "--password",
            "sari-sari-2024",
            "--organization",
            "B",
        )
        token = install.run("token", "--email", "b@example.com")
        stranger = install.run("token", "--email", "nobody@example.com")

        assert (made.returncode, token.returncode, stranger.returncode) == (0, 0, 1)
        assert stranger.stderr == (
            "hirocrm: There is no user with the address nobody@example.com; `hirocrm createuser` makes one.\n"
        )
        assert install.pids() == []

    def test_refuse_a_weak_password_with_a_sentence(self, install: Install) -> None:
        refused = install.run(
            "createuser", "--email", "c@example.com", "--password", "short", "--organization", "C"
        )

        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert "8 characters" in refused.stderr

    def test_migrate_says_what_it_did(self, install: Install) -> None:
        done = install.run("migrate")

        assert (done.returncode, done.stdout) == (0, "Nothing to migrate.\n")

    def test_manage_runs_djangos_commands(self, install: Install) -> None:
        done = install.run("manage", "makemigrations", "--check", "--dry-run", "organizations")

        assert (done.returncode, done.stdout) == (0, "No changes detected in app 'organizations'\n")


class TestRefusals:
    @pytest.mark.parametrize(
        ("environment", "sentence"),
        [
            (
                {"DATABASE_URL": "postgresql://me:s3cret@127.0.0.1:1/none"},
                "The database at DATABASE_URL can't be used",
            ),
            ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: must look like postgresql://"),
            ({"HIROCRM_DATA_DIR": "/dev/null/x"}, "HIROCRM_DATA_DIR"),
            ({"HIROCRM_ANALYZER": "oracle"}, "HIROCRM_ANALYZER: must be one of"),
        ],
    )
    def test_are_one_sentence_and_exit_code_1(
        self, install: Install, environment: dict[str, str], sentence: str
    ) -> None:
        refused = install.run("up", "--port", str(install.port), **environment)

        assert refused.returncode == 1
        assert refused.stderr.startswith("hirocrm: ")
        assert sentence in refused.stderr
        assert "s3cret" not in refused.stderr
        assert refused.stderr.count("\n") == 1

    def test_wrong_usage_is_exit_code_2(self, install: Install) -> None:
        assert install.run("up", "--port", "x").returncode == 2
        assert install.run("nonsense").returncode == 2
        assert install.run("createuser").returncode == 2

    def test_a_port_taken_by_someone_else(self, install: Install) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", install.port))
            other.listen()

            refused = install.run("web", "--port", str(install.port))

        assert refused.returncode == 1
        assert "is taken by another program" in refused.stderr
