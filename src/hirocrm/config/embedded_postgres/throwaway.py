"""A database that nobody will miss, for tests and benchmarks."""

from pathlib import Path

from hirocrm.config.embedded_postgres.server import RunningPostgres, ensure_running


def start_throwaway(folder: Path) -> RunningPostgres:
    """A server without fsync whose data lies under `folder`; stop it, then remove the folder."""
    return ensure_running(folder, durable=False)
