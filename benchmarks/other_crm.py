"""BottleCRM (`django-crm` on PyPI) beside HiroCRM, where it can be compared.

Tried on 22 November 2026: `pip install django-crm` into a Python 3.12 of its own took five minutes (a busy machine) and
gave version 1.35.0 on Django 6.1.3; WeasyPrint imports; of Redis only the client comes along, the server that its tasks
want isn't here, while its cache can do without. What it installs is an API: its only templates are those of e-mails and the like,
and the browser program that shows lists and boards isn't on PyPI. So there are no pages to set beside ours, and no
figure here; its API was not measured. Each run installs it anew and tells what it met, rather than quoting figures from elsewhere.
"""

import subprocess
import tempfile
from pathlib import Path

PYTHON = "python3.12"
PACKAGE = "django-crm"
INSTALL_SECONDS = 900


def report_bottlecrm() -> None:
    """Say why there is no comparison in this run."""
    print(f"\nBottleCRM: skipped; {_obstacle()}", flush=True)


def _obstacle() -> str:
    """The first thing that keeps it from being compared, as the end of a sentence."""
    with tempfile.TemporaryDirectory(prefix="hirocrm-bottlecrm-") as folder:
        steps = (
            ("Python 3.12 doesn't run here", [PYTHON, "-m", "venv", folder]),
            (f"{PACKAGE} can't be installed", [f"{folder}/bin/pip", "install", "-q", PACKAGE]),
            ("WeasyPrint's libraries are missing", [f"{folder}/bin/python", "-c", "import weasyprint"]),
        )  # fmt: skip
        for what, command in steps:
            reason = _run(command)
            if reason:
                return f"{what}: {reason}"
        pages = list(Path(folder).glob("lib/*/site-packages/leads/templates/**/*list*.html"))
    if pages:
        return "it can be installed, but this benchmark doesn't fill it yet."
    return "it can be installed, but brings an API without pages of lists or boards."


def _run(command: list[str]) -> str:
    """The first line of what a failed command said; nothing if it did well."""
    try:
        done = subprocess.run(
            command, timeout=INSTALL_SECONDS, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "it isn't installed."
    except subprocess.TimeoutExpired:
        return f"it took longer than {INSTALL_SECONDS} seconds."
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return (lines[0] if lines else "it failed.") if done.returncode else ""
