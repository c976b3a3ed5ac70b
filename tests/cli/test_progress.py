from datetime import timedelta

import pytest

from hirocrm.cli.progress import waiting_note
from hirocrm.cli.runs import _WaitsTold
from hirocrm.core import clock
from hirocrm.sync.models import RunStatus, SyncRun


class TestWaiting:
    def test_is_told_once_with_its_reason(self, capsys: pytest.CaptureFixture[str]) -> None:
        until = clock.now().astimezone() + timedelta(days=1)
        run = SyncRun(
            status=RunStatus.RUNNING, waiting_until=until, waiting_for="The day's quota is used up."
        )
        show = _WaitsTold()

        show(SyncRun(status=RunStatus.RUNNING))
        show(run)
        show(run)

        note = f"aiting until {until:%d %b %H:%M}"
        assert capsys.readouterr().err == f"W{note}: The day's quota is used up.\n"
        assert waiting_note(run) == f"w{note}"

    def test_of_today_needs_no_date(self) -> None:
        now = clock.now()

        note = waiting_note(SyncRun(waiting_until=now))

        assert note == f"waiting until {now.astimezone():%H:%M}"
