"""Graph API clients for Pages: the one place where a stored token becomes a client."""

from django.conf import settings

from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.models import Page


def open_graph(page: Page) -> GraphClient:
    """A client that speaks for the Page. Use it as an async context manager."""
    return graph_client(page.access_token)


def graph_client(access_token: str) -> GraphClient:
    """A client for a token that no Page holds yet, by the configured host, version and app secret."""
    return GraphClient(
        base_url=settings.FACEBOOK_GRAPH_URL,
        version=settings.FACEBOOK_GRAPH_VERSION,
        access_token=access_token,
        app_secret=settings.FACEBOOK_APP_SECRET or None,
    )
