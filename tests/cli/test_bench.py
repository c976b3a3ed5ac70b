"""`hirocrm bench` measures an install of its own."""

import json
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE_SECONDS, Install

pytestmark = pytest.mark.slow


class TestBench:
    def test_measures_a_sync_and_leaves_nothing_behind(self, install: Install) -> None:
        before = set(Path(tempfile.gettempdir()).glob("hirocrm-bench-*"))
        own = sorted(install.data_dir.iterdir())

        command = ["bench", "--conversations", "20", "--model-ms", "20", "--json"]
        done = install.run(*command, patience=4 * PATIENCE_SECONDS)

        assert (done.returncode, done.stderr) == (0, "")
        figures = json.loads(done.stdout)
        assert figures["conversations"] == 20
        assert figures["contactsPerSecond"] == pytest.approx(20 / figures["seconds"], rel=0.05)
        assert figures["limitedBy"] == "analyses in flight"
        assert set(figures["cpuMillisecondsPerContact"]) == {"worker", "database", "web"}
        assert set(Path(tempfile.gettempdir()).glob("hirocrm-bench-*")) == before
        assert sorted(install.data_dir.iterdir()) == own

    def test_refuses_too_few_conversations(self, install: Install) -> None:
        done = install.run("bench", "--conversations", "3")

        assert done.returncode == 2
        assert "greater than or equal to 20" in done.stderr
