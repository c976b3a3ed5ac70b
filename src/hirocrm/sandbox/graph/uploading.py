"""POST /{page-id}/message_attachments: files handed over before they are sent."""

from typing import Any

from hirocrm.sandbox.graph.context import Context, Refusal
from hirocrm.sandbox.graph.errors import graph_error
from hirocrm.sandbox.graph.reading import own_page
from hirocrm.sandbox.graph.sending import object_of
from hirocrm.sandbox.graph.world import Upload

MOST_BYTES = 25 * 1024 * 1024
KINDS = frozenset({"image", "video", "audio", "file"})


def upload(context: Context) -> dict[str, Any]:
    """Keep a file; the id to send it by.

    Raises:
        Refusal: no file, too large, or of no kind that Meta knows.
    """
    page = own_page(context)
    attachment = object_of(context, "message").get("attachment") or {}
    kind = str(attachment.get("type", ""))
    files = [
        (name, content) for field, name, content in context.request.parts() if field == "filedata"
    ]
    if kind not in KINDS or not files:
        raise Refusal(
            graph_error(
                100, "(#100) Incorrect number of files uploaded. Must upload exactly one file."
            )
        )
    name, content = files[0]
    if len(content) > MOST_BYTES:
        raise Refusal(graph_error(100, "(#100) The attachment is too large.", subcode=2018109))
    attachment_id = str(1_700_000_000_000_000 + len(context.world.uploads))
    context.world.uploads[attachment_id] = Upload(page.id, kind, name, len(content))
    return {"attachment_id": attachment_id}
