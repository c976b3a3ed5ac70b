"""A conversation as lines of a prompt, cut to a token budget: the beginning, a marked gap, the latest part."""

from dataclasses import dataclass
from datetime import UTC, datetime

from hirocrm.analysis.prompts.fence import cut, disarm
from hirocrm.analysis.prompts.tokens import estimate_tokens
from hirocrm.analysis.schema import AnalysisRequest, TranscriptMessage

HEAD_SHARE = 0.2  # of the budget goes to the beginning; the latest part decides the stage
MESSAGE_LETTERS = 2_000  # one pasted essay must not push out the rest of the conversation
MIN_MESSAGE_LETTERS = 80
GAP_TOKENS = 24  # the two lines that say what is missing

ATTACHMENT_WORDS = {
    "image": "photo",
    "audio": "voice note",
    "video": "video",
    "sticker": "sticker",
    "file": "file",
    "share": "shared post",
    "story_reply": "reply to a story",
    "story_mention": "mention in a story",
    "call": "call",
    "location": "location",
    "animated_image": "gif",
    "gif": "gif",
}


@dataclass(frozen=True, slots=True)
class Transcript:
    """The lines shown to the model and which message each short id stands for."""

    lines: tuple[str, ...]
    message_refs: dict[str, str]
    left_out: int


def write_transcript(request: AnalysisRequest, *, token_budget: int) -> Transcript:
    """Return the conversation within about `token_budget` tokens, at least its latest message."""
    letters = max(MIN_MESSAGE_LETTERS, min(MESSAGE_LETTERS, token_budget * 2))
    lines = [_line(number, item, letters) for number, item in enumerate(request.messages, 1)]
    head, tail = _split([estimate_tokens(line + "\n") for line in lines], token_budget - GAP_TOKENS)
    shown = [*range(head), *range(tail, len(lines))]
    refs = {f"m{index + 1}": request.messages[index].id for index in shown}
    left_out = tail - head
    earlier = max(0, (request.message_count or 0) - len(request.messages))
    parts = [_gap(earlier, "earlier messages are not known")] if earlier else []
    parts += lines[:head]
    parts += [_gap(left_out, "messages left out here")] if left_out else []
    parts += lines[tail:]
    return Transcript(tuple(parts), refs, left_out)


def _gap(count: int, words: str) -> str:
    return f"[… {count} {words} …]"


def _split(costs: list[int], budget: int) -> tuple[int, int]:
    """Return (end of the beginning, start of the latest part): the messages between are left out."""
    if sum(costs) <= budget:
        return len(costs), len(costs)
    head, spent = 0, 0
    while head < len(costs) and spent + costs[head] <= budget * HEAD_SHARE:
        spent += costs[head]
        head += 1
    tail = len(costs)
    while tail > head and (spent + costs[tail - 1] <= budget or tail == len(costs)):
        tail -= 1
        spent += costs[tail]
    return head, tail


def _minute(moment: datetime) -> str:
    """Return "2026-11-22 20:15" in UTC; strftime takes three times as long."""
    return moment.astimezone(UTC).isoformat(" ", "minutes")[:16]


def _line(number: int, message: TranscriptMessage, letters: int) -> str:
    when = f" {_minute(message.sent_at)}" if message.sent_at else ""
    words = [cut(disarm(message.text), letters)] if message.text and message.text.strip() else []
    words += [f"({ATTACHMENT_WORDS.get(kind, 'attachment')})" for kind in message.kinds]
    return f"[m{number}] {message.sender.value}{when}: {' '.join(words) or '(no text)'}"
