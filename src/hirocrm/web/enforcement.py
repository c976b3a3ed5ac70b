"""What Meta does to a Page for a breach of its policies, in words: the Page's card, the banner and the inbox.

Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_policy_enforcement
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.meta.models import Page

BLOCK, WARNING = "block", "warning"


@dataclass(frozen=True, slots=True)
class Enforcement:
    """A measure that Meta told of and hasn't taken back; `reason` is what Meta wrote, or nothing."""

    label: str | Promise
    tone: str
    sentence: str | Promise
    reason: str


def enforcement_of(page: Page) -> Enforcement | None:
    """What holds against the Page now. Loads the health of its webhooks unless that was selected along."""
    held = getattr(page, "webhook_health", None)
    if held is None or held.policy_action not in _WORDS:
        return None
    label, tone, sentence = _WORDS[held.policy_action]
    return Enforcement(label, tone, sentence, held.policy_reason)


_WORDS: dict[str, tuple[str | Promise, str, str | Promise]] = {
    BLOCK: (
        _("Blocked by Meta"),
        "bad",
        _(
            "Meta doesn't let this Page send, for a breach of its messaging policies. Messages still arrive. Someone who manages the Page can ask Meta for a review, in the Page's settings at Facebook."
        ),
    ),
    WARNING: (
        _("Warned by Meta"),
        "warn",
        _(
            "Meta warns that this Page breaks its messaging policies. If it goes on, Meta may stop it from sending."
        ),
    ),
}
