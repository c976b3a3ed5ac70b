"""Markup from code, for what a page shows by the dozen.

A part is a component that is a pure function of a few plain values: it is rendered once for each of them and language,
and remembered. A stencil is a component whose words differ each time, but whose shape hardly does: it is rendered once
for each shape with marks in place of the words, and then filled.
"""

import re
from collections.abc import Hashable, Mapping
from typing import TypeVar

from django.conf import settings
from django.template import Context, Template, engines
from django.template.backends.django import DjangoTemplates
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

V = TypeVar("V")
MOST_REMEMBERED = 5_000  # parts of some 300 bytes, cards of some 3 KB: 10 MB at most
MOST_SHAPES = 1_000
_MARK = re.compile("\ue000(\\w+)\ue001")  # of the private use area: in no template
remembered: dict[Hashable, SafeString] = {}
_stencils: dict[Hashable, list[str]] = {}


def draw(name: str, /, **values: Hashable) -> SafeString:
    """The part components/<name>.html; `name` may be the path of another template, without its ending."""
    # The types too: a string that is marked safe equals one that isn't, and True equals 1.
    key = (name, get_language(), *values.items(), *map(type, values.values()))
    known = remembered.get(key)
    if known is None:
        known = _template(name).render(Context(values))
        _keep(remembered, key, known, MOST_REMEMBERED)
    return known


def fill(name: str, *, shape: Mapping[str, Hashable], words: Mapping[str, str]) -> SafeString:
    """A stencil with its words, escaped unless they are markup.

    The template may ask about what is in `shape`; `words` it only shows, without filters. Which words there are
    depends on the shape alone.
    """
    key = (name, get_language(), *shape.items())
    pieces = _stencils.get(key)
    if pieces is None:
        marks = {word: SafeString(f"\ue000{word}\ue001") for word in words}
        pieces = _MARK.split(_template(name).render(Context({**shape, **marks})))
        _keep(_stencils, key, pieces, MOST_SHAPES)
    shown = pieces.copy()
    shown[1::2] = [conditional_escape(words[word]) for word in pieces[1::2]]
    return SafeString("".join(shown))


def _keep(memory: dict[Hashable, V], key: Hashable, value: V, most: int) -> None:
    if settings.DEBUG:  # templates are being worked on
        return
    if len(memory) >= most:
        memory.clear()
    memory[key] = value


def _template(name: str) -> Template:
    engine = engines["django"]
    assert isinstance(engine, DjangoTemplates)  # noqa: S101  # settings.TEMPLATES
    return engine.engine.get_template(f"{name}.html" if "/" in name else f"components/{name}.html")
