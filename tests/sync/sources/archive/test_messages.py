from datetime import UTC, datetime

import pytest

from hirocrm.contacts.snapshots import AttachmentSnapshot, ReactionSnapshot, Sender
from tests.sync.sources.archive.builders import OWN, message

ANA = "Ana Cruz"


class TestMessage:
    def test_tells_side_time_and_words(self, read_one):
        found = read_one([message(ANA, "¿Cuánto? مرحبا 🎉", at=1), message(OWN, "100 ₱", at=2)])

        assert [(one.sender, one.text, one.created_at) for one in found] == [
            (Sender.CUSTOMER, "¿Cuánto? مرحبا 🎉", datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC)),
            (Sender.BUSINESS, "100 ₱", datetime(2023, 11, 14, 22, 13, 22, tzinfo=UTC)),
        ]

    def test_knows_the_business_in_another_spelling(self, read_one):
        assert read_one([message("tienda  ñandú", "Hola")])[0].sender == Sender.BUSINESS

    @pytest.mark.parametrize("name", ["Facebook user", "", None])
    def test_of_a_deleted_person_is_the_customer_s(self, read_one, name):
        assert read_one([message(name, "Hola")])[0].sender == Sender.CUSTOMER

    @pytest.mark.parametrize(
        "moment", [None, True, "soon", 0, -5, 10**18, 1.5, [], "1" * 5000, float("nan")]
    )
    def test_without_a_usable_time_is_left_out(self, read_one, moment):
        found = read_one([message(ANA, "first"), message(ANA, "lost", timestamp_ms=moment)])

        assert [one.text for one in found] == ["first"]

    def test_that_is_no_object_is_left_out(self, read_one):
        assert [one.text for one in read_one([message(ANA, "Hola"), "x", None, 7, []])] == ["Hola"]

    def test_taken_back_has_no_words(self, read_one):
        found = read_one([message(ANA, "secret", is_unsent=True, photos=[{"uri": "1.jpg"}])])

        assert (found[0].text, found[0].attachments) == (None, ())
        assert found[0].deleted_at == found[0].created_at

    def test_taken_back_later_keeps_the_id_it_had(self, read_one):
        before = read_one([message(ANA, "secret")])
        after = read_one([message(ANA, "secret", is_unsent=True)])

        assert before[0].remote_id == after[0].remote_id

    def test_with_nothing_in_it_is_unsupported(self, read_one):
        assert read_one([message(ANA)])[0].attachments == (AttachmentSnapshot("unsupported"),)

    def test_survives_fields_of_wrong_types(self, read_one):
        found = read_one(
            [
                message(
                    ANA,
                    {"no": "text"},
                    photos="x",
                    videos=[1, None],
                    sticker=[],
                    share="y",
                    reactions={"reaction": 5},
                    call_duration=None,
                    files=[{"uri": 7}],
                )
            ]
        )

        assert found[0].attachments == (
            AttachmentSnapshot("file"),
            AttachmentSnapshot("call", title="Missed call"),
        )


