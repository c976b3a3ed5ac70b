"""The bytes of uploaded archives, as rows of one piece each: written once, read where they are needed.

Neither side holds more than a few pieces, whatever the archive's size. Both speak to psycopg itself: through Django
a piece would become a literal of twice its size, that PostgreSQL would have to parse.
"""

import io
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import psycopg
from django.db import DatabaseError, connection
from typing_extensions import Buffer

from hirocrm.sync.errors import NoRoomForUpload, UploadTooLarge
from hirocrm.sync.models import ArchivePiece, ArchiveUpload
from hirocrm.sync.sources.archive import ArchiveMissing

MAX_GIGABYTES = 2
MAX_BYTES = (
    MAX_GIGABYTES * 1024**3
)  # of one archive: the database carries it, and so does its backup
PIECE_BYTES = 1024 * 1024  # of a row
BLOCK_BYTES = 64 * 1024  # fetched at a time; must divide PIECE_BYTES
BLOCKS_KEPT = 256  # the list of entries and the parts of some thousand conversations

TABLE = ArchivePiece._meta.db_table  # noqa: SLF001  # Django documents _meta
INSERT = (
    f"INSERT INTO {TABLE} (organization_id, upload_id, number, content) VALUES (%s, %s, %s, %b)"  # noqa: S608
)
SELECT = (
    f"SELECT substring(content FROM %s FOR %s) FROM {TABLE}"  # noqa: S608
    " WHERE organization_id = %s AND upload_id = %s AND number = %s"
)


def write_pieces(upload: ArchiveUpload, chunks: Iterable[bytes]) -> int:
    """Store the archive's bytes in the caller's transaction; returns how many there were.

    Raises:
        UploadTooLarge: more than `MAX_BYTES`.
        NoRoomForUpload: the database's disk is full.
    """
    size = 0
    with _cursor() as cursor:
        for number, piece in enumerate(_pieces(chunks)):
            size += len(piece)
            if size > MAX_BYTES:
                raise UploadTooLarge(
                    f"An archive of more than {MAX_GIGABYTES} GB can't be uploaded. Ask for the download with messages"
                    " alone or for a shorter time, or import it where the worker runs, with `hirocrm import`.",
                    field="file",
                )
            cursor.execute(INSERT, (upload.organization_id, upload.pk, number, piece))
    return size


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one size."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)


@contextmanager
def _cursor() -> Iterator["psycopg.Cursor[Any]"]:
    """A cursor of Django's own connection, in its transaction, that sends bytes as they are."""
    connection.ensure_connection()
    try:
        with (
            connection.wrap_database_errors,
            psycopg.Cursor[Any](connection.connection) as cursor,
        ):
            yield cursor
    except DatabaseError as exc:
        if isinstance(exc.__cause__, psycopg.errors.DiskFull):
            raise NoRoomForUpload(
                "The database's disk is full, so the archive wasn't kept. Free some space there, then upload it again."
            ) from exc
        raise


class StoredArchive:
    """An upload as the archive source reads it: a ZIP whose bytes come from the database as they are asked for."""

    def __init__(self, upload: ArchiveUpload) -> None:
        self._upload = upload
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    @property
    def name(self) -> str:
        """The file's name where it was uploaded from; it may tell the platform."""
        return self._upload.name

    def open(self) -> IO[bytes]:
        """Its bytes from the beginning. What was read before is remembered, within bounds."""
        return io.BufferedReader(_Reader(self, self._upload.size), BLOCK_BYTES)

    def block(self, number: int) -> bytes:
        """The bytes from `number * BLOCK_BYTES` on.

        Raises:
            ArchiveMissing: the upload has been thrown away meanwhile.
        """
        found = self._blocks.get(number)
        if found is None:
            found = self._blocks[number] = self._fetch(number)
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return found

    def _fetch(self, number: int) -> bytes:
        piece, offset = divmod(number * BLOCK_BYTES, PIECE_BYTES)
        upload = self._upload
        key = (upload.organization_id, upload.pk, piece)
        with _cursor() as cursor:
            row = cursor.execute(SELECT, (offset + 1, BLOCK_BYTES, *key), binary=True).fetchone()
        if row is None:
            raise ArchiveMissing("The upload isn't there any more. Upload the archive again.")
        return bytes(row[0])


class _Reader(io.RawIOBase):
    """A place in a stored archive."""

    def __init__(self, archive: StoredArchive, size: int) -> None:
        self._archive = archive
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        if self._at >= self._size:
            return 0
        number, offset = divmod(self._at, BLOCK_BYTES)
        target = memoryview(buffer).cast("B")
        part = self._archive.block(number)[offset : offset + len(target)]
        target[: len(part)] = part
        self._at += len(part)
        return len(part)
