import pytest

from hirocrm.contacts.snapshots import ConversationSnapshot
from hirocrm.sync.sources.archive import SkippedThread, read_archive
from tests.sync.sources.archive.builders import (
    FACEBOOK,
    thread,
    two_threads,
    write_folder,
    write_zip,
)


@pytest.fixture(params=["zip", "folder"])
def pack(request, tmp_path):
    """Writes {name: content} as a ZIP, and again as a folder."""

    def write(files):
        if request.param == "zip":
            return write_zip(tmp_path / "download.zip", files)
        return write_folder(tmp_path / "download", files)

    return write


@pytest.fixture
def zipped(tmp_path):
    """Writes {name: content} as a ZIP."""
    return lambda files: write_zip(tmp_path / "download.zip", files)


@pytest.fixture
def read_one(tmp_path):
    """Reads the messages of one thread with Ana Cruz, in a download with others."""

    def read(messages, *, other="Ana Cruz", **head):
        files = {
            **two_threads(),
            f"{FACEBOOK}/inbox/one_9999999999/message_1.json": thread(other, messages, **head),
        }
        path = write_zip(tmp_path / "one.zip", files)
        found = [one for one in read_archive(path) if one.remote_id.endswith(":9999999999")]
        assert all(isinstance(one, ConversationSnapshot) for one in found), found
        return [message for one in found for message in one.messages]

    return read


@pytest.fixture
def skipped():
    """The SkippedThreads of a download."""
    return lambda path, **told: [
        one for one in read_archive(path, **told) if isinstance(one, SkippedThread)
    ]
