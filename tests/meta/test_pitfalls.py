"""docs/meta-pitfalls.md promises a test for each pitfall: the tests it names are there, and no pitfall is left out."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "meta-pitfalls.md").read_text()
PITFALLS = 46  # of the list that the page follows
NAMED = sorted(set(re.findall(r"`((?:[\w/]+)\.(?:py|html)(?:::\w+)*)`", PAGE)))
ROWS = re.findall(r"^\| (\d+|–) \|.*\| (.*) \|$", PAGE, re.MULTILINE)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def definitions(path: Path) -> set[str]:
    """`Class`, `Class::method` and `function` of a module."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, FUNCTIONS)]
            found |= {f"{node.name}::{method.name}" for method in methods}
    return found


class TestPage:
    @pytest.mark.parametrize("name", NAMED)
    def test_names_what_is_there(self, name):
        file, _, inside = name.partition("::")
        path = ROOT / ("tests" if file.endswith(".py") else "src/hirocrm/web/templates") / file
        if not path.is_file():
            path = ROOT / "src/hirocrm" / file

        assert path.is_file()
        assert not inside or inside in definitions(path)

    def test_leaves_no_pitfall_out(self):
        numbers = sorted(int(number) for number, _ in ROWS if number != "–")

        assert numbers == list(range(1, PITFALLS + 1))

    def test_says_of_each_why_it_cannot_happen_here(self):
        assert [why for _, why in ROWS if len(why) < 20] == []
