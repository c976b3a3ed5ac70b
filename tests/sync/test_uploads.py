"""Uploaded archives: from the machine that took them to the one that reads them, and away."""

import os
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from hirocrm.contacts.models import Contact
from hirocrm.core.platforms import Platform
from hirocrm.sync import imports, services, upload_pieces, uploads
from hirocrm.sync.errors import NoRoomForUpload, UploadNotFound, UploadTooLarge
from hirocrm.sync.models import ArchivePiece, ArchiveUpload, RunStatus, SyncRun
from hirocrm.sync.sources.archive import ArchiveError, MixedPlatforms
from tests.web.imports.test_imports import archive

pytestmark = pytest.mark.django_db

TWO_THREADS = (("Mia Cruz", "Ana's Closet"), ("Ben Reyes", "Ana's Closet"))


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def upload(owner, now):
    def upload(*threads, **more):
        chunks = archive(*threads, **more).chunks()
        return uploads.save_upload(member=owner, chunks=chunks, now=now)

    return upload


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces and blocks so small that a tiny archive has many."""
    monkeypatch.setattr(upload_pieces, "PIECE_BYTES", 128)
    monkeypatch.setattr(upload_pieces, "BLOCK_BYTES", 64)
    monkeypatch.setattr(upload_pieces, "BLOCKS_KEPT", 2)


def rows():
    return ArchiveUpload.objects.count(), ArchivePiece.objects.count()


class TestStoredArchive:
    def test_gives_the_same_bytes_from_anywhere(self, owner, now, small_pieces):
        content = os.urandom(1000)
        upload_id = uploads.save_upload(
            member=owner, chunks=[content[:333], content[333:]], now=now
        )
        stored = upload_pieces.StoredArchive(ArchiveUpload.objects.get(pk=upload_id))

        with stored.open() as file:
            assert file.read() == content
            assert file.seek(-700, 2) == 300
            assert file.read(500) == content[300:800]
            assert file.seek(127) == 127
            assert file.read(2) == content[127:129]
            assert file.seek(5000) == 5000
            assert file.read(1) == b""
        assert ArchivePiece.objects.filter(upload_id=upload_id).count() == 8

    def test_an_empty_file_has_no_piece(self, owner, now):
        upload_id = uploads.save_upload(member=owner, chunks=[], now=now)

        with upload_pieces.StoredArchive(ArchiveUpload.objects.get(pk=upload_id)).open() as file:
            assert file.read() == b""
        assert rows() == (1, 0)

    def test_postgresql_neither_packs_a_piece_nor_leaves_its_space_for_long(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT attstorage FROM pg_attribute WHERE attrelid = 'sync_archivepiece'::regclass"
                " AND attname = 'content'"
            )
            storage = cursor.fetchone()
            cursor.execute(
                "SELECT t.reloptions FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid"
                " WHERE c.oid = 'sync_archivepiece'::regclass"
            )
            options = cursor.fetchone()[0]

        assert storage == ("e",)  # EXTERNAL
        assert "autovacuum_vacuum_scale_factor=0" in options


class TestImport:
    def test_is_read_from_the_database_alone(self, owner, upload, data_dir, now, small_pieces):
        upload_id = upload(*TWO_THREADS)

        run = uploads.import_upload(member=owner, upload_id=upload_id, now=now)
        imports.read_into(run.pk)

        run.refresh_from_db()
        assert (run.created, run.errors.count()) == (2, 0)
        assert set(Contact.objects.values_list("first_name", flat=True)) == {"Mia", "Ben"}
        assert rows() == (0, 0)
        assert list(data_dir.rglob("*")) == []

    def test_its_name_tells_the_platform_where_nothing_inside_does(self, owner, now):
        bare = archive(*TWO_THREADS, folder="").chunks()
        upload_id = uploads.save_upload(
            member=owner, chunks=bare, now=now, name="instagram-anascloset-2026.zip"
        )

        run = uploads.import_upload(member=owner, upload_id=upload_id, now=now)

        assert run.options["platform"] == "instagram"

    def test_pressed_twice_is_one_run(self, owner, upload, now):
        upload_id = upload(*TWO_THREADS)

        first = uploads.import_upload(member=owner, upload_id=upload_id, now=now)
        second = uploads.import_upload(member=owner, upload_id=upload_id, now=now)
        imports.read_into(first.pk)
        third = uploads.import_upload(member=owner, upload_id=upload_id, now=now)

        assert (second.pk, third.pk, SyncRun.objects.count()) == (first.pk, first.pk, 1)

    def test_both_downloads_of_one_upload_are_read_before_it_goes(self, owner, upload, now):
        both = upload(*TWO_THREADS, instagram=(("leo.gomez", "anas"), ("kim", "anas")))
        with pytest.raises(MixedPlatforms):
            uploads.import_upload(member=owner, upload_id=both, now=now)

        runs = [
            uploads.import_upload(member=owner, upload_id=both, platform=platform, now=now)
            for platform in Platform
        ]
        imports.read_into(runs[0].pk)
        between = rows()[0]
        imports.read_into(runs[1].pk)

        assert (between, rows()) == (1, (0, 0))
        assert Contact.objects.count() == 4

    def test_one_that_is_gone_ends_the_run_with_a_sentence(self, owner, upload, now):
        run = uploads.import_upload(member=owner, upload_id=upload(*TWO_THREADS), now=now)
        ArchiveUpload.objects.all().delete()

        imports.read_into(run.pk)

        run.refresh_from_db()
        assert run.status == RunStatus.FAILED
        assert run.errors.get().error == (
            "The upload isn't there any more. Upload the archive again."
        )

    def test_a_cancelled_import_lets_go_of_it(self, owner, upload, now):
        run = uploads.import_upload(member=owner, upload_id=upload(*TWO_THREADS), now=now)

        services.cancel_run(run=run, now=now)
        imports.read_into(run.pk)

        assert rows() == (0, 0)

    def test_what_cant_be_imported_is_thrown_away(self, owner, now):
        upload_id = uploads.save_upload(member=owner, chunks=[b"no zip"], now=now)

        with pytest.raises(ArchiveError):
            uploads.import_upload(member=owner, upload_id=upload_id, now=now)

        assert rows() == (0, 0)

    def test_another_organizations_does_not_exist(self, owner, stranger, upload, now):
        upload_id = upload(*TWO_THREADS)
        mine = uploads.import_upload(member=owner, upload_id=upload_id, now=now)

        with pytest.raises(UploadNotFound):
            uploads.import_upload(member=stranger, upload_id=upload_id, now=now)
        imports.read_into(mine.pk)
        with pytest.raises(UploadNotFound):
            uploads.import_upload(member=stranger, upload_id=upload_id, now=now)

        assert SyncRun.objects.count() == 1


class TestSaveUpload:
    def test_refuses_one_that_is_too_large_and_keeps_nothing(self, owner, monkeypatch, now):
        monkeypatch.setattr(upload_pieces, "MAX_BYTES", 10)

        with pytest.raises(UploadTooLarge):
            uploads.save_upload(member=owner, chunks=[b"12345", b"678901"], now=now)

        assert rows() == (0, 0)

    def test_one_that_breaks_off_leaves_nothing(self, owner, now, small_pieces):
        def broken():
            yield b"x" * 1000
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            uploads.save_upload(member=owner, chunks=broken(), now=now)

        assert rows() == (0, 0)

    def test_says_that_the_databases_disk_is_full(self, owner, now, full_disk):
        with pytest.raises(NoRoomForUpload) as refusal, transaction.atomic():
            uploads.save_upload(member=owner, chunks=[b"12345"], now=now)

        assert refusal.value.sentence == (
            "The database's disk is full, so the archive wasn't kept. Free some space there, then upload it again."
        )
        assert rows() == (0, 0)


@pytest.fixture
def full_disk(db):
    """PostgreSQL answers to a piece as it does on a full disk."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER no_room BEFORE INSERT ON sync_archivepiece"
            " FOR EACH ROW EXECUTE FUNCTION no_room()"
        )


