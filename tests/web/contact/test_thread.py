"""What a message's bubble says beside its words, on the contact's page and in the inbox."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from hirocrm.contacts.models import Conversation, Message
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.meta.models import Page
from tests.factories import ConversationFactory, MessageFactory

pytestmark = pytest.mark.django_db
PHOTO = "https://scontent.xx.fbcdn.net/a.jpg"
STORY = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1800&signature=x"
OUTSIDE = "sent outside HiroCRM"


@pytest.fixture
def talk(shop):
    wrote = datetime.now(UTC) - timedelta(hours=2)
    return ConversationFactory(
        contact=shop.contact(shop.new, first_name="Ana"),
        last_message_at=wrote,
        last_customer_message_at=wrote,
    )


@pytest.fixture
def say(talk):
    """Adds a message of so many minutes ago."""

    def said(minutes=60.0, **fields):
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        return MessageFactory(conversation=talk, created_time=at, **fields)

    return said


@pytest.fixture
def bubble(talk, owner, sign_in):
    """The markup of a message, alike on both pages."""
    client = sign_in(owner)

    def drawn(message):
        pattern = re.compile(
            rf'<li class="message[^>]*id="message-{message.remote_id}".*?</li>', re.DOTALL
        )
        paths = (
            reverse("contact", args=[talk.contact_id]),
            reverse("inbox-conversation", args=[talk.pk]),
        )
        found = [
            re.sub(
                r"<a class=\"message-answer.*?</a>", "", pattern.search(client.get(path).text)[0]
            )
            for path in paths
        ]
        assert found[0] == found[1]
        return found[0]

    return drawn


class TestBubble:
    def test_shows_reactions(self, say, bubble):
        message = say(reactions=[{"emoji": "❤", "by": "page"}, {"emoji": "👍", "by": "customer"}])

        assert 'aria-label="Reactions: ❤ 👍"' in bubble(message)

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("image", "Photo"), ("video", "Video"), ("audio", "Voice message"), ("sticker", "Sticker"),
            ("share", "Shared post"), ("story_reply", "Reply to your story"), ("file", "File"),
            ("story_mention", "Mentioned you in a story"), ("unsupported", "Attachment"),
        ],
    )  # fmt: skip
    def test_links_an_attachment(self, say, bubble, kind, words):
        markup = bubble(say(text=None, attachments=[{"type": kind, "url": PHOTO}]))

        assert f'<a href="{PHOTO}" target="_blank" rel="noopener noreferrer nofollow"' in markup
        assert f"<span>{words}</span>" in markup

    @pytest.mark.parametrize(
        ("kind", "hours", "words"),
        [
            ("story_reply", 25, "the story has ended"),
            ("story_mention", 25, "the story has ended"),
            ("image", 24 * 8, "not shown any more: Meta's links to files expire"),
        ],
    )
    def test_says_in_words_what_has_expired(self, say, bubble, kind, hours, words):
        markup = bubble(say(minutes=hours * 60, attachments=[{"type": kind, "url": STORY}]))

        assert words in markup
        assert "lookaside" not in markup
        assert "<a href" not in markup

    def test_shows_what_is_answered(self, say, bubble):
        asked = say(minutes=60, text="magkano po?")

        assert '<p class="message-reply clamp-2">magkano po?</p>' in bubble(
            say(minutes=50, text="this one", reply_to=asked.remote_id)
        )

    def test_says_that_a_message_was_unsent_or_edited(self, say, bubble):
        now = datetime.now(UTC)
        unsent = bubble(say(text=None, deleted_time=now))
        edited = bubble(say(text="450 po", edited_time=now))

        assert "Message was unsent" in unsent
        assert "<span>edited</span>" in edited

    def test_tells_how_far_the_last_one_got(self, say, bubble, talk):
        read, delivered = (say(minutes=m, sender="business", source="webhook") for m in (30, 20))
        Conversation.objects.filter(pk=talk.pk).update(
            read_until=read.created_time, delivered_until=delivered.created_time
        )

        assert ("Read</span>" in bubble(read), "Delivered</span>" in bubble(delivered)) == (
            True,
            True,
        )

    def test_names_who_sent_it_here(self, say, bubble, talk, owner):
        message = say(sender="business", source="sent")
        OutgoingMessage.objects.create(
            organization=talk.organization, page=talk.page, conversation=talk, author=owner.user,
            by_person=True, state="sent", message=message, created_at=message.created_time,
        )  # fmt: skip

        markup = bubble(message)

        assert f"<span>{owner.user}</span>" in markup
        assert OUTSIDE not in markup


class TestOutsideMark:
    @pytest.fixture(autouse=True)
    def _app(self, settings):
        settings.FACEBOOK_APP_ID = "1234567"

    @pytest.mark.parametrize(
        ("how", "known_before", "expected"),
        [
            ({"source": "webhook", "sent_by_app": "263902037430900"}, True, True),
            ({"source": "webhook"}, True, True),
            ({"source": "webhook", "sent_by_app": "1234567"}, True, False),
            ({"source": "sync"}, True, True),
            ({"source": "sync"}, False, False),
            ({"source": "import"}, True, False),
            ({"source": "sent"}, True, False),
        ],
    )
    def test_goes_by_what_is_stored_with_the_message(  # noqa: PLR0917  # fixtures and a case
        self, say, bubble, talk, how, known_before, expected
    ):
        met = datetime.now(UTC) - timedelta(hours=2 if known_before else 0)
        Page.objects.filter(pk=talk.page_id).update(created_at=met, connected_at=met)

        message = say(sender="business", **how)

        assert (OUTSIDE in bubble(message)) is expected

    @pytest.mark.parametrize("source", ["webhook", "sync"])
    def test_survives_that_the_page_is_connected_again(self, say, bubble, talk, source):
        met = datetime.now(UTC) - timedelta(days=2)
        Page.objects.filter(pk=talk.page_id).update(created_at=met, connected_at=met)
        message = say(sender="business", source=source)
        before = bubble(message)

        Page.objects.filter(pk=talk.page_id).update(connected_at=datetime.now(UTC))

        assert OUTSIDE in before
        assert bubble(Message.objects.get(pk=message.pk)) == before
