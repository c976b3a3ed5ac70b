"""`hirocrm up`: everything in one command."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hirocrm.cli.children import Child
    from hirocrm.config.env import Env

_LEFTOVER_SECONDS = 10.0  # what a killed predecessor's web server may take to end
_PATIENCE_SECONDS = 1.0


def default_workers() -> int:
    """Worker processes unless told otherwise: a sync's own CPU fills one core, so two are used where there are two."""
    return min(2, os.cpu_count() or 1)


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    workers_web: Annotated[int, typer.Option(min=1, help="Web processes.")] = 1,
    workers: Annotated[
        int, typer.Option(min=1, help="Worker processes.", show_default="one a core, at most two")
    ] = default_workers(),
) -> None:
    """Start database, web server and worker; Ctrl-C or SIGTERM stops all within 10 seconds."""
    run(port=port, host=host, workers_web=workers_web, workers=workers)


def run(
    *,
    port: int,
    host: str,
    workers_web: int,
    workers: int,
    when_ready: Sequence[str] | None = None,
) -> None:
    """Serve until asked to stop.

    Args:
        port: TCP port.
        host: address to serve on.
        workers_web: web processes.
        workers: worker processes.
        when_ready: a command to run once it serves, with the same settings.

    Raises:
        CommandFailed, SettingsError, HiroError: it can't start, with a sentence.
    """
    from hirocrm.cli.ports import require_free_port
    from hirocrm.cli.signals import signal_inbox
    from hirocrm.cli.supervisor import Supervisor, say
    from hirocrm.config import env as environment

    env = environment.load()
    _check(env)
    with _claim(env) as unclean:
        patience = _LEFTOVER_SECONDS if unclean else _PATIENCE_SECONDS
        require_free_port(host, port, patience_seconds=patience)
        settings = child_environment(env, host=host, port=port)
        children = _children(port, host, workers_web, workers, settings)
        data_dir = env.data_dir if env.database_url is None else None
        supervisor = Supervisor(host, port, children, data_dir)
        with signal_inbox() as inbox:
            try:
                supervisor.start_database()
                if supervisor.run_until_ready(inbox):
                    say(f"HiroCRM is ready at {settings['HIROCRM_BASE_URL']} (Ctrl-C stops it).")
                    with _running(when_ready, settings):
                        supervisor.run_until_stopped(inbox)
            finally:
                supervisor.stop(inbox)


def _check(env: "Env") -> None:
    """Refuse now what every child process would refuse in turn."""
    if env.database_url is not None:
        from hirocrm.config.database import parse_database_url
        from hirocrm.config.embedded_postgres import check_server

        url = env.database_url.get_secret_value()
        parse_database_url(url)
        check_server(url)
    if env.hirocrm_secret_key is not None:
        _ = env.secret_keys


def child_environment(env: "Env", *, host: str, port: int) -> dict[str, str]:
    """This process's environment; the public address follows --port unless it was set."""
    from hirocrm.cli.supervisor import reachable

    inherited = dict(os.environ)  # noqa: TID251 - handed on as it is
    if "hirocrm_base_url" not in env.model_fields_set:
        name = reachable(host)
        inherited["HIROCRM_BASE_URL"] = f"http://{f'[{name}]' if ':' in name else name}:{port}"
    inherited.setdefault("HIROCRM_BASE_URL", str(env.hirocrm_base_url).rstrip("/"))
    return inherited


@contextmanager
def _claim(env: "Env") -> Iterator[bool]:
    """Hold the data directory, if this install has one; yields whether its last holder was killed."""
    if env.database_url is not None:
        yield False
        return
    from hirocrm.config.embedded_postgres import hold_data_directory

    with hold_data_directory(env.data_dir) as lock:
        yield lock.previous_holder is not None


@contextmanager
def _running(command: Sequence[str] | None, settings: dict[str, str]) -> Iterator[None]:
    """Run a command meanwhile; what is left of it then is ended."""
    if command is None:
        yield
        return
    process = subprocess.Popen(command, env=settings)  # noqa: S603
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _children(
    port: int, host: str, workers_web: int, workers: int, settings: dict[str, str]
) -> "list[Child]":
    from hirocrm.cli.children import Child

    web = ("web", "--port", str(port), "--host", host, "--workers", str(workers_web))
    return [
        Child("worker", ("worker", "--migrate"), settings),  # while the web server loads its code
        Child("web server", web, settings),
        *(Child("worker", ("worker",), settings, waits=True) for _ in range(workers - 1)),
    ]
