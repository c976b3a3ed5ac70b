"""THE table of Meta's error codes: which code and subcode becomes which error.

Classified by code and subcode, never by HTTP status (a rate limit arrives as 403, "reduce the
data" as 500) and hardly by message (those are localised).
Sources: https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/messenger-platform/error-codes
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hirocrm.meta.graph import errors
from hirocrm.meta.graph.errors import Action, GraphError, Refusal

HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the error to raise, what to do, and the sentence for the Page's owner."""

    error: type[GraphError]
    sentence: str
    action: Action | None = None
    wait_seconds: float | None = None
    retries: int = 3
    needs_operator: bool = False
    outcome_unknown: bool = False


_RECONNECT = "Reconnect the Page; nothing that was synced is lost."
_TOKEN: dict[int | None, str] = {
    None: f"Facebook no longer accepts this Page's token. {_RECONNECT}",
    458: "The person who connected this Page removed the app. Connect the Page again.",
    459: "Facebook wants the person who connected this Page to confirm their account: log in at facebook.com, then sync again.",
    460: f"The password of the person who connected this Page was changed, or they logged out everywhere. {_RECONNECT}",
    463: f"This Page's token has expired. {_RECONNECT}",
    464: "The Facebook account that connected this Page isn't confirmed: log in at facebook.com, then sync again.",
    467: f"This Page's token is invalid. {_RECONNECT}",
    492: "The person who connected this Page no longer has a role on it. Someone who manages the Page must connect it again.",
}
_LIMITED = Rule(
    errors.GraphRateLimited,
    "Meta allows no more calls for now. HiroCRM waits and goes on by itself.",
)
_RESTRICTED = Rule(
    errors.GraphAccountRestricted,
    "Meta has restricted this account for a while. Look into the Page's support inbox on Facebook; HiroCRM tries again in some hours.",
    wait_seconds=6 * HOUR_SECONDS,
    needs_operator=True,
)
_UNAVAILABLE = Rule(
    errors.GraphUnavailable, "Meta has a passing problem. HiroCRM tries again by itself."
)
_SEND_UNKNOWN = Rule(
    errors.GraphUnavailable,
    "Meta had a problem, and the message may or may not have been sent. Look before sending it again.",
    outcome_unknown=True,
)
_PERMISSION = Rule(
    errors.GraphPermissionMissing,
    "The app may not do this for the Page. Reconnect the Page and grant every permission that is asked for.",
)
_MISSING = Rule(errors.GraphObjectMissing, "Meta doesn't have this, or no longer shows it.")
_NO_PERSON = Rule(
    errors.GraphRecipientUnreachable,
    "Meta knows no such person for this Page; they can't be written to.",
)
_UNREACHABLE = Rule(
    errors.GraphRecipientUnreachable,
    "This person can't receive messages from the Page: they blocked it or closed their account.",
)
_WINDOW = Rule(
    errors.GraphWindowClosed,
    "This person wrote too long ago: Meta allows answers for 24 hours after their last message.",
)
_PROFILE = Rule(errors.GraphProfileUnavailable, "Meta doesn't show this person's profile.")
_OPT_IN = Rule(errors.GraphRecipientUnreachable, "This person doesn't accept this kind of message.")
_ATTACHMENT = Rule(
    errors.GraphRejected,
    "Meta couldn't take the attachment: it must be publicly reachable, of the stated type, and at most 25 MB.",
    action=Action.SKIP,
)
_NOT_LIVE = Rule(
    errors.GraphAppNotLive,
    "The Meta app isn't live: it reaches only people with a role on it. Publish the app and get Advanced Access.",
    needs_operator=True,
)
_OUR_FAULT = Rule(errors.GraphRejected, "Meta refused the request as invalid.")
_ALERT = Rule(
    errors.GraphRejected, "Meta refused this for the account or app.", needs_operator=True
)
_BLOCKED = Rule(
    errors.GraphSendingBlocked,
    "Meta blocked this kind of sending for the business. Stop bulk messages and look into the Page's quality page.",
    needs_operator=True,
)

REDUCE_DATA = Rule(
    errors.GraphReduceData,
    "Meta wants to be asked for less at once. HiroCRM asks for smaller pages.",
)
PAGING_ENDED = Rule(errors.GraphPagingEnded, "Meta lists nothing beyond this point.")
FIELD_UNKNOWN = Rule(errors.GraphFieldUnknown, "This version of the Graph API lacks a field.")
PROOF_REQUIRED = Rule(
    errors.GraphPermissionMissing,
    "The Meta app demands proof of its secret: set FACEBOOK_APP_SECRET to the secret of the app that made this token.",
    action=Action.STOP,
    needs_operator=True,
)
SECRET_REFUSED = Rule(
    errors.GraphRejected,
    "Meta doesn't take the app's secret: set FACEBOOK_APP_SECRET to the one of the app FACEBOOK_APP_ID, in App settings > Basic.",
    needs_operator=True,
)

