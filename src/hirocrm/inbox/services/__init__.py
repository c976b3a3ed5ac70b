"""Writes: answering, what became of it, the inbox's state, files and quick replies."""

from hirocrm.inbox.services.quick_replies import (
    create_quick_reply,
    delete_quick_reply,
    fill_in,
    update_quick_reply,
)
from hirocrm.inbox.services.sending import discard, is_answerable, send_again, send_message
from hirocrm.inbox.services.settling import (
    Echo,
    forget_words,
    settle_echoes,
    settle_snapshots,
)
from hirocrm.inbox.services.state import (
    assign,
    change_state,
    close,
    mark_seen,
    reopen,
    update_settings,
)
from hirocrm.inbox.services.uploads import drop_old_uploads, save_upload

__all__ = [
    "Echo",
    "assign",
    "change_state",
    "close",
    "create_quick_reply",
    "delete_quick_reply",
    "discard",
    "drop_old_uploads",
    "fill_in",
    "forget_words",
    "is_answerable",
    "mark_seen",
    "reopen",
    "save_upload",
    "send_again",
    "send_message",
    "settle_echoes",
    "settle_snapshots",
    "update_quick_reply",
    "update_settings",
]
