"""Sample conversations of three small shops: what the sandbox serves, and what "Load demo data" loads.

`conversations.jsonl` holds rows of `{id, page, platform, name, messages: [{from, text}]}`, `pages.json` the
Pages that `page` names. A row may say `ago` ("3h", "2d": time since its last message); a message may have
`after` ("10m": time since the one before), an `attachment`, a `reaction` and `reply_to` (a number: how many
messages back). "{+21d}" in a text becomes the date that long after the thread's last message, so that a
wedding never lies in the past. This package imports nothing of the product, and nothing of the sandbox.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

Row = dict[str, Any]


def read_samples() -> tuple[list[Row], list[Row]]:
    """The Pages and the conversations."""
    folder = resources.files("hirocrm.samples")
    pages = json.loads((folder / "pages.json").read_text("utf-8"))
    lines = (folder / "conversations.jsonl").read_text("utf-8").splitlines()
    return pages, [json.loads(line) for line in lines if line]


def milliseconds(text: str) -> int:
    """A span such as "90s", "15m", "3h", "2d", "1w", or several: "1d 4h".

    Raises:
        ValueError: no span in it.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhdw])", text)
    if not parts:
        raise ValueError(f"Not a span of time: {text!r}")
    return int(sum(float(number) * UNIT_MS[unit] for number, unit in parts))


def dated(text: str, from_ms: int) -> str:
    """The text with each "{+21d}" as a date: "December 13"."""

    def spelled(match: re.Match[str]) -> str:
        day = datetime.fromtimestamp(from_ms / 1000, UTC) + timedelta(days=int(match[1]))
        return f"{day:%B} {day.day}"

    return re.sub(r"\{\+(\d+)d\}", spelled, text) if "{+" in text else text


def gap(message: Row, seed: int) -> int:
    """Milliseconds since the message before: as told, else half a minute to some ten minutes."""
    return (
        milliseconds(message["after"]) if message.get("after") else 30_000 + seed * 7919 % 560_000
    )
