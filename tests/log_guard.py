"""Reads every log line of the test run: none may hold a token, a secret or a word of a customer.

Lines of this process come through a handler that formats as the product does. Lines of the processes that tests start
come from the files and texts named to `watch` and `read`. tests/conftest.py looks after each test and at the end.
"""

import logging
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.log_words import SHAPES, known_words


@dataclass
class LogGuard:
    """Collects lines until it is asked for what leaked in them."""

    _lines: list[str] = field(default_factory=list)
    _files: dict[Path, int] = field(default_factory=dict)  # and how many bytes were read
    count: int = 0  # lines seen by now

    def read(self, text: str) -> None:
        """Take what a process wrote to its log."""
        lines = text.splitlines()
        self.count += len(lines)
        self._lines += lines

    def watch(self, file: Path) -> Path:
        """Read a file as it grows, until it is gone."""
        self._files.setdefault(file, 0)
        return file

    def new_file(self) -> Path:
        """A file, watched, for a process to write its log to; it goes with the test run's folder."""
        handle, name = tempfile.mkstemp(suffix=".log", dir=os.environ["HIROCRM_DATA_DIR"])
        os.close(handle)
        return self.watch(Path(name))

    def catch_up(self) -> None:
        """Read what was added to the files."""
        for file, offset in list(self._files.items()):
            if not file.exists():
                del self._files[file]
                continue
            with file.open("rb") as stream:
                stream.seek(offset)
                added = stream.read()
            self._files[file] = offset + len(added)
            self.read(added.decode(errors="replace"))

    def leaks(self) -> list[str]:
        """The lines since the last call that hold what none may hold."""
        self.catch_up()
        lines, self._lines = self._lines, []
        if not lines:
            return []
        text = "\n".join(lines)
        words = [word for word in known_words() if word in text]
        if not words and not SHAPES.search(text):
            return []
        return [line for line in lines if SHAPES.search(line) or any(w in line for w in words)]


class Listener(logging.Handler):
    """Gives the guard each record, written as the product writes it."""

    def __init__(self, guard: LogGuard, formatter: logging.Formatter) -> None:
        super().__init__(logging.NOTSET)
        self._guard = guard
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self._guard.read(self.format(record))


def product_formatter() -> logging.Formatter:
    """How HiroCRM writes its log."""
    found = [one for one in logging.getLogger().handlers if one.name == "stderr"]
    assert found, "config/logs.py has no handler `stderr` any more."
    assert found[0].formatter
    return found[0].formatter


guard = LogGuard()
