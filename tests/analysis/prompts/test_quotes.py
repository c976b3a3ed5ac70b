"""A quote counts only where it really stands in the message."""

import pytest

from hirocrm.analysis.prompts.quotes import literal_quote


class TestLiteralQuote:
    @pytest.mark.parametrize(
        ("quote", "text", "found"),
        [
            ("magkano po", "Hi! magkano po yung blue?", "magkano po"),
            ("magkano  po", "Hi! magkano\npo yung blue?", "magkano\npo"),
            ("“mine po”", "mine po", "mine po"),
            ("cafe\u0301", "un café por favor", "café"),
            ("Magkano", "magkano", None),
            ("anything", "", None),
            ("", "text", None),
            ("كم السعر", "مرحبا كم السعر؟", "كم السعر"),
        ],
    )
    def test_finds_the_words_as_they_are_written(
        self, quote: str, text: str, found: str | None
    ) -> None:
        assert literal_quote(quote, text) == found
