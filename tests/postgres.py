"""A throw-away PostgreSQL for the test run, unless TEST_DATABASE_URL names one."""

import atexit
import os
import tempfile
from pathlib import Path


def provide_database() -> None:
    """Set DATABASE_URL for this process and the workers it starts; they find it set and start nothing."""
    if os.environ.get("HIROCRM_TEST_DATABASE"):
        return
    data_dir = tempfile.TemporaryDirectory(prefix="hirocrm-tests-")
    atexit.register(data_dir.cleanup)
    os.environ["HIROCRM_DATA_DIR"] = data_dir.name
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        from hirocrm.config.embedded_postgres import start_throwaway

        cluster = start_throwaway(Path(data_dir.name) / "postgres")
        atexit.register(cluster.stop)
        url = cluster.url
    os.environ["DATABASE_URL"] = os.environ["HIROCRM_TEST_DATABASE"] = url
