"""Refusals of this module."""

from hirocrm.core.errors import Conflict, Invalid, NotFound


class ConversationNotFound(NotFound):
    """No such conversation in this organization."""

    code = "conversation_not_found"


class OutgoingNotFound(NotFound):
    """No such outgoing message in this organization."""

    code = "outgoing_message_not_found"


class UploadNotFound(NotFound):
    """No such file in this organization, or its content isn't kept any more."""

    code = "upload_not_found"


class QuickReplyNotFound(NotFound):
    """No such quick reply in this organization."""

    code = "quick_reply_not_found"


class ShortcutTaken(Conflict):
    """Another quick reply has this shortcut."""

    code = "shortcut_taken"


class WindowClosed(Conflict):
    """Meta doesn't let the business write now; `until` is when the window closed (None: never open)."""

    code = "window_closed"


class PageCannotSend(Conflict):
    """The Page isn't connected, so nothing can be sent for it."""

    code = "page_cannot_send"


class NotSendable(Conflict):
    """The outgoing message isn't one that can be sent again or discarded now."""

    code = "not_sendable"


class MessageInvalid(Invalid):
    """Nothing to send, or more than the platform takes."""

    code = "message_invalid"


class FileRefused(Invalid):
    """The platform doesn't take such a file."""

    code = "file_refused"


class QuickReplyInvalid(Invalid):
    """A quick reply without text, or with a shortcut that can't be typed."""

    code = "quick_reply_invalid"
