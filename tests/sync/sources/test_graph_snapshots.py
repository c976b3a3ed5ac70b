from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hirocrm.contacts.snapshots import (
    AttachmentSnapshot,
    MessageSnapshot,
    NameSource,
    ParticipantSnapshot,
    Platform,
    ReactionSnapshot,
    Sender,
)
from hirocrm.meta.graph.shapes import Conversation, Message
from hirocrm.sync.sources.graph_snapshots import Business, real_name, to_snapshot

PAGE_ID, IG_ID, PSID, IGSID = (
    "110000000000001",
    "17841400000000000",
    "7000000000000001",
    "1602510301006188",
)
BUSINESS = Business(frozenset({PAGE_ID, IG_ID}), "example_business")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
UPDATED = datetime(2026, 3, 14, 8, 11, 2, tzinfo=UTC)

ANA = {"name": "Ana Cruz", "email": f"{PSID}@facebook.com", "id": PSID}
US = {"name": "Example Page", "id": PAGE_ID}


def conversation(*participants, **fields):
    given = {"id": "t_1", "updated_time": "2026-03-14T08:11:02+0000", "message_count": 6}
    return given | {"participants": {"data": list(participants)}} | fields


def message(mid="m_1", second=0, **fields):
    given = {"id": mid, "created_time": f"2026-03-14T08:00:{second:02}+0000", "from": ANA}
    return {name: value for name, value in (given | fields).items() if value != "absent"}


def snapshot(raw, *messages, platform=Platform.MESSENGER):
    return to_snapshot(
        Conversation.model_validate(raw),
        [Message.model_validate(m) for m in messages],
        platform=platform,
        business=BUSINESS,
        fetched_at=NOW,
    )


def only_message(**fields):
    return snapshot(conversation(ANA, US), message(**fields)).messages[0]


class TestConversation:
    def test_carries_what_meta_tells(self):
        taken = snapshot(conversation(ANA, US))

        assert (taken.platform, taken.remote_id) == (Platform.MESSENGER, "t_1")
        assert (taken.updated_at, taken.message_count) == (UPDATED, 6)

    def test_without_time_takes_that_of_its_newest_message(self):
        raw = conversation(ANA, US, updated_time=None)

        taken = snapshot(raw, message("m_2", 9), message("m_1", 3))

        assert taken.updated_at == datetime(2026, 3, 14, 8, 0, 9, tzinfo=UTC)

    def test_without_any_time_takes_the_moment_it_was_fetched(self):
        assert snapshot(conversation(ANA, US, updated_time="odd")).updated_at == NOW

    def test_in_the_future_or_long_before_facebook_counts_as_none(self):
        raw = conversation(ANA, US, updated_time="2026-11-24T00:00:00+0000")
        future = message("m_2", created_time="2027-11-22T00:00:00+0000")
        first = message("m_3", created_time="0001-01-01T00:00:00+1400")

        made = snapshot(raw, future, message("m_1"), first)

        told = datetime(2026, 3, 14, 8, tzinfo=UTC)
        assert made.updated_at == told
        assert {m.remote_id: m.created_at for m in made.messages} == dict.fromkeys(
            ("m_1", "m_2", "m_3"), told
        )


