from datetime import UTC, datetime

import pytest

from hirocrm.meta.graph.lenient import read_count, read_id, read_list, read_text, read_time
from hirocrm.meta.graph.shapes import Attachment, Conversation, Message, PageAccount, TokenInfo

MOMENT = datetime(2026, 3, 14, 8, 11, 2, tzinfo=UTC)


class TestReadTime:
    @pytest.mark.parametrize(
        "value",
        [
            "2026-03-14T08:11:02+0000",
            "2026-03-14T08:11:02+00:00",
            "2026-03-14T08:11:02Z",
            "2026-03-14T08:11:02",
            "2026-03-14T16:11:02+0800",
            1773475862,
            1773475862.0,
            "1773475862",
            1773475862000,
            "1773475862000",
        ],
        ids=repr,
    )
    def test_reads_every_form_meta_has_used(self, value):
        assert read_time(value) == MOMENT

    @pytest.mark.parametrize(
        "value", [None, "", "yesterday", True, [], {}, "nan", "inf", 1e300, "1e400", -1e300]
    )
    def test_takes_the_rest_for_unknown(self, value):
        assert read_time(value) is None

    @pytest.mark.parametrize(
        "value",
        [
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2003-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            -62135596800,
            253402300799,
            -1,
            0,
            "0",
        ],
        ids=repr,
    )
    def test_takes_an_absurd_one_for_unknown(self, value):
        assert read_time(value) is None


class TestReadId:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("t_1", "t_1"), (17841400000000000, "17841400000000000"), (5.0, "5"), (" 7\x00 ", "7")],
    )
    def test_is_a_string(self, value, expected):
        assert read_id(value) == expected

    @pytest.mark.parametrize("value", [None, "", " ", True, 1.5, float("inf"), [], {}])
    def test_is_none_for_what_is_no_id(self, value):
        assert read_id(value) is None


class TestReadText:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("", None),
            ("  \n", None),
            (None, None),
            ({"text": "x"}, None),
            ("a\x00b", "ab"),
            ("Magkano po? 😍", "Magkano po? 😍"),
            ("half \ud83d", "half �"),
            ("\ud83d\ude0d whole", "😍 whole"),
            (500, "500"),
        ],
    )
    def test_can_be_stored(self, value, expected):
        assert read_text(value) == expected

    def test_is_cut_beyond_any_of_metas(self):
        assert read_text("a" * 50_000) == "a" * 50_000
        assert read_text("a" * 2_600_000) == "a" * 49_999 + "…"


class TestReadCount:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [(6, 6), ("6", 6), (0, 0), (-1, None), ("many", None), (None, None)],
        ids=repr,
    )
    def test_is_a_whole_number_or_none(self, value, expected):
        assert read_count(value) == expected


class TestReadList:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"data": [1, 2]}, [1, 2]),
            ([1], [1]),
            ({"id": "1"}, [{"id": "1"}]),
            ({"data": None}, []),
            (None, []),
            ("x", []),
        ],
    )
    def test_unwraps(self, value, expected):
        assert read_list(value) == expected


class TestConversation:
    def test_survives_odd_fields(self):
        conversation = Conversation.model_validate(
            {
                "id": 7,
                "updated_time": {"odd": 1},
                "message_count": "many",
                "participants": {"data": [None, "x", {"id": 5, "name": 7, "email": {}}, {}]},
                "messages": {
                    "data": [None, {"message": "no id"}, {"id": 9, "from": "Ana", "to": 1}]
                },
            }
        )

        assert conversation.id == "7"
        assert conversation.updated_time is None
        assert conversation.message_count is None
        assert [p.id for p in conversation.participants] == ["5", None]
        assert conversation.messages is not None
        assert [m.id for m in conversation.messages.data] == ["9"]
        assert conversation.messages.data[0].sender is None

    def test_tells_absent_messages_from_none(self):
        assert Conversation.model_validate({"id": "1"}).messages is None
        assert Conversation.model_validate({"id": "1", "messages": "odd"}).messages is None
        assert (
            Conversation.model_validate({"id": "1", "messages": {"data": []}}).messages is not None
        )

    def test_takes_messages_as_a_bare_list(self):
        conversation = Conversation.model_validate({"id": "1", "messages": [{"id": "m"}]})

        assert conversation.messages is not None
        assert conversation.messages.data[0].id == "m"


class TestMessage:
    @pytest.mark.parametrize(
        ("value", "expected"), [(True, True), ("true", True), ("no", False), (None, False)]
    )
    def test_reads_unsupported_also_from_a_string(self, value, expected):
        assert (
            Message.model_validate({"id": "1", "is_unsupported": value}).is_unsupported is expected
        )

    def test_survives_odd_attachments(self):
        message = Message.model_validate(
            {"id": "1", "attachments": {"data": [{"id": 3, "size": None, "image_data": "x"}, 5]}}
        )

        assert message.attachments == (Attachment(id="3"),)


class TestPageAccount:
    def test_does_not_show_its_token(self):
        account = PageAccount.model_validate(
            {"id": 1, "access_token": "EAAsecret", "tasks": ["MESSAGING", 3]}
        )

        assert account.tasks == ("MESSAGING",)
        assert "EAAsecret" not in repr(account)


class TestTokenInfo:
    def test_reads_zero_as_never(self):
        info = TokenInfo.model_validate(
            {
                "is_valid": True,
                "expires_at": 0,
                "data_access_expires_at": 1773475862,
                "scopes": None,
            }
        )

        assert info.expires_at is None
        assert info.data_access_expires_at == MOMENT
        assert info.scopes == ()
