"""Form controls that write their markup themselves.

Django's render a template for the control, one for its attributes and one for each option: on a page whose
panel of filters holds fifty options, a sixth of the whole page's time.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.forms.widgets import Input
from django.utils.html import format_html
from django.utils.safestring import SafeString
from typing_extensions import override


class PlainSelect(forms.Select):
    """A choice of one, with groups or without."""

    @override
    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The whole <select>."""
        chosen = frozenset(self.format_value(value))
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        options = _options(self.choices, chosen)
        return format_html('<select name="{}"{}>{}</select>', name, attributes, options)


class PlainNumber(forms.NumberInput):
    """A figure."""

    @override
    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The whole <input>."""
        return _input(self, name, value, attrs)


class PlainText(forms.TextInput):
    """A line of text."""

    @override
    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The whole <input>."""
        return _input(self, name, value, attrs)


def _input(widget: Input, name: str, value: Any, attrs: dict[str, Any] | None) -> SafeString:
    shown = widget.format_value(value)
    given = {"type": widget.input_type, "name": name, **({"value": shown} if shown else {})}
    return format_html("<input{}>", flatatt(given | widget.build_attrs(widget.attrs, attrs)))


def _options(choices: Iterable[Any], chosen: Collection[str]) -> SafeString:
    return SafeString("".join(_option(key, label, chosen) for key, label in choices))


def _option(key: Any, label: Any, chosen: Collection[str]) -> SafeString:
    if isinstance(label, list | tuple):
        return format_html('<optgroup label="{}">{}</optgroup>', key, _options(label, chosen))
    on = SafeString(" selected") if str(key) in chosen else ""
    return format_html('<option value="{}"{}>{}</option>', key, on, label)
