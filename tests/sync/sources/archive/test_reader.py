import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hirocrm.contacts.snapshots import ConversationSnapshot, NameSource
from hirocrm.sync.sources.archive import (
    NameCandidate,
    OwnNameAmbiguous,
    OwnNameUnknown,
    SkipReason,
    inspect_archive,
    read_archive,
)
from tests.sync.sources.archive.builders import (
    FACEBOOK,
    INSTAGRAM,
    OWN,
    message,
    thread,
    two_threads,
    write_folder,
    write_zip,
)

ONE = f"{FACEBOOK}/inbox/one_9999999999"


def message_ids(path, **told):
    return [
        message.remote_id
        for one in read_archive(path, **told)
        if isinstance(one, ConversationSnapshot)
        for message in one.messages
    ]


class TestReadArchive:
    def test_reads_both_platforms_packed_and_unpacked_alike(self, tmp_path):
        for name, root in (("facebook", FACEBOOK), ("instagram", INSTAGRAM)):
            packed = write_zip(tmp_path / f"{name}.zip", two_threads(root))
            unpacked = write_folder(tmp_path / name, two_threads(root))

            found = list(read_archive(packed))

            assert found == list(read_archive(unpacked))
            assert [one.participant.name for one in found] == ["Ana Cruz", "Bea Ñ"]
            assert {one.participant.name_source for one in found} == {NameSource.PARTICIPANT}

    def test_gives_the_person_the_conversation_s_id(self, pack):
        found = next(read_archive(pack(two_threads())))

        assert found.participant.remote_id == found.remote_id == "archive:messenger:1234567890"
        assert (found.message_count, found.updated_at) == (2, found.messages[-1].created_at)

    def test_reads_the_parts_of_a_thread_oldest_first(self, pack):
        parts = {
            f"{ONE}/message_{number}.json": thread(
                "Cy", [message("Cy", f"part {number}", at=100 - number)]
            )
            for number in (1, 2, 10)
        }

        found = [
            one for one in read_archive(pack({**two_threads(), **parts})) if "9999" in one.remote_id
        ]

        assert [one.text for one in found[0].messages] == ["part 10", "part 2", "part 1"]

    def test_yields_a_long_thread_in_bounded_snapshots(self, zipped):
        long = thread("Cy", [message("Cy", f"line {at}", at=at) for at in range(1_201)])
        path = zipped({**two_threads(), f"{ONE}/message_1.json": long})

        found = [one for one in read_archive(path) if one.remote_id.endswith("9999")]

        assert [len(one.messages) for one in found] == [500, 500, 201]
        assert [one.message_count for one in found] == [None, None, 1_201]
        texts = [message.text for one in found for message in one.messages]
        assert texts == [f"line {at}" for at in range(1_201)]

    def test_puts_messages_in_order_whatever_the_file_s(self, zipped):
        mixed = thread("Cy", [message("Cy", str(at), at=at) for at in (3, 1, 2)])

        found = list(read_archive(zipped({**two_threads(), f"{ONE}/message_1.json": mixed})))

        assert [one.text for one in found[-1].messages] == ["1", "2", "3"]

    def test_reads_a_file_that_is_right_already(self, zipped):
        right = json.dumps(thread("Señor Ñ", [message("Señor Ñ", "ñandú 🎉")]), ensure_ascii=False)

        path = zipped({**two_threads(), f"{ONE}/message_1.json": b"\xef\xbb\xbf" + right.encode()})
        found = list(read_archive(path))[-1]

        assert (found.participant.name, found.messages[0].text) == ("Señor Ñ", "ñandú 🎉")

    def test_reports_progress(self, pack):
        heard = []

        list(read_archive(pack(two_threads()), progress=heard.append))

        last = heard[-1]
        assert (last.threads_done, last.threads_total, last.messages) == (2, 2, 4)
        assert (last.threads_skipped, last.notices_dropped, last.messages_unreadable) == (0, 0, 0)

    def test_refuses_before_the_first_snapshot(self, tmp_path):
        with pytest.raises(OwnNameAmbiguous):
            read_archive(
                write_zip(
                    tmp_path / "a.zip",
                    {f"{ONE}/message_1.json": {"participants": [], "messages": []}},
                )
            )


class TestParticipant:
    @pytest.mark.parametrize("name", ["Facebook user", "Instagram User", "", "Usuario de Facebook"])
    def test_without_an_account_has_no_name(self, zipped, name):
        gone = thread(name, [message(name, "Hola")])

        found = list(read_archive(zipped({**two_threads(), f"{ONE}/message_1.json": gone})))[-1]

        assert (found.participant.name, found.participant.name_source) == (
            None,
            NameSource.FALLBACK,
        )

    @pytest.mark.parametrize("participants", [None, [], "x", [{"name": OWN}], [{"nom": 1}, 7]])
    def test_missing_from_the_list_is_found_among_those_who_wrote(self, zipped, participants):
        odd = thread("Cy", [message("Cy", "Hola"), message(OWN, "Buenas", at=1)])
        odd["participants"] = participants

        path = zipped({**two_threads(), f"{ONE}/message_1.json": odd})
        found = list(read_archive(path))[-1]

        assert (found.participant.name, found.participant.name_source) == ("Cy", NameSource.SENDER)


