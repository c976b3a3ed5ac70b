"""The addresses of Meta's consent dialogs, and what comes back from them.

References: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow,
https://developers.facebook.com/docs/facebook-login/facebook-login-for-business and
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings

from hirocrm.meta.models import Flavour
from hirocrm.meta.requirements import INSTAGRAM_LOGIN_SCOPES, LOGIN_SCOPES

CALLBACK_PATHS = {
    Flavour.PAGE: "/connect/facebook/callback",
    Flavour.INSTAGRAM: "/connect/instagram/callback",
}
_CODE_ENDINGS = ("#_=_", "#_")


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogAnswer:
    """The query of a callback. `code` is worth a token for a few minutes: never log or show it."""

    state: str = ""
    code: str = ""
    error: str = ""
    reason: str = ""


def is_configured(flavour: Flavour) -> bool:
    """Whether there is an app to log in with."""
    return not missing_settings(flavour)


def missing_settings(flavour: Flavour) -> list[str]:
    """The environment names that logging in with this flavour still needs."""
    names = (
        ("INSTAGRAM_APP_ID", "INSTAGRAM_APP_SECRET")
        if flavour is Flavour.INSTAGRAM
        else ("FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET")
    )
    return [name for name in names if not getattr(settings, name)]


def redirect_uri(flavour: Flavour) -> str:
    """Where Meta sends the person back to: one of the app's valid OAuth redirect URIs, byte for byte."""
    return f"{settings.BASE_URL}{CALLBACK_PATHS[flavour]}"


def dialog_url(flavour: Flavour, *, state: str, ask_again: bool = False) -> str:
    """Where the person is sent; `ask_again` asks for what was declined before."""
    if flavour is Flavour.INSTAGRAM:
        return _instagram_url(state)
    query = {
        "client_id": settings.FACEBOOK_APP_ID,
        "redirect_uri": redirect_uri(flavour),
        "state": state,
        "response_type": "code",
    }
    # With Facebook Login for Business the scopes lie in a configuration of the app's dashboard.
    if settings.FACEBOOK_LOGIN_CONFIG_ID:
        query["config_id"] = settings.FACEBOOK_LOGIN_CONFIG_ID
    else:
        query["scope"] = ",".join(LOGIN_SCOPES)
    if ask_again:
        query["auth_type"] = "rerequest"
    version = settings.FACEBOOK_GRAPH_VERSION
    return f"{settings.FACEBOOK_LOGIN_URL}/{version}/dialog/oauth?{urlencode(query)}"


def _instagram_url(state: str) -> str:
    query = {
        "client_id": settings.INSTAGRAM_APP_ID,
        "redirect_uri": redirect_uri(Flavour.INSTAGRAM),
        "state": state,
        "response_type": "code",
        "scope": ",".join(INSTAGRAM_LOGIN_SCOPES),
    }
    return f"{settings.INSTAGRAM_LOGIN_URL}/oauth/authorize?{urlencode(query)}"


def clean_code(code: str) -> str:
    """The code without the fragment that Instagram appends to it."""
    for ending in _CODE_ENDINGS:
        code = code.removesuffix(ending)
    return code