class TestCustomer:
    @pytest.mark.parametrize("participants", [(ANA, US), (US, ANA)])
    def test_is_whoever_is_not_us_wherever_listed(self, participants):
        assert snapshot(conversation(*participants)).participant.remote_id == PSID

    def test_is_not_our_instagram_account(self):
        taken = snapshot(
            conversation(
                {"username": "example_business", "id": IG_ID}, {"username": "ana.cruz", "id": IGSID}
            ),
            platform=Platform.INSTAGRAM,
        )

        assert taken.participant == ParticipantSnapshot(IGSID, username="ana.cruz")

    def test_is_not_us_under_another_id(self):
        by_user_id = {"id": "999", "user_id": IG_ID, "username": "renamed"}
        by_username = {"id": "998", "username": "Example_Business"}

        taken = snapshot(
            conversation(by_user_id, by_username, {"id": IGSID}),
            message(**{"from": {"id": "998"}}),
            message("m_2", **{"from": {"id": IGSID}}),
        )

        assert taken.participant.remote_id == IGSID
        assert {m.remote_id: m.sender for m in taken.messages} == {
            "m_1": Sender.BUSINESS,
            "m_2": Sender.CUSTOMER,
        }

    def test_is_found_among_senders_when_nobody_is_listed(self):
        assert snapshot(conversation(), message()).participant.remote_id == PSID

    def test_is_found_among_recipients_when_only_we_wrote(self):
        sent = message(**{"from": US, "to": {"data": [ANA]}})

        assert snapshot(conversation(US), sent).participant.remote_id == PSID

    @pytest.mark.parametrize(
        "participants", [(), (US,), (ANA, US, {"id": "8"}), ({"name": "no id"},)]
    )
    def test_is_not_guessed(self, participants):
        taken = snapshot(conversation(*participants))

        assert taken.participant == ParticipantSnapshot("thread:t_1")

    def test_listed_twice_is_one(self):
        assert snapshot(conversation(ANA, US, ANA)).participant.remote_id == PSID


class TestName:
    def test_comes_from_the_newest_message_with_one(self):
        taken = snapshot(
            conversation(ANA, US),
            message("m_1", 1, **{"from": ANA | {"name": "Ana Old"}}),
            message("m_2", 2, **{"from": ANA | {"name": " Ana  New "}}),
            message("m_3", 3, **{"from": ANA | {"name": ""}}),
        )

        assert (taken.participant.name, taken.participant.name_source) == (
            "Ana New",
            NameSource.SENDER,
        )

    def test_else_comes_from_the_participants(self):
        taken = snapshot(conversation(ANA, US), message(**{"from": {"id": PSID}}))

        assert taken.participant == ParticipantSnapshot(PSID, "Ana Cruz", NameSource.PARTICIPANT)

    def test_is_not_the_name_of_whoever_answered(self):
        taken = snapshot(conversation({"id": PSID}, US), message(**{"from": US}))

        assert taken.participant == ParticipantSnapshot(PSID)

    @pytest.mark.parametrize(
        "name", [None, "", "  ", "Facebook User", "facebook user", "Usuario de Facebook"]
    )
    def test_a_stand_in_is_none(self, name):
        assert real_name(name) is None


class TestMessages:
    def test_are_oldest_first(self):
        taken = snapshot(
            conversation(ANA, US), message("m_3", 9), message("m_2", 5), message("m_1", 1)
        )

        assert [m.remote_id for m in taken.messages] == ["m_1", "m_2", "m_3"]

    def test_of_the_same_second_keep_metas_order(self):
        newest_first = [message("m_4", 6), message("m_3", 5), message("m_2", 5), message("m_1", 5)]

        assert [m.remote_id for m in snapshot(conversation(ANA, US), *newest_first).messages] == [
            "m_1",
            "m_2",
            "m_3",
            "m_4",
        ]

    def test_listed_oldest_first_stay_so(self):
        listed = [message("m_1", 1), message("m_2", 1), message("m_3", 2)]

        assert [m.remote_id for m in snapshot(conversation(ANA, US), *listed).messages] == [
            "m_1",
            "m_2",
            "m_3",
        ]

    def test_without_time_take_that_of_the_one_before(self):
        taken = snapshot(
            conversation(ANA, US),
            message("m_3", 5),
            message("m_2", created_time=None),
            message("m_1", 1),
        )

        assert [(m.remote_id, m.created_at.second) for m in taken.messages] == [
            ("m_1", 1),
            ("m_2", 1),
            ("m_3", 5),
        ]

    def test_given_twice_are_merged(self):
        taken = snapshot(
            conversation(ANA, US),
            message("m_1", message=""),
            message("m_1", message="Magkano po?", sticker="https://cdn.example/s.png"),
        )

        assert taken.messages == (
            MessageSnapshot(
                "m_1",
                Sender.CUSTOMER,
                datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC),
                "Magkano po?",
                (AttachmentSnapshot("sticker", "https://cdn.example/s.png"),),
            ),
        )

    @pytest.mark.parametrize("text", ["", None, "\x00", {"odd": 1}])
    def test_without_text_are_kept(self, text):
        assert only_message(message=text).text is None

    def test_lose_nul(self):
        assert only_message(message="a\x00b").text == "ab"

    def test_name_the_message_they_answer(self):
        assert only_message(reply_to={"mid": "m_0", "is_self_reply": True}).reply_to == "m_0"


