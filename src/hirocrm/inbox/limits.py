"""How much Meta takes in one message, by platform.

Sources: https://developers.facebook.com/docs/messenger-platform/reference/send-api (2,000 characters; files to
25 MB), https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
(1,000 bytes of UTF-8; images to 8 MB, the rest to 25 MB, and which formats).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from hirocrm.core.platforms import Platform

MEGABYTE = 1_000_000  # the smaller of both readings of "MB"
FILE_BYTES = 25 * MEGABYTE
INSTAGRAM_IMAGE_BYTES = 8 * MEGABYTE
# Pictures that every browser shows and that can hold no script.
INLINE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif"})
MAX_PARTS = 10  # of a text that is too long for one message
SHORT_NAME = 5  # letters of a content type that people know, such as "webp"
_SPACE_BEFORE_END = re.compile(r"\s+(?=\S*$)")
_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class TextLimit:
    """The longest text of one message, in characters or in bytes of UTF-8."""

    most: int
    in_bytes: bool

    def length(self, text: str) -> int:
        """How much of the limit the text takes."""
        return len(text.encode("utf-8", "replace")) if self.in_bytes else len(text)


TEXT: Mapping[Platform, TextLimit] = {
    Platform.MESSENGER: TextLimit(2000, in_bytes=False),
    Platform.INSTAGRAM: TextLimit(1000, in_bytes=True),
}
_INSTAGRAM_TYPES: Mapping[str, frozenset[str]] = {
    "image": frozenset({"image/png", "image/jpeg"}),
    "video": frozenset(
        {"video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"}
    ),
    "audio": frozenset({"audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav"}),
    "file": frozenset({"application/pdf"}),
}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_NAMES: Mapping[str, str] = {
    "application/msword": "a Word document",
    f"{_OFFICE}.wordprocessingml.document": "a Word document",
    "application/vnd.ms-excel": "an Excel workbook",
    f"{_OFFICE}.spreadsheetml.sheet": "an Excel workbook",
    "application/vnd.ms-powerpoint": "a PowerPoint presentation",
    f"{_OFFICE}.presentationml.presentation": "a PowerPoint presentation",
}
_WORDS: Mapping[str, str] = {
    "image": "a PNG or JPEG image",
    "video": "an MP4, OGG, AVI, MOV or WebM video",
    "audio": "an AAC, M4A, WAV or MP4 recording",
    "file": "a PDF",
}


def kind_of(content_type: str) -> str:
    """Meta's kind for a content type: image, video, audio or file."""
    family = content_type.partition("/")[0]
    return family if family in {"image", "video", "audio"} else "file"


def _name_of(content_type: str) -> str:
    """A content type as people say it: the names of office programs' types are a line long."""
    if content_type in _NAMES:
        return _NAMES[content_type]
    short = content_type.partition("/")[2]
    return (
        f"a {short} file" if short.isalnum() and len(short) <= SHORT_NAME else "this kind of file"
    )


def file_problem(*, content_type: str, size: int, platform: Platform) -> str:
    """Why the platform wouldn't take the file; empty if it would."""
    if size == 0:
        return "The file is empty."
    kind = kind_of(content_type)
    is_instagram = platform is Platform.INSTAGRAM
    most = INSTAGRAM_IMAGE_BYTES if is_instagram and kind == "image" else FILE_BYTES
    if size > most:
        return f"{platform.title} takes at most {most // MEGABYTE} MB here."
    if is_instagram and content_type not in _INSTAGRAM_TYPES[kind]:
        return f"Instagram takes {_WORDS[kind]} here, not {_name_of(content_type)}."
    return ""


def split_text(text: str, platform: Platform) -> list[str]:
    """The text as messages that the platform takes, cut between words where that is possible."""
    limit = TEXT[platform]
    rest, parts = text.strip(), []
    while limit.length(rest) > limit.most:
        piece = _longest_start(rest, limit)
        parts.append(piece.strip())
        rest = rest[len(piece) :].strip()
    if rest:
        parts.append(rest)
    return parts


def _longest_start(text: str, limit: TextLimit) -> str:
    piece = _fitting(text, limit)
    if text[len(piece) : len(piece) + 1].isspace():
        return piece
    gap = _SPACE_BEFORE_END.search(piece)
    if gap is not None and gap.start() > 0:
        return piece[: gap.end()]
    return piece


def _fitting(text: str, limit: TextLimit) -> str:
    """As much as fits, never ending inside what people see as one character."""
    if limit.in_bytes:
        end = len(text.encode("utf-8", "replace")[: limit.most].decode("utf-8", "ignore"))
    else:
        end = limit.most
    last = end
    while end > 0 and _belongs_together(text, end):
        end -= 1
    return text[: end or last]


def _belongs_together(text: str, at: int) -> bool:
    """Whether the characters before and after `at` make one: an accent, a skin tone, a family of emoji."""
    before, after = text[at - 1], text[at]
    if _JOINER in {before, after} or unicodedata.category(after) in {"Mn", "Me", "Mc"}:
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    return all("\U0001f1e6" <= letter <= "\U0001f1ff" for letter in (before, after))
