"""Cuts the bytes of an IMAP server into responses: lines, with the literals inside them.

A response ends with CRLF (a bare LF is forgiven), unless the line ends with `{n}`, after which n bytes follow that
belong to it (RFC 3501 section 4.3). Status lines (`* OK …`, `A1 NO …`, `+ …`) never carry literals: their text is free,
and a server that greets with `{3}` must not make its client wait. Sizes are limited, since the peer may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

MAX_LINE = 64 * 1024
MAX_LITERAL = 256 * 1024
MAX_RESPONSE = 512 * 1024
MAX_TOTAL = 16 * 1024 * 1024
"""Bytes of a whole conversation; LIST of 100,000 folders fits."""

_LITERAL_AHEAD = re.compile(rb"\{(\d{1,12})\}$")
_STATUS = re.compile(rb"^(?:\+|\* +(?:OK|NO|BAD|BYE|PREAUTH)\b|[^*+ ][^ ]* +(?:OK|NO|BAD)\b)", re.IGNORECASE)


class NotImap(Exception):
    """The peer sent what no IMAP server sends; says what."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string that the server sent with its length in front."""

    data: bytes


Piece: TypeAlias = "bytes | Literal"


class ResponseReader:
    """Collects bytes and gives whole responses, each a tuple of line pieces and literals."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._pieces: list[Piece] = []
        self._literal: int | None = None
        self._size = 0
        self._total = 0

    @property
    def pending(self) -> bytes:
        """What came after the last whole response."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> Iterator[tuple[Piece, ...]]:
        """Take bytes as they came and yield each response that they complete. Raises NotImap."""
        self._buffer += data
        self._total += len(data)
        if self._total > MAX_TOTAL:
            raise NotImap(f"the server sent more than {MAX_TOTAL} bytes")
        while (piece := self._next()) is not None:
            self._size += len(piece.data if isinstance(piece, Literal) else piece)
            if self._size > MAX_RESPONSE:
                raise NotImap(f"a response is longer than {MAX_RESPONSE} bytes")
            self._pieces.append(piece)
            if isinstance(piece, Literal) or self._expects_literal(piece):
                continue
            pieces, self._pieces, self._size = tuple(self._pieces), [], 0
            yield pieces

    def _next(self) -> Piece | None:
        if self._literal is not None:
            if len(self._buffer) < self._literal:
                return None
            data = bytes(self._buffer[: self._literal])
            del self._buffer[: self._literal]
            self._literal = None
            return Literal(data)
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE:
                raise NotImap(f"a line is longer than {MAX_LINE} bytes")
            return None
        if end > MAX_LINE:
            raise NotImap(f"a line is longer than {MAX_LINE} bytes")
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    def _expects_literal(self, line: bytes) -> bool:
        match = _LITERAL_AHEAD.search(line)
        first = self._pieces[0]
        if match is None or (isinstance(first, bytes) and _STATUS.match(first)):
            return False
        length = int(match[1])
        if length > MAX_LITERAL:
            raise NotImap(f"a literal of {length} bytes is announced")
        self._literal = length
        return True
