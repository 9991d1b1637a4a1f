"""PNG, chunk by chunk: what draws is kept, what tells (text, EXIF with a place) is dropped."""

import struct
from collections.abc import Iterator
from zlib import crc32

from catalog.products.pictures.refusal import PictureRefused

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DRAWN = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"sBIT", b"bKGD"}
)
MAX_SIDE = 4096


def clean_png(content: bytes) -> bytes:
    if not content.startswith(SIGNATURE):
        raise PictureRefused("not_png", "It does not begin like a PNG.")
    chunks = list(_chunks(content))
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names or names.count(b"IHDR") != 1:
        raise PictureRefused("not_png", "Its chunks are not those of a PNG.")
    _check_size(chunks[0][1])
    return SIGNATURE + b"".join(_written(name, data) for name, data in chunks if name in DRAWN)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk up to IEND; bytes after it are not part of the picture and are left behind."""
    position = len(SIGNATURE)
    while position + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            break
        data = content[position + 8 : end - 4]
        if crc32(name + data) != struct.unpack_from(">I", content, end - 4)[0]:
            raise PictureRefused("not_png", "A checksum is wrong.")
        if name[:1].isupper() and name not in DRAWN:
            raise PictureRefused("not_png", "It has a critical chunk that is unknown.")
        yield name, data
        if name == b"IEND":
            return
        position = end
    raise PictureRefused("not_png", "It ends too early.")


def _check_size(header: bytes) -> None:
    if len(header) != 13:
        raise PictureRefused("not_png", "Its header is broken.")
    width, height = struct.unpack_from(">II", header)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise PictureRefused("too_large", f"A side has 1 to {MAX_SIDE} pixels.")


def _written(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))