class TestAttachments:
    @pytest.mark.parametrize(
        ("fields", "attachment"),
        [
            ({"photos": [{"uri": "a/photos/1.jpg"}]}, AttachmentSnapshot("image")),
            ({"videos": [{"uri": "a/videos/1.mp4"}]}, AttachmentSnapshot("video")),
            ({"audio_files": [{"uri": "a/audio/1.mp4"}]}, AttachmentSnapshot("audio")),
            ({"gifs": [{"uri": "https://cdn.example/1.gif"}]}, AttachmentSnapshot("image", "https://cdn.example/1.gif")),
            ({"files": [{"uri": "a/files/Señas.pdf"}]}, AttachmentSnapshot("file", None, "Señas.pdf")),
            ({"sticker": {"uri": "stickers_used/1.png", "ai_stickers": []}}, AttachmentSnapshot("sticker")),
            ({"share": {"link": "https://example.com/p"}}, AttachmentSnapshot("share", "https://example.com/p")),
            (
                {"share": {"link": "https://www.instagram.com/p/1/", "share_text": "Ñam", "original_content_owner": "x"}},
                AttachmentSnapshot("share", "https://www.instagram.com/p/1/", "Ñam"),
            ),
            (
                {"share": {"link": "https://www.bing.com/maps/default.aspx?where1=1,2"}},
                AttachmentSnapshot("location", "https://www.bing.com/maps/default.aspx?where1=1,2"),
            ),
            ({"share": {"link": "javascript:alert(1)", "share_text": "x"}}, AttachmentSnapshot("share", None, "x")),
            ({"call_duration": 125}, AttachmentSnapshot("call", title="Call, 2:05")),
            ({"call_duration": 3607}, AttachmentSnapshot("call", title="Call, 1:00:07")),
            ({"call_duration": 0}, AttachmentSnapshot("call", title="Missed call")),
            ({"call_duration": 0, "missed": True}, AttachmentSnapshot("call", title="Missed call")),
        ],
    )  # fmt: skip
    def test_are_told_by_kind(self, read_one, fields, attachment):
        found = read_one([message(ANA, **fields)])

        assert (found[0].text, found[0].attachments) == (None, (attachment,))

    def test_may_be_several(self, read_one):
        photos = [{"uri": "1.jpg"}, {"uri": "2.jpg"}]

        found = read_one([message(ANA, "mira", photos=photos)])

        assert (found[0].text, len(found[0].attachments)) == ("mira", 2)

    def test_of_a_story_with_words_are_a_reply_to_it(self, read_one):
        link = "https://www.instagram.com/stories/tienda/1"

        found = read_one([message(ANA, "¿precio?", share={"link": link})])

        assert found[0].attachments == (AttachmentSnapshot("story_reply", link),)

    def test_of_a_call_take_the_place_of_its_line(self, read_one):
        assert read_one([message(ANA, "La llamada terminó.", call_duration=60)])[0].text is None


class TestReactions:
    def test_tell_side_and_emoji(self, read_one):
        reactions = [{"reaction": "❤", "actor": ANA}, {"reaction": "👍", "actor": OWN}]

        found = read_one([message(OWN, "Listo", reactions=reactions)])

        assert found[0].reactions == (
            ReactionSnapshot(Sender.CUSTOMER, "❤"),
            ReactionSnapshot(Sender.BUSINESS, "👍"),
        )


class TestSystemLines:
    @pytest.mark.parametrize(
        "line",
        [
            "Liked a message",
            "Ana Cruz liked a message",
            "Reacted ❤️ to your message ",
            "Ana reacted 😆 to your message",
            "You are now connected on Messenger.",
            "Say hi to your new Facebook friend, Ana.",
            "Ana called you.",
            "You missed a video call from Ana.",
            "The video chat ended.",
            "Ana Cruz changed the theme to Love.",
            "Ana set your nickname to Jefa.",
            "Reaccionó con ❤ a tu mensaje",
            "Curtiu uma mensagem",
        ],
    )
    def test_are_nobody_s_words(self, read_one, line):
        assert [one.text for one in read_one([message(ANA, "Hola"), message(ANA, line, at=1)])] == [
            "Hola"
        ]

    @pytest.mark.parametrize(
        "words",
        [
            "My sister sent a photo.",
            "I reacted badly to your message about the price",
            "Bea called you.",
            "You missed a spot",
            "You are now connected on Messenger. Great, how much?",
            "Liked a message? I did",
        ],
    )
    def test_are_not_taken_from_a_customer_s_words(self, read_one, words):
        assert read_one([message(ANA, words)])[0].text == words

    def test_give_way_to_the_attachment_they_stand_for(self, read_one):
        found = read_one(
            [message(ANA, "Ana sent an attachment.", share={"link": "https://example.com/"})]
        )

        assert found[0].text is None
        assert found[0].attachments == (AttachmentSnapshot("share", "https://example.com/"),)

    def test_in_another_language_leave_the_id_as_it_was(self, read_one):
        share = {"link": "https://example.com/"}

        english = read_one([message(ANA, "Ana sent an attachment.", share=share)])
        german = read_one([message(ANA, "Ana hat einen Anhang gesendet.", share=share)])

        assert english == german

    def test_tell_of_a_message_taken_back(self, read_one):
        found = read_one([message(ANA, "Ana unsent a message")])

        assert (found[0].text, found[0].deleted_at) == (None, found[0].created_at)