class TestSender:
    @pytest.mark.parametrize(
        ("fields", "sender"),
        [
            ({"from": ANA}, Sender.CUSTOMER),
            ({"from": US}, Sender.BUSINESS),
            ({"from": {"id": IG_ID}}, Sender.BUSINESS),
            ({"from": {"username": "example_business"}}, Sender.BUSINESS),
            ({"from": {"id": 110000000000001}}, Sender.BUSINESS),
            ({"from": None, "to": {"data": [US]}}, Sender.CUSTOMER),
            ({"from": "absent", "to": {"data": [ANA]}}, Sender.BUSINESS),
            (
                {"from": "absent", "tags": {"data": [{"name": "inbox"}, {"name": "sent"}]}},
                Sender.BUSINESS,
            ),
            ({"from": "absent", "tags": {"data": [{"name": "inbox"}]}}, Sender.CUSTOMER),
            ({"from": "absent"}, Sender.CUSTOMER),
        ],
    )
    def test_is_told_by_what_there_is(self, fields, sender):
        assert only_message(**fields).sender is sender


class TestReactions:
    def test_name_who_reacted(self):
        given = [
            {"reaction": "love", "users": [{"id": PSID}, {"id": PAGE_ID}]},
            {"reaction": "🔥", "users": {"data": [{"username": "ana.cruz", "id": PSID}]}},
            {"users": [{"id": PSID}]},
        ]

        assert only_message(reactions={"data": given}).reactions == (
            ReactionSnapshot(Sender.CUSTOMER, "❤️"),
            ReactionSnapshot(Sender.BUSINESS, "❤️"),
            ReactionSnapshot(Sender.CUSTOMER, "🔥"),
        )

    def test_of_nobody_are_the_other_sides(self):
        assert only_message(reactions=[{"reaction": "wow"}]).reactions == (
            ReactionSnapshot(Sender.BUSINESS, "😮"),
        )


URL = "https://scontent.example/x"


