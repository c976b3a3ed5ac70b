import os
import subprocess
import sys
import time

import pytest

from hirocrm.sandbox.client import ControlError
from hirocrm.sandbox.server import SandboxFailed, SandboxServer
from tests.sandbox.conftest import Caller


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestProcess:
    def test_leaves_nothing_behind(self):
        with SandboxServer("--synthetic", "3") as sandbox:
            pid = sandbox.pid
            assert is_alive(pid)

        assert not is_alive(pid)

    def test_dies_with_whoever_started_it(self):
        code = (
            "import os, sys\nfrom hirocrm.sandbox.server import SandboxServer\n"
            "print(SandboxServer().start().pid, flush=True)\nos.kill(os.getpid(), 9)"
        )
        starter = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # fmt: skip
        pid, until = int(starter.stdout), time.monotonic() + 5

        while is_alive(pid) and time.monotonic() < until:
            time.sleep(0.02)

        assert not is_alive(pid)

    def test_says_why_it_could_not_start(self):
        with SandboxServer() as first, pytest.raises(SandboxFailed, match="can't start"):
            SandboxServer(port=first.port).start()

    def test_takes_its_settings_from_the_command_line(self):
        with SandboxServer(
            "--page-id", "42", "--page-name", "Mine", "--page-token", "T", "--synthetic", "5",
            "--gemini-key", "k", "--rpm", "9", "--app-secret", "s3", "--graph-ms", "1",
        ) as sandbox:  # fmt: skip
            assert (sandbox.page.id, sandbox.page.name, sandbox.page.access_token) == (
                "42",
                "Mine",
                "T",
            )
            assert sandbox.app_secret == "s3"
            assert sandbox.control.state()["latency_ms"]["graph"] == 1.0
            listed = Caller(sandbox.graph_url, "T").get("/v25.0/42/conversations")
            assert len(listed.json["data"]) == 5


class TestControl:
    def test_says_what_it_cannot_do(self, sandbox):
        with pytest.raises(ControlError, match="No such control"):
            sandbox.control.ask("GET", "nonsense")
        with pytest.raises(ControlError, match="nonsense"):
            sandbox.graph.settings(nonsense=1)
        with pytest.raises(ControlError, match="KeyError"):
            sandbox.control.latency(nonsense=1)

    def test_refuses_chunked_requests(self, sandbox):
        caller = Caller(sandbox.graph_url)

        answer = caller.ask("POST", "/x", b"", {"transfer-encoding": "chunked"})

        assert answer.status == 411
