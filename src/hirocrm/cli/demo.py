"""`hirocrm demo`: everything, with sample conversations and no account anywhere."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

_SANDBOX_STOP_SECONDS = 3.0


def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
) -> None:
    """Start HiroCRM with sample Pages and conversations, and print what came of them.

    Its data lies in the folder `demo` of HIROCRM_DATA_DIR; nothing leaves this machine.
    """
    from hirocrm.cli.children import command
    from hirocrm.cli.up import run

    settings = os.environ  # noqa: TID251 - settings that `up` and its processes then read
    settings["HIROCRM_DATA_DIR"] = str(_data_dir())
    settings.pop("DATABASE_URL", None)
    with _sandbox() as facts:
        settings.update(_settings_for(facts))
        run(
            port=port,
            host=host,
            workers_web=1,
            workers=1,
            when_ready=command("demo-fill", json.dumps(facts["pages"])),
        )


def _data_dir() -> Any:
    from hirocrm.config import env as environment

    folder = environment.load().data_dir / "demo"
    environment.load.cache_clear()
    return folder


def _settings_for(facts: Mapping[str, Any]) -> dict[str, str]:
    """The settings of an install whose Meta is the sandbox, and whose analyser is the local one."""
    return {
        "FACEBOOK_GRAPH_URL": facts["graph_url"],
        "FACEBOOK_LOGIN_URL": facts["graph_url"],
        "FACEBOOK_APP_ID": facts["app"]["id"],
        "FACEBOOK_APP_SECRET": facts["app"]["secret"],
        "INSTAGRAM_GRAPH_URL": facts["instagram_url"],
        "INSTAGRAM_LOGIN_URL": facts["instagram_url"],
        "INSTAGRAM_TOKEN_URL": facts["instagram_url"],
        "INSTAGRAM_APP_ID": facts["app"]["instagram_id"],
        "INSTAGRAM_APP_SECRET": facts["app"]["instagram_secret"],
        "HIROCRM_ANALYZER": "local",
        "HIROCRM_LOG_LEVEL": "warning",
    }


@contextmanager
def _sandbox() -> Iterator[dict[str, Any]]:
    """Run the stand-in for Meta's servers; it ends when its standard input closes, so with us."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hirocrm.sandbox", "--sample", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        yield json.loads(process.stdout.readline())
        process.terminate()
        try:
            process.wait(_SANDBOX_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
