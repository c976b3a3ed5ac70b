"""`hirocrm up` as a person or a service manager meets it."""

import os
import signal
import socket
import time

import pytest

from tests.cli.conftest import Install, eventually

pytestmark = pytest.mark.slow


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

    def test_starts_again_after_everything_was_killed(self, install: Install) -> None:
        up = install.up()

        for pid in [up.pid, *install.pids("hirocrm.cli"), *install.pids("postgres", "-D")]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        up.wait(30)
        install.up()

        assert install.health()[0] == 200

    def test_leaves_nothing_behind_when_it_alone_is_killed(self, install: Install) -> None:
        up = install.up()

        up.kill()
        up.wait(30)

        assert eventually(lambda: install.pids() == [], seconds=15)
        install.up()
        assert install.health()[0] == 200

    def test_makes_everything_on_a_first_start(self, bare_install: Install) -> None:
        bare_install.up()

        assert bare_install.health()[0] == 200
        assert (bare_install.data_dir / "secret_key").stat().st_mode & 0o777 == 0o600


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
            ({"EMAIL_URL": "http://me:s3cret@mail.example"}, "EMAIL_URL: must look like smtp"),
        ],
    )
    def test_are_one_sentence_and_exit_code_1(
        self, bare_install: Install, environment: dict[str, str], sentence: str
    ) -> None:
        refused = bare_install.run("up", "--port", str(bare_install.port), **environment)

        assert refused.returncode == 1
        assert refused.stderr.startswith("hirocrm: ")
        assert sentence in refused.stderr
        assert "s3cret" not in refused.stderr
        assert refused.stderr.count("\n") == 1

    def test_wrong_usage_is_exit_code_2(self, bare_install: Install) -> None:
        assert bare_install.run("up", "--port", "x").returncode == 2
        assert bare_install.run("nonsense").returncode == 2
        assert bare_install.run("createuser").returncode == 2

    def test_a_port_taken_by_someone_else(self, bare_install: Install) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", bare_install.port))
            other.listen()

            refused = bare_install.run("web", "--port", str(bare_install.port))

        assert refused.returncode == 1
        assert "is taken by another program" in refused.stderr
