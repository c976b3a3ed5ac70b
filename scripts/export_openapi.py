"""Write docs/openapi.json: the API's contract, kept in the repository so that a change of it is seen in review."""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "openapi.json"


def render() -> str:
    """The document as text, in the order the routes are written."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hirocrm.config.settings")
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")  # never connected
    os.environ.setdefault("HIROCRM_SECRET_KEY", "only-for-exporting-the-document")
    import django

    django.setup()
    from hirocrm.api.app import api

    document = api.get_openapi_schema(path_prefix="/api/")
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
