"""Answers to reads: Pages, conversations, messages, profiles."""

from itertools import islice
from typing import Any

from hirocrm.sandbox.graph.context import Context, Refusal
from hirocrm.sandbox.graph.errors import REDUCE_SENTENCE, graph_error
from hirocrm.sandbox.graph.field_list import FieldNode
from hirocrm.sandbox.graph.render import (
    CONVERSATION_FIELDS,
    MESSAGE_FIELDS,
    NOT_ON_INSTAGRAM,
    PAGE_FIELDS,
    UnknownField,
    check_fields,
    edge_page,
    render_conversation,
    render_instagram,
    render_message,
    render_messages,
    render_page,
)
from hirocrm.sandbox.graph.shapes import INSTAGRAM, Conversation, Page
from hirocrm.sandbox.graph.shelf import Key, from_cursor, to_cursor

PERSON_FIELDS = frozenset({
    "id", "name", "first_name", "last_name", "profile_pic", "username", "locale", "timezone", "gender",
    "follower_count", "is_user_follow_business", "is_business_follow_user", "is_verified_user",
})  # fmt: skip
BAD_CURSOR = "(#100) Invalid parameter: after"


def missing(object_id: str, method: str = "get") -> Refusal:
    """The answer for an object that isn't there, or isn't for this token."""
    return Refusal(
        graph_error(
            100,
            f"Unsupported {method} request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api",
            subcode=33,
        )
    )


def own_page(context: Context) -> Page:
    """The Page that the call names, if its token may see it.

    Raises:
        Refusal: unknown, or another Page's token.
    """
    page = context.page
    is_own_kind = context.token.type in {"PAGE", "INSTAGRAM"}
    is_foreign = page and is_own_kind and context.token.page_id != page.id
    if page is None or is_foreign:
        raise missing(context.call.target)
    return page


def page_node(context: Context) -> dict[str, Any]:
    """GET /{page-id} or /{instagram-account-id}."""
    page = own_page(context)
    fields = context.fields("id,name")
    if context.call.target == page.instagram_id:
        return render_instagram(page, fields)
    check_fields(fields, PAGE_FIELDS)
    token = context.world.tokens.page_token(page.id)
    return render_page(page, fields, token=token.value if token else "")


def conversations(context: Context) -> dict[str, Any]:
    """GET /{page-id}/conversations: newest first, cursors, and a next link with the token in it."""
    page, platform = own_page(context), context.platform()
    _check_scope(context, platform)
    if platform == INSTAGRAM and not page.instagram_id:
        raise Refusal(
            graph_error(
                100, "(#100) The page is not linked to an Instagram account", subcode=2534013
            )
        )
    fields = _conversation_fields(context, platform)
    _check_size(context)
    found, has_more = _listed(context, page, platform)
    if not found:
        return {"data": []}
    next_cursor = to_cursor(found[-1][0])
    return edge_page(
        (_rendered(context, page, conversation, fields) for _, conversation in found),
        before=to_cursor(found[0][0]), after=next_cursor,
        next_url=context.link(after=next_cursor) if has_more else "",
    )  # fmt: skip


def _check_scope(context: Context, platform: str) -> None:
    needed = "instagram_manage_messages" if platform == INSTAGRAM else "pages_messaging"
    if context.token.type == "PAGE" and needed not in context.token.scopes:
        raise Refusal(graph_error(10, f"(#10) This endpoint requires the '{needed}' permission."))


def _conversation_fields(context: Context, platform: str) -> dict[str, FieldNode]:
    fields = context.fields("id,updated_time")
    known = CONVERSATION_FIELDS - NOT_ON_INSTAGRAM if platform == INSTAGRAM else CONVERSATION_FIELDS
    check_fields(fields, known)
    if "messages" in fields:
        check_fields(fields["messages"].children, MESSAGE_FIELDS)
    return fields


def _check_size(context: Context) -> None:
    fault = context.fault("reduce_data")
    most = int(fault.params.get("max_limit", 0)) if fault else context.world.settings.max_limit
    if (fault or most) and context.limit() > most:
        raise Refusal(graph_error(1, REDUCE_SENTENCE))


def _listed(
    context: Context, page: Page, platform: str
) -> tuple[list[tuple[Key, Conversation]], bool]:
    """The asked conversations, and whether more follow."""
    shelf = context.world.shelves[page.id, platform]
    person_id = context.values.get("user_id")
    if person_id:
        thread = shelf.find_customer(str(person_id))
        return ([((-thread.updated_ms, thread.id), thread)] if thread else []), False
    limit = context.limit()
    if page.dies_after is not None:
        limit = min(limit, page.dies_after)
    found = list(islice(shelf.walk(_cursor(context)), limit + 1))
    if page.dies_after is not None:
        page.dies_after -= min(limit, len(found))
    return found[:limit], len(found) > limit


