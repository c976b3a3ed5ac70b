"""The tabs above every settings page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

SECTIONS = (
    ("settings", _("Organization")),
    ("members", _("Members")),
    ("ai-settings", _("AI")),
    ("webhooks", _("Webhooks")),
    ("tokens", _("API tokens")),
    ("privacy-settings", _("Privacy")),
)


def tabs(request: HttpRequest) -> list[dict[str, object]]:
    """The sections, with the one that is shown marked."""
    return [
        {"label": label, "url": reverse(name), "current": request.path == reverse(name)}
        for name, label in SECTIONS
    ]
