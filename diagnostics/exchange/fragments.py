"""Holds the fragments of PSRP against their numbers, so that what was lost on the way is never taken for nothing there.

A message is an object that is sent in fragments. Each fragment carries its object's id, its own number within it from
0, marks of start and end, and its length (MS-PSRP 2.2.4). PowerShell numbers the objects that a process sends one after
the other (`SerializedDataStream`; seen with 7.6.9: 1, 2, 3 …, over the pool and all its pipelines), and so does psrpcore.
A remoting session that a module opens in the same process, as Start-Job does, takes numbers of the same row: the gap
looks like a loss, and is treated as one, since nothing tells them apart.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.exchange.waiting import ChannelBroken

_HEADER = struct.Struct(">QQBI")
_START, _END = 1, 2
_MOST_MISSING = 1000


@dataclass(frozen=True, slots=True)
class Header:
    """What a fragment says of itself."""

    object_id: int
    number: int
    starts: bool
    ends: bool


def headers(data: bytes) -> Iterator[Header]:
    """Yield the header of each fragment of `data`, which must hold whole ones. Raises ChannelBroken."""
    place = 0
    while place < len(data):
        if len(data) - place < _HEADER.size:
            raise ChannelBroken("PowerShell sent a fragment that is cut off")
        object_id, number, flags, length = _HEADER.unpack_from(data, place)
        place += _HEADER.size + length
        if place > len(data):
            raise ChannelBroken("PowerShell sent a fragment whose length is not what it says")
        yield Header(object_id, number, bool(flags & _START), bool(flags & _END))


class Continuity:
    """What has come so far of one direction, by stream: the pool's and each pipeline's.

    Within a stream ids only rise. With `whole` every stream of the process is seen here, so that no id may stay missing at
    all; pipelines that run at the same time may write theirs in another order (seen with 7.6.9), so what is missing may
    still come: `missing` tells. Without it (WSMan hands out one stream at a time) none may be missing within a pipeline.
    """

    def __init__(self, *, whole: bool) -> None:
        self.missing: set[int] = set()
        self._whole = whole
        self._highest = 0
        self._last: dict[str, int] = {}
        self._open: dict[str, Header] = {}

    def take(self, stream: str, data: bytes, *, gaps: bool = False) -> None:
        """Take the fragments that came for `stream`; `gaps` allows missing ids. Raises ChannelBroken."""
        for header in headers(data):
            self._take(stream, header, gaps=gaps)

    def forget(self, stream: str) -> None:
        """Expect nothing more for a stream."""
        self._last.pop(stream, None)
        self._open.pop(stream, None)

    def lost(self) -> ChannelBroken:
        """Return the error for what is missing."""
        return ChannelBroken(_missing(min(self.missing), max(self.missing)))

    def _take(self, stream: str, header: Header, *, gaps: bool) -> None:
        begun = self._open.pop(stream, None)
        if begun is not None:
            if header.object_id != begun.object_id or header.number != begun.number + 1 or header.starts:
                part = f"part {begun.number + 1} of message {begun.object_id}"
                raise ChannelBroken(f"{part} of PowerShell's answer is missing")
        else:
            self._begin(stream, header, gaps=gaps)
        if not header.ends:
            self._open[stream] = header

    def _begin(self, stream: str, header: Header, *, gaps: bool) -> None:
        number, before = header.object_id, self._last.get(stream, 0)
        if header.number or not header.starts:
            raise ChannelBroken(f"the beginning of message {number} of PowerShell's answer is missing")
        if number <= before or (self._whole and number <= self._highest and number not in self.missing):
            raise ChannelBroken(f"message {number} of PowerShell's answer came twice or too late")
        if not self._whole and before and number != before + 1 and not gaps:
            raise ChannelBroken(_missing(before + 1, number - 1))
        if self._whole and self._highest:
            if number - self._highest > _MOST_MISSING:
                raise ChannelBroken(_missing(self._highest + 1, number - 1))
            self.missing.update(range(self._highest + 1, number))
        self.missing.discard(number)
        self._last[stream] = number
        self._highest = max(self._highest, number)


def _missing(first: int, last: int) -> str:
    which = f"message {first} is" if first == last else f"messages {first} to {last} are"
    return (
        f"{which} missing in PowerShell's answer: lost on the way, or a module keeps a remoting session of its own in the "
        "same process"
    )
