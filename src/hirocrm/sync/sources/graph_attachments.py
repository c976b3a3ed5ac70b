"""What hangs on a message: pictures, stickers, shared posts, stories, and what can't be shown."""

from collections.abc import Iterator

from hirocrm.contacts.snapshots import AttachmentSnapshot
from hirocrm.meta.graph.shapes import Attachment, Message, Share

# Meta's words for our kinds, where they differ.
KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
    "location": "location",
    "template": "template",
    "generic_template": "template",
    "appointment_booking": "template",
    "story_mention": "story_mention",
    "ig_story": "story_mention",
    "animated_image": "image",
    "animated_image_share": "image",
    "like_heart": "sticker",
    "share": "share",
    "post": "share",
    "ig_post": "share",
    "reel": "share",
    "ig_reel": "share",
    "fallback": "share",
    "ephemeral": "unsupported",
    "unsupported_type": "unsupported",
    "story_reply": "story_reply",
}
_MEDIA = ("image", "video", "audio")


def read_attachments(message: Message) -> tuple[AttachmentSnapshot, ...]:
    """Everything attached to a message, each thing once."""
    if not (
        message.attachments
        or message.shares
        or message.sticker
        or message.story
        or message.is_unsupported
    ):
        return ()  # nearly all of them
    found = [
        *_stories(message),
        *_sticker(message),
        *(_read_attachment(attachment) for attachment in message.attachments),
        *(_read_share(share) for share in message.shares),
    ]
    if message.is_unsupported and not found and message.message is None:
        found.append(AttachmentSnapshot("unsupported"))
    return tuple(_without_repeats(found, has_sticker=message.sticker is not None))


def _stories(message: Message) -> Iterator[AttachmentSnapshot]:
    if message.story is None:
        return
    if message.story.reply_to is not None:
        yield AttachmentSnapshot("story_reply", message.story.reply_to.link)
    if message.story.mention is not None:
        yield AttachmentSnapshot("story_mention", message.story.mention.link)


def _sticker(message: Message) -> Iterator[AttachmentSnapshot]:
    if message.sticker is not None:
        yield AttachmentSnapshot("sticker", message.sticker)


def _without_repeats(
    found: list[AttachmentSnapshot], *, has_sticker: bool
) -> Iterator[AttachmentSnapshot]:
    """Meta gives a sticker as `sticker`, and again as an attached image; links repeat as well."""
    seen: set[str] = set()
    has_shown_sticker = False
    for attachment in found:
        is_sticker = attachment.type == "sticker"
        if attachment.url in seen or (is_sticker and has_sticker and has_shown_sticker):
            continue
        if attachment.url is not None:
            seen.add(attachment.url)
        has_shown_sticker |= is_sticker
        yield attachment


def _read_attachment(attachment: Attachment) -> AttachmentSnapshot:
    kind = KINDS.get((attachment.type or "").lower()) or _kind_by_content(attachment)
    return AttachmentSnapshot(kind, _url(attachment), _title(attachment))


def _kind_by_content(attachment: Attachment) -> str:
    if attachment.image_data is not None:
        return "sticker" if attachment.image_data.render_as_sticker else "image"
    if attachment.video_data is not None:
        return "video"
    if attachment.generic_template is not None:
        return "template"
    family = (attachment.mime_type or "").partition("/")[0].lower()
    if family in _MEDIA:
        return family
    has_file = attachment.file_url or attachment.url or attachment.mime_type
    # Where privacy rules hide an attachment, only an id and a sentence as its name are left.
    return "file" if has_file else "unsupported"


def _url(attachment: Attachment) -> str | None:
    media = attachment.image_data or attachment.video_data
    template = attachment.generic_template
    candidates = (
        *((media.url, media.animated_gif_url, media.preview_url) if media else ()),
        attachment.file_url,
        attachment.url,
        *((template.media_url, template.cta.url if template.cta else None) if template else ()),
    )
    return next((url for url in candidates if url is not None), None)


def _title(attachment: Attachment) -> str | None:
    template = attachment.generic_template
    return (template.title if template else None) or attachment.title or attachment.name


def _read_share(share: Share) -> AttachmentSnapshot:
    kind = KINDS.get((share.type or "").lower())
    if kind is None and share.sticker_id is not None:
        kind = "sticker"
    url = share.link or share.url
    if kind is None and url is None and share.template is not None:
        kind = "template"
    return AttachmentSnapshot(kind or "share", url, share.title or share.name or share.description)
