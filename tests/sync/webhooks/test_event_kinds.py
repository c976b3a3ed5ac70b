"""Every kind of event that Meta's documentation and captures show, and the rows that exist afterwards."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hirocrm.contacts.models import Activity, Contact, Conversation, Message
from hirocrm.meta.models import UnreadableEntry, WebhookHealth
from tests.sync.webhooks.payloads import (
    ANA,
    INSTAGRAM,
    IRA,
    PAGE,
    echo,
    from_business,
    from_customer,
    instagram_body,
    on_instagram,
    page_body,
    text,
)

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 2, tzinfo=UTC)
STORY = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1800&signature=x"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Case:
    """Deliveries, and what a message, its conversation and its contact hold afterwards."""

    name: str
    bodies: list[Any]
    mid: str = "m_A1"
    message: dict[str, Any] = field(default_factory=dict)
    conversation: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    activities: list[str] | None = None


def attachment(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload}


def sent(kind: str, url: str | None = None, title: str | None = None) -> dict[str, Any]:
    return {"type": kind, "url": url, "title": title}


def with_attachments(*attachments: Any, **more: Any) -> Any:
    return page_body(
        from_customer(message={"mid": "m_A1", "attachments": list(attachments), **more})
    )


def without_time(item: Any) -> Any:
    return {key: value for key, value in item.items() if key != "timestamp"}


def changed(name: str, value: Any) -> Any:
    """In the form that Instagram Login's deliveries may have."""
    change = {"field": name, "value": value}
    return {
        "object": "instagram",
        "entry": [{"id": INSTAGRAM, "time": 1767312000, "changes": [change]}],
    }


