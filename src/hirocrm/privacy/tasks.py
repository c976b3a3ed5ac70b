"""Jobs of this module."""

from uuid import UUID

from hirocrm.core import clock
from hirocrm.core.jobs import RetryTransient, app
from hirocrm.core.threads import in_thread
from hirocrm.privacy import retention, traces


@app.task(name="privacy.forget_traces", queue="default", retry=RetryTransient(max_attempts=20))
async def forget_traces(
    *, organization_id: str, people: list[str], messages: list[str] | None = None
) -> None:
    """Remove what webhooks delivered of erased people."""
    await in_thread(
        traces.forget_traces,
        organization_id=UUID(organization_id),
        people=people,
        messages=messages or [],
    )


@app.task(name="privacy.apply_retention", queue="default", retry=RetryTransient(max_attempts=20))
async def apply_retention(*, organization_id: str) -> None:
    """Take away what an organization's rule says."""
    await in_thread(retention.apply_policy, organization_id=UUID(organization_id), now=clock.now())


@app.periodic(cron="40 2 * * *")
@app.task(name="privacy.queue_retention", queue="default", queueing_lock="privacy.queue_retention")
async def queue_retention(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Have every organization's rule applied."""
    await in_thread(retention.queue_all)
