"""The packets of out-of-process PSRP among whatever else a child prints: bytes in, packets out, no input or output.

One packet is one line, and modules of the same process, or programs that they start, print to the same stream: before a
packet, after it, or into the middle of it. A packet that shares its line with other words is taken out of it; one that
was printed into cannot be read any more, and what was in it is lost, which `LostPacket` says.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.redaction import Tail

_PACKET = re.compile(
    rb"""<(?P<tag>Data|DataAck|CommandAck|SignalAck|CloseAck|Command|Signal|Close)\b"""
    rb"""(?:[ ]Stream=['"]\w*['"])?[ ]PSGuid=['"](?P<guid>[0-9A-Fa-f-]{36})['"][ ]?"""
    rb"""(?:/>|>(?P<text>[A-Za-z0-9+/=]*)</(?P=tag)>)"""
)
"""As PowerShell's OutOfProcessUtils writes them, 5.1 and 7 alike."""
_PIECE = re.compile(rb"</?(?:Data|Command|Signal|Close)|PSGuid|Stream='(?:Default|PromptResponse)'")
"""What shows that a piece of a packet is among the words that are no packet."""
LONGEST_LINE = 4 * 1024 * 1024
"""Bytes; a packet of PowerShell's has less than 50,000."""


class NotPackets(Exception):
    """What came is not the protocol."""


class LostPacket(NotPackets):
    """A packet cannot be read, because something else was printed into it."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: `Data` with its PSRP fragments, or an ack; `guid` in lower case, that of the pool is all zeros."""

    tag: str
    guid: str
    data: bytes = b""


class PacketReader:
    """Takes the bytes of a stream in pieces of any size; `noise` keeps the last words that were no packets."""

    def __init__(self) -> None:
        self.noise = Tail()
        self._waiting: list[bytes] = []
        self._size = 0
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[Packet]:
        """Yield the packets that `chunk` completes. Raises NotPackets."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            yield from self._packets(b"".join((*self._waiting, line)))
            self._waiting, self._size = [], 0
        self._waiting.append(rest)
        self._size += len(rest)
        if self._size > LONGEST_LINE:
            raise NotPackets("sent a line without an end")

    def end(self) -> None:
        """Keep what the stream ended with: words without a line end, or a packet that was cut off."""
        rest = b"".join(self._waiting)
        self.noise.add(b"" if _PIECE.search(rest) else rest)
        self._waiting = []

    def _packets(self, line: bytes) -> Iterator[Packet]:
        others, place = [], 0
        for found in _PACKET.finditer(line):
            others.append(line[place : found.start()])
            place = found.end()
            self._begun = True
            yield Packet(found["tag"].decode(), found["guid"].decode().lower(), _decoded(found["text"] or b""))
        others.append(line[place:])
        words = b" ".join(other.strip() for other in others if other.strip())
        if not words:
            return
        self.noise.add(words + b"\n")
        if any(_PIECE.search(other) for other in others):
            raise LostPacket("printed something into a packet of PowerShell remoting, so that an answer is lost")
        if words.startswith(b"<") and not self._begun:
            raise NotPackets("sent something that is not PowerShell remoting")


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise LostPacket("printed something into a packet of PowerShell remoting, so that an answer is lost") from error
