"""Blocks of bytes to windows of lines: everything of a short text, the surroundings of triggers in a long one.

One pass, and never more in memory than one block, one window and the shapes of the lines already read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from diagnostics.sources.transcript.triggers import (
    BYTES_AFTER,
    BYTES_BEFORE,
    FAILURES,
    FREQUENT,
    LAST,
    LINES_AFTER,
    LINES_BEFORE,
    REPEATS,
    TRIGGERS,
    WEAK,
    WHOLE,
)

_BLOCK = 256 * 1024
_PIECE = 8 * 1024  # a line that is longer is read in pieces
_SAME_LINE = b"\x1e"  # at the end of a piece: the next one belongs to the same line
_WINDOW = 384 * 1024
_DIGITS = b"0123456789"
_NUMBER = 7  # digits of an AADSTS number, at most


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line (or a piece of a very long one) with its number in the text, from 1."""

    number: int
    data: bytes


@dataclass(slots=True)
class Reading:
    """Which shapes of lines were met, which triggers met too many of them, and which lines may say that something failed."""

    shapes: dict[bytes, int] = field(default_factory=dict)
    kinds: dict[bytes, int] = field(default_factory=dict)
    hits: dict[bytes, int] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    failing: list[RawLine] = field(default_factory=list)

    def is_new(self, trigger: bytes, group: bytes, shape: bytes, most: int) -> bool:
        """Say whether a line of this shape is to be read, and remember it; `most` shapes are read of each group."""
        seen = self.shapes.get(shape, 0)
        if seen >= REPEATS:
            return False
        if not seen:
            kinds = self.kinds.get(group, 0)
            if kinds >= most:
                self.full.add(trigger.decode())
                return False
            self.kinds[group] = kinds + 1
        self.shapes[shape] = seen + 1
        return True


def windows(blocks: Iterable[bytes], reading: Reading) -> Iterator[list[RawLine]]:
    """Yield the lines to be read, in stretches that belong together; a stretch is at most `_WINDOW` bytes."""
    stream = _line_blocks(blocks)
    head: list[bytes] = []
    size = 0
    for block in stream:
        head.append(block)
        size += len(block)
        if size > WHOLE:
            break
    else:
        yield from _cut(_numbered(b"".join(head).split(b"\n"), 1)[0])
        return
    for window in _surroundings(itertools.chain(head, stream), reading):
        yield from _cut(window)


def _line_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks that end with a line's end; lines beyond `_PIECE` bytes are broken into marked pieces."""
    carry = b""
    for block in blocks:
        for start in range(0, len(block), _BLOCK):
            data = carry + block[start : start + _BLOCK]
            end = data.rfind(b"\n") + 1
            if end:
                yield _broken(data[:end])
            carry = data[end:]
            while len(carry) > 2 * _PIECE:
                piece, carry = _piece(carry)
                yield piece
    if carry:
        yield _broken(carry + b"\n")


def _broken(block: bytes) -> bytes:
    if len(block) <= _PIECE:
        return block
    lines = block.split(b"\n")
    if max(map(len, lines)) <= 2 * _PIECE:
        return block
    pieces: list[bytes] = []
    for line in lines:
        rest = line
        while len(rest) > 2 * _PIECE:
            piece, rest = _piece(rest)
            pieces.append(piece[:-1])
        pieces.append(rest)
    return b"\n".join(pieces)


def _piece(line: bytes) -> tuple[bytes, bytes]:
    """Break off a piece, at a blank or comma where there is one; a JSON object that begins near its end goes along."""
    cut = max(line.rfind(b"}", 0, _PIECE), line.rfind(b" ", 0, _PIECE), line.rfind(b",", 0, _PIECE)) + 1
    cut = cut if cut > _PIECE // 2 else _PIECE
    return line[:cut] + _SAME_LINE + b"\n", line[cut:]


def _numbered(lines: list[bytes], first: int) -> tuple[list[RawLine], int]:
    """Give lines their numbers, and return the number of the line that follows."""
    numbered = []
    number = first
    for line in lines:
        if line.endswith(_SAME_LINE):
            numbered.append(RawLine(number, line[:-1]))
        else:
            numbered.append(RawLine(number, line))
            number += 1
    return numbered, number