RULES: dict[tuple[int, int | None], Rule] = {
    **{
        (code, subcode): Rule(errors.GraphTokenInvalid, sentence)
        for code in (102, 190)
        for subcode, sentence in _TOKEN.items()
    },
    (1, None): _UNAVAILABLE,
    (1, 99): Rule(
        errors.GraphUnavailable,
        "Meta answers with an unknown error, often for want of a permission: check the app's access level.",
        retries=1,
        needs_operator=True,
    ),
    (1, 1357046): _SEND_UNKNOWN,
    (2, None): _UNAVAILABLE,
    (2, 2018344): Rule(
        errors.GraphPermissionMissing,
        "An admin of the Page must accept Meta's privacy terms for labels, in the Page's inbox.",
        action=Action.STOP,
        needs_operator=True,
    ),
    (3, None): Rule(
        errors.GraphPermissionMissing,
        "The Meta app lacks this capability: add the product or permission in its dashboard.",
        action=Action.STOP,
        needs_operator=True,
    ),
    (4, None): _LIMITED,
    (4, 2018354): _OPT_IN,
    (9, None): _LIMITED,
    (10, None): _PERMISSION,
    (10, 2018278): _WINDOW,
    (10, 2534022): _WINDOW,
    (10, 2018065): _WINDOW,
    (10, 2018108): _UNREACHABLE,
    (10, 1893063): _RESTRICTED,
    (10, 1404170): _OPT_IN,
    (10, 1893015): _OPT_IN,
    (10, 2018336): Rule(
        errors.GraphRecipientUnreachable,
        "European privacy rules keep this conversation from being answered here.",
    ),
    (10, 2534077): Rule(
        errors.GraphInstagramNotLinked,
        "Meta can't verify the Page's Instagram account: log in to Instagram, confirm it, link it to the Page, then reconnect.",
    ),
    (17, None): _LIMITED,
    (32, None): _LIMITED,
    (100, None): _OUR_FAULT,
    (100, 33): _MISSING,
    (100, 2018001): _NO_PERSON,
    (100, 2534014): _NO_PERSON,
    (100, 2534013): Rule(
        errors.GraphInstagramNotLinked,
        "No Instagram professional account is linked to this Page. Link it in the Page's settings on Facebook.",
        action=Action.STOP,
        needs_operator=True,
    ),
    **dict.fromkeys([(100, s) for s in (2018008, 2018047, 2018074, 2018109, 2018294)], _ATTACHMENT),
    (100, 2534029): _BLOCKED,
    (100, 2534037): Rule(
        errors.GraphThreadControlledElsewhere,
        "Another app answers this conversation. Take it over first.",
    ),
    (200, None): _PERMISSION,
    (200, 1545041): _UNREACHABLE,
    (200, 2018027): _NOT_LIVE,
    (200, 2018028): _NOT_LIVE,
    (200, 2018021): _OUR_FAULT,
    (200, 2534041): Rule(
        errors.GraphInstagramNotLinked,
        "The Instagram account doesn't allow access to its messages: switch on “Allow access to messages” in the Instagram app.",
        action=Action.STOP,
        needs_operator=True,
    ),
    (230, None): Rule(  # of a profile; see WHEN_CHANGING
        errors.GraphPermissionMissing,
        "The person hasn't agreed to show their profile, or the app lacks the messaging permission.",
        action=Action.SKIP,
    ),
    (341, None): _LIMITED,
    (368, None): _RESTRICTED,
    (506, None): _OUR_FAULT,
    (551, None): _UNREACHABLE,
    (613, None): _LIMITED,
    (613, 1996): Rule(
        errors.GraphRateLimited,
        "Meta finds the pace of calls uneven. HiroCRM waits and goes on more slowly.",
        wait_seconds=HOUR_SECONDS,
    ),
    (613, 2018338): _BLOCKED,
    (613, 1893016): _OPT_IN,
    (1200, None): _SEND_UNKNOWN,
    (2022, None): _BLOCKED,
    (2500, None): _OUR_FAULT,
    (9010, None): _NO_PERSON,
    (36103, None): Rule(
        errors.GraphInstagramNotLinked,
        "This Instagram account isn't eligible for Meta's API yet.",
        action=Action.STOP,
        needs_operator=True,
    ),
    (1609005, None): _OUR_FAULT,
    (2018218, None): _PROFILE,
    (2018247, None): _PROFILE,
    (2018300, None): Rule(
        errors.GraphThreadControlledElsewhere,
        "Another app answers this conversation. Take it over first.",
    ),
    (2018321, None): Rule(
        errors.GraphConversationBusy,
        "Messenger's automated answers are at work in this conversation, and Meta takes no other message meanwhile.",
    ),
    (2534068, None): Rule(
        errors.GraphRejected,
        "Several images at once aren't possible for this account; send them singly.",
    ),
    (9000001, None): Rule(
        errors.GraphObjectMissing,
        "Meta no longer shows this message: it was deleted, or isn't among the newest 20.",
    ),
}