class TestForgetOld:
    def test_throws_away_what_nobody_imports(self, owner, upload, now):
        upload(*TWO_THREADS)
        taken = upload(*TWO_THREADS)
        uploads.import_upload(member=owner, upload_id=taken, now=now)

        assert uploads.forget_old(now=now + uploads.KEPT) == 0
        assert uploads.forget_old(now=now + uploads.KEPT + timedelta(seconds=1)) == 1

        assert ArchiveUpload.objects.get().pk == taken

    def test_clears_the_folder_in_which_an_earlier_release_kept_them(self, owner, data_dir, now):
        folder = data_dir / "imports" / str(owner.organization_id)
        folder.mkdir(parents=True)
        left, waits, new = (folder / f"{uuid4()}.zip" for _ in range(3))
        for path, age in ((left, 3), (waits, 3), (new, 1)):
            path.write_bytes(archive(*TWO_THREADS).read())
            at = (now - timedelta(days=age)).timestamp()
            os.utime(path, (at, at))
        run = services.start_import(
            organization=owner.organization,
            member=owner,
            archive=waits,
            own_name="Ana's Closet",
            platform="messenger",
            now=now,
        )

        uploads.forget_old(now=now)
        imports.read_into(run.pk)

        run.refresh_from_db()
        assert (left.exists(), new.exists(), run.created) == (False, True, 2)
