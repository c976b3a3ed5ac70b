"""What a person reads when a command fails: one sentence and a way forward."""

import errno
import os

EXIT_FAILED = 1
EXIT_USAGE = 2  # typer's own


class CommandFailed(Exception):
    """A command can't do what was asked; the sentence says why and what to do."""


def wants_traceback() -> bool:
    """Whether HIROCRM_DEBUG is set. Read here, since the settings themselves may be what fails."""
    return os.environ.get("HIROCRM_DEBUG", "").lower() in {"1", "true", "yes", "on"}  # noqa: TID251


def sentence_for(exc: Exception) -> str:
    """The failure as one sentence."""
    from hirocrm.config.env import SettingsError
    from hirocrm.core.errors import HiroError

    if isinstance(exc, HiroError):
        return exc.sentence
    if isinstance(exc, CommandFailed | SettingsError):
        return str(exc)
    if isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "The disk is full; free some space and try again."
    if type(exc).__name__ in {"OperationalError", "InterfaceError", "PoolTimeout"}:
        first_line = str(exc).strip().split("\n", 1)[0]
        return f"The database can't be reached ({first_line}); `hirocrm doctor` says more."
    return (
        f"Something went wrong ({type(exc).__name__}: {exc}); "
        "run it again with HIROCRM_DEBUG=1 to see where."
    )
