"""Builds downloads as Meta's exporter writes them: newest first, UTF-8 bytes as Latin-1 escapes."""

import json
import zipfile
from pathlib import Path

OWN = "Tienda Ñandú"
START_MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
FACEBOOK = "your_facebook_activity/messages"
INSTAGRAM = "your_instagram_activity/messages"


def garbled(value):
    """The value with every string as the exporter writes it."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("latin-1")
    if isinstance(value, list):
        return [garbled(one) for one in value]
    if isinstance(value, dict):
        return {key: garbled(one) for key, one in value.items()}
    return value


def message(sender, content=None, *, at=0, **fields):
    """One message, `at` seconds after START_MS."""
    words = {} if content is None else {"content": content}
    return {
        "sender_name": sender,
        "timestamp_ms": START_MS + at * 1000,
        **words,
        **fields,
        "is_geoblocked_for_viewer": False,
        "is_unsent_image_by_messenger_kid_parent": False,
    }


def thread(other, messages=None, *, own=OWN, **head):
    """A thread of two; `messages` are given oldest first."""
    if messages is None:
        messages = [message(other, "Hola", at=1), message(own, "Buenas", at=2)]
    return {
        "participants": [{"name": other}, {"name": own}],
        "messages": list(reversed(messages)),
        "title": other,
        "is_still_participant": True,
        "thread_path": "inbox/thread",
        "magic_words": [],
        **head,
    }


def encode(document):
    """A part's bytes."""
    return json.dumps(garbled(document)).encode("ascii")


def two_threads(root=FACEBOOK):
    """A download in which only the business is common to all."""
    return {
        f"{root}/inbox/anacruz_1234567890/message_1.json": thread("Ana Cruz"),
        f"{root}/inbox/bea_1234567891/message_1.json": thread("Bea Ñ"),
    }


def as_bytes(content):
    """Documents become parts; bytes stay."""
    return content if isinstance(content, bytes) else encode(content)


def write_zip(path: Path, files, *, compression=zipfile.ZIP_DEFLATED) -> Path:
    """A ZIP of {name: document or bytes}; names may be ZipInfo."""
    pairs = files.items() if isinstance(files, dict) else files  # pairs may come one by one
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in pairs:
            archive.writestr(name, as_bytes(content))
    return path


def write_folder(path: Path, files) -> Path:
    """The same, unpacked."""
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(as_bytes(content))
    return path
