import pytest
from hypothesis import given
from hypothesis import strategies as st

from hirocrm.sync.sources.archive.text import clean, clean_name, clean_url, repair

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def garble(text):
    return text.encode().decode("latin-1")


class TestRepair:
    @given(ANY_TEXT)
    def test_undoes_what_the_exporter_did(self, text):
        assert repair(garble(text)) == text

    @given(ANY_TEXT.filter(lambda text: any(ord(letter) > 0xFF for letter in text)))
    def test_leaves_right_text_alone(self, text):
        assert repair(text) == text

    @given(st.text("abc ñéüõçßø"))
    def test_leaves_right_western_text_alone(self, text):
        assert repair(text) == text

    @pytest.mark.parametrize(
        "text", ["señor", "مرحبا كيف الحال", "❤️ 👩‍👩‍👧‍👦 🇵🇭", "Đã gửi", "Ñ", "ok"]
    )
    def test_reads_people_s_words_in_both_forms(self, text):
        assert (repair(garble(text)), repair(text)) == (text, text)

    def test_drops_the_half_character_of_a_string_cut_at_a_byte(self):
        assert repair(garble("Señora 🎉")[:-2]) == "Señora "

    def test_keeps_a_right_string_that_ends_in_an_accent(self):
        assert repair("olé") == "olé"


class TestClean:
    @given(st.text())
    def test_always_gives_what_a_database_takes(self, text):
        cleaned = clean(text, max_chars=50)

        assert "\0" not in cleaned
        assert len(cleaned.encode()) <= 200
        assert len(cleaned) <= 50

    @pytest.mark.parametrize("value", [None, 7, 1.5, True, [], {"a": 1}])
    def test_takes_anything_else_for_nothing(self, value):
        assert clean(value, max_chars=10) == ""

    def test_replaces_half_an_emoji(self):
        assert clean("a\ud83d", max_chars=10) == "a\ufffd"

    def test_puts_a_name_on_one_line(self):
        assert clean_name(garble(" Ana \n María ")) == "Ana María"


class TestCleanUrl:
    @pytest.mark.parametrize("url", ["https://example.com/a?b=c", "http://example.com"])
    def test_keeps_web_addresses(self, url):
        assert clean_url(url) == url

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "messages/inbox/a/photos/1.jpg",
            "https://",
            "http://[::1",
            "https://example.com/" + "a" * 2048,
            None,
        ],
    )
    def test_refuses_everything_else(self, url):
        assert clean_url(url) is None
