"""How an IMAP server misbehaves at one of its commands, instead of the answer that it was about to give."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping

from diagnostics.lab.faults import Conduct
from diagnostics.lab.listener import reset
from diagnostics.lab.misconduct import PAGE, PAUSE

_LINE = re.compile(rb"^(\S+) (\w+)")


def label(data: bytes) -> str:
    """Return the name of the command in a client's line; `LINE` for what is none, such as a bare SASL string."""
    found = _LINE.match(data)
    return found[2].decode("ascii").upper() if found else "LINE"


def answer(
    conduct: Conduct, connection: socket.socket, honest: bytes, command: bytes, stopping: threading.Event
) -> None:
    """Misbehave on `connection` instead of sending `honest`, the answer to `command`; the connection ends after it."""
    found = _LINE.match(command)
    tag = found[1] if found else b"*"
    with contextlib.suppress(OSError):
        for piece in _SENT.get(conduct, _nothing)(honest, tag):
            connection.sendall(piece)
            if stopping.wait(PAUSE) if conduct is Conduct.DRIP_BODY else stopping.is_set():
                return
        if conduct in {Conduct.RESET_MID_REQUEST, Conduct.RESET_MID_RESPONSE}:
            reset(connection)
        elif conduct not in _ENDING:
            _listen(connection)


def _listen(connection: socket.socket) -> None:
    """Say nothing more, and take whatever comes until the client leaves."""
    while connection.recv(4096):
        pass


def _nothing(honest: bytes, tag: bytes) -> Iterator[bytes]:
    del honest, tag
    return iter(())


def _half(honest: bytes, tag: bytes) -> Iterator[bytes]:
    del tag
    yield honest[: max(1, len(honest) // 2)]


def _drip(honest: bytes, tag: bytes) -> Iterator[bytes]:
    del tag
    start = honest.rstrip() or b"*"
    yield from (bytes([byte]) for byte in itertools.chain(start, itertools.repeat(0x20)))


def _endless_lines(honest: bytes, tag: bytes) -> Iterator[bytes]:
    yield honest if tag == b"*" else b""
    while True:
        yield b"* OK Still here.\r\n" * 500


def _endless_line(honest: bytes, tag: bytes) -> Iterator[bytes]:
    del honest, tag
    yield b"* OK "
    while True:
        yield b"still here " * 1000


def _page(honest: bytes, tag: bytes) -> Iterator[bytes]:
    del honest, tag
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE


def _said(text: bytes) -> Callable[[bytes, bytes], Iterator[bytes]]:
    def say(honest: bytes, tag: bytes) -> Iterator[bytes]:
        del honest
        yield text.replace(b"TAG", tag)

    return say


def _spoiled(in_words: bytes) -> Callable[[bytes, bytes], Iterator[bytes]]:
    def spoil(honest: bytes, tag: bytes) -> Iterator[bytes]:
        del tag
        yield re.sub(rb"[a-z]{3,}", lambda word: word[0] + in_words, honest)

    return spoil


_SENT: Mapping[Conduct, Callable[[bytes, bytes], Iterator[bytes]]] = {
    Conduct.RESET_MID_RESPONSE: _half,
    Conduct.CUT: _half,
    Conduct.DRIP_BODY: _drip,
    Conduct.ENDLESS_BODY: _endless_lines,
    Conduct.ENDLESS_HEADER: _endless_line,
    Conduct.HTML: _page,
    Conduct.EMPTY: _said(b"\r\n"),
    Conduct.WRONG_SHAPE: _said(b"* (((\r\n* {x}\r\nTAG\r\n"),
    Conduct.WRONG_TYPE: _said(b"OTHER OK completed.\r\n* 7 OK\r\n"),
    Conduct.GARBAGE: _said(b"\x00\x01\x02\xfe\xffSSH-2.0-OpenSSH_9.6\r\n\x16\x03\x01\r\n"),
    Conduct.INVALID_UTF8: _spoiled(b"\xff\xfe"),
    Conduct.LONE_SURROGATE: _spoiled(b"\xed\xa0\x80"),
    Conduct.BYE: _said(b"* BYE Server is going down.\r\n"),
}
_ENDING = {Conduct.CUT, Conduct.BYE, Conduct.HTML}
