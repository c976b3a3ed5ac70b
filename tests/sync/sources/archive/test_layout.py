import pytest

from hirocrm.core.platforms import Platform
from hirocrm.sync.sources.archive import ArchiveError, inspect_archive, read_archive
from tests.sync.sources.archive.builders import (
    FACEBOOK,
    INSTAGRAM,
    thread,
    two_threads,
    write_folder,
)


def ids(path, **told):
    return [one.remote_id for one in read_archive(path, **told)]


class TestThreads:
    @pytest.mark.parametrize(
        "box", ["inbox", "archived_threads", "filtered_threads", "message_requests", "e2ee_cutover"]
    )
    @pytest.mark.parametrize("prefix", ["", "your_facebook_activity/", "facebook-shop/a b/"])
    def test_are_found_in_every_box_under_any_prefix(self, pack, box, prefix):
        path = pack(
            {
                f"{prefix}messages/{box}/ana_1234567890/message_1.json": thread("Ana"),
                f"{prefix}messages/{box}/bea_1234567891/message_1.json": thread("Bea"),
            }
        )

        assert ids(path, platform=Platform.MESSENGER) == [
            "archive:messenger:1234567890",
            "archive:messenger:1234567891",
        ]

    @pytest.mark.parametrize("below", ["messages", "messages/inbox"])
    def test_are_found_in_a_folder_inside_of_the_download(self, tmp_path, below):
        path = write_folder(tmp_path / "download", two_threads())

        summary = inspect_archive(path / "your_facebook_activity" / below)

        assert (summary.threads, summary.platform) == (2, Platform.MESSENGER)

    def test_keep_their_id_when_name_and_box_change(self, zipped):
        before = {**two_threads()}
        moved = before.pop(f"{FACEBOOK}/inbox/anacruz_1234567890/message_1.json")
        before[f"{FACEBOOK}/archived_threads/facebookuser_1234567890/message_1.json"] = moved

        assert sorted(ids(zipped(before))) == sorted(ids(zipped(two_threads())))

    def test_in_two_boxes_are_one_conversation(self, zipped):
        files = two_threads()
        files[f"{FACEBOOK}/e2ee_cutover/anacruz_1234567890/message_1.json"] = thread("Ana Cruz")

        assert inspect_archive(zipped(files)).threads == 2

    @pytest.mark.parametrize(
        ("folders", "keys"),
        [
            (["ana_1", "bea_1"], ["ana_1", "bea_1"]),
            (["ana_1234567890", "bea_1234567890"], ["ana_1234567890", "bea_1234567890"]),
            (["AnaCruz_aBcD-12_x", "1234567890123"], ["1234567890123", "AnaCruz_aBcD-12_x"]),
        ],
    )
    def test_without_a_number_of_their_own_go_by_the_folder_name(self, zipped, folders, keys):
        files = {
            f"{FACEBOOK}/inbox/{folder}/message_1.json": thread(f"Person {index}")
            for index, folder in enumerate(folders)
        }

        assert sorted(ids(zipped(files))) == [f"archive:messenger:{key}" for key in keys]

    def test_with_an_endless_name_go_by_its_digest(self, zipped):
        files = {**two_threads(), f"{FACEBOOK}/inbox/{'é' * 200}/message_1.json": thread("Cy")}

        lengths = {len(one) for one in ids(zipped(files))}

        assert lengths == {len("archive:messenger:1234567890"), len("archive:messenger:") + 32}

    def test_ignore_what_a_mac_adds_to_a_zip(self, zipped):
        files = two_threads()
        files["__MACOSX/messages/inbox/ana_1234567890/._message_1.json"] = b"\0\5\26\7"
        files[f"{FACEBOOK}/inbox/anacruz_1234567890/._message_1.json"] = b"\0\5\26\7"

        assert len(ids(zipped(files))) == 2


class TestPlatform:
    @pytest.mark.parametrize(
        ("name", "platform"),
        [
            ("your_facebook_activity/messages/inbox/a/message_1.json", Platform.MESSENGER),
            ("your_activity_across_facebook/messages/inbox/a/message_1.json", Platform.MESSENGER),
            ("your_instagram_activity/messages/inbox/a/message_1.json", Platform.INSTAGRAM),
            ("messages/e2ee_cutover/a/message_1.json", Platform.MESSENGER),
        ],
    )
    def test_shows_in_the_folders(self, pack, name, platform):
        assert inspect_archive(pack({name: thread("Ana")})).platform == platform

    @pytest.mark.parametrize(
        ("sign", "platform"),
        [
            ("media/posts/202401/1.jpg", Platform.INSTAGRAM),
            ("connections/followers_and_following/followers_1.json", Platform.INSTAGRAM),
            ("messages/stickers_used/1.png", Platform.MESSENGER),
            ("posts/your_posts_1.json", Platform.MESSENGER),
        ],
    )
    def test_shows_in_the_neighbours_of_the_older_layout(self, pack, sign, platform):
        files = {"messages/inbox/a/message_1.json": thread("Ana"), sign: b"{}"}

        assert inspect_archive(pack(files)).platform == platform

    def test_shows_in_the_name_of_the_zip(self, zipped, tmp_path):
        path = zipped({"messages/inbox/a/message_1.json": thread("Ana")})
        path = path.rename(tmp_path / "instagram-tienda-2025-01-01-x.zip")

        assert inspect_archive(path).platform == Platform.INSTAGRAM

    def test_is_messenger_with_a_warning_where_nothing_shows(self, pack):
        summary = inspect_archive(pack({"messages/inbox/a/message_1.json": thread("Ana")}))

        assert summary.platform == Platform.MESSENGER
        assert summary.warnings == (
            "Nothing shows whether this is Facebook or Instagram: taken for Messenger.",
        )

    def test_may_be_told(self, pack):
        path = pack({"messages/inbox/a/message_1.json": thread("Ana")})

        summary = inspect_archive(path, platform=Platform.INSTAGRAM)

        assert (summary.platform, summary.warnings) == (Platform.INSTAGRAM, ())

    def test_told_wins_over_the_folders(self, pack):
        assert ids(pack(two_threads(FACEBOOK)), platform=Platform.INSTAGRAM) == [
            "archive:instagram:1234567890",
            "archive:instagram:1234567891",
        ]

    def test_of_two_downloads_in_one_folder_must_be_told(self, pack):
        path = pack({**two_threads(FACEBOOK), **two_threads(INSTAGRAM)})

        with pytest.raises(ArchiveError) as refusal:
            inspect_archive(path)

        assert refusal.value.code == "archive_mixed_platforms"
        assert ids(path, platform=Platform.INSTAGRAM) == [
            "archive:instagram:1234567890",
            "archive:instagram:1234567891",
        ]
