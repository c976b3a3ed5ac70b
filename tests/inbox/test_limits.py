"""How much one message takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hirocrm.core.platforms import Platform
from hirocrm.inbox.limits import TEXT, file_problem, split_text

MESSENGER, INSTAGRAM = Platform.MESSENGER, Platform.INSTAGRAM
FAMILY = "👨‍👩‍👧‍👦"  # one to people, 25 bytes


class TestTextLimit:
    @pytest.mark.parametrize(
        ("text", "characters", "size"),
        [
            ("hm po", 5, 5),
            ("مرحبا", 5, 10),
            ("👍", 1, 4),
            ("👍🏽", 2, 8),
            ("ñ", 1, 2),
            (FAMILY, 7, 25),
        ],
    )
    def test_counts_characters_on_messenger_and_bytes_on_instagram(self, text, characters, size):
        assert TEXT[MESSENGER].length(text) == characters
        assert TEXT[INSTAGRAM].length(text) == size


class TestSplitText:
    @pytest.mark.parametrize(
        ("text", "platform"),
        [("a" * 2000, MESSENGER), ("م" * 500, INSTAGRAM), ("👍" * 250, INSTAGRAM)],
    )
    def test_leaves_what_just_fits(self, text, platform):
        assert split_text(text, platform) == [text]

    def test_cuts_between_words(self):
        words = "السعر خمسمئة جنيه " * 40

        parts = split_text(words, INSTAGRAM)

        assert " ".join(parts) == words.strip()
        assert [len(part.encode()) for part in parts] == [1000, 318]

    def test_cuts_a_word_that_is_too_long_by_itself(self):
        assert [len(part) for part in split_text("a" * 4500, MESSENGER)] == [2000, 2000, 500]

    def test_never_cuts_inside_what_people_see_as_one_character(self):
        parts = split_text("x" + FAMILY * 60, INSTAGRAM)

        assert [part.strip("x") == FAMILY * (len(part.strip("x")) // 7) for part in parts] == [
            True,
            True,
        ]
        assert "".join(parts) == "x" + FAMILY * 60

    @given(st.text(max_size=3000), st.sampled_from(list(Platform)))
    def test_loses_nothing_and_always_fits(self, text, platform):
        text = text.encode("utf-8", "replace").decode()
        parts = split_text(text, platform)

        assert "".join("".join(parts).split()) == "".join(text.split())
        assert all(0 < TEXT[platform].length(part) <= TEXT[platform].most for part in parts)


class TestFileProblem:
    @pytest.mark.parametrize(
        ("content_type", "size", "platform", "problem"),
        [
            ("image/png", 8_000_000, INSTAGRAM, ""),
            ("image/png", 8_000_001, INSTAGRAM, "Instagram takes at most 8 MB here."),
            ("image/png", 25_000_000, MESSENGER, ""),
            (
                "image/webp",
                10,
                INSTAGRAM,
                "Instagram takes a PNG or JPEG image here, not a webp file.",
            ),
            ("application/zip", 10, INSTAGRAM, "Instagram takes a PDF here, not a zip file."),
            (
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                10,
                INSTAGRAM,
                "Instagram takes a PDF here, not a Word document.",
            ),
            (
                "application/vnd.lotus-1-2-3",
                10,
                INSTAGRAM,
                "Instagram takes a PDF here, not this kind of file.",
            ),
            ("application/zip", 10, MESSENGER, ""),
            ("application/zip", 25_000_001, MESSENGER, "Messenger takes at most 25 MB here."),
            ("image/png", 0, MESSENGER, "The file is empty."),
        ],
    )
    def test_knows_what_each_platform_takes(self, content_type, size, platform, problem):
        assert file_problem(content_type=content_type, size=size, platform=platform) == problem
