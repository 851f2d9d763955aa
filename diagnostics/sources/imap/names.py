"""Folder names between people and the wire: modified UTF-7 (RFC 3501 section 5.1.3) and quoting."""

from __future__ import annotations

import base64
import binascii
import re

_SHIFTED = re.compile(r"&([^&-]*)-")
_PLAIN = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")


def decode_folder(name: str) -> str:
    """Return a folder's name as people read it, e.g. `Entw&APw-rfe` is `Entwürfe`; as it is where it is no UTF-7."""

    def shifted(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        text = match[1].replace(",", "/")
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-16-be")
        except (binascii.Error, ValueError):
            return match[0]

    return _SHIFTED.sub(shifted, name)


def encode_folder(name: str) -> str:
    """Return a folder's name as it goes over the wire."""

    def part(match: re.Match[str]) -> str:
        text = match[0]
        if text[0] <= "\x7e" and text[0] >= "\x20":
            return text.replace("&", "&-")
        data = base64.b64encode(text.encode("utf-16-be", "surrogatepass")).decode().rstrip("=").replace("/", ",")
        return f"&{data}-"

    return _PLAIN.sub(part, name)


def quoted(name: str) -> str:
    """Return a folder's name as an IMAP string; `INBOX` and other plain atoms stay bare."""
    wire = encode_folder(name)
    if re.fullmatch(r"[A-Za-z0-9_.&,+/-]+", wire):
        return wire
    return '"' + wire.replace("\\", "\\\\").replace('"', '\\"') + '"'
