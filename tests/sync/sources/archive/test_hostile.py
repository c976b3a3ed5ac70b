import contextlib
import os
import random
import stat
import struct
import zipfile
import zlib

import pytest

from hirocrm.core.errors import Invalid
from hirocrm.sync.sources.archive import ArchiveError, SkipReason, inspect_archive, read_archive
from hirocrm.sync.sources.archive.container import MIB, Limits
from tests.sync.sources.archive.builders import (
    FACEBOOK,
    encode,
    thread,
    two_threads,
    write_folder,
    write_zip,
)

ONE = f"{FACEBOOK}/inbox/one_9999999999"
PART = f"{ONE}/message_1.json"


def refusal(path, **limits):
    """The refusal of the archive, by both functions alike."""
    bounds = Limits(**limits)
    with pytest.raises(Invalid) as looking:
        inspect_archive(path, limits=bounds)
    with pytest.raises(Invalid) as reading:
        list(read_archive(path, limits=bounds))
    assert looking.value.code == reading.value.code
    assert str(path) not in looking.value.sentence
    assert "\n" not in looking.value.sentence
    return looking.value


def entry(name, **attributes):
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    info.compress_type = zipfile.ZIP_DEFLATED
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


class TestUnreadable:
    def test_is_refused_when_no_conversation_can_be_read(self, tmp_path):
        path = tmp_path / "a.zip"
        write_zip(path, {PART: b'{"participants": [{"na'})

        with pytest.raises(ArchiveError) as refusal:
            inspect_archive(path)

        assert refusal.value.code == "archive_corrupt"


class TestNotAnArchive:
    @pytest.mark.parametrize(
        "content", [b"", b"x", b"Rar!\x1a\x07\x00", b"{}" * 50_000, b"PDF" * 9]
    )
    def test_is_refused(self, tmp_path, content):
        path = tmp_path / "a.zip"
        path.write_bytes(content)

        assert refusal(path).code == "archive_not_a_zip"

    def test_is_missing(self, tmp_path):
        assert refusal(tmp_path / "none.zip").code == "archive_missing"

    def test_is_a_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")

        assert refusal(tmp_path / "pipe").code == "archive_missing"

    def test_is_an_empty_zip(self, tmp_path):
        assert refusal(write_zip(tmp_path / "a.zip", {})).code == "archive_without_messages"

    @pytest.mark.parametrize("kept", [4, 30, 200, -1, -10, -23])
    def test_is_cut_off(self, tmp_path, kept):
        path = write_zip(tmp_path / "a.zip", two_threads())
        path.write_bytes(path.read_bytes()[:kept])

        assert refusal(path).code == "archive_corrupt"


