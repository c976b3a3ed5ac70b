"""The filters' controls say what Django's say."""

from typing import Any

import pytest
from django import forms
from django.test.html import parse_html

from hirocrm.web.widgets import PlainNumber, PlainSelect, PlainText

CHOICES = [("", "Any"), ("a&b", "<Ana & Ben>"), ("7", "Seven")]
GROUPED = [("", "Any"), ("Sales <1>", [("1", "New"), ("2", "Won")]), ("Old", (("3", "Lost"),))]
ATTRS = {"class": "select", "id": "id_x", "aria-invalid": "true", "disabled": True, "hidden": False}


def same(ours: forms.Widget, theirs: forms.Widget, value: Any) -> bool:
    made = [parse_html(widget.render("x", value, attrs=dict(ATTRS))) for widget in (ours, theirs)]
    return made[0] == made[1]


class TestPlainSelect:
    @pytest.mark.parametrize("choices", [CHOICES, GROUPED])
    @pytest.mark.parametrize("value", [None, "", "a&b", "7", "3", "elsewhere"])
    def test_is_the_select_that_django_draws(self, choices: list[Any], value: Any) -> None:
        assert same(PlainSelect(choices=choices), forms.Select(choices=choices), value)

    def test_escapes_what_people_named(self) -> None:
        drawn = PlainSelect(choices=CHOICES).render("x", "a&b")

        assert '<option value="a&amp;b" selected>&lt;Ana &amp; Ben&gt;</option>' in drawn


class TestPlainInputs:
    @pytest.mark.parametrize("value", [None, "", "0", 60, 'a"b'])
    def test_are_the_inputs_that_django_draws(self, value: Any) -> None:
        own = {"inputmode": "numeric", "min": 0}

        assert same(PlainNumber(attrs=own), forms.NumberInput(attrs=own), value)
        assert same(PlainText(attrs=own), forms.TextInput(attrs=own), value)
