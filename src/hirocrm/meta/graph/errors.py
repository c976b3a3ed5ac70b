"""What the Graph API can refuse, by what to do about it.

    GraphError
    ├── GraphTokenInvalid        UpstreamUnauthorized   reconnect the Page
    ├── GraphRateLimited         UpstreamRateLimited    wait, then go on at the same place
    │   ├── GraphUsageHigh           our own pause, before Meta's limit is reached
    │   └── GraphAccountRestricted   Meta restricts the account for hours; stop bulk work
    ├── GraphUnavailable         UpstreamUnavailable    retry
    │   ├── GraphTimeout             no answer in time; less at once may help
    │   └── GraphConversationBusy    a message wasn't taken; send it again in some minutes
    ├── GraphPermissionMissing   UpstreamForbidden      grant what is missing, then reconnect
    │   ├── GraphAppNotLive          publish the app, or get Advanced Access
    │   └── GraphInstagramNotLinked  link the Instagram account, or allow access to messages
    ├── GraphRejected            UpstreamRejected       give up on this request
    │   ├── GraphReduceData          ask for less; never the same again
    │   ├── GraphFieldUnknown        ask without `field`
    │   ├── GraphPagingEnded         no page lies behind this cursor
    │   ├── GraphObjectMissing       skip the item; never delete ours for it
    │   ├── GraphProfileUnavailable  keep the placeholder
    │   ├── GraphWindowClosed        outside the messaging window
    │   ├── GraphRecipientUnreachable  this person can't be written to
    │   ├── GraphThreadControlledElsewhere  another app owns the thread
    │   └── GraphSendingBlocked      stop all bulk sending
    └── GraphMalformed           UpstreamMalformed      skip what can't be read

`error_table.py` says which code becomes which class.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from hirocrm.core.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamMalformed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from hirocrm.meta.graph.usage import Usage


class Action(StrEnum):
    """What a caller does about an error."""

    RECONNECT = "reconnect"
    WAIT = "wait"
    RETRY = "retry"
    SHRINK = "shrink"
    SKIP = "skip"
    STOP = "stop"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of the answer behind an error. `message` is Meta's, with secrets taken out."""

    http_status: int | None = None
    message: str = ""
    trace_id: str | None = None
    usage: Usage = field(default_factory=Usage)


class GraphError(UpstreamError):
    """The Graph API refused, failed, or answered nonsense.

    `action` is what to do, `retries` how often a RETRY makes sense, `needs_operator` whether
    someone has to be told, `outcome_unknown` whether a change may have been made nonetheless.
    """

    code = "graph_error"
    default_action: ClassVar[Action] = Action.STOP

    def __init__(
        self,
        sentence: str,
        *,
        action: Action | None = None,
        refusal: Refusal | None = None,
        retries: int = 3,
        needs_operator: bool = False,
        outcome_unknown: bool = False,
        **details: Any,
    ) -> None:
        super().__init__(sentence, **details)
        self.action = action or self.default_action
        self.refusal = refusal or Refusal()
        self.retries = retries
        self.needs_operator = needs_operator
        self.outcome_unknown = outcome_unknown


class GraphTokenInvalid(GraphError, UpstreamUnauthorized):
    """The token is dead: this connection stops until someone reconnects the Page."""

    code = "graph_token_invalid"
    default_action = Action.RECONNECT


class GraphRateLimited(GraphError, UpstreamRateLimited):
    """Too many calls. The connection is fine; calling on now prolongs the block."""

    code = "graph_rate_limited"
    default_action = Action.WAIT


class GraphUsageHigh(GraphRateLimited):
    """The allowance is nearly used up; background work pauses before Meta refuses it."""

    code = "graph_usage_high"


class GraphAccountRestricted(GraphRateLimited):
    """Meta restricts the account for hours. Bulk sending stops; someone must look."""

    code = "graph_account_restricted"


class GraphUnavailable(GraphError, UpstreamUnavailable):
    """A passing fault: no connection, time-out, 5xx, a page of HTML. Try again."""

    code = "graph_unavailable"
    default_action = Action.RETRY


class GraphTimeout(GraphUnavailable):
    """No answer in time: the connection is slow, or the answer takes Meta too long to make."""

    code = "graph_timeout"


class GraphConversationBusy(GraphUnavailable):
    """Something of Meta's own is at work in the conversation, so that it certainly took no message of ours.

    The default action is what keeps a POST's outcome from being unknown: `Transport` doubts those to RETRY.
    """

    code = "graph_conversation_busy"
    default_action = Action.WAIT


class GraphPermissionMissing(GraphError, UpstreamForbidden):
    """The token lives but may not do this. Compare scopes with `debug_token` first."""

    code = "graph_permission_missing"
    default_action = Action.RECONNECT


class GraphAppNotLive(GraphPermissionMissing):
    """The Meta app serves only people with a role on it."""

    code = "graph_app_not_live"
    default_action = Action.STOP


class GraphInstagramNotLinked(GraphPermissionMissing):
    """The Page's Instagram account isn't reachable through the Page."""

    code = "graph_instagram_not_linked"


class GraphRejected(GraphError, UpstreamRejected):
    """The request will never pass as it is."""

    code = "graph_rejected"
    default_action = Action.STOP


class GraphReduceData(GraphRejected):
    """The answer would be too large. Ask for fewer items; asking the same again never helps."""

    code = "graph_reduce_data"
    default_action = Action.SHRINK


class GraphFieldUnknown(GraphRejected):
    """This host or version has no such field. `field_name` is the one to leave out."""

    code = "graph_field_unknown"

    def __init__(self, sentence: str, *, field_name: str | None = None, **details: Any) -> None:
        super().__init__(sentence, **details)
        self.field_name = field_name


class GraphPagingEnded(GraphRejected):
    """Meta pages no further than this cursor."""

    code = "graph_paging_ended"
    default_action = Action.SKIP


class GraphObjectMissing(GraphRejected):
    """No such object, or it isn't ours to see. Stored rows stay: old messages answer this too."""

    code = "graph_object_missing"
    default_action = Action.SKIP


class GraphProfileUnavailable(GraphRejected):
    """This person's profile can't be read. Never a reason not to store their message."""

    code = "graph_profile_unavailable"
    default_action = Action.SKIP


class GraphWindowClosed(GraphRejected):
    """The person wrote too long ago for this kind of message. Not a connection fault."""

    code = "graph_window_closed"
    default_action = Action.SKIP


class GraphRecipientUnreachable(GraphRejected):
    """This person blocked the Page or can't receive messages. Leave them out of bulk sends."""

    code = "graph_recipient_unreachable"
    default_action = Action.SKIP


class GraphThreadControlledElsewhere(GraphRejected):
    """Another app owns the conversation."""

    code = "graph_thread_controlled_elsewhere"
    default_action = Action.SKIP


class GraphSendingBlocked(GraphRejected):
    """Meta took offence at how messages are sent. Stop bulk sending and tell someone."""

    code = "graph_sending_blocked"


class GraphMalformed(GraphError, UpstreamMalformed):
    """The answer is JSON, but not the answer to what was asked."""

    code = "graph_malformed"
    default_action = Action.SKIP
