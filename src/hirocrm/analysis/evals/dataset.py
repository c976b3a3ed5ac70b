"""Labelled conversations from a JSON Lines file, with the stages of `pipelines.json` beside it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hirocrm.analysis.schema import AnalysisRequest, StageOption, StageType, TranscriptMessage
from hirocrm.contacts.snapshots import Sender
from hirocrm.core.errors import Invalid

PIPELINES = "pipelines.json"
_SENDERS = {"customer": Sender.CUSTOMER, "business": Sender.BUSINESS}
_TYPES = {
    "won": StageType.WON,
    "resolved": StageType.WON,
    "lost": StageType.LOST,
    "unresolved": StageType.LOST,
    "none": StageType.ARCHIVED,
}


class DatasetInvalid(Invalid):
    """The data set can't be read. The sentence names the file, the line and what is wrong."""

    code: ClassVar[str] = "dataset_invalid"


@dataclass(frozen=True, slots=True)
class LabelledConversation:
    """A conversation and the stage that people say it is in."""

    id: str
    request: AnalysisRequest
    gold_stage: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """The conversations of one file. `stages`: the names of all stages of its pipelines, in order."""

    conversations: tuple[LabelledConversation, ...]
    stages: tuple[str, ...]


def load_dataset(path: Path) -> Dataset:
    """Read a file of labelled conversations.

    Raises:
        DatasetInvalid: a file is missing or a line can't be used.
    """
    pipelines = _pipelines(path.parent / PIPELINES, path)
    conversations = tuple(_conversations(path, pipelines))
    if not conversations:
        raise DatasetInvalid(f"{path.name} holds no conversation.")
    used = {stage.name: None for row in conversations for stage in row.request.stages}
    return Dataset(conversations, tuple(used))


def _pipelines(path: Path, dataset: Path) -> dict[str, tuple[StageOption, ...]]:
    if not dataset.is_file():
        raise DatasetInvalid(f"There is no file {dataset}.")
    if not path.is_file():
        raise DatasetInvalid(
            f"{path.name} with the pipelines' stages is missing beside {dataset.name}."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: _stages(pipeline["stages"]) for name, pipeline in content.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetInvalid(
            f'{path.name} must map each pipeline to {{"stages": [{{"name", "description"}}]}}.'
        ) from error


def _stages(rows: list[Mapping[str, str]]) -> tuple[StageOption, ...]:
    stages: list[StageOption] = []
    for row in rows:
        kind = _TYPES.get(row.get("outcome", "open"))
        kind = StageType(row["type"]) if "type" in row else kind
        open_type = StageType.IN_PROGRESS if stages else StageType.LEAD
        stages.append(StageOption(row["name"], kind or open_type, row.get("description", "")))
    return tuple(stages)


def _conversations(
    path: Path, pipelines: Mapping[str, tuple[StageOption, ...]]
) -> Iterator[LabelledConversation]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _conversation(line, f"{path.name} line {number}", pipelines)


def _conversation(
    line: str, place: str, pipelines: Mapping[str, tuple[StageOption, ...]]
) -> LabelledConversation:
    row = _object(line, place)
    stages = _stages_for(row, place, pipelines)
    gold = row.get("gold_stage")
    names = {stage.name.strip().casefold(): stage.name for stage in stages}
    if not isinstance(gold, str) or gold.strip().casefold() not in names:
        raise DatasetInvalid(f"{place}: gold_stage {gold!r} is not a stage of its pipeline.")
    identity = str(row.get("id") or place)
    request = AnalysisRequest(messages=_messages(row, place), stages=stages)
    return LabelledConversation(identity, request, names[gold.strip().casefold()])


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetInvalid(f"{place} is not JSON.") from error
    if not isinstance(row, dict):
        raise DatasetInvalid(f"{place} is not a JSON object.")
    return row


def _stages_for(
    row: Mapping[str, Any], place: str, pipelines: Mapping[str, tuple[StageOption, ...]]
) -> tuple[StageOption, ...]:
    name = row.get("pipeline")
    if name is None and len(pipelines) == 1:
        return next(iter(pipelines.values()))
    if not isinstance(name, str) or name not in pipelines:
        raise DatasetInvalid(f"{place}: pipeline {name!r} is not in {PIPELINES}.")
    return pipelines[name]


def _messages(row: Mapping[str, Any], place: str) -> tuple[TranscriptMessage, ...]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        raise DatasetInvalid(f"{place}: messages must be a list with at least one message.")
    return tuple(_message(item, index, place) for index, item in enumerate(messages, start=1))


def _message(item: Any, index: int, place: str) -> TranscriptMessage:
    sender = _SENDERS.get(str(item.get("from"))) if isinstance(item, dict) else None
    text = item.get("text") if isinstance(item, dict) else None
    if sender is None or not isinstance(text, str | None):
        raise DatasetInvalid(
            f'{place}: message {index} must be {{"from": "customer" or "business", "text": …}}.'
        )
    return TranscriptMessage(id=f"m{index}", sender=sender, sent_at=None, text=text)
