"""How a web server misbehaves once it has a request: what it sends in place of the answer that it was about to give.

Everything here runs in the thread of one connection and ends when the client leaves or the lab stops.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from diagnostics.lab.faults import Conduct
from diagnostics.lab.listener import reset

PAUSE = 0.2
"""Seconds between two bytes of a peer that drips: less than any time-out of a single read."""

PAGE = b"<!DOCTYPE html><html><head><title>Guest network</title></head><body>Please sign in.</body></html>"
_JSON = "application/json; charset=utf-8"
_BLOCK = 16 * 1024 * 1024
_BLOCKS = 64
_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
_AWRY = "\uf8ff"
_BAD_BYTE = b"\xff"


def answer(
    conduct: Conduct, connection: socket.socket, headers: Mapping[str, str], body: bytes, stopping: threading.Event
) -> None:
    """Misbehave on `connection` instead of sending the answer that `headers` and `body` are."""
    kind = headers.get("Content-Type", _JSON)
    with contextlib.suppress(OSError):
        if conduct in _SPOILED:
            spoiled, kind = _SPOILED[conduct](body, kind)
            connection.sendall(_head(kind, len(spoiled)) + spoiled)
        elif conduct in _SENT:
            for piece in _SENT[conduct](body, kind):
                connection.sendall(piece)
                if conduct in _SLOW and stopping.wait(PAUSE):
                    return
                if stopping.is_set():
                    return
        if conduct is Conduct.RESET_MID_RESPONSE:
            reset(connection)
        elif conduct is Conduct.SILENT:
            stopping.wait()


def _head(kind: str, length: int, *more: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {length}", *more]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def _half(body: bytes, kind: str) -> Iterator[bytes]:
    yield _head(kind, len(body)) + body[: len(body) // 2]


def _drip_header(body: bytes, kind: str) -> Iterator[bytes]:
    yield _head(kind, len(body))[:-2]
    while True:
        yield from (bytes([byte]) for byte in b"X-Padding: slowly\r\n")


def _drip_body(body: bytes, kind: str) -> Iterator[bytes]:
    yield _head(kind, len(body) + 1_000_000) + body[:-1]
    while True:
        yield b" "


def _endless_1xx(body: bytes, kind: str) -> Iterator[bytes]:
    del body, kind
    while True:
        yield _INTERIM


def _endless_header(body: bytes, kind: str) -> Iterator[bytes]:
    yield _head(kind, len(body))[:-2]
    while True:
        yield b"X-Padding: " + b"x" * 1000 + b"\r\n"


def _endless_body(body: bytes, kind: str) -> Iterator[bytes]:
    yield b"\r\n".join([b"HTTP/1.1 200 OK", f"Content-Type: {kind}".encode(), b"Transfer-Encoding: chunked", b"", b""])
    yield f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""
    block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while True:
        yield block


def _gzip_bomb(body: bytes, kind: str) -> Iterator[bytes]:
    """Send a gigabyte of blanks in a megabyte; blocks after a full flush can be repeated."""
    del body
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b" " * _BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    start = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    yield _head(kind, len(start) + _BLOCKS * len(block), "Content-Encoding: gzip") + start
    for _ in range(_BLOCKS):
        yield block


_Sent = Callable[[bytes, str], Iterator[bytes]]
_SENT: Mapping[Conduct, _Sent] = {
    Conduct.RESET_MID_RESPONSE: _half,
    Conduct.CUT: _half,
    Conduct.DRIP_HEADER: _drip_header,
    Conduct.DRIP_BODY: _drip_body,
    Conduct.ENDLESS_1XX: _endless_1xx,
    Conduct.ENDLESS_HEADER: _endless_header,
    Conduct.ENDLESS_BODY: _endless_body,
    Conduct.GZIP_BOMB: _gzip_bomb,
}
_SLOW = {Conduct.DRIP_HEADER, Conduct.DRIP_BODY}


def _is_xml(kind: str) -> bool:
    return "xml" in kind


def _html(body: bytes, kind: str) -> tuple[bytes, str]:
    del body, kind
    return PAGE, "text/html; charset=utf-8"


def _wrong_shape(body: bytes, kind: str) -> tuple[bytes, str]:
    return (b"<answer><value>7</value></answer>" if _is_xml(kind) else b"[" + (body or b"7") + b"]"), kind


def _wrong_type(body: bytes, kind: str) -> tuple[bytes, str]:
    if _is_xml(kind):
        return re.sub(rb">[^<>\s][^<>]*</", b">seven</", body), kind
    return json.dumps(_other_type(json.loads(body or b"{}"))).encode(), kind


def _other_type(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _other_type(item) for name, item in value.items()}
    if isinstance(value, list):
        return {str(position): _other_type(item) for position, item in enumerate(value)}
    return "seven" if isinstance(value, bool | int | float) or value is None else 7


def _invalid_utf8(body: bytes, kind: str) -> tuple[bytes, str]:
    return _in_every_text(body, kind, _BAD_BYTE, _BAD_BYTE)


def _lone_surrogate(body: bytes, kind: str) -> tuple[bytes, str]:
    return _in_every_text(body, kind, rb"\ud800", b"&#xD800;")


def _in_every_text(body: bytes, kind: str, in_json: bytes, in_xml: bytes) -> tuple[bytes, str]:
    if _is_xml(kind):
        return re.sub(rb">([^<>\s][^<>]*)</", lambda found: b">" + found[1] + in_xml + b"</", body), kind
    marked = json.dumps(_marked(json.loads(body or b"{}")), ensure_ascii=False).encode()
    return marked.replace(_AWRY.encode(), in_json), kind


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _marked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    return value + _AWRY if isinstance(value, str) else value


_SPOILED: Mapping[Conduct, Callable[[bytes, str], tuple[bytes, str]]] = {
    Conduct.HTML: _html,
    Conduct.EMPTY: lambda _body, kind: (b"", kind),
    Conduct.WRONG_SHAPE: _wrong_shape,
    Conduct.WRONG_TYPE: _wrong_type,
    Conduct.INVALID_UTF8: _invalid_utf8,
    Conduct.LONE_SURROGATE: _lone_surrogate,
}
