"""Graph API clients for Pages: the one place where a stored token becomes a client."""

from django.conf import settings

from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.models import Flavour, Page


def open_graph(page: Page) -> GraphClient:
    """A client that speaks for the Page, at the host its token is for. Use it as an async context manager."""
    return graph_client(page.access_token, flavour=Flavour(page.flavour))


def graph_client(access_token: str | None, *, flavour: Flavour = Flavour.PAGE) -> GraphClient:
    """A client for a token that no Page holds yet, by the configured host, version and app secret."""
    is_instagram = flavour is Flavour.INSTAGRAM
    return GraphClient(
        base_url=settings.INSTAGRAM_GRAPH_URL if is_instagram else settings.FACEBOOK_GRAPH_URL,
        version=settings.FACEBOOK_GRAPH_VERSION,
        access_token=access_token,
        app_secret=app_secret_of(flavour) or None,
    )


def is_whole(access_token: str) -> bool:
    """Whether it can be a token, and travel in a header: no copy that was cut short, or has more with it."""
    return access_token.isascii() and access_token.isprintable() and " " not in access_token


def app_secret_of(flavour: Flavour) -> str:
    """The secret that proves our calls and signs Meta's webhooks; "" when it isn't set."""
    if flavour is Flavour.INSTAGRAM:
        return str(settings.INSTAGRAM_APP_SECRET)
    return str(settings.FACEBOOK_APP_SECRET)


def instagram_token_client() -> GraphClient:
    """A client of the host where a login code of Instagram is exchanged."""
    return GraphClient(
        base_url=settings.INSTAGRAM_TOKEN_URL, version=settings.FACEBOOK_GRAPH_VERSION
    )
