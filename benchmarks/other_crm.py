"""BottleCRM (`django-crm` on PyPI) beside HiroCRM, where it can be installed.

It needs Python 3.12, Django 6.1, Redis and the libraries of WeasyPrint. Where the first of these is missing there is
nothing to compare with, and the report says so rather than quoting figures from elsewhere.
"""

import shutil

PYTHON = "python3.12"


def report_bottlecrm() -> None:
    """Say why there is no comparison in this run."""
    if shutil.which(PYTHON) is None:
        why = "it needs Python 3.12, which isn't on this machine"
    else:
        why = "this benchmark doesn't install it yet, though Python 3.12 is here"
    print(f"\nBottleCRM: skipped; {why}.")
