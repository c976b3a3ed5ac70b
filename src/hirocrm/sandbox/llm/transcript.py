"""Find the conversation in a prompt, and the stages it may be put in."""

import re
from dataclasses import dataclass

# "[m3] customer 2026-01-02 10:00: text", and whatever looks like it
_LINE = re.compile(
    r"^\s*(?:[-*]\s*)?\[?#?([A-Za-z0-9_.\-]{1,80})\]?[\s|,:]+\(?(customer|business|page|shop)\)?"
    r"[\s|,(\[@]*(?:(\d{4}-\d\d-\d\d)[T ]?(?:\d\d:\d\d(?::\d\d)?)?[^\s:]*)?[\s)\]|]*[:>|-]+ ?(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_STAGE_LINE = re.compile(r"^\s*(?:\d+[.)]|[-*])\s*\"?(.{1,80}?)\"?\s*(?:\(|:|—| - |$)")
_BEGIN = re.compile(r"^===+ ?BEGIN[^\n]*\n", re.MULTILINE)
_END = re.compile(r"^===+ ?END", re.MULTILINE)
# What a transcript says of things that can't be read; nobody wrote these words, so they aren't quoted.
_UNREADABLE = re.compile(r"(?:\s*\([a-z ]{3,20}\))+$")


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the transcript; `text` is what its writer wrote, letter for letter."""

    id: str
    is_customer: bool
    day: str
    text: str
    lower: str


def read_transcript(prompt: str) -> list[Line]:
    """The messages in a prompt, in order; none when it holds no transcript."""
    begin = _BEGIN.search(prompt)
    end = _END.search(prompt, begin.end()) if begin else None
    text = prompt[begin.end() : end.start()] if begin and end else prompt
    return [
        Line(m[1], m[2].lower() == "customer", m[3] or "", _written(m[4]), m[4].lower())
        for m in _LINE.finditer(text)
    ]


def _written(text: str) -> str:
    text = text.strip()
    return _UNREADABLE.sub("", text) if text.endswith(")") else text


def read_stages(prompt: str) -> list[str]:
    """Stage names listed in a prompt under a line that speaks of stages."""
    names: list[str] = []
    is_inside = False
    for line in prompt.splitlines():
        match = _STAGE_LINE.match(line) if is_inside else None
        if match:
            names.append(match[1].strip())
        elif names:
            break
        else:
            is_inside = is_inside or "stages" in line.lower()
    return names
