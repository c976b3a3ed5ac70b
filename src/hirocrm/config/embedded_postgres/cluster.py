"""Making a cluster and its settings."""

import shutil
import signal
import subprocess
from pathlib import Path

from hirocrm.config.embedded_postgres.account import ServerAccount, own_tree
from hirocrm.config.embedded_postgres.binaries import EMBEDDED_MAJOR
from hirocrm.config.embedded_postgres.errors import (
    ClusterVersionMismatch,
    DiskFull,
    StartFailed,
)
from hirocrm.config.embedded_postgres.launching import launch, refuse_unreachable
from hirocrm.config.embedded_postgres.layout import (
    SOCKET_PORT,
    Layout,
    explain_os_error,
    make_private_folder,
)

ROLE = "hirocrm"
_INITDB_SECONDS = 120
_LOG_TAIL_BYTES = 4_000
_LOG_LIMIT_BYTES = 10_000_000

# Sized for a machine of two cores and a few gigabytes that runs web and worker too.
_SETTINGS = {
    "listen_addresses": "",
    "port": SOCKET_PORT,
    "unix_socket_permissions": "0700",
    "max_connections": 120,
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": 1.1,
    "jit": "off",  # compiling costs more than our short queries
    "io_method": "sync",  # no extra worker processes
    "max_parallel_workers_per_gather": 0,
    "max_parallel_maintenance_workers": 0,  # and none that need a large /dev/shm (containers: 64 MB)
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
    "wal_compression": "on",
    "autovacuum_naptime": "20s",  # the job table turns over quickly
    "max_logical_replication_workers": 0,
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # A statement that failed holds what it was to store, its details and context too: customers' words.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] ",
}
_UNSAFE_AND_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_OWN_CONF = "hirocrm.conf"
_POSTGRESQL_CONF = f"""\
# HiroCRM writes {_OWN_CONF} anew at every start. Your own settings go below it and win.
include '{_OWN_CONF}'
"""
# The socket's folder is closed to everyone else, so whoever gets here is the owner (or root).
_PG_HBA = "local all all trust\n"


def make_cluster(layout: Layout, binaries: Path, account: ServerAccount, *, durable: bool) -> None:
    """Create the cluster whole or not at all.

    Raises:
        StartFailed: initdb failed; the sentence holds its last line.
        DiskFull: there was no room for it.
    """
    partial = layout.partial_cluster
    shutil.rmtree(partial, ignore_errors=True)
    make_private_folder(partial, account.uid, account.gid)
    options = ["--pgdata", str(partial), "--username", ROLE, "--encoding", "UTF8"]
    options += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
    options += ["--auth", "trust", "--no-instructions", *([] if durable else ["--no-sync"])]
    start = log_size(layout.log)
    with layout.log.open("ab") as output:
        program = launch(
            binaries / "initdb",
            *options,
            account=account,
            folder=partial,
            output=output,
            on_our_death=signal.SIGKILL,
        )
        code = _wait(program.process)
        program.dismiss_watchdog()
    refuse_unreachable(code, layout.data_dir)
    if code != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise explain_log(layout, start, "The embedded PostgreSQL couldn't make its data")
    (partial / "postgresql.conf").write_text(_POSTGRESQL_CONF)
    (partial / "pg_hba.conf").write_text(_PG_HBA)
    partial.rename(layout.cluster)


def write_settings(layout: Layout, account: ServerAccount, *, durable: bool) -> None:
    """Bring the cluster's ownership and our part of its settings up to date."""
    own_tree(layout.cluster, account)
    settings = {**_SETTINGS, "unix_socket_directories": layout.socket_dir}
    settings |= {} if durable else _UNSAFE_AND_FAST
    lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
    target = layout.cluster / _OWN_CONF
    try:
        target.write_text("".join(lines))
        target.chmod(0o644)  # inside a 0700 folder; root writes it, the account reads it
    except OSError as exc:
        raise explain_os_error(exc, layout.data_dir) from exc


def require_same_version(layout: Layout) -> None:
    """Refuse a cluster of another major version.

    Raises:
        ClusterVersionMismatch: says which version made it.
    """
    found = (layout.cluster / "PG_VERSION").read_text().strip()
    if found != str(EMBEDDED_MAJOR):
        raise ClusterVersionMismatch(
            f"{layout.cluster} was made by PostgreSQL {found or '?'} and this HiroCRM carries "
            f"PostgreSQL {EMBEDDED_MAJOR}; dump it with the HiroCRM that made it and restore it here, "
            "or set HIROCRM_DATA_DIR to a new folder.",
            found=found,
        )


def log_size(log: Path) -> int:
    """Bytes in the log now; a log grown too large begins anew."""
    try:
        size = log.stat().st_size
    except FileNotFoundError:
        return 0
    if size > _LOG_LIMIT_BYTES:
        log.rename(log.with_suffix(".log.1"))
        return 0
    return size


def read_log_from(log: Path, start: int) -> str:
    """The end of what was logged since `start`."""
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - _LOG_TAIL_BYTES))
        return file.read().decode(errors="replace")


def explain_log(layout: Layout, start: int, what: str) -> StartFailed | DiskFull:
    """One sentence out of what the server logged since `start`."""
    text = read_log_from(layout.log, start)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return DiskFull(
            f"The disk that holds {layout.data_dir} is full; free some space and start again."
        )
    last = _reason(text)
    return StartFailed(f"{what} ({last}); its log is {layout.log}.", reason=last)


def _reason(text: str) -> str:
    """The line that says why, without its time and severity."""
    signs = ("FATAL:  ", "PANIC:  ", "error: ", "postgres: ")
    for line in reversed(text.splitlines()):
        for sign in signs:
            if sign in line:
                return line.split(sign, 1)[1].strip()
    return "it gave no reason"


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(_INITDB_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
