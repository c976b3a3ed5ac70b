"""What a connection needs from Meta: scopes, tasks, and the events that a Page must deliver.

References: https://developers.facebook.com/docs/permissions,
https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps and
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login
"""

from collections.abc import Iterable

from hirocrm.meta.graph.shapes import TokenInfo
from hirocrm.meta.models import Flavour, Page

MESSENGER_SCOPES = ("pages_messaging", "pages_manage_metadata", "pages_read_engagement")
INSTAGRAM_SCOPES = ("instagram_basic", "instagram_manage_messages")
# Without the last, Pages that a person reaches only through a business portfolio are left out.
LOGIN_SCOPES = ("pages_show_list", *MESSENGER_SCOPES, *INSTAGRAM_SCOPES, "business_management")
INSTAGRAM_LOGIN_SCOPES = ("instagram_business_basic", "instagram_business_manage_messages")
LOCALE_SCOPE = "pages_user_locale"

PAGE_FIELDS = (
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "standby",
)
# Instagram sends echoes inside `messages` and knows no `message_echoes`.
INSTAGRAM_FIELDS = (
    "messages",
    "message_reactions",
    "message_edit",
    "messaging_postbacks",
    "messaging_seen",
    "messaging_referral",
    "messaging_handover",
    "standby",
)
# Asked for alone when this version of the API refuses one of the others.
CORE_FIELDS = {
    Flavour.PAGE: ("messages", "message_echoes", "messaging_postbacks"),
    Flavour.INSTAGRAM: ("messages", "messaging_postbacks"),
}


def fields_of(flavour: Flavour) -> tuple[str, ...]:
    """The events that a connection is to deliver."""
    return INSTAGRAM_FIELDS if flavour is Flavour.INSTAGRAM else PAGE_FIELDS


def needed_scopes(flavour: Flavour, *, has_instagram: bool) -> tuple[str, ...]:
    """The scopes without which something of the connection doesn't work."""
    if flavour is Flavour.INSTAGRAM:
        return INSTAGRAM_LOGIN_SCOPES
    return MESSENGER_SCOPES + (INSTAGRAM_SCOPES if has_instagram else ())


def missing_scopes(page: Page) -> tuple[str, ...]:
    """What the Page's token lacks; nothing while its scopes aren't known."""
    if not page.granted_scopes:
        return ()
    needed = needed_scopes(Flavour(page.flavour), has_instagram=bool(page.instagram_account_id))
    return tuple(scope for scope in needed if scope not in page.granted_scopes)


def missing_tasks(tasks: Iterable[str], *, has_instagram: bool) -> tuple[str, ...]:
    """The Page tasks that the connecting person lacks; nothing while their tasks aren't known.

    MESSAGING reads Instagram, MESSAGING or MODERATE reads Messenger, MODERATE subscribes webhooks; MANAGE
    stands for all of them.
    """
    given = set(tasks)
    if not given or "MANAGE" in given:
        return ()
    wanted = ["MODERATE", *(["MESSAGING"] if has_instagram else [])]
    return tuple(task for task in wanted if task not in given)


def scopes_for(info: TokenInfo, *, asset_ids: Iterable[str]) -> list[str]:
    """The scopes that hold for these assets: a granular scope may name others only."""
    targets = {g.scope: g.target_ids for g in info.granular_scopes if g.scope}
    assets = set(asset_ids)
    granted = []
    for scope in info.scopes:
        named = targets.get(scope)
        if named is None or assets & set(named):
            granted.append(scope)
    return granted
