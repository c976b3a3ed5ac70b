"""Whether Meta would take a message for a conversation now: asked before Meta is."""

from datetime import datetime

from hirocrm.contacts.models import Conversation
from hirocrm.inbox import queries
from hirocrm.inbox.errors import PageCannotSend, WindowClosed
from hirocrm.inbox.windows import Window, WindowState
from hirocrm.meta.models import ConnectionState, Page

HUMAN_AGENT = "HUMAN_AGENT"
_CANNOT = {
    ConnectionState.NEEDS_RECONNECT: "This Page's connection has ended. Reconnect the Page, then send again.",
    ConnectionState.REMOVED: "The app was removed from this Page on Facebook. Reconnect the Page, then send again.",
    ConnectionState.FORGOTTEN: "This Page was removed from HiroCRM. Connect it again to answer.",
    ConnectionState.IMPORTED: "These messages came from an export. Connect the Page to answer.",
}


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
    human = queries.uses_human_agent(conversation.organization_id)
    window = queries.window_of(conversation, now, human_agent=human)
    if window.state is WindowState.OPEN:
        return ""
    if window.state is WindowState.HUMAN and by_person:
        return HUMAN_AGENT
    raise WindowClosed(_closed(window), until=_end_of(window))


def _closed(window: Window) -> str:
    if window.standard_until is None:
        return "This customer never wrote to the Page, so Meta doesn't let it write to them."
    if window.state is WindowState.HUMAN:
        return "The 24 hours after the customer's last message are over: now only a signed-in person may answer, not a program."
    return "Meta's window for answers has closed. It opens again when the customer writes."


def _end_of(window: Window) -> datetime | None:
    ends = (window.human_until, window.standard_until)
    return max((end for end in ends if end is not None), default=None)
