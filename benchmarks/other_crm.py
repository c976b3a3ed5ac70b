"""The same questions to BottleCRM (`django-crm` on PyPI), where it can be installed."""

import shutil

PYTHON = "python3.12"


def report_bottlecrm() -> None:
    """Say why there is no comparison here."""
    if shutil.which(PYTHON) is None:
        print("\nBottleCRM: skipped, since it needs Python 3.12, which isn't on this machine.")