# What a code means where something was to be sent or changed, as far as that is something else.
WHEN_CHANGING: dict[int, Rule] = {
    230: Rule(
        errors.GraphPermissionMissing,
        "Meta doesn't let the app write for this Page: the permission for messages (pages_messaging, on Instagram instagram_manage_messages) is missing. Reconnect the Page and leave every box ticked.",
    ),
}

# Codes that Meta also sends as a subcode of 10, 100 or 200.
_ALSO_SUBCODES = frozenset({2018218, 2018247, 2018300, 2018321, 2534068, 9000001})
# A whole family with one meaning: (first, last, rule).
RANGES: tuple[tuple[int, int, Rule], ...] = ((200, 299, _PERMISSION), (80000, 80999, _LIMITED))

_UNKNOWN_FIELD = re.compile(r"nonexisting field \(([\w.]+)\)", re.IGNORECASE)
_BY_MESSAGE: tuple[tuple[int, Callable[[str], object], Rule], ...] = (
    (1, re.compile(r"reduce the amount of data", re.IGNORECASE).search, REDUCE_DATA),
    (1, re.compile(r"validating client secret", re.IGNORECASE).search, SECRET_REFUSED),
    (100, re.compile(r"cursor specified exceeds", re.IGNORECASE).search, PAGING_ENDED),
    (100, _UNKNOWN_FIELD.search, FIELD_UNKNOWN),
    (100, re.compile(r"appsecret_proof", re.IGNORECASE).search, PROOF_REQUIRED),
)


def find_rule(
    *, code: int, subcode: int | None = None, message: str = "", changes: bool = False
) -> Rule | None:
    """The row for an error, or None when Meta's code is not in the table. `changes`: of a POST."""
    for known_code, matches, rule in _BY_MESSAGE:
        if code == known_code and matches(message):
            return rule
    if subcode in _ALSO_SUBCODES:
        return RULES[subcode, None]
    if changes and code in WHEN_CHANGING:
        return WHEN_CHANGING[code]
    exact = RULES.get((code, subcode)) or RULES.get((code, None))
    return exact or _find_range(code, RANGES)


def classify(
    *,
    code: int | None,
    subcode: int | None,
    refusal: Refusal,
    is_transient: bool = False,
    changes: bool = False,
    retry_after_seconds: float | None = None,
) -> GraphError:
    """The error to raise for an error envelope. `code` None: the envelope didn't have one."""
    rule = None
    if code is not None:
        rule = find_rule(code=code, subcode=subcode, message=refusal.message, changes=changes)
    rule = rule or _guess(refusal.http_status, is_transient=is_transient)
    details: dict[str, Any] = {"remote_code": code, "remote_subcode": subcode}
    if issubclass(rule.error, errors.GraphRateLimited):
        details["retry_after_seconds"] = (
            retry_after_seconds or refusal.usage.regain_seconds or rule.wait_seconds
        )
    if match := _UNKNOWN_FIELD.search(refusal.message):
        details["field_name"] = match[1]
    return rule.error(
        _sentence(rule, code, refusal.message),
        action=rule.action,
        refusal=refusal,
        retries=rule.retries,
        needs_operator=rule.needs_operator,
        outcome_unknown=rule.outcome_unknown,
        **details,
    )


def _guess(http_status: int | None, *, is_transient: bool) -> Rule:
    """For codes outside the table, the status and Meta's own hint are all there is."""
    if http_status == 429:
        return _LIMITED
    if is_transient or (http_status is not None and http_status >= 500):
        return _UNAVAILABLE
    return Rule(errors.GraphRejected, "Meta refused the request.", action=Action.GIVE_UP)


def _sentence(rule: Rule, code: int | None, message: str) -> str:
    """The row's sentence; for refusals that explain nothing, with Meta's own words."""
    if rule.error is not errors.GraphRejected or not message:
        return rule.sentence
    return f"{rule.sentence} Meta says: {message}" + (f" (code {code})" if code else "")


def _find_range(code: int, ranges: Iterable[tuple[int, int, Rule]]) -> Rule | None:
    return next((rule for first, last, rule in ranges if first <= code <= last), None)
