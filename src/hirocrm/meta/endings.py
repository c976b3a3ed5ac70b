"""Having Meta deliver no more events of a Page that was removed here.

Meta may be away just then, or ask for patience, so a job tries for about an hour. It needs the Page's token,
which is kept, encrypted, until then and no longer. What couldn't be ended is said, with what a person can do.
Reference: https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps (deleting)
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from hirocrm.core import jobs
from hirocrm.core.errors import UpstreamError
from hirocrm.meta import connections, health
from hirocrm.meta.models import Flavour, Page, PageEnding
from hirocrm.meta.subscribing import is_ours, node_of
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

log = structlog.get_logger(__name__)

TRIES = 15  # with their pauses of up to five minutes: about an hour
TOKEN_KEPT = timedelta(days=1)  # whatever became of the job
TOLD_FOR = timedelta(days=30)
SHOWN = 50


def ask_to_end(page: Page, *, now: datetime) -> None:
    """Queue the end of the Page's events in the caller's transaction, which forgets the Page's token."""
    if not page.access_token or not is_ours(page, None):
        return
    ending = PageEnding.objects.create(
        organization_id=page.organization_id,
        remote_id=page.remote_id or "",
        name=page.name,
        flavour=page.flavour,
        access_token=page.access_token,
        created_at=now,
    )
    jobs.defer("meta.end_events", queue=health.CHECK_QUEUE, ending_id=str(ending.pk))


def find(ending_id: UUID) -> PageEnding | None:
    """The ending, if it is still wanted.

    Where the Page is connected again, by whichever organization, it isn't: the subscription is the app's, so
    that connection would lose its events.
    """
    ending = PageEnding.objects.filter(pk=ending_id).exclude(access_token="").first()
    if ending is None:
        return None
    if Page.objects.filter(remote_id=ending.remote_id).exclude(access_token="").exists():
        ending.delete()
        return None
    return ending


async def end_events(ending: PageEnding) -> None:
    """Ask Meta.

    Raises:
        UpstreamError: Meta refused, or couldn't be asked.
    """
    flavour = Flavour(ending.flavour)
    async with connections.graph_client(ending.access_token, flavour=flavour) as graph:
        await graph.unsubscribe_app(node_of(flavour, ending.remote_id))


def done(ending: PageEnding) -> None:
    """Meta delivers no more."""
    PageEnding.objects.filter(pk=ending.pk).delete()


def give_up(ending: PageEnding, fault: UpstreamError, *, now: datetime) -> None:
    """Forget the token and keep the reason, to be told."""
    log.warning("page.not_unsubscribed", ending_id=str(ending.pk), code=fault.code)
    rows = PageEnding.objects.filter(pk=ending.pk)
    rows.update(access_token="", given_up_at=now, problem=fault.sentence[:500])


def forget_old(*, now: datetime) -> None:
    """Forget tokens whose job got lost, and what was told long enough."""
    lost = PageEnding.objects.filter(given_up_at=None, created_at__lt=now - TOKEN_KEPT)
    lost.update(access_token="", given_up_at=now, problem=_("Meta couldn't be asked."))
    PageEnding.objects.filter(given_up_at__lt=now - TOLD_FOR).delete()


def list_given_up(*, member: Member) -> QuerySet[PageEnding]:
    """Removed Pages whose events Meta may still deliver, newest first: those that weren't connected again."""
    permissions.require(member, Right.READ)
    here = Page.objects.exclude(access_token="").filter(organization_id=member.organization_id)
    rows = PageEnding.objects.filter(
        organization_id=member.organization_id, given_up_at__isnull=False
    )
    rows = rows.exclude(remote_id__in=here.filter(remote_id__isnull=False).values("remote_id"))
    return rows.order_by("-given_up_at", "-id")[:SHOWN]
