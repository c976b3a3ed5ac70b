"""The tabs above every settings page."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.web.members import MemberHttpRequest

SECTIONS = (
    ("settings", _("Organization"), Right.READ),
    ("members", _("Members"), Right.READ),
    ("ai-settings", _("AI"), Right.CONFIGURE),
    ("webhooks", _("Webhooks"), Right.READ),
    ("tokens", _("API tokens"), Right.READ),
    ("privacy-settings", _("Privacy"), Right.READ),
)


def tabs(request: MemberHttpRequest) -> list[dict[str, object]]:
    """The sections that the member may see, with the one that is shown marked."""
    return [
        {"label": label, "url": reverse(name), "current": request.path == reverse(name)}
        for name, label, right in SECTIONS
        if permissions.allows(request.member, right)
    ]
