"""A stretch of a pasted text that belongs together, in the forms in which extractors read it.

`lines` are the lines without what a logger wrote before them. `plain` is their text as it stands. `joined` is the text
with the line ends of terminals taken out and escapes undone: errors, JSON and tokens are read from it. Every offset of
either leads back to a line's number.
"""

from __future__ import annotations

import bisect
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.evidence import Provenance, Source
from diagnostics.sources.transcript.decoding import text
from diagnostics.sources.transcript.normalise import clean, hard_breaks, prefix_length, unescape
from diagnostics.sources.transcript.stream import RawLine


@dataclass(frozen=True, slots=True)
class Flow:
    """A text made of lines, with the number of the line that each offset came from."""

    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]

    def number_at(self, offset: int) -> int:
        """Return the number of the line that `offset` lies in."""
        return self.numbers[max(bisect.bisect_right(self.starts, offset) - 1, 0)]

    def index_at(self, offset: int) -> int:
        """Return the index of the line that `offset` lies in."""
        return max(bisect.bisect_right(self.starts, offset) - 1, 0)


class Window:
    """Lines of one text in all their forms."""

    def __init__(self, name: str, raw: Sequence[RawLine]) -> None:
        self.name = name
        self.numbers = [line.number for line in raw]
        self.full = [clean(text(line.data)) for line in raw]
        quoted = _mail_quote(self.full)
        if quoted:
            self.full = [line[quoted:] if line.startswith(">") else line for line in self.full]
        prefixes = [prefix_length(line) for line in self.full]
        self.stamped = [length > 0 for length in prefixes]
        self.lines = [line[length:] for line, length in zip(self.full, prefixes, strict=True)]

    def where(self, number: int) -> Provenance:
        """Return the provenance of a line."""
        return Provenance(Source.TEXT, f"{self.name}:{number}")

    @functools.cached_property
    def lower(self) -> str:
        """The whole text in lower case, for cheap questions of the form “is the word there at all”."""
        return "\n".join(self.full).lower()

    @functools.cached_property
    def plain(self) -> Flow:
        """The lines without prefixes, joined by line ends."""
        return self._flow(self.lines, frozenset())

    @functools.cached_property
    def joined(self) -> Flow:
        """The same with the line ends of terminals taken out and escapes undone."""
        breaks = hard_breaks(self.lines)
        lines = []
        for index, line in enumerate(self.lines):
            continued = index - 1 in breaks
            lines.append(unescape(line.lstrip() if continued and not self.lines[index - 1].endswith(" ") else line))
        return self._flow(lines, frozenset(breaks))

    def _flow(self, lines: Sequence[str], without_end: frozenset[int] | set[int]) -> Flow:
        starts: list[int] = []
        position = 0
        parts: list[str] = []
        for index, line in enumerate(lines):
            starts.append(position)
            part = line if index in without_end else line + "\n"
            parts.append(part)
            position += len(part)
        return Flow("".join(parts), tuple(starts) or (0,), tuple(self.numbers) or (1,))


def _mail_quote(lines: Sequence[str]) -> int:
    """Return how many characters of quotation marks (`> `) stand before nearly every line, as in a forwarded mail."""
    filled = [line for line in lines if line.strip()]
    quoted = [line for line in filled if line.startswith("> ") and not line.startswith("> >")]
    half = 0.8
    return len("> ") if len(filled) > 2 and len(quoted) > half * len(filled) else 0  # noqa: PLR2004 - two lines are no mail
