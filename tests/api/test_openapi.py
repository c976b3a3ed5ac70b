import runpy
from pathlib import Path

from hirocrm.api.app import api

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = api.get_openapi_schema(path_prefix="/api/")
OPERATIONS = [
    (path, method, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


class TestCommittedDocument:
    def test_is_current(self):
        render = runpy.run_path(str(ROOT / "scripts" / "export_openapi.py"))["render"]

        committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")

        assert committed == render(), "run `make openapi`"


class TestDocument:
    def test_is_of_version_3_1(self):
        assert DOCUMENT["openapi"] == "3.1.0"

    def test_names_each_operation_once(self):
        names = [operation["operationId"] for _, _, operation in OPERATIONS]

        assert sorted(names) == sorted(set(names))

    def test_describes_every_operation_and_schema(self):
        silent = [o["operationId"] for _, _, o in OPERATIONS if not o.get("description")]
        silent += [
            name
            for name, schema in DOCUMENT["components"]["schemas"].items()
            if not schema.get("description") and "enum" not in schema
        ]

        assert silent == []

    def test_declares_the_refusals_that_all_share(self):
        lacking = [
            o["operationId"]
            for path, _, o in OPERATIONS
            if not {"401", "403", "429", "503"} | ({"404"} if "{" in path else set())
            <= o["responses"].keys()
        ]

        assert lacking == []

    def test_has_no_trailing_slashes(self):
        assert [path for path, _, _ in OPERATIONS if path.endswith("/")] == []
