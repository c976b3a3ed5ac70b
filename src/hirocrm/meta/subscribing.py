"""Having Meta deliver a connection's events to our app, without which its webhooks stay silent.

Reference: https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
"""

from dataclasses import dataclass, replace

import structlog
from django.conf import settings

from hirocrm.core.errors import UpstreamRejected
from hirocrm.meta import connections, requirements
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.shapes import TokenInfo
from hirocrm.meta.models import Flavour, Page, WebhookHealth

log = structlog.get_logger(__name__)

PROBLEM_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Subscription:
    """The events that Meta delivers to our app, None: not known; and why they can't be had, "" if they can.

    `was_silent`: Meta delivered no messages until now, as after an hour of failed deliveries.
    """

    fields: tuple[str, ...] | None = None
    problem: str = ""
    was_silent: bool = False


async def look_after(
    graph: GraphClient, page: Page, info: TokenInfo | None, *, repair: bool
) -> Subscription:
    """What is delivered for the Page, after adding what lacked if `repair`.

    Raises:
        UpstreamError: Meta refused for a reason that concerns the whole connection, or couldn't be asked.
    """
    if not is_ours(page, info):
        return Subscription()
    try:
        have = await _delivered(graph, page)
    except UpstreamRejected as refusal:  # this look is refused; asking for the events may not be
        if not repair:
            return Subscription(problem=refusal.sentence)
        return await _ask_for_all(graph, page)
    if set(requirements.fields_of(Flavour(page.flavour))) <= set(have) or not repair:
        return Subscription(have)
    asked = await _ask_for_all(graph, page)
    was_silent = bool(asked.fields and _own_app(Flavour(page.flavour))) and "messages" not in have
    return replace(asked, was_silent=was_silent)


async def subscribe(page: Page) -> Subscription:
    """Ask for the Page's events, as after connecting it.

    Raises:
        UpstreamError: Meta refused for a reason that concerns the whole connection, or couldn't be asked.
    """
    if not is_ours(page, None):
        return Subscription()
    async with connections.open_graph(page) as graph:
        return await _ask_for_all(graph, page)


def record(page: Page, found: Subscription) -> None:
    """Write what was found, unless the Page was connected anew meanwhile."""
    rows = Page.objects.filter(pk=page.pk, connected_at=page.connected_at)
    if found.fields is not None:
        rows.update(subscribed_fields=list(found.fields))
    if found.problem or found.fields is not None:
        note_problem(page, found.problem)


def note_problem(page: Page, problem: str) -> None:
    """Remember why the Page's events can't be had; "" forgets it."""
    problem = problem[:PROBLEM_LENGTH]
    if WebhookHealth.objects.filter(page=page).update(subscribe_problem=problem) or not problem:
        return
    WebhookHealth.objects.get_or_create(
        page=page,
        defaults={"organization_id": page.organization_id, "subscribe_problem": problem},
    )


def is_ours(page: Page, info: TokenInfo | None) -> bool:
    """Whether the token is of our own app, whose subscription may be changed.

    Subscribing replaces the fields that the token's app had, and another program of the same owner may live on
    those. Where Meta doesn't say whose the token is, its check of our `appsecret_proof` refuses the call.
    """
    flavour = Flavour(page.flavour)
    if info is not None and info.app_id and flavour is Flavour.PAGE:
        return bool(info.app_id == _own_app(flavour))
    return bool(connections.app_secret_of(flavour))


def _own_app(flavour: Flavour) -> str:
    is_instagram = flavour is Flavour.INSTAGRAM
    return str(settings.INSTAGRAM_APP_ID if is_instagram else settings.FACEBOOK_APP_ID)


async def _delivered(graph: GraphClient, page: Page) -> tuple[str, ...]:
    own_app = _own_app(Flavour(page.flavour))
    apps = await graph.list_subscribed_apps(_node(page))
    return next((app.subscribed_fields for app in apps if own_app and app.id == own_app), ())


async def _ask_for_all(graph: GraphClient, page: Page) -> Subscription:
    """Subscribe what we want; the core alone where this version doesn't know one of the others."""
    flavour = Flavour(page.flavour)
    problem = ""
    for wanted in (requirements.fields_of(flavour), requirements.CORE_FIELDS[flavour]):
        try:
            await graph.subscribe_app(_node(page), wanted)
        except UpstreamRejected as refusal:
            log.warning("page.fields_refused", page_id=str(page.pk), code=refusal.remote_code)
            problem = refusal.sentence
        else:
            return Subscription(wanted)
    return Subscription((), problem)


def _node(page: Page) -> str:
    return node_of(Flavour(page.flavour), page.remote_id)


def node_of(flavour: Flavour, remote_id: str | None) -> str:
    """Whose subscription it is, as the address of the call says it."""
    return "me" if flavour is Flavour.INSTAGRAM else remote_id or "me"
