"""Tags and filters of the components."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils.safestring import SafeString
from django.utils.translation import override

from hirocrm.web.drawing import remembered
from hirocrm.web.templatetags import marks


def render(source: str, **values: object) -> str:
    return Template(source).render(Context(values))


class TestInitials:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Ana Cruz", "AC"),
            ("Maria Clara de los Santos", "MS"),
            ("🌸 Mia", "M"),
            ("nguyễn", "N"),
            ("👍", "?"),
            ("", "?"),
            (None, "?"),
        ],
    )
    def test_are_letters_of_the_name(self, name, expected):
        assert marks.initials(name) == expected


class TestMarkQuotes:
    def test_marks_each_quote_and_escapes_the_rest(self):
        marked = marks.mark_quotes("<b>hm po</b> yung blue?", ["hm po", "blue"])

        assert marked == "&lt;b&gt;<mark>hm po</mark>&lt;/b&gt; yung <mark>blue</mark>?"

    def test_leaves_out_what_is_not_there(self):
        assert marks.mark_quotes("hm po", ["magkano"]) == "hm po"


class TestScoreBand:
    @pytest.mark.parametrize(
        ("score", "band"),
        [(None, "none"), (0, "cool"), (39, "cool"), (40, "warm"), (69, "warm"), (70, "hot")],
    )
    def test_names_the_colour(self, score, band):
        assert marks.score_band(score) == band


class TestIsEmojiOnly:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [("😍😍", True), ("👍🏽", True), ("ok 👍", False), ("", False), ("12", False)],
    )
    def test_tells_emoji_from_words(self, text, expected):
        assert marks.is_emoji_only(text) is expected


class TestLocalTime:
    def test_says_utc_until_the_browser_knows_better(self):
        moment = datetime(2026, 11, 22, 6, 40, tzinfo=UTC)

        html = render("{% load marks %}{% local_time moment 'datetime' %}", moment=moment)

        assert html == (
            '<time datetime="2026-11-22T06:40:00Z" data-time="datetime">Nov 22, 2026, 06:40 UTC</time>'
        )

    def test_is_empty_without_a_moment(self):
        assert render("{% load marks %}{% local_time None %}") == ""


class TestComponent:
    def test_gives_the_template_its_parameters_slots_and_nothing_else(self):
        html = render(
            '{% load components %}{% component "card" title=name %}'
            '{% slot "actions" %}<i>{{ name }}</i>{% endslot %}<p>{{ name }}</p>{% endcomponent %}',
            name="A & B",
            foot="of the page",
        )

        assert "A &amp; B</h2><i>A &amp; B</i></header>" in html
        assert '<div class="card-body"><p>A &amp; B</p></div>' in html
        assert "of the page" not in html

    def test_needs_a_quoted_name(self):
        with pytest.raises(TemplateSyntaxError, match="needs a quoted name"):
            Template("{% load components %}{% component card %}{% endcomponent %}")


class TestPart:
    def test_remembers_the_markup_of_equal_values(self):
        markup = "{% load components %}{% part 'score' score=score size='' %}"

        first, again, other = (render(markup, score=score) for score in (70, 70, 71))

        assert first == again
        assert "Score 70 of 100" in first
        assert "Score 71 of 100" in other

    def test_tells_safe_from_unsafe_and_true_from_one(self):
        markup = "{% load components %}{% part 'pill' label=label tone='' icon='' %}"
        text = "<b>COD</b>"

        safe, unsafe = render(markup, label=SafeString(text)), render(markup, label=text)
        one, true = render(markup, label=1), render(markup, label=True)

        assert (text in safe, text in unsafe) == (True, False)
        assert (">1<" in one, ">True<" in true) == (True, True)

    def test_remembers_each_language_apart(self):
        markup = "{% load components %}{% part 'score' score=12345 size='' %}"

        for language in ("en", "de", "en"):
            with override(language):
                render(markup)

        known = [key[1] for key in remembered if ("score", 12345) in key]
        assert known == ["en", "de"]
