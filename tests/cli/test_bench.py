"""`hirocrm bench` measures an install of its own."""

import json
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE_SECONDS, Install

pytestmark = pytest.mark.slow


class TestBench:
    def test_measures_a_sync_and_leaves_nothing_behind(self, bare_install: Install) -> None:
        own = bare_install.data_dir / "own"
        own.mkdir()
        command = ["bench", "--conversations", "20", "--model-ms", "20", "--json"]

        with tempfile.TemporaryDirectory(prefix="hirocrm-cli-") as empty:
            done = bare_install.run(
                *command, patience=4 * PATIENCE_SECONDS, TMPDIR=empty, HIROCRM_DATA_DIR=str(own)
            )
            left = list(Path(empty).iterdir())

        assert (done.returncode, done.stderr) == (0, "")
        figures = json.loads(done.stdout)
        assert figures["conversations"] == 20
        assert figures["contactsPerSecond"] == pytest.approx(20 / figures["seconds"], rel=0.05)
        assert figures["limitedBy"] == "analyses in flight"
        assert set(figures["cpuMillisecondsPerContact"]) == {"worker", "database", "web"}
        assert left == []
        assert list(own.iterdir()) == []

    def test_refuses_too_few_conversations(self, bare_install: Install) -> None:
        done = bare_install.run("bench", "--conversations", "3")

        assert done.returncode == 2
        assert "greater than or equal to 20" in done.stderr
