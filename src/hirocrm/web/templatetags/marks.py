"""Small presentations of values: initials, hues, score bands, times, marked quotes."""

import re
import unicodedata
import zlib
from datetime import UTC, datetime

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

HUES = 10  # .hue-0 … .hue-9 in frontend/css/marks.css
WARM_SCORE = 40
HOT_SCORE = 70
_DAY = (
    "%b {day}, %Y"  # as `{% …|date:"M j, Y" %}`, and as browsers write it in English: Nov 5, 2026
)
_MOMENT = f"{_DAY}, %H:%M UTC"
TIME_STYLES = {
    "relative": _MOMENT,
    "datetime": _MOMENT,
    "date": _DAY,
    "time": "%H:%M UTC",
    "day": _DAY,
    "age": _MOMENT,
    "left": _MOMENT,
}


def _first_letter(word: str) -> str:
    return next((char for char in word if unicodedata.category(char)[0] == "L"), "")


@register.filter
def initials(name: str | None) -> str:
    """Up to two letters of a name: "Ana Cruz" is AC, "🌸 Mia" is M; "?" where there is no letter."""
    letters = [letter for word in (name or "").split() if (letter := _first_letter(word))]
    chosen = letters if len(letters) < 2 else [letters[0], letters[-1]]
    return "".join(chosen).upper() or "?"


@register.filter
def hue(key: object) -> int:
    """One of ten hues, always the same for the same key."""
    return zlib.crc32(str(key).encode()) % HUES


@register.filter
def score_band(score: int | None) -> str:
    """cool, warm or hot; none without a score."""
    if score is None:
        return "none"
    return "hot" if score >= HOT_SCORE else "warm" if score >= WARM_SCORE else "cool"


@register.filter
def confidence_bars(confidence: int | None) -> list[bool]:
    """Four bars, as a phone shows its signal: 25 points of confidence each."""
    return [(confidence or 0) > step for step in (0, 25, 50, 75)]


@register.filter
def is_emoji_only(text: str | None) -> bool:
    """Whether a message is a few emoji and nothing else (they are then shown large)."""
    stripped = re.sub(r"[\s\u200d\ufe0f\U0001F3FB-\U0001F3FF]", "", text or "")
    return 0 < len(stripped) <= 4 and all(unicodedata.category(char) == "So" for char in stripped)


@register.filter
def mark_quotes(text: str | None, quotes: list[str] | tuple[str, ...] | None) -> SafeString:
    """The escaped text with each quote inside <mark>; a quote that isn't there changes nothing."""
    found = [quote for quote in quotes or () if quote and quote in (text or "")]
    if not found:
        return conditional_escape(text or "")
    pattern = "|".join(re.escape(quote) for quote in sorted(found, key=len, reverse=True))
    parts = re.split(f"({pattern})", text or "")
    marked = [
        format_html("<mark>{}</mark>", part) if place % 2 else conditional_escape(part)
        for place, part in enumerate(parts)
    ]
    return mark_safe("".join(marked))  # noqa: S308  # every part was escaped above


@register.filter
def split_keys(keys: str) -> list[str]:
    """The keys of a shortcut: "g b" is g, then b."""
    return keys.split()


@register.simple_tag
def local_time(moment: datetime | None, style: str = "relative") -> SafeString:
    """A <time> that the browser shows in the viewer's zone; without JavaScript it says UTC.

    `style` is relative ("5 min ago"), datetime, date, time, day ("Today"), age ("3 d") or left ("3 h left").
    """
    if moment is None:
        return SafeString("")
    if style not in TIME_STYLES:
        raise template.TemplateSyntaxError(
            f"local_time: {style!r} isn't one of {tuple(TIME_STYLES)}."
        )
    utc = moment.astimezone(UTC)
    shown = utc.strftime(TIME_STYLES[style]).replace("{day}", str(utc.day))
    # Nothing in it needs escaping, and a page holds hundreds.
    return SafeString(
        f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}" data-time="{style}">{shown}</time>'
    )
