"""Set-up that must come before Django: a database for the whole test run."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tests.postgres import provide_database  # needs the path above

provide_database()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hirocrm.config.settings")  # noqa: TID251  # Django's own switch

import django  # noqa: E402  # needs the settings above

# pytest-django sets Django up only where the settings were known before this file was read.
django.setup()
