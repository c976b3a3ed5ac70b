"""HiroCRM's real processes over a database of their own and a sandbox, for tests to use and to kill."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from hirocrm.cli.supervisor import answers_well
from hirocrm.sandbox.server import SandboxServer
from tests.e2e.crm import Crm, eventually
from tests.e2e.databases import HIROCRM, create_database, drop_database, environment, template

GEMINI_KEY = "AIzaSandboxEndToEnd000001"
STOP_SECONDS = 15
# No limit of our own: a test that wants quotas says so.
NO_QUOTA = {"GOOGLE_AI_RPM": "0", "GOOGLE_AI_TPM": "0", "GOOGLE_AI_RPD": "0"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Command:
    """A running `hirocrm` command with its output in a file."""

    def __init__(self, *arguments: str, env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [HIROCRM, *arguments],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: it can save nothing."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM and wait; its exit code."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


class Stack:
    """A sandbox, a database, a web server and a worker; the owner's `crm` and a `stranger`."""

    def __init__(
        self, folder: Path, *, keys: tuple[str, ...] = (GEMINI_KEY,), workers: int = 1, **env: str
    ) -> None:
        self.folder = folder
        self.sandbox = SandboxServer().start()
        self.database = create_database()
        named = {
            "GOOGLE_AI_API_KEY" + (f"_{number}" if number > 1 else ""): key
            for number, key in enumerate(keys, start=1)
        }
        self.env = environment(
            **{
                "DATABASE_URL": self.database,
                "HIROCRM_DATA_DIR": str(folder / "data"),
                "FACEBOOK_GRAPH_URL": self.sandbox.graph_url,
                "FACEBOOK_APP_ID": self.sandbox.app_id,
                "FACEBOOK_APP_SECRET": self.sandbox.app_secret,
                "GOOGLE_AI_BASE_URL": self.sandbox.gemini_url,
                **NO_QUOTA,
                **named,
                **env,
            }
        )
        self.port = free_port()
        self.web = Command("web", "--port", str(self.port), env=self.env, log=folder / "web.log")
        self.workers = [self.start_worker() for _ in range(workers)]
        url = f"http://127.0.0.1:{self.port}"
        self.crm = Crm(url, template().token)
        self.stranger = Crm(url, template().stranger_token)

    def start_worker(self) -> Command:
        return Command("worker", env=self.env, log=self.folder / "worker.log")

    def __enter__(self) -> Self:
        eventually(self._is_ready, "the web server is ready")
        return self

    def _is_ready(self) -> bool:
        assert self.web.is_running, self.web.tail()
        return answers_well("127.0.0.1", self.port)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.crm.close()
        self.stranger.close()
        for command in [*self.workers, self.web]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(command.pid, signal.SIGTERM) if command.is_running else None
        for command in [*self.workers, self.web]:
            command.stop()
        self.sandbox.stop()
        drop_database(self.database)