class TestAttachments:
    @pytest.mark.parametrize(
        ("attachment", "expected"),
        [
            (
                {
                    "id": "1",
                    "mime_type": "image/jpeg",
                    "name": "a.jpg",
                    "size": None,
                    "image_data": {"url": URL},
                },
                ("image", URL, "a.jpg"),
            ),
            ({"image_data": {"url": URL, "render_as_sticker": True}}, ("sticker", URL, None)),
            ({"image_data": {"preview_url": URL}}, ("image", URL, None)),
            ({"video_data": {"url": URL, "length": 3}}, ("video", URL, None)),
            ({"mime_type": "audio/mp4", "file_url": URL}, ("audio", URL, None)),
            ({"mime_type": "video/mp4", "file_url": URL}, ("video", URL, None)),
            ({"type": "audio", "mime_type": "video/mp4", "file_url": URL}, ("audio", URL, None)),
            (
                {"mime_type": "application/pdf", "file_url": URL, "name": "b.pdf"},
                ("file", URL, "b.pdf"),
            ),
            ({"file_url": URL}, ("file", URL, None)),
            (
                {
                    "generic_template": {
                        "title": "Sale",
                        "media_url": URL,
                        "cta": {"url": "https://x.example"},
                    }
                },
                ("template", URL, "Sale"),
            ),
            ({"generic_template": {"cta": {"url": URL}}}, ("template", URL, None)),
            ({"type": "location", "title": "Cebu"}, ("location", None, "Cebu")),
            ({"type": "appointment_booking"}, ("template", None, None)),
            ({"type": "like_heart"}, ("sticker", None, None)),
            ({"type": "ephemeral"}, ("unsupported", None, None)),
            ({"type": "from_the_future", "url": URL}, ("file", URL, None)),
            (
                {"id": "1", "name": "Hidden because of privacy rules in Europe"},
                ("unsupported", None, "Hidden because of privacy rules in Europe"),
            ),
        ],
    )
    def test_are_told_by_what_is_there(self, attachment, expected):
        found = only_message(attachments={"data": [attachment]}).attachments

        assert found == (AttachmentSnapshot(*expected),)

    @pytest.mark.parametrize(
        ("share", "expected"),
        [
            ({"link": URL, "name": "A post", "description": "…"}, ("share", URL, "A post")),
            (
                {"type": "ig_reel", "url": URL, "title": "Caption", "id": "3"},
                ("share", URL, "Caption"),
            ),
            ({"id": "4"}, ("share", None, None)),
            (
                {"template": {"payload": {"product": {"elements": {"data": []}}}}},
                ("template", None, None),
            ),
            ({"sticker_id": 5, "url": URL}, ("sticker", URL, None)),
        ],
    )
    def test_shares(self, share, expected):
        found = only_message(shares={"data": [share]}).attachments

        assert found == (AttachmentSnapshot(*expected),)

    @pytest.mark.parametrize(
        ("story", "expected"),
        [
            ({"reply_to": {"link": URL, "id": "1"}}, ("story_reply", URL)),
            ({"mention": {"link": URL, "id": "1"}}, ("story_mention", URL)),
            ({"mention": {}}, ("story_mention", None)),
        ],
    )
    def test_stories(self, story, expected):
        assert only_message(story=story, message="love it").attachments == (
            AttachmentSnapshot(*expected),
        )

    def test_a_sticker_that_is_also_an_image_is_one(self):
        found = only_message(
            sticker=URL,
            attachments={
                "data": [{"image_data": {"url": URL + "?size=2", "render_as_sticker": True}}]
            },
        ).attachments

        assert found == (AttachmentSnapshot("sticker", URL),)

    def test_several_pictures_stay_several(self):
        pictures = [{"image_data": {"url": f"{URL}{n}"}} for n in (1, 2, 1)] + [
            {"type": "image"}
        ] * 2

        found = only_message(attachments={"data": pictures}).attachments

        assert [a.url for a in found] == [URL + "1", URL + "2", None, None]

    @pytest.mark.parametrize("flag", [True, "true"])
    def test_what_meta_cannot_give_is_named_so(self, flag):
        assert only_message(is_unsupported=flag, message="").attachments == (
            AttachmentSnapshot("unsupported"),
        )


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        [PSID, PAGE_ID, "example_business", "2026-03-14T08:11:02+0000", "\ud83d", "\x00"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "id", "name", "username", "user_id", "url", "type", "users", "mid"]
            ),
            inner,
        )
    ),
    max_leaves=6,
)
ODD_MESSAGE = st.fixed_dictionaries(
    {"id": st.sampled_from(["m_1", "m_2", 3])},
    optional={
        name: ODD | st.lists(ODD, max_size=2)
        for name in (
            *("created_time", "from", "to", "message", "sticker", "tags", "attachments", "shares"),
            *("story", "reactions", "is_unsupported", "reply_to"),
        )
    },
)


class TestAnythingAtAll:
    @given(
        st.fixed_dictionaries(
            {"id": st.just("t_1")},
            optional={
                "updated_time": ODD,
                "message_count": ODD,
                "participants": ODD,
                "messages": st.fixed_dictionaries({"data": st.lists(ODD_MESSAGE, max_size=4)})
                | ODD,
            },
        )
    )
    def test_makes_a_snapshot_that_can_be_stored(self, raw):
        taken = Conversation.model_validate(raw)

        made = to_snapshot(
            taken,
            taken.messages.data if taken.messages else (),
            platform=Platform.INSTAGRAM,
            business=BUSINESS,
            fetched_at=NOW,
        )

        assert made.participant.remote_id not in BUSINESS.ids
        assert [m.created_at.tzinfo for m in made.messages] == [UTC] * len(made.messages)
        repr(made).encode()
        assert len({m.remote_id for m in made.messages}) == len(made.messages)
        for text in (m.text for m in made.messages if m.text is not None):
            assert "\x00" not in text.encode().decode()
