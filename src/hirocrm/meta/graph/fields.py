"""The fields asked for; Meta gives nothing beyond ids unless asked."""

from hirocrm.core.platforms import Platform

NEWEST_MESSAGES = 20  # Meta gives details of no more messages of a conversation

_ATTACHMENTS = "attachments{id,mime_type,name,size,file_url,image_data,video_data,generic_template}"
_SHARES = "shares{id,link,name,description,template,type,url,title}"

MESSAGE_FIELDS: dict[Platform, tuple[str, ...]] = {
    Platform.MESSENGER: (
        "id",
        "created_time",
        "from",
        "to",
        "message",
        "sticker",
        "tags",
        _ATTACHMENTS,
        _SHARES,
        "reply_to",
        "reactions",
    ),
    Platform.INSTAGRAM: (
        "id",
        "created_time",
        "from",
        "to",
        "message",
        "attachments",
        "shares",
        "story",
        "reactions",
        "is_unsupported",
        "reply_to",
    ),
}
# Instagram refuses any conversation field beyond these with "nonexisting field".
THREAD_FIELDS: dict[Platform, tuple[str, ...]] = {
    Platform.MESSENGER: ("id", "updated_time", "message_count", "participants"),
    Platform.INSTAGRAM: ("id", "updated_time", "participants"),
}
PROFILE_FIELDS: dict[Platform, str] = {
    Platform.MESSENGER: "first_name,last_name,name,profile_pic",
    Platform.INSTAGRAM: "name,username,profile_pic",
}
PAGE_FIELDS = "id,name,instagram_business_account{id,username,name,profile_picture_url}"
INSTAGRAM_USER_FIELDS = "user_id,username,name"
ACCOUNT_FIELDS = "id,name,category,tasks,access_token,instagram_business_account{id,username,name,profile_picture_url}"


def message_fields(platform: Platform, *, without: frozenset[str] = frozenset()) -> str:
    """The `fields` of a message, less those that this host was found not to know."""
    return ",".join(f for f in MESSAGE_FIELDS[platform] if _name(f) not in without)


def conversation_fields(
    platform: Platform, *, messages: int = NEWEST_MESSAGES, without: frozenset[str] = frozenset()
) -> str:
    """The `fields` of a conversation with its newest `messages` nested in it (0: none)."""
    own = ",".join(f for f in THREAD_FIELDS[platform] if _name(f) not in without)
    if not messages:
        return own
    return f"{own},messages.limit({messages}){{{message_fields(platform, without=without)}}}"


def _name(field: str) -> str:
    return field.partition("{")[0]