class TestSkippedThreads:
    def test_are_groups(self, pack, skipped):
        group = thread(
            "Cy", participants=[{"name": "Cy"}, {"name": "Dee"}, {"name": OWN}], title="Fiesta Ñ"
        )

        found = skipped(pack({**two_threads(), f"{ONE}/message_1.json": group}))

        assert [(one.title, one.reason) for one in found] == [("Fiesta Ñ", SkipReason.GROUP)]
        assert (
            found[0].sentence
            == "A group conversation: HiroCRM keeps conversations with one person."
        )

    @pytest.mark.parametrize(
        "head", [{"thread_type": "RegularGroup"}, {"joinable_mode": {"mode": 1, "link": ""}}]
    )
    def test_are_groups_with_one_person_left(self, pack, skipped, head):
        files = {**two_threads(), f"{ONE}/message_1.json": thread("Cy", **head)}

        assert [one.reason for one in skipped(pack(files))] == [SkipReason.GROUP]

    @pytest.mark.parametrize("people", [[{"name": OWN}], [{"name": OWN}, {"name": OWN}]])
    def test_are_notes_to_oneself(self, pack, skipped, people):
        own = thread(OWN, [message(OWN, "comprar cinta")], participants=people)

        found = skipped(pack({**two_threads(), f"{ONE}/message_1.json": own}))

        assert [one.reason for one in found] == [SkipReason.ONLY_YOU]

    @pytest.mark.parametrize("messages", [[], ["x"], [message("Cy", "Liked a message")]])
    def test_are_empty(self, pack, skipped, messages):
        files = {**two_threads(), f"{ONE}/message_1.json": thread("Cy", messages)}

        assert [one.reason for one in skipped(pack(files))] == [SkipReason.EMPTY]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html></html>",
            b"{",
            b'{"participants": [], "messages": [{}',
            b'{"participants": [] "messages": []}',
            b'{"participants": []} x',
            b'{"messages": [1 2]}',
            b'{"posts": []}',
            b"[]",
            b"null",
            b"\xff\xfe{}",
            b'{"messages": ' + b"[" * 100_000,
            b'{"participants": [' + b'{"a":' * 100_000,
            b"PK\x03\x04",
            b'{"messages": [' + b"{}," * 4_000_000 + b"{}]}",
        ],
    )
    def test_are_unreadable_and_spare_their_neighbours(self, pack, content):
        path = pack({**two_threads(), f"{ONE}/message_1.json": content})

        found = list(read_archive(path))

        assert [one.remote_id[-4:] for one in found] == ["7890", "7891", "9999"]
        assert (found[-1].reason, found[-1].file[-14:]) == (SkipReason.UNREADABLE, "message_1.json")

    def test_keep_the_parts_that_can_be_read(self, pack):
        files = {
            **two_threads(),
            f"{ONE}/message_1.json": thread("Cy", [message("Cy", "new", at=9)]),
            f"{ONE}/message_2.json": b"{",
        }

        found = [one for one in read_archive(pack(files)) if one.remote_id.endswith("9999")]

        assert found[0].reason == SkipReason.UNREADABLE
        assert [one.text for one in found[1].messages] == ["new"]

    def test_are_counted(self, pack):
        heard = []
        files = {**two_threads(), f"{ONE}/message_1.json": b"{", f"{ONE}/message_2.json": b"{"}

        list(read_archive(pack(files), progress=heard.append))

        assert (heard[-1].threads_done, heard[-1].threads_skipped) == (3, 1)


