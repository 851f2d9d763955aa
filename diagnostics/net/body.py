"""Reads the body of an HTTP answer up to a number of decoded bytes: a short gzip may unpack into gigabytes."""

from __future__ import annotations

import zlib
from typing import Protocol

from diagnostics.net.deadline import TooMuch

_CHUNK = 65536
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""Tells zlib to find out by itself which of the two it is."""
ACCEPTED = "gzip"
"""What requests ask for; an answer in an encoding that is neither this nor deflate is not understood."""


class Raw(Protocol):
    """The part of urllib3's answer that is read here."""

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Return what has come of the body, as it came; nothing at its end."""


class NotDecoded(Exception):
    """A body that is not in the encoding that its answer names."""


def read_whole(raw: Raw, encoding: str, largest: int) -> bytes:
    """Return a decoded body. Raises TooMuch beyond `largest` bytes, NotDecoded, and what `raw` raises."""
    unpack = _decoder(encoding)
    data = bytearray()
    while chunk := raw.read1(_CHUNK, decode_content=False):
        if unpack is None:
            data += chunk
        else:
            data += _unpacked(unpack, chunk, largest + 1 - len(data))
        if len(data) > largest:
            raise TooMuch(f"sends an answer of more than {largest // 1024} KB")
    if unpack is not None and data and not unpack.eof:
        raise NotDecoded("breaks a packed answer off")
    return bytes(data)


def _decoder(encoding: str) -> zlib._Decompress | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(_GZIP_OR_ZLIB)
        case _:
            raise NotDecoded("answers in an encoding that was not asked for")


def _unpacked(unpack: zlib._Decompress, chunk: bytes, most: int) -> bytes:
    """Return up to `most` bytes of what a chunk unpacks into; more than that is too much anyway."""
    try:
        data = unpack.decompress(chunk, max(1, most))
    except zlib.error:
        raise NotDecoded("sends an answer that is not packed as it says") from None
    if unpack.unused_data:
        raise NotDecoded("sends more behind a packed answer")
    return data
