"""Jobs of this module: load, await Meta, one call that writes."""

from uuid import UUID

from procrastinate import JobContext

from hirocrm.core import clock
from hirocrm.core.errors import UpstreamError, UpstreamRateLimited, UpstreamUnavailable
from hirocrm.core.jobs import RetryTransient, app, is_transient
from hirocrm.core.threads import in_thread
from hirocrm.meta import checkup, choosing, endings, health, logins, renewal, subscribing
from hirocrm.meta.models import Login, Page
from hirocrm.meta.subscribing import Subscription


@app.task(name="meta.check_page", queue=health.CHECK_QUEUE, retry=RetryTransient(max_attempts=5))
async def check_page(*, page_id: str, doubted: bool = False) -> None:
    """Look at a Page's connection, and renew its token if that is due.

    Raises:
        UpstreamUnavailable: Meta couldn't be asked; the job is tried again.
    """
    page = await in_thread(_find, UUID(page_id))
    if page is None:
        return
    page = await renewal.renew_if_due(page, now=clock.now())
    found = await checkup.examine(page, now=clock.now())
    await in_thread(checkup.record, page, found, now=clock.now(), doubted=doubted)
    if not found.is_conclusive:
        raise UpstreamUnavailable("Meta couldn't be asked how the Page's connection is.")


@app.task(
    name="meta.subscribe_page", queue=health.CHECK_QUEUE, retry=RetryTransient(max_attempts=5)
)
async def subscribe_page(*, page_id: str) -> None:
    """Have Meta deliver the events of a Page that was connected unseen.

    Raises:
        UpstreamUnavailable: Meta couldn't be asked; the job is tried again.
        UpstreamRateLimited: Meta asked for patience; the same.
    """
    page = await in_thread(_find, UUID(page_id))
    if page is None:
        return
    try:
        found = await subscribing.subscribe(page)
    except (UpstreamUnavailable, UpstreamRateLimited):
        raise
    except UpstreamError as refusal:
        await in_thread(health.note_trouble, page=page, error=refusal, now=clock.now())
        found = Subscription(problem=refusal.sentence)
    await in_thread(subscribing.record, page, found)


@app.task(
    name="meta.connect_chosen", queue=health.CHECK_QUEUE, retry=RetryTransient(max_attempts=5)
)
async def connect_chosen(*, login_id: str) -> None:
    """Connect the Pages that were chosen from a login and wait; a stop in between loses none."""
    login = await in_thread(_find_login, UUID(login_id))
    while login is not None:
        choice = await in_thread(choosing.connect_portion, login, now=clock.now())
        if not (choice.connected or choice.reconnected or choice.refused):
            return  # all done, or another worker has the rest in hand


def _find_login(login_id: UUID) -> Login | None:
    return Login.objects.select_related("member").filter(pk=login_id).first()


def _find(page_id: UUID) -> Page | None:
    idle = health.IDLE_STATES
    return Page.objects.filter(pk=page_id).exclude(state__in=idle).exclude(access_token="").first()


@app.task(
    name="meta.end_events",
    queue=health.CHECK_QUEUE,
    retry=RetryTransient(max_attempts=endings.TRIES),
    pass_context=True,
)
async def end_events(context: JobContext, *, ending_id: str) -> None:
    """Have Meta deliver no more events of a Page that was removed here.

    Raises:
        UpstreamUnavailable: Meta couldn't be asked; the job is tried again, up to a limit.
        UpstreamRateLimited: Meta asked for patience; the same.
    """
    ending = await in_thread(endings.find, UUID(ending_id))
    if ending is None:
        return
    try:
        await endings.end_events(ending)
    except UpstreamError as fault:
        if is_transient(fault) and context.job.attempts < endings.TRIES:
            raise
        await in_thread(endings.give_up, ending, fault, now=clock.now())
    else:
        await in_thread(endings.done, ending)


@app.periodic(cron="*/10 * * * *")
@app.task(
    name="meta.check_due_pages", queue=health.CHECK_QUEUE, queueing_lock="meta.check_due_pages"
)
async def check_due_pages(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Have the Pages looked at whose last look is a day old, and end the pauses that are over."""
    await in_thread(_ask_for_checks)


def _ask_for_checks() -> None:
    health.end_pauses(now=clock.now())
    for page in checkup.list_due(now=clock.now()):
        health.ask_for_check(page)


@app.periodic(cron="17 * * * *")
@app.task(name="meta.forget_logins", queue=health.CHECK_QUEUE, queueing_lock="meta.forget_logins")
async def forget_logins(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Erase logins nobody finished and Pages that were removed, with the tokens they hold."""
    await in_thread(logins.forget_expired, now=clock.now())
    await in_thread(endings.forget_old, now=clock.now())
