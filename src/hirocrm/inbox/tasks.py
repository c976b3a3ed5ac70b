"""Jobs of this module: load, await the network, one service call."""

from uuid import UUID

from hirocrm.core import clock
from hirocrm.core.jobs import RetryTransient, app
from hirocrm.core.threads import in_thread
from hirocrm.inbox import delivery, upkeep
from hirocrm.inbox.services import drop_old_uploads
from hirocrm.inbox.services.sending import QUEUE, TASK


@app.task(name=TASK, queue=QUEUE, retry=RetryTransient(max_attempts=50))
async def send_queued(*, organization_id: str, conversation_id: str) -> None:  # noqa: ARG001  # names the tenant in the job
    """Send what is queued in a conversation."""
    await delivery.send_queued(UUID(conversation_id))


@app.task(name="inbox.look_for", queue=QUEUE, retry=RetryTransient(max_attempts=20))
async def look_for(*, organization_id: str, outgoing_id: str) -> None:  # noqa: ARG001  # names the tenant in the job
    """Look at Meta for a message of which nobody knows whether it arrived."""
    await delivery.look_for(UUID(outgoing_id))


@app.periodic(cron="* * * * *")
@app.task(name="inbox.wake_forgotten", queue=QUEUE, queueing_lock="inbox.wake_forgotten")
async def wake_forgotten(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Queue jobs for messages that wait without one."""
    await in_thread(upkeep.wake_forgotten, now=clock.now())


@app.periodic(cron="17 3 * * *")
@app.task(name="inbox.drop_old_uploads", queue=QUEUE, queueing_lock="inbox.drop_old_uploads")
async def drop_uploads(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Forget files that were sent long ago."""
    await in_thread(drop_old_uploads, now=clock.now())
