"""A stretch of a pasted text that belongs together, in the forms in which extractors read it.

`lines` are the lines without what a logger wrote before them. `plain` is their text as it stands. `joined` is the text
with the line ends of terminals taken out and escapes undone: errors, JSON and tokens are read from it. Every offset of
either leads back to a line's number.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from diagnostics.evidence import Provenance, Source
from diagnostics.redaction import PastedSecrets, Span, masked, spans
from diagnostics.sources.transcript import programs, prose
from diagnostics.sources.transcript.decoding import text
from diagnostics.sources.transcript.normalise import (
    clean,
    embedded_lines,
    goes_on,
    hard_breaks,
    is_cut,
    is_double_spaced,
    prefix_length,
    rest_of,
    unescape,
)
from diagnostics.sources.transcript.stream import RawLine

_LONGEST = 4000  # a paragraph; what is longer is no wrapped line
_BASE64 = re.compile(r"(?=.)[A-Za-z0-9+/]*={0,2}[\"'\]]{0,2}")
_ADDRESS_END = re.compile(r"AADSTS\d+%3[aA](?:(?!AADSTS\d)[^\s\"'&])*+$")
_BASE64_END = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}+$")


@dataclass(frozen=True, slots=True)
class Flow:
    """A text made of lines, with the number of the line that each offset came from.

    A line may have been put together from several: `starts` are those of the view's lines, `places` those of the text's.
    """

    text: str
    starts: tuple[int, ...]
    places: tuple[int, ...]
    numbers: tuple[int, ...]
    quote: Callable[[int, int], str]
    """Returns a part of the text without what is secret in the whole."""

    def number_at(self, offset: int) -> int:
        """Return the number of the line that `offset` lies in."""
        return self.numbers[max(bisect.bisect_right(self.places, offset) - 1, 0)]

    def index_at(self, offset: int) -> int:
        """Return the index of the line that `offset` lies in."""
        return max(bisect.bisect_right(self.starts, offset) - 1, 0)


class View:
    """Lines with their numbers, whether a logger had put something before them, and their text as one."""

    def __init__(
        self, name: str, numbers: Sequence[int], full: Sequence[str], lines: Sequence[str], stamped: Sequence[bool]
    ) -> None:
        self.name = name
        self.numbers = numbers
        self.full = full
        self.lines = lines
        self.stamped = stamped
        self.is_folded = False
        self.parts: Sequence[Sequence[tuple[int, int]]] = ()
        self.secrets: PastedSecrets | None = None

    def where(self, number: int) -> Provenance:
        """Return the provenance of a line."""
        return Provenance(Source.TEXT, f"{self.name}:{number}")

    def number(self, index: int, column: int = 0) -> int:
        """Return the number of the line that a column of a line came from, where the line was put together from several."""
        if not self.parts or len(self.parts[index]) == 1:
            return self.numbers[index]
        return next(number for start, number in reversed(self.parts[index]) if start <= max(column, 0))

    @functools.cached_property
    def _quotes(self) -> Callable[[int, int], str]:
        return _quoting("\n".join(self.lines), self)

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [0, *itertools.accumulate(len(line) + 1 for line in self.lines)]

    def quote(self, index: int, start: int = 0, end: int | None = None) -> str:
        """Return a line, or a part of one, without what is secret in the whole text."""
        line = self.lines[index]
        begin = self._starts[index]
        return self._quotes(begin + start, begin + min(len(line), len(line) if end is None else end))

    @functools.cached_property
    def lower(self) -> str:
        """The whole text in lower case, for cheap questions of the form “is the word there at all”."""
        return "\n".join(self.full).lower()

    @functools.cached_property
    def commented(self) -> frozenset[int]:
        """The indexes of lines that are comments of a program or of a configuration."""
        return programs.commented(self.lines)

    @functools.cached_property
    def is_document(self) -> bool:
        """Whether the text is release notes, questions and answers, or an article, in which prose is no report."""
        return prose.is_document(self.lines)

    @functools.cached_property
    def breaks(self) -> frozenset[int]:
        """The indexes of lines whose end a terminal put in."""
        if self.is_folded:
            return frozenset()
        breaks = hard_breaks(self.lines, self.stamped)
        if any(self.stamped):  # the first line is wrapped with what the logger wrote before it, the others are without
            breaks |= {index for index in hard_breaks(self.full, self.stamped) if not self.stamped[index + 1]}
            breaks |= {
                index
                for index in range(len(self.full) - 1)
                if self.stamped[index]
                and not self.stamped[index + 1]
                and is_cut(self.full[index], self.full[index + 1])
            }
        return frozenset(breaks)

    @functools.cached_property
    def joined(self) -> Flow:
        """The text with the line ends of terminals taken out and escapes undone."""
        lines = [
            unescape(rest_of(self.lines[index - 1], line) if index - 1 in self.breaks else line)
            for index, line in enumerate(self.lines)
        ]
        starts: list[int] = []
        position = 0
        parts: list[str] = []
        for index, line in enumerate(lines):
            starts.append(position)
            part = line if index in self.breaks else line + "\n"
            parts.append(part)
            position += len(part)
        text = "".join(parts)
        places = self.parts or [((0, number),) for number in self.numbers]
        begun = [(start + offset, number) for start, of in zip(starts, places, strict=True) for offset, number in of]
        at, numbers = zip(*begun, strict=True) if begun else ((0,), (1,))
        return Flow(text, tuple(starts) or (0,), at, numbers, _quoting(text, self))


def _quoting(text: str, view: View) -> Callable[[int, int], str]:
    """Return what quotes parts of a text; it is looked through for secrets once, when something is quoted."""

    @functools.cache
    def hidden() -> tuple[Span, ...]:
        return tuple(spans(text, view.secrets))

    return lambda start, end: masked(text, hidden(), start, end)


class Window(View):
    """A stretch of the text as it stands; `folded` is the same with wrapped lines put together again."""

    def __init__(self, name: str, raw: Sequence[RawLine], secrets: PastedSecrets | None = None) -> None:
        numbers, full = _decoded(raw)
        quoted = _mail_quote(full)
        if quoted:
            full = [line[quoted:] if line.startswith(">") else line for line in full]
        prefixes = [prefix_length(line) for line in full]
        lines = [line[length:] for line, length in zip(full, prefixes, strict=True)]
        super().__init__(name, numbers, full, lines, [length > 0 for length in prefixes])
        self._mend_addresses()
        self.secrets = secrets
        if secrets is not None:
            secrets.learn("\n".join(self.full))
            secrets.learn(self.joined.text)

    def _mend_addresses(self) -> None:
        """Put an address that carries a refusal together again before it is decoded: it has no blanks to be wrapped at."""
        for index in range(len(self.lines) - 2, -1, -1):
            right = self.lines[index + 1].lstrip()
            if _ADDRESS_END.search(self.lines[index]) and right and not right.startswith(("{", "[")):
                self.lines = [*self.lines[:index], self.lines[index] + right, *self.lines[index + 2 :]]
                self.full = [*self.full[:index], self.full[index] + right, *self.full[index + 2 :]]
                self.numbers = [*self.numbers[: index + 1], *self.numbers[index + 2 :]]
                self.stamped = [*self.stamped[: index + 1], *self.stamped[index + 2 :]]

    @functools.cached_property
    def folded(self) -> View:
        """The lines with the ends taken out that a terminal or a mail program put in; tables are not read from it."""
        starts: list[int] = []
        full: list[str] = []
        lines: list[str] = []
        parts: list[list[tuple[int, int]]] = []
        for index, line in enumerate(self.lines):
            joint = self._joint(index - 1, lines[-1]) if lines else None
            if joint is None or len(lines[-1]) > _LONGEST:
                starts.append(index)
                full.append(self.full[index])
                lines.append(line)
                parts.append([(0, self.numbers[index])])
            else:
                parts[-1].append((len(lines[-1]) + len(joint), self.numbers[index]))
                rest = rest_of(self.lines[index - 1], line) if index - 1 in self.breaks else line.lstrip()
                lines[-1] += joint + rest
                full[-1] += joint + rest
        numbers = [self.numbers[index] for index in starts]
        folded = View(self.name, numbers, full, lines, [self.stamped[index] for index in starts])
        folded.is_folded = True
        folded.parts = parts
        folded.secrets = self.secrets
        return folded

    def _logger(self, index: int) -> str:
        """Return what stands before a line, with every digit the same: lines of one text have the same there."""
        before = self.full[index][: len(self.full[index]) - len(self.lines[index])]
        return re.sub(r"\d", "0", before)

    def _joint(self, index: int, before: str) -> str | None:
        """Return what belongs between a line and the next when they are one, or `None`."""
        left, right = self.lines[index], self.lines[index + 1]
        if index in self.breaks:
            return ""
        if (self.stamped[index + 1] and not self.stamped[index]) or not right.strip():
            return None
        if self.stamped[index + 1] and self._logger(index) != self._logger(index + 1):
            return None
        if _BASE64_END.search(left) and _BASE64.fullmatch(right.strip()):
            return ""
        if programs.are_statements(left, right):
            return None
        if goes_on(left, right, stamped=self.stamped[index + 1]):
            return "" if before.endswith(("-", "/", " ")) and not before.endswith(" -") else " "
        return None


def _decoded(raw: Sequence[RawLine]) -> tuple[list[int], list[str]]:
    numbers: list[int] = []
    full: list[str] = []
    for line in raw:
        for part in embedded_lines(clean(text(line.data))):
            numbers.append(line.number)
            full.append(part)
    if is_double_spaced(full):
        kept = [index for index, line in enumerate(full) if line.strip()]
        return [numbers[index] for index in kept], [full[index] for index in kept]
    return numbers, full


def _mail_quote(lines: Sequence[str]) -> int:
    """Return how many characters of quotation marks (`> `) stand before nearly every line, as in a forwarded mail."""
    filled = [line for line in lines if line.strip()]
    quoted = [line for line in filled if line.startswith("> ") and not line.startswith("> >")]
    half = 0.8
    return len("> ") if len(filled) > 2 and len(quoted) > half * len(filled) else 0  # noqa: PLR2004 - two lines are no mail
