"""A throw-away HiroCRM to measure: its processes, its API, and what the kernel says of them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hirocrm.cli.refusals import CommandFailed
from hirocrm.sandbox.server import SandboxServer

HIROCRM = [sys.executable, "-m", "hirocrm.cli"]
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 120


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Install:
    """A fresh HiroCRM on its own embedded database, fed by a sandbox; gone when the block ends."""

    sandbox: SandboxServer
    settings: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    keep: Path | None = None  # a data directory that outlives the block, and may be there already

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="hirocrm-bench-")
        is_new = self.keep is None or not self.keep.exists()
        self.port = free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("GOOGLE_AI")},
            "HIROCRM_DATA_DIR": str(self.folder),
            "FACEBOOK_GRAPH_URL": self.sandbox.graph_url,
            "GOOGLE_AI_BASE_URL": self.sandbox.gemini_url,
            **self.settings,
        }
        self.environment.pop("DATABASE_URL", None)
        self._log = Path(self._folder.name, "up.log").open("wb")
        self._up = subprocess.Popen(
            [*HIROCRM, "up", "--port", str(self.port), "--workers", str(self.workers)],
            env=self.environment, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.wait_until_ready()
        if is_new:
            self._create_user()
        self.token = self.run("token", "--email", "b@example.com").strip()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._up.send_signal(signal.SIGTERM)
        try:
            self._up.wait(30)
        except subprocess.TimeoutExpired:
            self._up.kill()
        self._log.close()
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """The data directory."""
        return self.keep or Path(self._folder.name)

    def _create_user(self) -> None:
        password = "bench-" + os.urandom(6).hex()
        self.run(
            "createuser", "--email", "b@example.com", "--password", password, "--organization", "B"
        )

    def run(self, *arguments: str) -> str:
        """The output of one `hirocrm` command on this install."""
        done = subprocess.run(
            [*HIROCRM, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(f"hirocrm {arguments[0]} failed: {done.stderr or done.stdout}")
        return done.stdout

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One call of the JSON API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def connect(self, page: Any, *, pipeline: bool = True) -> str:
        """Connect a sandbox Page (and set its target pipeline); returns its id."""
        made = self.api(
            "POST", "/facebook-pages",
            {"pageId": page.id, "pageName": page.name, "pageAccessToken": page.access_token, "verify": False},
        )  # fmt: skip
        if pipeline:
            first = self.api("GET", "/pipelines")["items"][0]["id"]
            self.api("PATCH", f"/facebook/pages/{page.id}", {"autoPipelineId": first})
        return str(made["id"])

    def sync(self, page_id: str, *, full: bool = False) -> dict[str, Any]:
        """Sync a Page to the end; returns the run."""
        started = self.api("POST", f"/facebook-pages/{page_id}/sync", {"full": full})
        while True:
            run: dict[str, Any] = self.api("GET", f"/sync-runs/{started['runId']}")
            if run["finishedAt"]:
                return run
            time.sleep(0.5)

    def processes(self) -> dict[str, list[int]]:
        """The ids of this install's processes by what they do."""
        found: dict[str, list[int]] = {
            "up": [self._up.pid],
            "web": [],
            "worker": [],
            "postgres": [],
        }
        for pid in descendants(self._up.pid):
            line = command_line(pid)
            kind = next(
                (name for name in ("postgres", "worker", "web") if re.search(rf"\b{name}\b", line)),
                None,
            )
            if kind:
                found[kind].append(pid)
        return found

    def wait_until_ready(self) -> None:
        """Return when the web server answers well."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._up.poll() is not None:
                raise CommandFailed(Path(self._folder.name, "up.log").read_text())
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise CommandFailed("The install to measure did not get ready.")


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, however deep."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(Path(entry, "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, wave = [], [pid]
    while wave:
        wave = [child for parent in wave for child in children.get(parent, [])]
        found += wave
    return found


def command_line(pid: int) -> str:
    """The process's command line, spaces between the words."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        return ""


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of the processes and of those of their children that have ended."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(value) for value in fields[11:15])
    return total / TICKS


def peak_megabytes(pids: list[int]) -> float:
    """The largest peak of resident memory among the processes."""
    peaks = [0.0]
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        peaks.append(int(match[1]) / 1024 if match else 0.0)
    return max(peaks)
