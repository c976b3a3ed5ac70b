"""Reads: conversations as an inbox lists them, outgoing messages, files, quick replies."""

from hirocrm.inbox.queries.conversations import (
    FOLDERS,
    SORTS,
    Folder,
    InboxFilter,
    count_folders,
    get_conversation,
    list_conversations,
    list_messages,
    window_of,
)
from hirocrm.inbox.queries.outgoing import (
    get_outgoing,
    get_upload,
    list_outgoing,
    list_pending,
    list_sent,
    outgoing_of,
)
from hirocrm.inbox.queries.settings import (
    get_quick_reply,
    get_settings,
    list_quick_replies,
    uses_human_agent,
    with_human_agent,
)

__all__ = [
    "FOLDERS",
    "SORTS",
    "Folder",
    "InboxFilter",
    "count_folders",
    "get_conversation",
    "get_outgoing",
    "get_quick_reply",
    "get_settings",
    "get_upload",
    "list_conversations",
    "list_messages",
    "list_outgoing",
    "list_pending",
    "list_quick_replies",
    "list_sent",
    "outgoing_of",
    "uses_human_agent",
    "window_of",
    "with_human_agent",
]
