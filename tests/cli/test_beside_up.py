"""One `hirocrm up`, what is done beside it, and what is done to its parts."""

import os
import signal
from collections.abc import Iterator

import psycopg
import pytest

from hirocrm.config.embedded_postgres import connection_settings
from tests.cli.conftest import Install, eventually, migrated_install

pytestmark = pytest.mark.slow
WELL = (200, {"status": "ok", "database": "ok", "workers": 2})


def query(install: Install, question: str) -> object:
    place = connection_settings(install.data_dir)
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=place["NAME"]
    ) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[call-overload]  # a test's own text
    return row and row[0]


@pytest.fixture(scope="module")
def shared() -> Iterator[Install]:
    """A `hirocrm up` for all tests that leave it as well as they found it."""
    with migrated_install() as install:
        install.up()
        yield install


@pytest.fixture
def running(shared: Install) -> Install:
    """That `hirocrm up`, once all its parts work; a killed worker is counted for a few seconds more."""
    assert eventually(lambda: shared.health()[1].get("workers", 0) >= 2)
    return shared


class TestWhileItRuns:
    def test_refuses_a_second_start_and_a_taken_port(self, running: Install) -> None:
        (up,) = running.started

        second = running.run("up")
        elsewhere = running.run(
            "up", "--port", str(running.port), HIROCRM_DATA_DIR=str(running.data_dir / "new")
        )

        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr == (
            f"hirocrm: Another `hirocrm up` (pid {up.pid}) holds the data directory {running.data_dir}; "
            "stop it first, or set HIROCRM_DATA_DIR to another folder.\n"
        )
        assert elsewhere.returncode == 1
        assert elsewhere.stderr == (
            f"hirocrm: Port {running.port} on 127.0.0.1 is taken by another program; "
            "stop that one, or choose another with --port.\n"
        )
        assert not (running.data_dir / "new" / "postgres").exists()
        assert running.health()[0] == 200

    def test_survives_the_kill_of_its_parts(self, running: Install) -> None:
        for words in (("hirocrm.cli", " worker "), ("hirocrm.cli", " web ")):
            (victim,) = [p for p in running.pids(*words) if os.getpgid(p) == p]
            os.kill(victim, signal.SIGKILL)
            assert eventually(lambda w=words, v=victim: set(running.pids(*w)) - {v} != set())  # type: ignore[misc]
            assert eventually(lambda: running.health()[0] == 200)

    def test_survives_the_kill_of_its_database(self, running: Install) -> None:
        (postmaster,) = running.pids("postgres", "-D")

        os.kill(postmaster, signal.SIGKILL)

        assert eventually(lambda: set(running.pids("postgres", "-D")) - {postmaster} != set())
        assert eventually(lambda: running.health() == WELL)
        assert query(running, "SELECT 1") == 1

    def test_makes_users_and_tokens(self, running: Install) -> None:
        owner = ["--email", "Ana@Example.com", "--password", "sari-sari-2024"]

        made = running.run("createuser", *owner, "--organization", "Ana's Shop")
        again = running.run("createuser", *owner, "--organization", "Ana's Shop")
        token = running.run("token", "--email", "ana@example.com")

        assert (made.returncode, made.stdout) == (
            0,
            "ana@example.com can sign in and owns Ana's Shop.\n",
        )
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr == "hirocrm: A user with the address ana@example.com exists already.\n"
        assert (token.returncode, token.stderr) == (0, "")
        assert token.stdout.startswith("hiro_")
        assert len(token.stdout.splitlines()) == 1
        assert query(running, "SELECT count(*) FROM organizations_organization") == 1
