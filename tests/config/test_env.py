import pytest

from hirocrm.config.env import uncapitalized


class TestUncapitalized:
    @pytest.mark.parametrize(
        ("message", "end"),
        [
            ("Input should be a number", "input should be a number"),
            ("URL scheme should be 'https'", "URL scheme should be 'https'"),
            ("", ""),
        ],
    )
    def test_leaves_abbreviations_alone(self, message: str, end: str) -> None:
        assert uncapitalized(message) == end
