"""Every word that a page shows can be translated: nothing a person reads stands bare in a template."""

import re
from pathlib import Path

import pytest

from hirocrm import web

TEMPLATES = Path(web.__file__).parent / "templates"
GALLERY = "design/page.html"  # examples for those who build pages
NAMES = {"HiroCRM", "HIROCRM", "Meta", "Facebook", "Instagram", "Gemini", "Ctrl", "Esc"}

# What isn't shown, and what is marked already.
MARKED = re.compile(
    r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}|<!--.*?-->|<(script|style|code|kbd|svg)\b.*?</\1>"
    r"|\{% blocktrans(late)? .*?\{% endblocktrans(late)? %\}|\{%.*?%\}|\{\{.*?\}\}",
    re.DOTALL,
)
TAG = re.compile(r"<[^>]*>", re.DOTALL)
READ_ALOUD = re.compile(
    r'\b(?:aria-label|placeholder|title|alt|data-shortcut-label|data-say-\w+)="([^"]*)"'
)
WORD = re.compile(r"[^\W\d_]{2,}")


def templates() -> list[str]:
    found = (path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
    return sorted(name for name in found if name != GALLERY)


def bare_words(source: str) -> set[str]:
    """Words outside of tags, and in attributes that are read aloud, that no translation reaches."""
    left = MARKED.sub(" ", source)
    texts = [TAG.sub(" ", left), *READ_ALOUD.findall(left)]
    return {word for text in texts for word in WORD.findall(re.sub(r"&\w+;", " ", text))} - NAMES


@pytest.mark.parametrize("name", templates())
def test_every_word_is_marked(name):
    assert bare_words((TEMPLATES / name).read_text()) == set()


@pytest.mark.parametrize(
    "source",
    ["<p>Hello there</p>", '<input placeholder="Hello there">', "{% if a %}Hello{% endif %} there"],
)
def test_finds_what_was_forgotten(source):
    assert bare_words(source) == {"Hello", "there"}
