"""A run as a progress bar on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hirocrm.core import clock

if TYPE_CHECKING:
    from hirocrm.sync.models import SyncRun


@contextmanager
def working(what: str) -> Iterator[None]:
    """A turning sign on stderr beside `what`, on terminals."""
    with Console(stderr=True).status(what):
        yield


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, on terminals; call what it gives with (done, total)."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed:.0f} of {task.total}"))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def run_progress() -> Iterator[Callable[["SyncRun"], None]]:
    """Two bars, contacts saved and conversations analysed, on stderr."""
    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}"),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        saved = progress.add_task("saved", total=None, note="")
        analysed = progress.add_task("analysed", total=None, note="")

        def show(run: "SyncRun") -> None:
            progress.update(saved, completed=run.synced, total=run.expected, note=_note(run))
            progress.update(analysed, completed=run.analyzed, total=run.to_analyse or None)

        yield show


def waiting_note(run: "SyncRun") -> str:
    """Until when the run waits, by this machine's clock; "" when it doesn't."""
    if run.waiting_until is None:
        return ""
    until = run.waiting_until.astimezone()
    is_today = until.date() == clock.now().astimezone().date()
    return f"waiting until {until:%H:%M}" if is_today else f"waiting until {until:%d %b %H:%M}"


def _note(run: "SyncRun") -> str:
    return waiting_note(run) or (f"{run.failed} failed" if run.failed else "")