SAID = on_instagram(message={"mid": "aWd_1", "text": "hi"})
ANSWERED = from_business(
    10, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "text": "hello", "is_echo": True}
)
PRICE = text()
CASES = [
    Case("text", [page_body(PRICE)],
        message={"sender": "customer", "text": "Magkano po?", "created_time": at(0), "source": "webhook", "attachments": []},
        conversation={"platform": "messenger", "remote_id": f"with:messenger:{ANA}", "stored_count": 1, "has_text": True,
                      "last_customer_message_at": at(0), "window_opened_at": at(0)},
        contact={"messenger_psid": ANA, "name": "User 000001", "last_message_text": "Magkano po?", "last_message_sender": "customer"},
        activities=["MESSAGE_RECEIVED"]),
    Case("text with a quick reply", [page_body(text(quick_reply={"payload": "PRICE"}))], message={"text": "Magkano po?"}),
    Case("text in Arabic with an emoji", [page_body(text(words="كم السعر؟ 👍"))], message={"text": "كم السعر؟ 👍"}),
    Case("text with NUL and half an emoji", [page_body(text(words="hi\x00 \ud83d"))], message={"text": "hi \ufffd"}),
    Case("two images", [with_attachments(attachment("image", url="https://x/a.jpg"), attachment("image", url="https://x/b.jpg"))],
        message={"text": None, "attachments": [sent("image", "https://x/a.jpg"), sent("image", "https://x/b.jpg")]},
        conversation={"has_text": False}, contact={"last_message_text": "(image)"}),
    Case("sticker", [with_attachments(attachment("sticker", url="https://x/s.png", sticker_id=369239263222822))],
        message={"attachments": [sent("sticker", "https://x/s.png")]}),
    Case("sticker that came as an image, too",
        [with_attachments(attachment("sticker", url="https://x/s.png", sticker_id=1), attachment("image", url="https://x/s.png", sticker_id=1))],
        message={"attachments": [sent("sticker", "https://x/s.png")]}),
    Case("sticker as old deliveries have it", [with_attachments(attachment("image", url="https://x/s.png", sticker_id=1))],
        message={"attachments": [sent("sticker", "https://x/s.png")]}),
    Case("voice note", [with_attachments(attachment("audio", url="https://x/v.mp4"))], message={"attachments": [sent("audio", "https://x/v.mp4")]}),
    Case("video", [with_attachments(attachment("video", url="https://x/v.mp4"))], message={"attachments": [sent("video", "https://x/v.mp4")]}),
    Case("file", [with_attachments(attachment("file", url="https://x/f.pdf"))], message={"attachments": [sent("file", "https://x/f.pdf")]}),
    Case("location", [with_attachments(attachment("location", coordinates={"lat": 10.3, "long": 123.9}))],
        message={"attachments": [sent("location", None, "10.3, 123.9")]}),
    Case("link", [page_body(text(words="see https://youtu.be/x", attachments=[attachment("fallback", url="https://youtu.be/x", title="A video")]))],
        message={"text": "see https://youtu.be/x", "attachments": [sent("share", "https://youtu.be/x", "A video")]}),
    Case("fallback without a payload", [with_attachments({"type": "fallback"})], message={"attachments": [sent("share")]}),
    Case("payload as text", [with_attachments({"type": "image", "payload": "https://x/a.jpg"})], message={"attachments": [sent("image", "https://x/a.jpg")]}),
    Case("template", [with_attachments(attachment("template", product={"elements": [{"title": "Linen set"}]}))],
        message={"attachments": [sent("template", None, "Linen set")]}),
    Case("reel", [with_attachments(attachment("ig_reel", url="https://x/r", title="Reel", reel_video_id="9"))],
        message={"attachments": [sent("share", "https://x/r", "Reel")]}),
    Case("appointment", [with_attachments(attachment("appointment_booking", booking_id="1", start_time="2026-02-01T10:00"))],
        message={"attachments": [sent("template", None, "2026-02-01T10:00")]}),
    Case("a kind of tomorrow", [with_attachments(attachment("hologram", url="https://x/h"))], message={"attachments": [sent("file", "https://x/h")]}),
    Case("reply to a message", [page_body(text(reply_to={"mid": "m_A0", "is_self_reply": True}))], message={"reply_to": "m_A0"}),
    Case("message from an ad",
        [page_body(text(referral={"ref": "promo1", "ad_id": "238", "source": "ADS", "type": "OPEN_THREAD", "ads_context_data": {"ad_title": "Sale"}}))],
        message={"text": "Magkano po?"},
        contact={"referrals": [{"source": "ADS", "type": "OPEN_THREAD", "ref": "promo1", "adId": "238", "adTitle": "Sale", "at": at(0).isoformat()}]}),
    Case("echo of a reply from elsewhere", [page_body(PRICE), page_body(echo())], mid="m_B1",
        message={"sender": "business", "text": "350 po", "source": "webhook", "sent_by_app": "263902037430900", "created_time": at(100)},
        conversation={"stored_count": 2, "last_customer_message_at": at(0), "last_message_at": at(100)},
        contact={"messenger_psid": ANA, "last_message_sender": "business", "last_customer_message_at": at(0)},
        activities=["MESSAGE_RECEIVED", "MESSAGE_SENT"]),
    Case("echo before anything else", [page_body(echo())], mid="m_B1", message={"sender": "business"}, contact={"messenger_psid": ANA},
        activities=["MESSAGE_SENT"]),
    Case("postback", [page_body(from_customer(postback={"mid": "m_P1", "title": "Get Started", "payload": "START",
                                                      "referral": {"ref": "promo1", "source": "SHORTLINK", "type": "OPEN_THREAD"}}))], mid="m_P1",
        message={"sender": "customer", "text": "Get Started"},
        contact={"referrals": [{"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "promo1", "adId": "", "adTitle": "", "at": at(0).isoformat()}]}),
    Case("referral by a link", [page_body(PRICE), page_body(from_customer(60, referral={"ref": "p2", "source": "SHORTLINK", "type": "OPEN_THREAD"}))],
        contact={"referrals": [{"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "p2", "adId": "", "adTitle": "", "at": at(60).isoformat()}], "window_opened_at": at(60)},
        conversation={"window_opened_at": at(60), "last_customer_message_at": at(0)}, activities=["MESSAGE_RECEIVED"]),
    Case("referral by an ad alone", [page_body(PRICE), page_body(from_customer(60, referral={"ref": "p3", "source": "ADS", "type": "OPEN_THREAD", "ad_id": "9"}))],
        contact={"referrals": [{"source": "ADS", "type": "OPEN_THREAD", "ref": "p3", "adId": "9", "adTitle": "", "at": at(60).isoformat()}], "window_opened_at": at(0)}),
    Case("opt-in of a plugin", [page_body(PRICE), page_body(from_customer(60, optin={"ref": "checkbox"}))],
        contact={"referrals": [{"source": "OPTIN", "type": "", "ref": "checkbox", "adId": "", "adTitle": "", "at": at(60).isoformat()}]}),
    Case("opt-in for notifications", [page_body(PRICE), page_body(from_customer(60, optin={"type": "notification_messages", "notification_messages_token": "1"}))],
        contact={"referrals": []}),
    Case("delivery by its watermark", [page_body(PRICE, echo()), page_body(from_customer(130, delivery={"watermark": 1767312130000}))],
        conversation={"delivered_until": at(130), "read_until": None}),
    Case("delivery by message ids", [page_body(PRICE, echo()), page_body(from_customer(131, delivery={"mids": ["m_B1"]}))],
        conversation={"delivered_until": at(100)}),
    Case("read", [page_body(PRICE, echo()), page_body(from_customer(141, read={"watermark": 1767312140000}))],
        conversation={"delivered_until": at(140), "read_until": at(140), "window_opened_at": at(0)}),
    Case("read until long after it was told", [page_body(PRICE, echo()), page_body(from_customer(141, read={"watermark": 253370764800000}))],
        conversation={"delivered_until": at(141), "read_until": at(141)}),
    Case("read and delivered until tomorrow", [page_body(PRICE, echo()), page_body(from_customer(141, delivery={"watermark": 1767398400000}), from_customer(142, read={"watermark": 1767398400000}))],
        conversation={"delivered_until": at(142), "read_until": at(142)}),
    Case("reaction", [page_body(PRICE, echo()), page_body(from_customer(150, reaction={"reaction": "love", "emoji": "❤️", "action": "react", "mid": "m_B1"}))],
        mid="m_B1", message={"reactions": [{"sender": "customer", "emoji": "❤️"}]},
        conversation={"window_opened_at": at(150), "last_customer_message_at": at(0), "last_message_at": at(100)},
        contact={"window_opened_at": at(150)}),
    Case("reaction before its message", [page_body(from_customer(150, reaction={"reaction": "love", "action": "react", "mid": "m_A1"})), page_body(PRICE)],
        message={"reactions": [{"sender": "customer", "emoji": "❤️"}]}, conversation={"window_opened_at": at(150)}),
    Case("reaction of the business", [page_body(PRICE), page_body(from_business(150, reaction={"reaction": "love", "action": "react", "mid": "m_A1"}))],
        message={"reactions": [{"sender": "business", "emoji": "❤️"}]}, conversation={"window_opened_at": at(0)}),
    Case("reaction spelled out", [page_body(PRICE, echo()), page_body(from_customer(150, reaction={"emoji": "\\u{2764}\\u{FE0F}", "action": "react", "mid": "m_B1"}))],
        mid="m_B1", message={"reactions": [{"sender": "customer", "emoji": "❤️"}]}),
    Case("reaction taken back", [page_body(PRICE, echo()), page_body(from_customer(150, reaction={"emoji": "❤️", "action": "react", "mid": "m_B1"})),
                                 page_body(from_customer(151, reaction={"action": "unreact", "mid": "m_B1"}))],
        mid="m_B1", message={"reactions": []}, conversation={"window_opened_at": at(150)}),
    Case("edit", [page_body(PRICE), page_body(from_customer(160, message_edit={"mid": "m_A1", "text": "Magkano po ito?", "num_edit": "1"}))],
        message={"text": "Magkano po ito?", "edited_time": at(160),
                 "edits": [{"number": 0, "text": "Magkano po?", "at": at(0).isoformat()}, {"number": 1, "text": "Magkano po ito?", "at": at(160).isoformat()}]},
        contact={"last_message_text": "Magkano po ito?"}, activities=["MESSAGE_RECEIVED"]),
    Case("edit without its text", [page_body(PRICE), page_body(from_customer(160, message_edit={"mid": "m_A1", "num_edit": 1}))],
        message={"text": "Magkano po?", "edited_time": at(160)}),
    Case("unsent by the customer", [page_body(PRICE), page_body(from_customer(20, message={"mid": "m_A1", "is_deleted": True}))],
        message={"text": None, "deleted_time": at(20), "attachments": []},
        contact={"last_message_text": ""}, conversation={"has_text": False, "stored_count": 1}),
    Case("handover to another app", [page_body(PRICE), page_body(from_customer(180, pass_thread_control={"previous_owner_app_id": "1", "new_owner_app_id": "263902037430900"}))],
        conversation={"thread_owner": "263902037430900"}),
    Case("handover and back", [page_body(PRICE), page_body(from_customer(180, pass_thread_control={"new_owner_app_id": "26390"})),
                              page_body(from_customer(181, take_thread_control={"previous_owner_app_id": "26390", "new_owner_app_id": 123456789}))],
        conversation={"thread_owner": ""}),
    Case("request for the thread", [page_body(PRICE), page_body(from_customer(182, request_thread_control={"requested_owner_app_id": 123456789}))],
        conversation={"thread_owner": ""}),
    Case("standby", [page_body(text("m_S1", "hello"), under="standby")], mid="m_S1", message={"text": "hello", "sender": "customer"},
        conversation={"thread_owner": "other"}, activities=["MESSAGE_RECEIVED"]),
    Case("echo on standby", [page_body(echo(), under="standby")], mid="m_B1", message={"sender": "business"}),
    Case("time in seconds", [page_body({**PRICE, "timestamp": 1767312000})], message={"created_time": at(0)}),
    Case("time as text", [page_body({**PRICE, "timestamp": "1767312000"})], message={"created_time": at(0)}),
    Case("no time", [page_body({k: v for k, v in PRICE.items() if k != "timestamp"})], message={"created_time": at(0.5)}),
    Case("a clock that is far ahead", [page_body({**PRICE, "timestamp": 4102444800000})], message={"created_time": at(600)}),
    Case("ids as numbers", [{"object": "page", "entry": [{"id": int(PAGE), "time": 1, "messaging": [
        {**PRICE, "sender": {"id": int(ANA)}, "recipient": {"id": int(PAGE)}}]}]}], contact={"messenger_psid": ANA}),
    # Instagram
    Case("Instagram text", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"}))], mid="aWd_1",
        message={"text": "hi", "sender": "customer"}, conversation={"platform": "instagram", "remote_id": f"with:instagram:{IRA}"},
        contact={"instagram_sid": IRA, "messenger_psid": None}, activities=["MESSAGE_RECEIVED"]),
    Case("Instagram echo", [instagram_body(from_business(10, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "text": "hello", "is_echo": True}))],
        mid="aWd_2", message={"sender": "business"}, contact={"instagram_sid": IRA}),
    Case("Instagram unsend", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"})), instagram_body(on_instagram(20, message={"mid": "aWd_1", "is_deleted": True}))],
        mid="aWd_1", message={"text": None, "deleted_time": at(20)}),
    Case("Instagram's business unsends its own", [
        instagram_body(from_business(10, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "text": "hello", "is_echo": True})),
        instagram_body(from_business(20, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "is_echo": True, "is_deleted": True}))],
        mid="aWd_2", message={"text": None, "deleted_time": at(20), "sender": "business"}),
    Case("Instagram, unsupported", [instagram_body(on_instagram(message={"mid": "aWd_3", "is_unsupported": True}))], mid="aWd_3",
        message={"attachments": [sent("unsupported")]}),
    Case("Instagram story reply", [instagram_body(on_instagram(message={"mid": "aWd_4", "text": "love it", "reply_to": {"story": {"id": "1800", "url": STORY}}}))],
        mid="aWd_4", message={"text": "love it", "attachments": [sent("story_reply", STORY)], "reply_to": ""}),
    Case("Instagram story mention", [instagram_body(on_instagram(message={"mid": "aWd_5", "attachments": [attachment("story_mention", url=STORY)]}))],
        mid="aWd_5", message={"attachments": [sent("story_mention", STORY)]}),
    Case("Instagram post", [instagram_body(on_instagram(message={"mid": "aWd_6", "attachments": [attachment("ig_post", ig_post_media_id="1790", title="Caption", url="https://x/p")]}))],
        mid="aWd_6", message={"attachments": [sent("share", "https://x/p", "Caption")]}),
    Case("Instagram view-once", [instagram_body(on_instagram(message={"mid": "aWd_7", "attachments": [{"type": "ephemeral"}]}))], mid="aWd_7",
        message={"attachments": [sent("unsupported")]}),
    Case("Instagram heart", [instagram_body(on_instagram(message={"mid": "aWd_7", "attachments": [{"type": "like_heart"}]}))], mid="aWd_7",
        message={"attachments": [sent("sticker")]}),
    Case("Instagram read by message", [instagram_body(from_business(10, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "text": "hello", "is_echo": True})),
                                      instagram_body(on_instagram(70, read={"mid": "aWd_2"}))], mid="aWd_2",
        conversation={"read_until": at(10), "delivered_until": at(10)}),
    Case("Instagram ice breaker", [instagram_body(on_instagram(90, postback={"mid": "aWd_8", "title": "Opening hours?", "payload": "HOURS"}))], mid="aWd_8",
        message={"text": "Opening hours?"}, conversation={"window_opened_at": at(90)}),
    Case("Instagram referral", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"})),
                               instagram_body(on_instagram(100, referral={"ref": "x", "source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"}))], mid="aWd_1",
        contact={"referrals": [{"source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD", "ref": "x", "adId": "", "adTitle": "", "at": at(100).isoformat()}]},
        conversation={"window_opened_at": at(100)}),
    Case("Instagram reaction", [instagram_body(from_business(10, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "text": "hello", "is_echo": True})),
                               instagram_body(on_instagram(80, reaction={"mid": "aWd_2", "action": "react", "reaction": "love", "emoji": "\u2764\ufe0f"}))], mid="aWd_2",
        message={"reactions": [{"sender": "customer", "emoji": "❤️"}]}, conversation={"window_opened_at": at(80), "last_customer_message_at": None}),
    Case("Instagram's announcement of a message", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"})),
                                                 instagram_body({"timestamp": 1767312000410, "message_edit": {"mid": "aWd_1", "num_edit": 0}})], mid="aWd_1",
        message={"text": "hi", "edited_time": None, "edits": []}),
    *(Case(f"Instagram attachment, {kind}", [instagram_body(on_instagram(message={"mid": "aWd_7", "attachments": [attachment(kind, **payload)]}))], mid="aWd_7",
        message={"text": None, "attachments": [expected]}) for kind, payload, expected in [
            ("share", {"url": "https://x/p"}, sent("share", "https://x/p")),
            ("ig_story", {"story_media_id": "1", "story_media_url": "https://x/s"}, sent("story_mention", "https://x/s")),
            ("ig_reel", {"reel_video_id": "9", "title": "Reel", "url": "https://x/r"}, sent("share", "https://x/r", "Reel")),
            ("reel", {"url": "https://x/r"}, sent("share", "https://x/r")),
            ("image", {"url": "https://x/i"}, sent("image", "https://x/i")),
            ("video", {"url": "https://x/v"}, sent("video", "https://x/v")),
            ("audio", {"url": "https://x/a"}, sent("audio", "https://x/a")),
            ("file", {"url": "https://x/f"}, sent("file", "https://x/f")),
            ("template", {}, sent("template")),
            ("unsupported_type", {"url": "https://x/u"}, sent("unsupported", "https://x/u")),
        ]),
    Case("Instagram reaction taken back", [
        instagram_body(from_business(10, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "text": "hello", "is_echo": True})),
        instagram_body(on_instagram(80, reaction={"mid": "aWd_2", "action": "react", "reaction": "love", "emoji": "❤️"})),
        instagram_body(on_instagram(81, reaction={"mid": "aWd_2", "action": "unreact"}))], mid="aWd_2",
        message={"reactions": []}),
    Case("Instagram edit", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"})),
                           instagram_body(on_instagram(30, message_edit={"mid": "aWd_1", "text": "hi there", "num_edit": 1}))], mid="aWd_1",
        message={"text": "hi there", "edited_time": at(30)}),
    Case("Instagram reply to a message", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "this", "reply_to": {"mid": "aWd_0"}}))], mid="aWd_1",
        message={"text": "this", "reply_to": "aWd_0"}),
    Case("Instagram quick reply", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "Yes", "quick_reply": {"payload": "YES"}}))], mid="aWd_1",
        message={"text": "Yes", "sender": "customer"}),
    Case("Instagram standby", [{"object": "instagram", "entry": [{"id": INSTAGRAM, "time": 1767312000500, "standby": [
        on_instagram(message={"mid": "aWd_1", "text": "hi"})]}]}], mid="aWd_1", message={"text": "hi"}, conversation={"thread_owner": "other"}),
    Case("Instagram handover", [instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"})),
                               instagram_body(on_instagram(5, pass_thread_control={"new_owner_app_id": "263902037430900"}))], mid="aWd_1",
        conversation={"thread_owner": "263902037430900"}),
    *(Case(f"no link, {url[:8]}", [with_attachments(attachment("fallback", url=url, title="Sale"))], message={"attachments": [sent("share", None, "Sale")]})
      for url in ["javascript:alert(1)", " javascript:alert(1)", "JavaScript://x/%0aalert(1)", "data:text/html,x", "vbscript:x", "//x/a", "/settings", "http:///a", "http://[x"]),
    Case("a link", [with_attachments(attachment("fallback", url="HTTPS://x/a"))], message={"attachments": [sent("share", "HTTPS://x/a")]}),
    Case("a Page's post shared", [with_attachments(attachment("post", url="https://x/p", title="Sale", id="1"))],
        message={"attachments": [sent("share", "https://x/p", "Sale")]}),
    Case("postback without an id, twice", [page_body(PRICE, from_customer(5, postback={"title": "Menu", "payload": "M"})),
                                          page_body(from_customer(5, postback={"title": "Menu", "payload": "M"}))],
        conversation={"stored_count": 2, "window_opened_at": at(5)}),
    Case("delivery by message ids without a time", [page_body(PRICE, echo()), page_body(without_time(from_customer(delivery={"mids": ["m_B1"]})))],
        conversation={"delivered_until": at(100)}),
    Case("read that says nothing but its time", [page_body(PRICE, echo()), page_body(from_customer(141, read={}))],
        conversation={"delivered_until": at(141), "read_until": at(141)}),
    Case("Instagram read by its watermark", [instagram_body(SAID), instagram_body(on_instagram(70, read={"watermark": 1767312060000}))], mid="aWd_1",
        conversation={"delivered_until": at(60), "read_until": at(60)}),
    Case("Instagram read before its message", [instagram_body(on_instagram(70, read={"mid": "aWd_2"})), instagram_body(ANSWERED)], mid="aWd_2",
        conversation={"delivered_until": at(10), "read_until": at(10)}),
    Case("Instagram reaction without an emoji", [instagram_body(ANSWERED), instagram_body(on_instagram(80, reaction={"mid": "aWd_2", "action": "react", "reaction": "love"}))],
        mid="aWd_2", message={"reactions": [{"sender": "customer", "emoji": "❤️"}]}),
    Case("Instagram reaction of a kind Meta names other", [instagram_body(ANSWERED), instagram_body(on_instagram(80, reaction={"mid": "aWd_2", "action": "react", "reaction": "other", "emoji": "🌸"}))],
        mid="aWd_2", message={"reactions": [{"sender": "customer", "emoji": "🌸"}]}),
    Case("Instagram edit without its text", [instagram_body(SAID), instagram_body(on_instagram(30, message_edit={"mid": "aWd_1", "num_edit": 1}))], mid="aWd_1",
        message={"text": "hi", "edited_time": at(30)}),
    Case("Instagram edits, the later one first", [
        instagram_body(SAID), instagram_body(on_instagram(40, message_edit={"mid": "aWd_1", "text": "third", "num_edit": "2"})),
        instagram_body(on_instagram(30, message_edit={"mid": "aWd_1", "text": "second", "num_edit": 1}))], mid="aWd_1",
        message={"text": "third", "edited_time": at(40)}),
    Case("Instagram edit of nobody named", [instagram_body(SAID), instagram_body({"timestamp": 1767312030000, "message_edit": {"mid": "aWd_1", "text": "hi there", "num_edit": 1}})],
        mid="aWd_1", message={"text": "hi there", "edited_time": at(30)}),
    *(Case(f"Instagram Login's form, {name}", [instagram_body(SAID, ANSWERED), changed(name, value)], mid=mid, message=message, conversation=conversation)
        for name, value, mid, message, conversation in [
            ("message_reactions", on_instagram(80, reaction={"mid": "aWd_2", "action": "react", "reaction": "love"}), "aWd_2",
                {"reactions": [{"sender": "customer", "emoji": "❤️"}]}, {"window_opened_at": at(80)}),
            ("messaging_seen", on_instagram(70, read={"mid": "aWd_2"}), "aWd_2", {}, {"read_until": at(10)}),
            ("messaging_postbacks", on_instagram(90, postback={"mid": "aWd_8", "title": "Hours?", "payload": "H"}), "aWd_8",
                {"text": "Hours?", "sender": "customer"}, {"stored_count": 3}),
            ("messaging_referral", on_instagram(95, referral={"ref": "x", "source": "IGME-SOURCE-LINK"}), "aWd_1", {"text": "hi"}, {"window_opened_at": at(95)}),
            ("message_edit", on_instagram(30, message_edit={"mid": "aWd_1", "text": "hi there", "num_edit": 1}), "aWd_1", {"text": "hi there"}, {}),
            ("standby", on_instagram(5, message={"mid": "aWd_3", "text": "psst"}), "aWd_3", {"text": "psst"}, {"stored_count": 3}),
        ]),
    Case("Instagram Login's form", [{"object": "instagram", "entry": [{"id": INSTAGRAM, "time": 1767312000, "changes": [
        {"field": "messages", "value": {"sender": {"id": IRA}, "recipient": {"id": INSTAGRAM}, "timestamp": "1767312000", "message": {"mid": "aWd_9", "text": "hi"}}}]}]}],
        mid="aWd_9", message={"text": "hi", "created_time": at(0)}, contact={"instagram_sid": IRA}),
]  # fmt: skip