@dataclass(slots=True)
class _Context:
    """The lines before the next hit, and the window that is open, with the lines and bytes that it may still take."""

    before: list[RawLine] = field(default_factory=list)
    window: list[RawLine] = field(default_factory=list)
    wanted: int = 0
    room: int = 0

    def take(self, line: RawLine, *, hit: bool) -> list[RawLine] | None:
        """Take the next line, and return the window that it ends."""
        if hit:
            self.window = self.window or self.before
            self.wanted, self.room = LINES_AFTER, BYTES_AFTER
        elif not self.window:
            self.before.append(line)
            if len(self.before) > 2 * LINES_BEFORE:
                self.before = _tail(self.before)
            return None
        self.window.append(line)
        self.wanted -= 1
        self.room -= len(line.data)
        return None if hit or (self.wanted >= 0 and self.room >= 0) else self.close()

    def close(self) -> list[RawLine]:
        """End the window, and keep its last lines for the next one."""
        ended, self.window = self.window, []
        self.before = _tail(ended)
        return ended


def _surroundings(blocks: Iterable[bytes], reading: Reading) -> Iterator[list[RawLine]]:
    context = _Context()
    number = 1
    for block in blocks:
        reading.failing = _failing(block, number) or reading.failing
        hits = _hits(block, reading)
        if not hits and not context.window:
            number += block.count(b"\n") - block.count(_SAME_LINE + b"\n")
            tail = block[-BYTES_BEFORE:].split(b"\n")[-LINES_BEFORE - 1 : -1]
            context.before = _numbered(tail, number - sum(not line.endswith(_SAME_LINE) for line in tail))[0]
            continue
        lines, number = _numbered(block.split(b"\n")[:-1], number)
        marked = _line_indexes(block, hits)
        for index, line in enumerate(lines):
            window = context.take(line, hit=index in marked)
            if window:
                yield window
        if sum(len(line.data) for line in context.window) > _WINDOW:
            yield context.close()
    if context.window:
        yield context.window


def _failing(block: bytes, number: int) -> list[RawLine]:
    """Return the last lines of a block that may say that something failed; `number` is that of its first line."""
    low = block.lower()
    places: set[int] = set()
    for word in FAILURES:
        at = len(low)
        for _ in range(LAST):
            at = low.rfind(word, 0, at)
            if at < 0:
                break
            places.add(low.rfind(b"\n", 0, at) + 1)
    found = []
    for start in sorted(places):
        passed = number + block.count(b"\n", 0, start) - block.count(_SAME_LINE + b"\n", 0, start)
        found.append(RawLine(passed, block[start:].partition(b"\n")[0].removesuffix(_SAME_LINE)))
    return found


def _tail(lines: list[RawLine]) -> list[RawLine]:
    kept: list[RawLine] = []
    size = 0
    for line in reversed(lines[-LINES_BEFORE:]):
        size += len(line.data)
        if size > BYTES_BEFORE:
            break
        kept.append(line)
    return kept[::-1]


def _hits(block: bytes, reading: Reading) -> list[int]:
    """Return, sorted, where a trigger stands in a line of a shape that was not read often enough yet."""
    low = block.lower()
    found: list[int] = []
    for trigger, tail, most in TRIGGERS:
        if most <= WEAK and reading.hits.get(trigger, 0) > FREQUENT:
            continue
        at = low.find(trigger)
        count = 0
        while at >= 0:
            end = at + len(trigger)
            shape, group = low[at : end + tail], trigger
            if trigger == b"aadsts":  # each number is a group of its own, so that none hides another
                shape, group = shape.partition(b"trace id")[0], low[at : end + _NUMBER]
            else:
                shape = shape.translate(None, _DIGITS)
            if reading.is_new(trigger, group, shape, most):
                found.append(at)
            count += 1
            at = low.find(trigger, end)
        if count:
            reading.hits[trigger] = reading.hits.get(trigger, 0) + count
            if most <= WEAK and reading.hits[trigger] > FREQUENT:
                reading.full.add(trigger.decode())
    return sorted(found)


def _line_indexes(block: bytes, hits: list[int]) -> set[int]:
    marked: set[int] = set()
    line, position = 0, 0
    for hit in hits:
        line += block.count(b"\n", position, hit)
        position = hit
        marked.add(line)
    return marked


def _cut(lines: list[RawLine]) -> Iterator[list[RawLine]]:
    """Yield a long stretch in parts that overlap, so that what stands at a seam is seen whole."""
    start = 0
    while start < len(lines):
        size, end = 0, start
        while end < len(lines) and size <= _WINDOW:
            size += len(lines[end].data) + 1
            end += 1
        yield lines[start:end]
        if end >= len(lines):
            return
        start = max(end - LINES_BEFORE, start + 1)
