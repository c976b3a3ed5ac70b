"""A private PostgreSQL for installs without DATABASE_URL, from the binaries carried by a wheel.

One data directory holds one cluster (`postgres/`), reachable only through a Unix socket in a folder
of mode 0700. Whoever starts it owns it: holds `postgres.lock`, stops it, and takes it along when
killed. Everyone else attaches. docs/decisions/0002-embedded-postgres.md tells why.
"""

from hirocrm.config.embedded_postgres.checks import check_server
from hirocrm.config.embedded_postgres.errors import (
    ClusterVersionMismatch,
    DatabaseTooOld,
    DatabaseUnreachable,
    DataDirectoryBusy,
    DataDirectoryNotWritable,
    DiskFull,
    EmbeddedPostgresError,
    EmbeddedUnsupported,
    StartFailed,
)
from hirocrm.config.embedded_postgres.locks import FileLock, hold_data_directory
from hirocrm.config.embedded_postgres.server import (
    RunningPostgres,
    connection_settings,
    ensure_running,
)
from hirocrm.config.embedded_postgres.throwaway import start_throwaway

__all__ = [
    "ClusterVersionMismatch",
    "DataDirectoryBusy",
    "DataDirectoryNotWritable",
    "DatabaseTooOld",
    "DatabaseUnreachable",
    "DiskFull",
    "EmbeddedPostgresError",
    "EmbeddedUnsupported",
    "FileLock",
    "RunningPostgres",
    "StartFailed",
    "check_server",
    "connection_settings",
    "ensure_running",
    "hold_data_directory",
    "start_throwaway",
]
