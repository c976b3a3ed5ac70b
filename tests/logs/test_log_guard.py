"""The reader of all log lines finds what it looks for, and hears every process."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hirocrm.sandbox.graph.tokens import APP_SECRET
from tests.log_guard import Listener, LogGuard, guard, product_formatter
from tests.log_words import known_words, recognisable

ROOT = Path(__file__).resolve().parents[2]
PLANTED = Path(__file__).with_name("planted_leaks.py")

# Their processes have no log of HiroCRM's: a stand-in Meta, a PostgreSQL, a piece of code that prints one number.
WITHOUT_LOGS = {
    "tests/analysis/providers/test_pricing.py",
    "tests/config/test_embedded_postgres.py",
    "tests/config/test_postgres_launcher.py",
    "tests/logs/test_log_guard.py",
    "tests/postgres.py",
    "tests/sandbox/test_server.py",
    "tests/sync/sources/archive/test_memory.py",
}


@pytest.fixture
def own_guard():
    return LogGuard()


@pytest.fixture
def logger(own_guard):
    """A logger that nobody hears but a guard of this test's own."""
    logger = logging.Logger("planted")  # noqa: LOG001  # it has no parent that would hear it too
    logger.addHandler(Listener(own_guard, product_formatter()))
    return logger


class TestLeaks:
    @pytest.mark.parametrize(
        "planted",
        [
            "EAAB0123456789",
            "IGAA0123456789",
            "AIzaSyA-0123456789",
            "hiro_0123456789",
            f"the secret is {APP_SECRET}",
            "he said 'Hi po inquire po ng catering 150 pax binyag'",
        ],
    )
    def test_are_found_in_a_line(self, own_guard, logger, planted):
        logger.warning("all is well")
        logger.warning(planted)

        (leak,) = own_guard.leaks()
        assert planted in leak
        assert own_guard.leaks() == []

    def test_are_found_in_a_traceback(self, own_guard, logger):
        try:
            int("EAAB0123456789")
        except ValueError:
            logger.exception("it failed")

        assert "EAAB0123456789" in "".join(own_guard.leaks())

    def test_are_found_in_a_file_that_grows(self, own_guard, tmp_path):
        file = own_guard.watch(tmp_path / "web.log")
        file.write_text("event='started'\n")
        assert own_guard.leaks() == []

        with file.open("a") as log:
            log.write("event='leaked' token='EAAB0123456789'\n")

        assert own_guard.leaks() == ["event='leaked' token='EAAB0123456789'"]

    def test_are_not_what_the_product_hides(self, own_guard, logger):
        logger.warning("GET /me?access_token=EAAB0123456789&fields=id")
        logger.warning("Authorization: Bearer abc.def-0123456789")

        assert own_guard.leaks() == []
        assert own_guard.count == 2


class TestKnownWords:
    def test_come_from_tests_samples_and_sandbox(self):
        from_a_test, from_a_sample = "magkano po?", "Gud am boss palit battery huawei nova 3i"

        assert {from_a_test, from_a_sample, APP_SECRET} <= known_words()

    def test_survive_the_quotes_and_dates_of_a_log(self):
        said = '"Kaya po,\npick up {+2d} na lang sana" sabi niya\nok'

        assert list(recognisable(said)) == ["Kaya po,", "na lang sana", "sabi niya"]


class TestWholeRun:
    def test_fails_in_the_test_that_leaked(self):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", str(PLANTED)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

        assert done.returncode == 1
        assert "3 passed, 3 errors" in done.stdout

    def test_hears_every_process_that_a_test_starts(self):
        starts = re.compile(r"subprocess\.(run|Popen)\(|create_subprocess_exec\(")
        deaf = {
            str(source.relative_to(ROOT))
            for source in (ROOT / "tests").rglob("*.py")
            if starts.search(text := source.read_text()) and "guard." not in text
        }

        assert deaf - WITHOUT_LOGS == set()

    def test_listens_now(self, monkeypatch):
        heard, take = [], guard.read

        def read(text):
            heard.append(text)
            take(text)

        monkeypatch.setattr(guard, "read", read)
        logging.getLogger("hirocrm.tests").debug("planted.heard")

        assert sum("planted.heard" in text for text in heard) == 1
