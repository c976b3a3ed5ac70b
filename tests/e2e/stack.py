"""HiroCRM's real processes over a database of their own and a sandbox, for tests to use and to kill."""

import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from hirocrm.cli.supervisor import answers_well
from hirocrm.config.embedded_postgres.layout import Layout
from hirocrm.config.embedded_postgres.server import _url
from hirocrm.sandbox.server import SandboxServer
from tests.e2e.crm import Crm, eventually
from tests.e2e.databases import (
    HIROCRM,
    create_database,
    drop_database,
    environment,
    run_command,
    template,
)
from tests.log_guard import guard
from tests.postgres import copy_install

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
        self.log = guard.watch(log)
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

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM and wait; its exit code."""
        if self.is_running:
            self.ask_to_stop()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


def settings_for(
    sandbox: SandboxServer, folder: Path, keys: tuple[str, ...], env: dict[str, str]
) -> dict[str, str]:
    """The environment of a HiroCRM that knows no Meta and no Gemini but the sandbox."""
    named = {
        "GOOGLE_AI_API_KEY" + (f"_{number}" if number > 1 else ""): key
        for number, key in enumerate(keys, start=1)
    }
    return environment(
        **{
            "HIROCRM_DATA_DIR": str(folder / "data"),
            "HIROCRM_LOG_LEVEL": "debug",  # all that a log may ever hold: tests.log_guard reads it
            "FACEBOOK_GRAPH_URL": sandbox.graph_url,
            "FACEBOOK_APP_ID": sandbox.app_id,
            "FACEBOOK_APP_SECRET": sandbox.app_secret,
            "GOOGLE_AI_BASE_URL": sandbox.gemini_url,
            **NO_QUOTA,
            **named,
            **env,
        }
    )


def instagram_settings(sandbox: SandboxServer) -> dict[str, str]:
    """The Instagram product of the sandbox's app, at its own host."""
    hosts = ("INSTAGRAM_GRAPH_URL", "INSTAGRAM_LOGIN_URL", "INSTAGRAM_TOKEN_URL")
    app = {
        "INSTAGRAM_APP_ID": sandbox.instagram_app_id,
        "INSTAGRAM_APP_SECRET": sandbox.instagram_app_secret,
    }
    return {**dict.fromkeys(hosts, sandbox.instagram_url), **app}


class Stack:
    """A sandbox, a database, a web server and workers; the owner's `crm` and a `stranger`."""

    def __init__(
        self, folder: Path, *, keys: tuple[str, ...] = (GEMINI_KEY,), workers: int = 1, **env: str
    ) -> None:
        self.folder = folder
        self.sandbox = SandboxServer().start()
        self.database = create_database()
        settings = settings_for(self.sandbox, folder, keys, env)
        self.env = {**settings, "DATABASE_URL": self.database}
        self.port = free_port()
        self.web = Command("web", "--port", str(self.port), env=self.env, log=folder / "web.log")
        self.workers = [self.start_worker() for _ in range(workers)]
        url = f"http://127.0.0.1:{self.port}"
        self.crm = Crm(url, template().token)
        self.stranger = Crm(url, template().stranger_token)

    def start_worker(self) -> Command:
        return Command("worker", env=self.env, log=self.folder / "worker.log")

    def __enter__(self) -> Self:
        wait_until_ready(self.web, self.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.crm.close()
        self.stranger.close()
        commands = [*self.workers, self.web]
        for command in commands:
            command.ask_to_stop()
        for command in commands:
            command.stop()
        self.sandbox.stop()
        drop_database(self.database)


class UpStack:
    """A sandbox and one `hirocrm up` with the database that it brings along."""

    def __init__(self, folder: Path, *, instagram: bool = False, **env: str) -> None:
        self.folder = folder
        self.sandbox = SandboxServer().start()
        self.env = settings_for(self.sandbox, folder, (GEMINI_KEY,), env)
        if instagram:
            self.env |= instagram_settings(self.sandbox)
        self.env.pop("DATABASE_URL", None)
        self.port = free_port()
        (folder / "data").mkdir()
        copy_install(folder / "data")
        guard.watch(folder / "data" / "postgres.log")
        self.start()
        who = ("--email", "owner@example.com")
        account = ("--password", "correct-horse-battery", "--organization", "Shop")
        run_command("createuser", *who, *account, env=self.env)
        token = run_command("token", *who, env=self.env)
        self.crm = Crm(f"http://127.0.0.1:{self.port}", token)

    @property
    def _layout(self) -> Layout:
        return Layout(self.folder / "data")

    @property
    def database(self) -> str:
        """The address of the embedded database."""
        return _url(self._layout.socket_dir)

    def database_pid(self) -> int:
        return int((self._layout.cluster / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        # One worker on every machine: tests count what it repeats.
        arguments = ("up", "--port", str(self.port), "--workers", "1")
        self.command = Command(*arguments, env=self.env, log=self.folder / "up.log")
        wait_until_ready(self.command, self.port)

    def kill(self) -> None:
        """SIGKILL for `up` alone; what it started has to notice by itself."""
        self.command.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.crm.close()
        self.command.stop()
        self.sandbox.stop()


def wait_until_ready(command: Command, port: int) -> None:
    def look() -> bool:
        assert command.is_running, command.tail()
        return answers_well("127.0.0.1", port)

    eventually(look, "the web server is ready")
