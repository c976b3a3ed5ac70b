"""The sandbox as a process of its own, for tests, benchmarks and the demo.

    with SandboxServer("--synthetic", "300") as sandbox:
        sandbox.graph_url, sandbox.gemini_url        # for FACEBOOK_GRAPH_URL, GOOGLE_AI_BASE_URL
        sandbox.page.access_token                    # the first Page's
        sandbox.graph.rate_limits(code=32, times=2)  # stories: hirocrm.sandbox.client

It stops with the `with` block, and by itself when whoever started it dies.
"""

import contextlib
import json
import select
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from hirocrm.sandbox.client import Control, GraphStory, ModelStory

START_SECONDS = 20.0
STOP_SECONDS = 5.0


class SandboxFailed(Exception):
    """The sandbox didn't start; the sentence holds what it said."""


@dataclass(frozen=True, slots=True)
class SandboxPage:
    """A Page as the ready line tells of it."""

    id: str
    name: str
    access_token: str
    instagram_id: str
    instagram_username: str


class SandboxServer:
    """One sandbox process. `arguments` are those of `python -m hirocrm.sandbox`."""

    def __init__(self, *arguments: str, port: int = 0) -> None:
        self._arguments = ("--port", str(port), "--exit-with-stdin", *arguments)
        self._process: subprocess.Popen[str] | None = None
        self._ready: dict[str, Any] = {}

    def start(self) -> Self:
        """Start the process and wait until it serves.

        Raises:
            SandboxFailed: it ended, or said nothing in time.
        """
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "hirocrm.sandbox", *self._arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            self._ready = json.loads(self._first_line(self._process))
        except BaseException:
            self.stop()
            raise
        self.control = Control(self.graph_url)
        return self

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None  # noqa: S101  # we asked for pipes
        assert process.stderr is not None  # noqa: S101
        readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if readable else ""
        if not line:
            process.kill()
            raise SandboxFailed(process.stderr.read().strip() or "It said nothing in time.")
        return line

    def stop(self) -> None:
        """End the process and wait for it; harmless when it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(BrokenPipeError):
            assert process.stdin is not None  # noqa: S101  # we asked for pipes
            process.stdin.close()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process's id."""
        return int(self._ready["pid"])

    @property
    def port(self) -> int:
        """The port it chose."""
        return int(self._ready["port"])

    @property
    def graph_url(self) -> str:
        """For FACEBOOK_GRAPH_URL."""
        return str(self._ready["graph_url"])

    @property
    def instagram_url(self) -> str:
        """For INSTAGRAM_GRAPH_URL, INSTAGRAM_LOGIN_URL and INSTAGRAM_TOKEN_URL."""
        return str(self._ready["instagram_url"])

    @property
    def gemini_url(self) -> str:
        """For GOOGLE_AI_BASE_URL."""
        return str(self._ready["gemini_url"])

    @property
    def openai_base_url(self) -> str:
        """For OPENAI_BASE_URL."""
        return str(self._ready["openai_base_url"])

    @property
    def anthropic_url(self) -> str:
        """Anthropic's base URL, without /v1."""
        return str(self._ready["anthropic_url"])

    @property
    def user_token(self) -> str:
        """A person's token that lists all Pages."""
        return str(self._ready["user_token"])

    @property
    def app_id(self) -> str:
        """For FACEBOOK_APP_ID."""
        return str(self._ready["app"]["id"])

    @property
    def app_secret(self) -> str:
        """For FACEBOOK_APP_SECRET."""
        return str(self._ready["app"]["secret"])

    @property
    def instagram_app_id(self) -> str:
        """For INSTAGRAM_APP_ID."""
        return str(self._ready["app"]["instagram_id"])

    @property
    def instagram_app_secret(self) -> str:
        """For INSTAGRAM_APP_SECRET."""
        return str(self._ready["app"]["instagram_secret"])

    @property
    def settings(self) -> dict[str, str]:
        """The environment of an install whose Meta this is, its app included."""
        return {
            "FACEBOOK_GRAPH_URL": self.graph_url,
            "FACEBOOK_LOGIN_URL": self.graph_url,
            "FACEBOOK_APP_ID": self.app_id,
            "FACEBOOK_APP_SECRET": self.app_secret,
            "INSTAGRAM_GRAPH_URL": self.instagram_url,
            "INSTAGRAM_LOGIN_URL": self.instagram_url,
            "INSTAGRAM_TOKEN_URL": self.instagram_url,
            "INSTAGRAM_APP_ID": self.instagram_app_id,
            "INSTAGRAM_APP_SECRET": self.instagram_app_secret,
        }

    @property
    def pages(self) -> list[SandboxPage]:
        """The Pages there were at the start."""
        names = SandboxPage.__slots__
        return [SandboxPage(**{n: page[n] or "" for n in names}) for page in self._ready["pages"]]

    @property
    def page(self) -> SandboxPage:
        """The first Page."""
        return self.pages[0]

    @property
    def graph(self) -> GraphStory:
        """What happens at Meta."""
        return self.control.graph

    @property
    def gemini(self) -> ModelStory:
        """What happens at Google."""
        return self.control.gemini
