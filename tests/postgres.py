"""A throw-away PostgreSQL for the test run, unless TEST_DATABASE_URL names one.

Migrating an empty database takes seconds of computing, so it's done once: whoever needs a database with all
tables copies `TEMPLATE_DATABASE`, and whoever needs a data directory copies `migrated_install()`.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TEMPLATE_DATABASE = "hirocrm_migrated"
_URL, _INSTALL = "HIROCRM_TEST_DATABASE", "HIROCRM_TEST_INSTALL"


def provide_database() -> None:
    """Set DATABASE_URL for this process and the workers it starts; they find it set and start nothing."""
    if os.environ.get(_URL):
        return
    folder = tempfile.TemporaryDirectory(prefix="hirocrm-tests-")
    atexit.register(folder.cleanup)
    os.environ["HIROCRM_DATA_DIR"] = folder.name
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        install = Path(folder.name) / "install"
        _migrate(install)
        os.environ[_INSTALL] = str(install)
        url = _start_cluster(Path(folder.name) / "postgres", install)
    os.environ["DATABASE_URL"] = os.environ[_URL] = url


def has_template() -> bool:
    """Whether the server holds `TEMPLATE_DATABASE`: our own does, one that was brought doesn't."""
    return _INSTALL in os.environ


def copy_install(folder: Path) -> None:
    """Make a data directory of an install that stands still and has all tables."""
    if _INSTALL not in os.environ:
        _migrate(folder)
        return
    install = Path(os.environ[_INSTALL])
    shutil.copytree(install / "postgres", folder / "postgres")
    shutil.copy(install / "secret_key", folder / "secret_key")


def _migrate(install: Path) -> None:
    dropped = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    subprocess.run(
        [sys.executable, "-m", "hirocrm.cli", "migrate", "--quiet"],
        env={**kept, "HIROCRM_DATA_DIR": str(install)},
        check=True,
    )


def _start_cluster(data_dir: Path, install: Path) -> str:
    """A server without fsync over a copy of the migrated install; its address."""
    from hirocrm.config.embedded_postgres import start_throwaway

    shutil.copytree(install / "postgres", data_dir / "postgres")
    cluster = start_throwaway(data_dir)
    atexit.register(cluster.stop)
    _make_template(cluster.url)
    return cluster.url


def _make_template(url: str) -> None:
    """Copy the migrated database under a name to which nobody connects: only such a one can be copied."""
    import psycopg

    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE hirocrm RENAME TO {TEMPLATE_DATABASE}")
        connection.execute("CREATE DATABASE hirocrm")
