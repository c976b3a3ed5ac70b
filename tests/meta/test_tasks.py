"""The periodic look at connections."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.meta import tasks
from tests.factories import PageFactory

pytestmark = pytest.mark.django_db(transaction=True)


class TestCheckDuePages:
    def test_has_due_pages_looked_at_once_and_ends_pauses(self, owner):
        now = datetime.now(UTC)
        made = {"organization": owner.organization, "connected_at": now}
        due = PageFactory(**made, checked_at=now - timedelta(days=2))
        PageFactory(**made, checked_at=now)
        paused = PageFactory(**made, checked_at=now, state="limited", limited_until=now)

        for _ in range(2):
            async_to_sync(tasks.check_due_pages.func)(timestamp=0)

        paused.refresh_from_db()
        jobs = ProcrastinateJob.objects.filter(task_name="meta.check_page")
        assert [job.args["page_id"] for job in jobs] == [str(due.pk)]
        assert paused.state == "healthy"
