"""Whether Meta would take a message for a conversation now: asked before Meta is."""

from datetime import datetime

from hirocrm.contacts.models import Conversation
from hirocrm.inbox import queries
from hirocrm.inbox.errors import PageCannotSend, WindowClosed
from hirocrm.inbox.windows import Window, WindowState, window_at
from hirocrm.meta.models import ConnectionState, Page

HUMAN_AGENT = "HUMAN_AGENT"
_CANNOT = {
    ConnectionState.NEEDS_RECONNECT: "This Page's connection has ended. Reconnect the Page, then send again.",
    ConnectionState.REMOVED: "This Page was removed from HiroCRM. Connect it again to answer.",
    ConnectionState.IMPORTED: "These messages came from an export. Connect the Page to answer.",
}


def window_of(conversation: Conversation, now: datetime) -> Window:
    """What may be sent in this conversation at `now`."""
    return window_at(
        conversation.last_customer_message_at,
        now,
        human_agent=queries.uses_human_agent(conversation.organization_id),
    )


def why_page_cannot(page: Page) -> str:
    """Why nothing can be sent for this Page; empty if it can."""
    problem = _CANNOT.get(ConnectionState(page.state), "")
    if not problem and not page.access_token:
        return _CANNOT[ConnectionState.NEEDS_RECONNECT]
    return problem


def check_may_send(conversation: Conversation, *, by_person: bool, now: datetime) -> str:
    """The tag that the message needs, mostly none.

    Raises:
        PageCannotSend: the Page isn't connected.
        WindowClosed: the customer wrote too long ago, or too long ago for a program.
    """
    problem = why_page_cannot(conversation.page)
    if problem:
        raise PageCannotSend(problem)
    window = window_of(conversation, now)
    if window.state is WindowState.OPEN:
        return ""
    if window.state is WindowState.HUMAN and by_person:
        return HUMAN_AGENT
    raise WindowClosed(_closed(window), until=window.human_until or window.standard_until)


def _closed(window: Window) -> str:
    if window.standard_until is None:
        return "This customer never wrote to the Page, so Meta doesn't let it write to them."
    if window.state is WindowState.HUMAN:
        return "The 24 hours after the customer's last message are over: now only a signed-in person may answer, not a program."
    ended = window.human_until or window.standard_until
    return f"Meta's window for answers closed on {ended:%d %b %Y at %H:%M} UTC. It opens again when the customer writes."
