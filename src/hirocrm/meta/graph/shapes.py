"""What Meta answers, as far as we read it. Unknown fields are ignored, odd ones become None.

Reference: https://developers.facebook.com/docs/graph-api/reference/conversation and
https://developers.facebook.com/docs/graph-api/reference/message
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hirocrm.meta.graph.lenient import Count, Flag, Id, Many, Maybe, OptionalId, Text, Time


class Shape(BaseModel):
    """Base of everything Meta owns."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Cursors(Shape):
    """Where a page of results begins and ends."""

    before: Text = None
    after: Text = None


class Paging(Shape):
    """How to go on. Only an absent `next` means the end; `next` may hold the token: never log it."""

    cursors: Maybe[Cursors] = None
    next: Text = Field(default=None, repr=False)


class Person(Shape):
    """A participant, sender or recipient. The e-mail Meta makes up is not read."""

    id: OptionalId = None
    user_id: OptionalId = None
    name: Text = None
    username: Text = None


class Media(Shape):
    """`image_data` or `video_data` of an attachment."""

    url: Text = None
    preview_url: Text = None
    animated_gif_url: Text = None
    render_as_sticker: Flag = False


class CallToAction(Shape):
    """The button of a template."""

    title: Text = None
    url: Text = None


class GenericTemplate(Shape):
    """A card with title, picture and button."""

    title: Text = None
    subtitle: Text = None
    media_url: Text = None
    cta: Maybe[CallToAction] = None


class Attachment(Shape):
    """An attachment; what it is shows by which of its fields are present."""

    id: OptionalId = None
    type: Text = None
    name: Text = None
    mime_type: Text = None
    size: Count = None
    url: Text = None
    title: Text = None
    file_url: Text = None
    image_data: Maybe[Media] = None
    video_data: Maybe[Media] = None
    generic_template: Maybe[GenericTemplate] = None


class Share(Shape):
    """A shared link, post, reel, product or sticker."""

    id: OptionalId = None
    type: Text = None
    link: Text = None
    url: Text = None
    name: Text = None
    title: Text = None
    description: Text = None
    sticker_id: OptionalId = None
    template: Maybe[dict[str, Any]] = None


class StoryPart(Shape):
    """The story that was answered or that mentions the business. Its link expires in a day."""

    id: OptionalId = None
    link: Text = None


class Story(Shape):
    """How a message relates to a story."""

    reply_to: Maybe[StoryPart] = None
    mention: Maybe[StoryPart] = None


class Reaction(Shape):
    """One reaction and who gave it."""

    reaction: Text = None
    emoji: Text = None
    users: Many[Person] = ()


class ReplyTo(Shape):
    """The message that this one answers."""

    mid: OptionalId = None


class Tag(Shape):
    """A Messenger label of a message, such as `inbox` or `sent`."""

    name: Text = None


class Message(Shape):
    """One message. `message` is its text; none for stickers, attachments and unsupported kinds."""

    id: Id
    created_time: Time = None
    sender: Maybe[Person] = Field(default=None, alias="from")
    to: Many[Person] = ()
    message: Text = None
    sticker: Text = None
    tags: Many[Tag] = ()
    attachments: Many[Attachment] = ()
    shares: Many[Share] = ()
    story: Maybe[Story] = None
    reactions: Many[Reaction] = ()
    reply_to: Maybe[ReplyTo] = None
    is_unsupported: Flag = False


class MessageEdge(Shape):
    """The messages nested in a conversation, newest first as Meta lists them."""

    data: Many[Message] = ()
    paging: Maybe[Paging] = None

    @model_validator(mode="before")
    @classmethod
    def _take_bare_list(cls, value: Any) -> Any:
        return {"data": value} if isinstance(value, list) else value


class Conversation(Shape):
    """One thread. `messages` is None when the answer lacks them, which differs from none."""

    id: Id
    updated_time: Time = None
    message_count: Count = None
    participants: Many[Person] = ()
    messages: Maybe[MessageEdge] = None


class InstagramAccount(Shape):
    """The professional account linked to a Page."""

    id: Id
    username: Text = None
    name: Text = None
    profile_picture_url: Text = None


class Page(Shape):
    """A Page as its own token sees it."""

    id: Id
    name: Text = None
    instagram_business_account: Maybe[InstagramAccount] = None


