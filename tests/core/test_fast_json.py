import json

import pytest

from hirocrm.core.fast_json import dump_json, load_json

HALF_AN_EMOJI = "po\ud83d"


class TestDumpJson:
    def test_is_compact_utf_8(self) -> None:
        assert dump_json({"a": ["ñ", None, 1.5]}) == '{"a":["ñ",null,1.5]}'.encode()

    def test_writes_a_question_mark_for_half_an_emoji(self) -> None:
        assert dump_json({"text": HALF_AN_EMOJI}) == b'{"text":"po?"}'


class TestLoadJson:
    @pytest.mark.parametrize(
        "text",
        [
            '{"a": [1, 2.5, null, true], "é": "😀"}',
            '{"a": 1, "a": 2}',
            '"\\ud83d"',
            "123456789012345678901234567890",
        ],
    )
    def test_says_what_the_standard_library_says(self, text: str) -> None:
        assert load_json(text) == json.loads(text)
        assert load_json(text.encode()) == json.loads(text)

    @pytest.mark.parametrize(
        "text",
        ["", "{", "{'a': 1}", b'{"a": "\xff"}', "\ufeff{}", f'"{HALF_AN_EMOJI}', "[" * 100_000],
    )
    def test_refuses_what_is_none(self, text: str | bytes) -> None:
        with pytest.raises(ValueError, match=r".+"):
            load_json(text)
