"""`hirocrm web`: the web server alone."""

import gc
import os
import threading
import warnings
from functools import partial
from typing import Annotated, Any

import typer

_BACKPRESSURE = 512  # requests in flight in one process, open event streams included
_REPAIR_TRIES, _REPAIR_RETRY_SECONDS = 30, 2
_STOP_SECONDS = 3  # for requests in flight; open event streams never end by themselves


def web(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, help="Web processes.")] = 1,
    parent: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Serve pages, API and webhooks (`hirocrm up` does this too)."""
    from hirocrm.cli.connection import database
    from hirocrm.cli.lifeline import end_with_parent
    from hirocrm.cli.ports import require_free_port

    if parent:
        end_with_parent(parent)
    require_free_port(host, port, patience_seconds=2 if parent else 0)
    with database():
        serve(host=host, port=port, workers=workers)


def serve(*, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; a dead web process is replaced."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    server = Server(
        "hirocrm.config.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,  # Django knows no lifespan
        workers=workers,
        websockets=False,
        backpressure=_BACKPRESSURE,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=_STOP_SECONDS,
    )
    server.serve(target_loader=partial(_load_application, os.getpid()), wrap_loader=False)


def _load_application(parent: int) -> Any:
    """Import the application in a web process, which ends with the server that started it."""
    from hirocrm.cli.lifeline import end_with_parent

    end_with_parent(parent)
    # WhiteNoise's files are read whole before they are sent, which for assets is right; people needn't read of it.
    warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
    from hirocrm.config.asgi import application

    # What is loaded by now stays: looking through it for garbage would hold up a request for 100 ms at times.
    gc.collect()
    gc.freeze()
    threading.Thread(target=_ask_for_repair, name="repair", daemon=True).start()
    return application


def _ask_for_repair() -> None:
    """Have a worker look for what webhooks missed while no web process listened; the database may start just now."""
    import time

    from django.db import DatabaseError, connection
    from procrastinate.exceptions import ConnectorException
    from psycopg_pool import PoolTimeout

    from hirocrm.sync.webhooks.gaps import ask_for_repair

    for _ in range(_REPAIR_TRIES):
        try:
            ask_for_repair()
        except (DatabaseError, ConnectorException, PoolTimeout):  # away, or not migrated yet
            time.sleep(_REPAIR_RETRY_SECONDS)
        else:
            break
        finally:
            connection.close()
