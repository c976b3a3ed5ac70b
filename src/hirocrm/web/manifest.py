"""Where the built browser files are: Vite's manifest, read once per build.

The files are made by `make assets` (frontend/) and travel in the wheel.
"""

import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

ASSETS = Path(__file__).resolve().parent / "assets"
MANIFEST = ASSETS / "manifest.json"
FONT = (
    "node_modules/@fontsource-variable/hanken-grotesk/files/hanken-grotesk-latin-wght-normal.woff2"
)


@lru_cache(maxsize=1)
def _read(modified_ns: int) -> dict[str, str]:  # noqa: ARG001  # the cache's key
    """Source name -> built file name, for the manifest written at `modified_ns`."""
    entries = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return {source: entry["file"] for source, entry in entries.items()}


@lru_cache(maxsize=1)
def _read_once() -> dict[str, str]:
    return _read(MANIFEST.stat().st_mtime_ns) if is_built() else {}


def is_built() -> bool:
    """Whether the browser files were built at all (a clone before `make setup` has none)."""
    return MANIFEST.is_file()


def files() -> dict[str, str]:
    """Source name -> built file name; read anew after a rebuild while DEBUG is on."""
    if settings.DEBUG and is_built():
        return _read(MANIFEST.stat().st_mtime_ns)
    return _read_once()


def url(source: str) -> str:
    """The address of a built file, such as "js/app.js"; empty if nothing was built."""
    name = files().get(source)
    return _address(name) if name else ""


@lru_cache(maxsize=512)
def _address(name: str) -> str:
    return static(name)