def _without_odd_tasks(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    tasks = value.get("tasks")
    known = [t for t in tasks if isinstance(t, str)] if isinstance(tasks, list) else []
    return {**value, "tasks": known}


class PageAccount(Page):
    """A Page in `/me/accounts`: with its own token and what the person may do there."""

    access_token: Text = Field(default=None, repr=False)
    category: Text = None
    tasks: tuple[str, ...] = ()

    _drop_odd_tasks = model_validator(mode="before")(_without_odd_tasks)


class PageRole(Shape):
    """A person who may do something on a Page."""

    id: Id
    tasks: tuple[str, ...] = ()

    _drop_odd_tasks = model_validator(mode="before")(_without_odd_tasks)


class User(Shape):
    """The person behind a user token. `id` is app-scoped: what the deauthorize callback names."""

    id: Id
    name: Text = None


class InstagramUser(Shape):
    """The account of an Instagram Login token. `user_id` is what its webhooks name; `id` is app-scoped."""

    user_id: Id
    id: OptionalId = None
    username: Text = None
    name: Text = None


class Profile(Shape):
    """A customer's profile. All empty (`{}`) when the app may not see it."""

    id: OptionalId = None
    name: Text = None
    first_name: Text = None
    last_name: Text = None
    username: Text = None
    profile_pic: Text = None
    locale: Text = None


class GranularScope(Shape):
    """A permission and the assets it holds for; none named means all."""

    scope: Text = None
    target_ids: Maybe[tuple[Id, ...]] = None


class TokenProblem(Shape):
    """Why a token isn't valid."""

    code: Count = None
    subcode: Count = None
    message: Text = None


class TokenInfo(Shape):
    """What `debug_token` says. The two expiry times are None when there is none (Meta says 0)."""

    app_id: OptionalId = None
    type: Text = None
    profile_id: OptionalId = None
    user_id: OptionalId = None
    is_valid: Flag = False
    issued_at: Time = None
    expires_at: Time = None
    data_access_expires_at: Time = None
    scopes: tuple[str, ...] = ()
    granular_scopes: Many[GranularScope] = ()
    error: Maybe[TokenProblem] = None

    @model_validator(mode="before")
    @classmethod
    def _read_zero_as_never(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        never = {
            k: None for k in ("expires_at", "data_access_expires_at") if value.get(k) in {0, "0"}
        }
        scopes = value.get("scopes")
        known = [s for s in scopes if isinstance(s, str)] if isinstance(scopes, list) else []
        return {**value, **never, "scopes": known}


class AccessToken(Shape):
    """A user token. `expires_in` is in seconds; None: unknown, ask `debug_token`."""

    access_token: Id = Field(repr=False)
    expires_in: Count = None


class InstagramGrant(Shape):
    """What a login code of Instagram gives: a short-lived token, whose, and for what.

    Meta's documents show it bare and as the only item of `data`; permissions as a list and as one text.
    """

    access_token: Id = Field(repr=False)
    user_id: OptionalId = None
    permissions: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _take_either_form(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("data"), list) and value["data"]:
            value = value["data"][0]
        if not isinstance(value, dict):
            return value
        given = value.get("permissions")
        listed = given.split(",") if isinstance(given, str) else given
        known = [str(p).strip() for p in listed] if isinstance(listed, list) else []
        return {**value, "permissions": known}


class SubscribedApp(Shape):
    """An app that receives a Page's webhooks, and which fields."""

    id: Id
    name: Text = None
    subscribed_fields: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _take_named_fields(cls, value: Any) -> Any:
        """Fields come as strings, or as `{"name": …}` objects."""
        if not isinstance(value, dict):
            return value
        fields = value.get("subscribed_fields")
        listed = fields if isinstance(fields, list) else []
        names = [f.get("name") if isinstance(f, dict) else f for f in listed]
        return {**value, "subscribed_fields": [n for n in names if isinstance(n, str)]}


class SentMessage(Shape):
    """The answer to a send. Its echo may arrive by webhook before this does."""

    message_id: Id
    recipient_id: OptionalId = None
    attachment_id: OptionalId = None


class UploadedAttachment(Shape):
    """The answer to an upload: what to send the file by."""

    attachment_id: Id


class Outcome(Shape):
    """`{"success": true}`; Meta's documents also print the string."""

    success: Flag = False