class TestOwnName:
    def test_is_the_one_common_to_all_threads(self, pack):
        summary = inspect_archive(pack(two_threads()))

        assert summary.own_name == OWN
        assert summary.candidates == (
            NameCandidate(OWN, 2),
            NameCandidate("Ana Cruz", 1),
            NameCandidate("Bea Ñ", 1),
        )

    def test_survives_a_damaged_list_among_many(self, pack):
        files = {
            f"{FACEBOOK}/inbox/p{n}_12345678{n:02}/message_1.json": thread(f"P {n}")
            for n in range(20)
        }
        files[f"{ONE}/message_1.json"] = thread("Cy", participants=[{"name": "Cy"}])

        assert inspect_archive(pack(files)).own_name == OWN

    def test_of_a_single_thread_is_not_its_title(self, pack):
        assert inspect_archive(pack({f"{ONE}/message_1.json": thread("Cy")})).own_name == OWN

    def test_of_a_single_thread_stands_in_the_profile(self, pack):
        profile = {"profile_v2": {"name": {"full_name": OWN}}}
        files = {
            f"{ONE}/message_1.json": thread("Cy", title=""),
            "personal_information/profile_information/profile_information.json": profile,
        }

        assert inspect_archive(pack(files)).own_name == OWN

    def test_that_can_t_be_told_is_asked_for(self, pack):
        path = pack({f"{ONE}/message_1.json": thread("Cy", title="")})

        with pytest.raises(OwnNameAmbiguous) as refusal:
            read_archive(path)

        assert refusal.value.code == "archive_own_name_ambiguous"
        assert refusal.value.details == {
            "candidates": [{"name": "Cy", "threads": 1}, {"name": OWN, "threads": 1}]
        }
        assert refusal.value.sentence == (
            "Say which name in this archive is your business. "
            "Names found, with their conversations: “Cy” (1), “Tienda Ñandú” (1)."
        )
        assert len(message_ids(path, own_name="tienda ñandú")) == 2

    def test_that_takes_part_in_nothing_is_refused(self, pack):
        with pytest.raises(OwnNameUnknown) as refusal:
            read_archive(pack(two_threads()), own_name="Somebody")

        assert refusal.value.details["candidates"][0] == {"name": OWN, "threads": 2}

    def test_is_found_where_the_participants_come_last(self, pack):
        files = {name: dict(reversed(document.items())) for name, document in two_threads().items()}

        assert inspect_archive(pack(files)).own_name == OWN

    def test_that_was_told_is_checked(self, pack):
        path = pack(two_threads())

        with pytest.raises(OwnNameUnknown) as refusal:
            inspect_archive(path, own_name="Somebody")

        assert inspect_archive(path, own_name=OWN).own_name == OWN
        assert OWN in [one["name"] for one in refusal.value.details["candidates"]]

    def test_may_stand_among_those_who_wrote_alone(self, pack):
        path = pack({f"{ONE}/message_1.json": thread("Cy", participants=[{"name": "Cy"}])})

        assert inspect_archive(path).own_name is None
        assert len(message_ids(path, own_name=OWN)) == 2

    def test_does_not_fall_for_deleted_accounts(self, pack):
        files = {
            f"{FACEBOOK}/inbox/p{n}_12345678{n:02}/message_1.json": thread("Facebook user")
            for n in range(3)
        }

        assert inspect_archive(pack(files)).own_name == OWN


class TestEstimate:
    def test_is_exact_for_a_small_archive(self, pack):
        assert inspect_archive(pack(two_threads())).messages_estimate == 4

    def test_is_near_for_a_large_one(self, zipped):
        files = {
            f"{FACEBOOK}/inbox/p_{10**9 + n}/message_1.json": thread(
                f"P {n}", [message(f"P {n}", "Hola", at=at) for at in range(1 + n % 7)]
            )
            for n in range(300)
        }
        exact = sum(1 + n % 7 for n in range(300))

        estimate = inspect_archive(zipped(files)).messages_estimate

        assert abs(estimate - exact) < exact * 0.25


MESSAGES = st.lists(
    st.builds(
        message,
        st.sampled_from(["Cy", OWN]),
        st.sampled_from(["ok", "ñ", "🎉", "مرحبا", None]),
        at=st.integers(0, 5),
    ),
    max_size=12,
)


class TestMessageIds:
    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
    )
    @given(older=MESSAGES, newer=MESSAGES)
    def test_are_the_same_in_an_overlapping_newer_archive(self, tmp_path, older, newer):
        later = [{**one, "timestamp_ms": one["timestamp_ms"] + 10_000} for one in newer]
        before = self.ids_of(tmp_path / "before.zip", older)
        after = self.ids_of(tmp_path / "after.zip", older + later)

        assert after[: len(before)] == before
        assert len(set(after)) == len(after) == len(older) + len(newer)

    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
    )
    @given(messages=MESSAGES, order=st.randoms())
    def test_do_not_depend_on_the_order_of_the_file(self, tmp_path, messages, order):
        shuffled = order.sample(messages, len(messages))

        before = self.ids_of(tmp_path / "before.zip", messages)
        after = self.ids_of(tmp_path / "after.zip", shuffled)

        assert sorted(before) == sorted(after)

    def test_look_like_this(self, zipped):
        files = {**two_threads(), f"{ONE}/message_1.json": thread("Cy", [message("Cy", "Hola")])}

        assert message_ids(zipped(files))[-1] == "archive:11b1ee7313c8692fc426465a9c48481d"

    def test_outlive_a_person_s_new_name(self, tmp_path):
        before = self.ids_of(tmp_path / "a.zip", [message("Cy", "Hola")], other="Cy")
        after = self.ids_of(tmp_path / "b.zip", [message("Cyd", "Hola")], other="Cyd")

        assert before == after

    def test_count_equal_messages_across_parts(self, tmp_path):
        same = [message("Cy", "ok"), message("Cy", "ok")]
        parts = {f"{ONE}/message_{n}.json": thread("Cy", same) for n in (1, 2)}

        found = message_ids(write_zip(tmp_path / "a.zip", {**two_threads(), **parts}))

        assert len(found) == len(set(found)) == 8

    def ids_of(self, path, messages, other="Cy"):
        document = thread(other, messages)
        write_zip(path, {**two_threads(), f"{ONE}/message_1.json": document})
        return [
            message.remote_id
            for one in read_archive(path)
            if isinstance(one, ConversationSnapshot) and one.remote_id.endswith("9999")
            for message in one.messages
        ]
