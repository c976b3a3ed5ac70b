"""Graph API errors: code and subcode to status, headers and the sentence Meta sends.

Statuses mislead in the real API too: a rate limit is a 403, "reduce the data" a 500.
"""

import base64
import json
from itertools import count
from typing import Any

from hirocrm.sandbox.wire import Reply, json_reply

_TRACES = count(1)

TOKEN_SENTENCES: dict[int | None, str] = {
    None: "Invalid OAuth access token - Cannot parse access token",
    458: "Error validating access token: The user has not authorized application 100000000000001.",
    459: "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow the instructions given.",
    460: "Error validating access token: The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.",
    463: "Error validating access token: Session has expired on Saturday, 21-Nov-26 10:00:00 PST. The current time is Sunday, 22-Nov-26 02:11:09 PST.",
    464: "Error validating access token: Sessions for the user are not allowed because the user is not a confirmed user.",
    467: "Error validating access token: This may be because the user logged out or may be due to a system error.",
    492: "Error validating access token: The user must be an administrator, editor, or moderator of the page in order to impersonate it.",
}
REDUCE_SENTENCE = "Please reduce the amount of data you're asking for, then retry your request"
# code: (HTTP status, sentence)
SENTENCES: dict[int, tuple[int, str]] = {
    1: (500, "An unknown error occurred"),
    2: (500, "Service temporarily unavailable"),
    3: (400, "(#3) Application does not have the capability to make this API call."),
    4: (403, "(#4) Application request limit reached"),
    10: (403, "(#10) This endpoint requires the 'pages_messaging' permission or the 'Page Public Content Access' feature."),
    17: (403, "(#17) User request limit reached"),
    32: (403, "(#32) Page request limit reached"),
    100: (400, "(#100) Invalid parameter"),
    102: (400, "Session key invalid or no longer valid"),
    200: (403, "(#200) Permissions error"),
    230: (403, "(#230) User consent is required to access user profile"),
    341: (403, "(#341) Feed action request limit reached"),
    368: (403, "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
    551: (400, "(#551) This person isn't available right now."),
    613: (403, "(#613) Calls to this api have exceeded the rate limit."),
    2500: (400, "Unknown path components: /"),
    9010: (400, "(#9010) No matching Instagram user"),
    80001: (403, "(#80001) There have been too many calls to this Page account. Wait a bit and try again."),
    80002: (403, "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again."),
    80006: (403, "(#80006) There have been too many calls to this Messenger account. Wait a bit and try again."),
    9000001: (400, "(#9000001) This message has been deleted by the user or the business."),
}  # fmt: skip
BUC_TYPES = {
    80000: "ads_insights", 80001: "pages", 80002: "instagram", 80003: "custom_audience",
    80004: "ads_management", 80005: "leadgen", 80006: "messenger",
}  # fmt: skip
APP_LIMITS = frozenset({4, 17, 32, 613})


def is_rate_limit(code: int) -> bool:
    """Whether a code means "too many calls"."""
    return code in APP_LIMITS or 80000 <= code <= 80014


def graph_error(
    code: int,
    message: str = "",
    *,
    subcode: int | None = None,
    status: int | None = None,
    headers: list[tuple[str, str]] | None = None,
    extra: dict[str, Any] | None = None,
) -> Reply:
    """Meta's error envelope, with the sentence and status that belong to the code."""
    default_status, sentence = SENTENCES.get(code, (400, f"(#{code}) An error occurred"))
    if code == 190:
        sentence = TOKEN_SENTENCES.get(subcode, TOKEN_SENTENCES[None])
    elif is_rate_limit(code) and code not in SENTENCES:
        default_status, sentence = (
            403,
            f"(#{code}) There have been too many calls from this account. Wait a bit and try again.",
        )
    error: dict[str, Any] = {"message": message or sentence, "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    if code == 2 or is_rate_limit(code):
        error["is_transient"] = True
    error.update(extra or {})
    error["fbtrace_id"] = "A" + base64.urlsafe_b64encode(next(_TRACES).to_bytes(12)).decode()
    return json_reply({"error": error}, status or default_status, headers)


def limit_headers(
    code: int, *, account: str, regain_minutes: float, percent: int = 100
) -> list[tuple[str, str]]:
    """The usage headers that come with a rate-limit code."""
    if code in APP_LIMITS:
        usage = {"call_count": percent, "total_time": 25, "total_cputime": 25}
        return [("x-app-usage", json.dumps(usage))]
    return [buc_header(account, BUC_TYPES.get(code, "pages"), percent, regain_minutes)]


def buc_header(account: str, kind: str, percent: int, regain_minutes: float) -> tuple[str, str]:
    """`x-business-use-case-usage` for one account; `estimated_time…` is in minutes."""
    entry = {
        "type": kind, "call_count": percent, "total_cputime": min(percent, 20),
        "total_time": min(percent, 20), "estimated_time_to_regain_access": regain_minutes,
    }  # fmt: skip
    return "x-business-use-case-usage", json.dumps({account: [entry]})
