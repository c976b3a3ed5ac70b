"""Whether an address is free to serve on."""

import errno
import socket
import time

from hirocrm.cli.refusals import CommandFailed

_LOOK_EVERY_SECONDS = 0.1


def require_free_port(host: str, port: int, *, patience_seconds: float = 0) -> None:
    """Refuse an address that is taken.

    Args:
        host: name or address.
        port: TCP port.
        patience_seconds: how long a killed predecessor may take to let go of it.

    Raises:
        CommandFailed: it is taken, forbidden, or not an address of this machine.
    """
    deadline = time.monotonic() + patience_seconds
    while (refusal := _try_bind(host, port)) is not None:
        if refusal.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            raise CommandFailed(_explain(refusal, host, port)) from refusal
        time.sleep(_LOOK_EVERY_SECONDS)


def _try_bind(host: str, port: int) -> OSError | None:
    """Bind without SO_REUSEPORT, which would let us in beside another server."""
    try:
        family, kind, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as exc:
        return exc
    return None


def _explain(refusal: OSError, host: str, port: int) -> str:
    if refusal.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program; "
            "stop that one, or choose another with --port."
        )
    if refusal.errno == errno.EACCES:
        return f"Port {port} needs more rights than you have; choose one above 1023 with --port."
    return f"{host} isn't an address of this machine; choose one with --host, such as 127.0.0.1."
