"""`hirocrm doctor` on installs with something missing."""

import json
from importlib.metadata import version

import pytest

from tests.cli.conftest import Install

pytestmark = pytest.mark.slow


class TestDoctor:
    def test_says_what_is_missing_and_what_to_do(self, install: Install) -> None:
        done = install.run("doctor", "--json", FACEBOOK_GRAPH_URL="http://127.0.0.1:1")

        report = json.loads(done.stdout)
        found = {check["name"]: check for check in report["checks"]}
        assert (done.returncode, report["ok"]) == (0, True)
        assert found["migrations"]["status"] == "ok"
        assert found["worker"]["advice"] == "Start `hirocrm up` or `hirocrm worker`."
        assert found["pages"]["detail"] == "No Page is connected."
        assert found["graph"]["status"] == "warn"

    def test_fails_without_a_database(self, bare_install: Install) -> None:
        done = bare_install.run("doctor", DATABASE_URL="postgresql://me:s3cret@127.0.0.1:1/none")

        assert done.returncode == 1
        assert done.stdout.splitlines()[-1].startswith(
            "fail database    The database at DATABASE_URL"
        )
        assert "s3cret" not in done.stdout + done.stderr

    def test_says_what_a_new_install_lacks_before_its_first_start(
        self, bare_install: Install
    ) -> None:
        done = bare_install.run("doctor", "--json")

        report = json.loads(done.stdout)
        found = {check["name"]: check for check in report["checks"]}
        assert done.returncode == 1
        assert set(found) == {"settings", "disk", "database", "migrations"}
        assert found["disk"]["status"] == "ok"
        assert found["migrations"]["advice"] == "Run `hirocrm migrate`."


class TestEval:
    def test_refuses_an_analyzer_it_does_not_know(self, bare_install: Install) -> None:
        done = bare_install.run("eval", "none.jsonl", "--analyzer", "bogus")

        assert done.returncode == 2
        assert "There is no analyzer “bogus”" in done.stderr


class TestVersion:
    def test_is_that_of_the_package(self, bare_install: Install) -> None:
        done = bare_install.run("--version")

        assert (done.returncode, done.stdout) == (0, f"hirocrm {version('hirocrm')}\n")


class TestAside:
    def test_lists_what_belongs_to_nobody(self, install: Install) -> None:
        listed = install.run("aside", "--json")
        missing = install.run("aside", "--drop", "00000000-0000-0000-0000-000000000001")

        assert json.loads(listed.stdout) == {"total": 0, "entries": []}
        assert missing.returncode == 1
        assert missing.stderr == "hirocrm: There is no such entry without an organization.\n"