def _cursor(context: Context) -> Key | None:
    try:
        return from_cursor(context.values["after"]) if context.values.get("after") else None
    except ValueError:
        raise Refusal(graph_error(100, BAD_CURSOR)) from None


def _rendered(
    context: Context, page: Page, conversation: Conversation, fields: dict[str, FieldNode]
) -> dict[str, Any]:
    url = ""
    node = fields.get("messages")
    if node is not None:
        url = messages_link(context, conversation, node)
    return render_conversation(
        page, conversation, fields, url=url, details_limit=context.world.settings.details_limit
    )


def messages_link(context: Context, conversation: Conversation, node: FieldNode) -> str:
    """Where the nested messages go on: the thread's own edge, with the same fields."""
    version = f"/{context.call.version}" if context.call.version else ""
    names = ",".join(_spelled(child) for child in node.children.values()) or "id,created_time"
    path = f"{version}/{conversation.id}/messages"
    base = f"{context.request.base_url}{path}?access_token={context.token.value}"
    return f"{base}&pretty=0&fields={names}&limit={node.modifiers.get('limit', '25')}"


def _spelled(node: FieldNode) -> str:
    inner = ",".join(_spelled(child) for child in node.children.values())
    return f"{node.name}{{{inner}}}" if inner else node.name


def _thread(context: Context) -> tuple[Page, Conversation]:
    page = context.page
    target = context.call.target
    found = context.world.find_conversation(page.id, target) if page else None
    if page is None or found is None:
        raise missing(target)
    return page, found


def conversation_node(context: Context) -> dict[str, Any]:
    """GET /{conversation-id}?fields=messages{…}."""
    page, conversation = _thread(context)
    return _rendered(
        context, page, conversation, _conversation_fields(context, conversation.platform)
    )


def conversation_messages(context: Context) -> dict[str, Any]:
    """GET /{conversation-id}/messages: newest first; details of the newest 20 only."""
    page, conversation = _thread(context)
    fields = context.fields("id,created_time")
    check_fields(fields, MESSAGE_FIELDS)
    _check_size(context)
    try:
        return render_messages(
            page, conversation, fields, limit=context.limit(), after=context.values.get("after", ""),
            url=context.link(), details_limit=context.world.settings.details_limit,
        )  # fmt: skip
    except ValueError:
        raise Refusal(graph_error(100, BAD_CURSOR)) from None


def message_node(context: Context) -> dict[str, Any]:
    """GET /{message-id}: as if deleted when older than the newest 20."""
    target, page = context.call.target, context.page
    found = context.world.find_message(page.id, target) if page else None
    if page is None or found is None:
        raise missing(target)
    fields = context.fields("id,created_time")
    check_fields(fields, MESSAGE_FIELDS)
    conversation, position = found
    reach = context.world.settings.details_limit
    if reach and position < len(conversation.messages) - reach:
        raise Refusal(graph_error(9000001))
    return render_message(page, conversation, conversation.messages[position], fields)


def profile(context: Context) -> dict[str, Any]:
    """GET /{psid} or /{igsid}: names; locale, time zone and gender need permissions nobody has."""
    page, target = context.page, context.call.target
    thread = context.world.find_customer(page.id, target) if page else None
    if thread is None:
        raise missing(target)
    fields = context.fields("id,name")
    check_fields(fields, PERSON_FIELDS)
    if not thread.last_from_customer_ms():
        raise Refusal(graph_error(230))
    return {"id": target} | _person_values(context, thread, fields)


def _person_values(
    context: Context, thread: Conversation, fields: dict[str, FieldNode]
) -> dict[str, Any]:
    picture = f"{context.request.base_url}/media/face-{thread.customer_id}.png"
    known: dict[str, Any] = {"name": thread.name, "profile_pic": picture}
    if thread.platform == INSTAGRAM:
        known |= {
            "username": thread.username, "follower_count": len(thread.username) * 37,
            "is_user_follow_business": True, "is_business_follow_user": False, "is_verified_user": False,
        }  # fmt: skip
    else:
        first, _, last = thread.name.partition(" ")
        known |= {"first_name": first, "last_name": last}
        if "pages_user_locale" in context.token.scopes:
            known["locale"] = "en_PH"
    return {name: known[name] for name in fields if known.get(name) not in {None, ""}}


__all__ = [
    "UnknownField", "conversation_messages", "conversation_node", "conversations", "message_node",
    "missing", "own_page", "page_node", "profile",
]  # fmt: skip
