"""A real `hirocrm` in a process of its own, on a data directory of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.log_guard import guard
from tests.postgres import copy_install

COMMAND = [sys.executable, "-m", "hirocrm.cli"]
PATIENCE_SECONDS = 120  # the machine may be busy with other tests


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@dataclass
class Install:
    """One data directory and the processes started on it."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        dropped = {"DATABASE_URL", "HIROCRM_TEST_DATABASE", "HIROCRM_BASE_URL"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return {**kept, "HIROCRM_DATA_DIR": str(self.data_dir), "HIROCRM_LOG_LEVEL": "warning"}

    def run(
        self, *arguments: str, patience: float = PATIENCE_SECONDS, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
        guard.read(done.stderr)
        return done

    def up(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start everything and wait until it is ready; its log is read like all logs."""
        log = guard.new_file()
        # One worker process on every machine: tests count and kill them.
        command = [*COMMAND, "up", "--port", str(self.port), "--workers", "1"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env={**self.environment, **environment}, stderr=output
            )
        self.started.append(process)

        def look() -> bool:
            assert process.poll() is None, log.read_text()
            return "HiroCRM is ready" in log.read_text()

        assert eventually(look), log.read_text()
        return process

    def health(self) -> tuple[int, dict[str, object]]:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/healthz", timeout=30
            ) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)
        except OSError:
            return 0, {}

    def pids(self, *words: str) -> list[int]:
        """The processes of this install whose command line holds all the words."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(self.data_dir) in environment + command and all(w in command for w in words):
                found.append(int(folder.name))
        return [pid for pid in found if pid != os.getpid()]

    def stop_all(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        guard.watch(self.data_dir / "postgres.log")
        guard.catch_up()


@pytest.fixture
def bare_install(tmp_path: Path) -> Iterator[Install]:
    """An install that was never started."""
    install = Install(tmp_path)
    yield install
    install.stop_all()


@pytest.fixture
def install() -> Iterator[Install]:
    """An install that stands still and has all tables."""
    with migrated_install() as install:
        yield install


@contextmanager
def migrated_install() -> Iterator[Install]:
    """An install that stands still and has all tables; stopped and gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hirocrm-cli-"))
    copy_install(folder)
    install = Install(folder)
    try:
        yield install
    finally:
        install.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
