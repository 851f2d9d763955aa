"""Bytes of a pasted text to UTF-8, whatever they were: UTF-8, UTF-16 with or without a mark, latin-1, NULs, CRLF.

Blocks stay bytes, because searching bytes is what makes a log of 100 MB readable in seconds; only the few lines that
matter become `str`, in `text`.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterable, Iterator

_SAMPLE = 8192
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive (or a Word or Excel file)",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF-": "a PDF file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"MZ\x90": "a program",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old Word, Excel or Outlook file",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"SQLite format 3": "a database",
    b"ElfFile\x00": "a Windows event log; export it as text",
    b"!BDN": "an Outlook data file",
}
_CONTROLS = bytes(set(range(32)) - {0, 1, 8, 9, 10, 12, 13, 27})
_HALF, _FEW, _TENTH = 0.5, 0.05, 0.1
_SOME = 16  # control characters that a text may have, however short it is


class NotText(ValueError):
    """The input is no text. The message names it, and says what it looks like."""

    def __init__(self, name: str, looks_like: str) -> None:
        super().__init__(f"{name} is not a text: it looks like {looks_like}")
        self.name = name
        self.looks_like = looks_like


def utf8_blocks(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    r"""Yield the text as UTF-8 (or whatever single-byte encoding it had) with `\\n` line ends and without NULs.

    Raises NotText for binary input, before anything was yielded.
    """
    stream = iter(chunks)
    head = b""
    for chunk in stream:
        head += chunk
        if len(head) >= _SAMPLE:
            break
    encoding = _encoding(head[:_SAMPLE], name)
    lone_returns = b"\n" not in head and b"\r" in head
    for block in _recoded(head, stream, encoding):
        if lone_returns:
            yield block.replace(b"\r", b"\n")
        else:
            yield block


def _recoded(head: bytes, rest: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding == "bytes":
        yield head.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"")
        for chunk in rest:
            yield chunk.replace(b"\0", b"")
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(head).removeprefix("\ufeff").encode("utf-8", "replace")
    for chunk in rest:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _encoding(sample: bytes, name: str) -> str:
    if sample.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if sample.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    for magic, looks_like in _MAGIC.items():
        if sample.startswith(magic):
            raise NotText(name, looks_like)
    nuls = sample.count(0)
    if nuls:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        half = max(len(sample) // 2, 1)
        if odd / half > _HALF and even / half < _FEW:
            return "utf-16-le"
        if even / half > _HALF and odd / half < _FEW:
            return "utf-16-be"
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if sample and (nuls / len(sample) > _TENTH or controls > max(len(sample) * _FEW, _SOME)):
        raise NotText(name, "a binary file")
    return "bytes"


def text(line: bytes) -> str:
    """Return one line as text: UTF-8, or Windows' single-byte encoding where it is not UTF-8."""
    line = line.removesuffix(b"\r")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def front_end(text: str) -> str:
    """Return the front-end server's name from the greeting's bracket: base64 of UTF-16LE; empty when it is not that."""
    squeezed = "".join(text.split())
    try:
        data = base64.b64decode(squeezed + "=" * (-len(squeezed) % 4))
        name = data.decode("utf-16-le")
    except (binascii.Error, ValueError):
        return ""
    return name if re.fullmatch(r"[A-Za-z0-9.-]{4,100}", name) else ""