class TestDamage:
    def test_inside_one_entry_spares_the_others(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", {**two_threads(), PART: thread("Cy")})
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            at = archive.getinfo(PART).header_offset + 30 + len(PART) + 40
        content[at : at + 20] = bytes(20)
        path.write_bytes(content)

        found = list(read_archive(path))

        assert [getattr(one, "reason", None) for one in found] == [
            None,
            None,
            SkipReason.UNREADABLE,
        ]

    def test_anywhere_never_ends_in_another_error(self, tmp_path):
        whole = write_zip(tmp_path / "a.zip", two_threads()).read_bytes()
        luck = random.Random(7)
        path = tmp_path / "b.zip"
        for _ in range(300):
            content = bytearray(whole)
            for _ in range(luck.randint(1, 8)):
                content[luck.randrange(len(content))] = luck.randrange(256)
            path.write_bytes(content)
            with contextlib.suppress(ArchiveError):
                inspect_archive(path)
                list(read_archive(path))


class TestPassword:
    def test_is_refused(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", two_threads())
        content = bytearray(path.read_bytes())
        at = content.rfind(b"PK\x01\x02")
        content[at + 8] |= 1
        path.write_bytes(content)

        assert refusal(path).code == "archive_encrypted"


class TestContent:
    def test_in_html_form_is_refused_with_a_way_forward(self, pack):
        path = pack({f"{ONE}/message_1.html": b"<html>", "start_here.html": b"<html>"})

        found = refusal(path)

        assert found.code == "archive_is_html"
        assert found.sentence == (
            "This download is in HTML form. Choose JSON when you request the download."
        )

    def test_without_messages_is_refused(self, pack):
        assert refusal(pack({"posts/your_posts_1.json": b"[]"})).code == "archive_without_messages"

    def test_of_archives_alone_says_so(self, pack):
        found = refusal(pack({"inner.zip": b"PK"}))

        assert found.sentence == (
            "There are no messages in this archive, only other archives: import those one by one."
        )

    def test_nested_archives_are_told_and_left_alone(self, pack):
        summary = inspect_archive(pack({**two_threads(), f"{ONE}/files/inner.zip": b"PK"}))

        assert summary.warnings == ("An archive inside of this one isn't opened.",)


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "../../etc/passwd",
            "a/../../b.json",
            "..",
            "/etc/passwd",
            "//server/share",
            "C:/Windows/a",
            "c:a",
            "..\\..\\a",
            "messages\\inbox\\a\\message_1.json",
            "a\0b",
        ],
    )
    def test_pointing_outside_are_refused(self, tmp_path, name):
        path = write_zip(tmp_path / "a.zip", [*two_threads().items(), (entry(name), b"x")])

        found = refusal(path)

        assert found.code == "archive_unsafe_name"
        assert "\0" not in found.sentence

    @pytest.mark.parametrize("name", ["a..b/c.json", "…/ñ 🎉.jpg", "a:b"])
    def test_that_only_look_odd_are_taken(self, tmp_path, name):
        path = write_zip(tmp_path / "a.zip", {**two_threads(), name: b"x"})
        if name == "a:b":
            assert refusal(path).code == "archive_unsafe_name"
        else:
            assert inspect_archive(path).threads == 2

    def test_that_are_endless_are_refused(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", {**two_threads(), "a/" * 800: b""})

        found = refusal(path)

        assert (found.code, len(found.sentence) < 220) == ("archive_name_too_long", True)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_twice_the_same_are_refused(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", [(PART, thread("Cy")), (PART, thread("Dee"))])

        assert refusal(path).code == "archive_duplicate_entry"


class TestLinks:
    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
    def test_in_a_zip_are_refused(self, tmp_path, kind):
        link = entry("a/link", external_attr=(kind | 0o777) << 16, create_system=3)
        path = write_zip(tmp_path / "a.zip", [*two_threads().items(), (link, b"/etc/passwd")])

        assert refusal(path).code == "archive_symbolic_link"

    @pytest.mark.parametrize("target", ["/etc", "/etc/passwd", "missing", "."])
    def test_in_a_folder_are_refused(self, tmp_path, target):
        folder = write_folder(tmp_path / "a", two_threads())
        (folder / "link").symlink_to(target)

        assert refusal(folder).code == "archive_symbolic_link"

    def test_to_the_folder_itself_are_the_person_s_choice(self, tmp_path):
        write_folder(tmp_path / "a", two_threads())
        (tmp_path / "b").symlink_to(tmp_path / "a")

        assert inspect_archive(tmp_path / "b").threads == 2

    def test_put_in_place_of_a_file_while_reading_are_not_followed(self, tmp_path):
        folder = write_folder(tmp_path / "a", two_threads())
        secret = tmp_path / "secret.json"
        secret.write_bytes(encode(thread("Secret")))
        reading = read_archive(folder)
        first = next(reading)
        part = folder / f"{FACEBOOK}/inbox/bea_1234567891/message_1.json"
        part.unlink()
        part.symlink_to(secret)

        assert first.participant.name == "Ana Cruz"
        assert [one.reason for one in reading] == [SkipReason.UNREADABLE]

    def test_pipes_in_a_folder_are_passed_over(self, tmp_path):
        folder = write_folder(tmp_path / "a", two_threads())
        (folder / ONE).mkdir()
        os.mkfifo(folder / PART)

        assert inspect_archive(folder).threads == 2


class TestBombs:
    def test_by_the_declared_size_are_refused(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", {**two_threads(), PART: bytes(40 * MIB)})

        assert refusal(path).code == "archive_too_large"

    def test_by_a_part_s_size_are_refused(self, pack):
        path = pack({**two_threads(), PART: bytes(5_000)})

        assert refusal(path, part_bytes=4_000).code == "archive_too_large"

    def test_by_the_ratio_of_many_small_parts_are_refused(self, tmp_path):
        bombs = {f"{ONE}/message_{n}.json": b'{"messages": [' + b" " * 900_000 for n in range(50)}
        path = write_zip(tmp_path / "a.zip", {**two_threads(), **bombs})

        with pytest.raises(Invalid) as refused:
            list(read_archive(path, limits=Limits(ratio_from_bytes=MIB)))

        assert refused.value.code == "archive_too_large"

    def test_by_the_total_are_refused(self, pack):
        parts = {f"{ONE}/message_{n}.json": os.urandom(50_000) for n in range(20)}

        with pytest.raises(Invalid) as refused:
            list(read_archive(pack({**two_threads(), **parts}), limits=Limits(total_bytes=200_000)))

        assert refused.value.code == "archive_too_large"

    def test_that_declare_less_than_they_hold_give_no_more_than_declared(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", {**two_threads(), PART: bytes(5 * MIB)})
        content = bytearray(path.read_bytes())
        at = content.rfind(b"PK\x01\x02")
        content[at + 24 : at + 28] = struct.pack("<L", 100)
        path.write_bytes(content)

        assert list(read_archive(path))[-1].reason == SkipReason.UNREADABLE

    def test_of_media_are_never_opened(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", {**two_threads(), "media/1.mp4": bytes(80 * MIB)})

        assert len(list(read_archive(path))) == 2

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_by_other_packing_are_refused(self, tmp_path, method):
        path = write_zip(tmp_path / "a.zip", two_threads(), compression=method)

        assert refusal(path).code == "archive_unsupported_compression"

    def test_of_entries_are_refused(self, pack):
        path = pack({**two_threads(), **{f"media/{n}.jpg": b"" for n in range(50)}})

        assert refusal(path, entries=40).code == "archive_too_many_entries"

    def test_of_a_long_list_are_refused_before_it_is_read(self, tmp_path):
        path = write_zip(tmp_path / "a.zip", two_threads())

        assert refusal(path, directory_bytes=100).code == "archive_too_many_entries"

    def test_that_overlap_are_bounded_by_the_total(self, tmp_path):
        """One compressed body under many names, the way of the best known ZIP bombs."""
        body = b'{"participants": [], "messages": []}' + b" " * MIB
        packed = zlib.compress(body, 9)[2:-4]
        path = tmp_path / "a.zip"
        write_overlapping(path, packed, body, count=200)

        with contextlib.suppress(ArchiveError):
            found = {one.reason for one in read_archive(path, own_name="x")}
            assert found <= {SkipReason.UNREADABLE, SkipReason.EMPTY}


def write_overlapping(path, packed, body, count):
    names = [f"messages/inbox/t_{10**9 + n}/message_1.json".encode() for n in range(count)]
    crc, sizes = zlib.crc32(body), (len(packed), len(body))
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, *sizes, len(names[0]), 0)
    with path.open("wb") as out:
        out.write(local + names[0] + packed)
        start = out.tell()
        for name in names:
            head = struct.pack(
                "<4s6H3L5H2L",
                b"PK\1\2",
                20,
                20,
                0,
                8,
                0,
                33,
                crc,
                *sizes,
                len(name),
                0,
                0,
                0,
                0,
                0,
                0,
            )
            out.write(head + name)
        length = out.tell() - start
        out.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, length, start, 0))
