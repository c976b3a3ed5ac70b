"""Parts and stencils: remembered markup that holds nobody else's words."""

import pytest
from django.utils.safestring import SafeString
from django.utils.translation import override

from hirocrm.web.drawing import draw, fill

SHAPE = {
    "needs_review": False,
    "has_stage": True,
    "spoke_last": "customer",
    "has_window": False,
    "closes_soon": False,
}
WORDS = ("contact_id", "name", "url", "face", "stage", "score", "status", "last_text", "last_at")


def row(**words):
    empty = dict.fromkeys([*WORDS, "answer_by", "tags"], "")
    return fill("contacts/row", shape=SHAPE, words={**empty, **words})


class TestDraw:
    def test_tells_marked_strings_from_plain_ones(self):
        plain = draw("pill", label="<b>", tone="", icon="")
        marked = draw("pill", label=SafeString("<b>"), tone="", icon="")

        assert "<span>&lt;b&gt;</span>" in plain
        assert "<span><b></span>" in marked

    def test_takes_a_value_called_name(self):
        assert '<span class="stage-name">Won</span>' in draw("stage", name="Won", color="#123456")

    def test_remembers_each_language_apart(self):
        english = draw("confidence", confidence=61, minimum="")
        with override("de"):
            assert draw("confidence", confidence=61, minimum="") is not english


class TestFill:
    def test_puts_each_words_where_they_belong(self):
        first, second = row(name="Ana", last_text="magkano"), row(name="Ben", last_text="po")

        assert 'aria-label="Ana"' in first
        assert "magkano" in first
        assert second == first.replace("Ana", "Ben").replace("magkano", "po")

    def test_escapes_words_but_not_markup(self):
        drawn = row(name='<script>"', score=SafeString("<i>1</i>"))

        assert 'aria-label="&lt;script&gt;&quot;"' in drawn
        assert '<td class="cell-score"><i>1</i></td>' in drawn

    @pytest.mark.parametrize("words", ["\ue000name\ue001", "{{ name }}", "%s {0}"])
    def test_takes_words_that_look_like_marks_as_words(self, words):
        assert f'<span class="last-line">{words}</span>' in row(name="Ana", last_text=words)

    def test_asks_about_its_shape(self):
        drawn = fill(
            "contacts/row",
            shape={**SHAPE, "has_stage": False, "spoke_last": "business"},
            words=dict.fromkeys([*WORDS, "answer_by", "tags"], ""),
        )

        assert "In no stage" in drawn
        assert "<b>You:</b>" in drawn
