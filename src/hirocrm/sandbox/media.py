"""Pictures for attachments and faces: a soft colour of its own for each name, made when asked."""

import struct
import zlib

from hirocrm.sandbox.wire import Reply

SIDE = 96


def picture(path: str) -> Reply:
    """A PNG for /media/<name>.png; anything else is an empty file of its kind."""
    name = path.rsplit("/", 1)[-1]
    if not name.endswith((".png", ".jpg")):
        return Reply(200, b"", content_type="application/octet-stream")
    return Reply(200, png(zlib.crc32(name.encode())), content_type="image/png")


def png(seed: int) -> bytes:
    """A square picture: a vertical gradient between two colours picked by the seed."""
    top = [120 + (seed >> shift) % 110 for shift in (0, 8, 16)]
    bottom = [60 + (seed >> shift) % 140 for shift in (4, 12, 20)]
    rows = b"".join(
        b"\0" + bytes(t + (b - t) * y // SIDE for t, b in zip(top, bottom, strict=True)) * SIDE
        for y in range(SIDE)
    )
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