class TestEventKinds:
    @pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
    def test_leaves_these_rows(self, page, deliver, settings, case):
        settings.FACEBOOK_APP_ID = "123456789"

        deliver(*case.bodies)

        row = Message.objects.get(page=page, remote_id=case.mid)
        contact = Contact.objects.get(page=page)
        assert Conversation.objects.get(page=page) == row.conversation
        assert {name: getattr(row, name) for name in case.message} == case.message
        assert {n: getattr(row.conversation, n) for n in case.conversation} == case.conversation
        assert {name: getattr(contact, name) for name in case.contact} == case.contact
        assert UnreadableEntry.objects.count() == 0
        if case.activities is not None:
            types = Activity.objects.filter(contact=contact).order_by("created_at")
            assert list(types.values_list("type", flat=True)) == case.activities

    @pytest.mark.parametrize(
        "item",
        [
            {"recipient": {"id": PAGE}, "app_roles": {"123456789": ["primary_receiver"]}},
            from_customer(account_linking={"status": "linked", "authorization_code": "x"}),
            from_customer(response_feedback={"feedback": "good", "mid": "m_1"}),
            from_customer(order={"products": [], "note": ""}),
            from_customer(game_play={"game_id": "1"}),
            from_customer(payment={"payload": "x"}),
            from_customer(
                optin={
                    "type": "notification_messages",
                    "notification_messages_status": "STOP NOTIFICATIONS",
                }
            ),
            from_customer(something_new={"of": "tomorrow"}),
            from_customer(message={"mid": "m_1", "text": "memo", "is_self": True}),
            {**from_customer(postback={"payload": "x"}), "sender": {"user_ref": "abc"}},
            from_customer(referral={}),
            from_customer(read={"watermark": 1767312140000}),
            from_customer(delivery={"watermark": 1767312140000}),
        ],
        ids=lambda item: next(
            key for key in item if key not in {"sender", "recipient", "timestamp"}
        ),
    )
    def test_keeps_and_ignores_what_means_nothing_here(self, page, deliver, item):
        (delivery,) = deliver(page_body(item))

        assert delivery.outcome == "taken"
        assert Contact.objects.count() == 0
        assert UnreadableEntry.objects.count() == 0

    @pytest.mark.parametrize("field", ["feed", "mention", "ratings", "comments"])
    def test_ignores_changes_that_are_no_messages(self, page, deliver, field):
        change = {"field": field, "value": {"item": "comment", "message": "How much?"}}

        (delivery,) = deliver(
            {"object": "page", "entry": [{"id": PAGE, "time": 1, "changes": [change]}]}
        )

        assert delivery.outcome == "taken"
        assert (Contact.objects.count(), UnreadableEntry.objects.count()) == (0, 0)

    def test_notes_a_policy_warning(self, page, deliver):
        warning = {"recipient": {"id": PAGE}, "timestamp": 1767312190000, "policy_enforcement": {"action": "Warning", "reason": "Slow answers."}}  # fmt: skip

        deliver(page_body(warning))

        health = WebhookHealth.objects.get(page=page)
        assert (health.policy_action, health.policy_reason) == ("warning", "Slow answers.")
        assert health.policy_at == at(190)

    def test_notes_what_meta_says_of_policies(self, page, deliver):
        block = {"recipient": {"id": PAGE}, "timestamp": 1767312190000, "policy_enforcement": {"action": "block", "reason": "Spam."}}  # fmt: skip
        unblock = {"recipient": {"id": PAGE}, "timestamp": 1767312290000, "policy-enforcement": {"action": "unblock"}}  # fmt: skip

        deliver(page_body(block))
        blocked = WebhookHealth.objects.get(page=page)
        deliver(page_body(unblock))
        freed = WebhookHealth.objects.get(page=page)

        assert (blocked.policy_action, blocked.policy_reason) == ("block", "Spam.")
        assert (freed.policy_action, freed.policy_reason) == ("", "")
