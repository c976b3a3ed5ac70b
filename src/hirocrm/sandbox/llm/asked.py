"""One AI call, whichever vendor's words it came in: prompt, schema, and the model's answer to both."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from hirocrm.sandbox.faults import Call
from hirocrm.sandbox.llm.fill import fill, stage_names
from hirocrm.sandbox.llm.model import answers, read
from hirocrm.sandbox.llm.transcript import Line, read_stages, read_transcript

LETTERS_PER_TOKEN = 4


@dataclass(slots=True)
class ModelCall(Call):
    """An AI call: what it asks, and the transcript found in it. `prompt` is the transcript's hash."""

    text: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    thinking: str = ""
    lines: list[Line] = field(default_factory=list)
    problem: str = ""
    is_json: bool = True

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens the prompt has."""
        return max(1, len(self.text) // LETTERS_PER_TOKEN)

    def take_prompt(self, text: str) -> None:
        """Read the transcript, and remember which conversation this is about."""
        self.text = text
        self.lines = read_transcript(text)
        told = "\n".join(f"{line.id}|{line.text}" for line in self.lines) or text
        self.prompt = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def answer_text(call: ModelCall) -> str:
    """What the stand-in model says: JSON for the schema, or a sentence without one."""
    stages = stage_names(call.schema) or read_stages(call.text)
    wishes = answers(read(call.lines), stages)
    if call.schema:
        return json.dumps(fill(call.schema, wishes), ensure_ascii=False)
    return json.dumps(wishes, ensure_ascii=False) if call.is_json else str(wishes["summary"])
