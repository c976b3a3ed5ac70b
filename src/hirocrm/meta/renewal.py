"""Keeping tokens of Instagram Login alive: they end after 60 days unless they are refreshed.

Reference: https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
"""

from datetime import datetime, timedelta

import structlog

from hirocrm.core.errors import UpstreamError
from hirocrm.core.threads import in_thread
from hirocrm.meta import connections
from hirocrm.meta.graph.shapes import AccessToken
from hirocrm.meta.models import Flavour, Page

log = structlog.get_logger(__name__)

LIFE = timedelta(days=60)
RENEW_BEFORE = timedelta(days=30)  # daily tries for a month before it matters
YOUNGEST = timedelta(hours=24)  # Meta refuses to refresh a younger one


def is_due(page: Page, *, now: datetime) -> bool:
    """Whether the Page's token is to be refreshed now."""
    if page.flavour != Flavour.INSTAGRAM or not page.access_token:
        return False
    if page.token_issued_at is not None and now - page.token_issued_at < YOUNGEST:
        return False
    return page.token_expires_at is None or page.token_expires_at - now < RENEW_BEFORE


async def renew_if_due(page: Page, *, now: datetime) -> Page:
    """Refresh the token if that is due. A refusal is left to the look that follows, which says what it means."""
    if not is_due(page, now=now):
        return page
    try:
        async with connections.open_graph(page) as graph:
            token = await graph.refresh_instagram_token()
    except UpstreamError as error:
        log.warning("page.token_not_renewed", page_id=str(page.pk), code=error.code)
        return page
    if not connections.is_whole(
        token.access_token
    ):  # the one at hand works; this one couldn't be sent
        log.warning("page.token_not_renewed", page_id=str(page.pk), code="odd_token")
        return page
    await in_thread(_save, page, token, now)
    return page


def _life(token: AccessToken) -> timedelta:
    """How long the token lives, by Meta's word as far as that can be true."""
    if not token.expires_in or token.expires_in > LIFE.total_seconds():
        return LIFE
    return timedelta(seconds=token.expires_in)


def _save(page: Page, token: AccessToken, now: datetime) -> None:
    """Store the new token, unless the Page was connected anew meanwhile."""
    page.access_token = token.access_token
    page.token_issued_at = now
    page.token_expires_at = now + _life(token)
    Page.objects.filter(pk=page.pk, connected_at=page.connected_at).exclude(access_token="").update(
        access_token=page.access_token,
        token_issued_at=page.token_issued_at,
        token_expires_at=page.token_expires_at,
    )
    log.info("page.token_renewed", page_id=str(page.pk))
