"""Values in a column whose heading says that it holds secrets: CSV, Markdown and what Format-Table prints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.redaction.keys import Kind, kind
from diagnostics.redaction.known import Span
from diagnostics.redaction.values import is_shown

_HEADING = re.compile(
    r"^(?=[^\n]{0,400}(?:pass|pwd|secret|contrase|clave))[ \t|\"\w.ñ,;-]{3,400}$", re.IGNORECASE | re.MULTILINE
)
_NAME = re.compile(r'[ \t"]*(?:[\w.-]{1,30}(?: [\w.-]{1,30}){0,2})?[ \t"]*')
_RULE = re.compile(r"[ \t]*-{2,}(?:[ \t]+-{2,})*[ \t]*")
_ROWS = 500


def spans(text: str) -> Iterator[Span]:
    """Yield the cells below such a heading, until a line of another shape."""
    at = 0
    while heading := _HEADING.search(text, at):
        at = heading.end()
        for row, first, last in _rows(text, heading):
            if is_shown(text[first:last]):
                yield first, last
            at = max(at, row)


def _rows(text: str, heading: re.Match[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the end of each row with the place of its secret cell."""
    line = heading[0]
    end = heading.end()
    following = text[end + 1 : _end_of_line(text, end + 1)]
    if _RULE.fullmatch(following):
        columns = [match.span() for match in re.finditer(r"-+", following)]
        starts = [start for start, _ in columns] + [max(len(following), len(line)) + 4096]
        end = _end_of_line(text, end + 1)
        secret = [index for index, start in enumerate(starts[:-1]) if _is_secret(line[start : starts[index + 1]])]
        for begin, stop in _lines(text, end):
            for index in secret:
                first, last = begin + starts[index], min(begin + starts[index + 1], stop)
                if first < last:
                    yield stop, *_tight(text, first, last)
        return
    separator = next((mark for mark in ("|", "\t", ";", ",") if mark in line), "")
    if not separator:
        return
    names = line.split(separator)
    secret = [index for index, name in enumerate(names) if _is_secret(name)]
    if not secret or not all(_NAME.fullmatch(name) for name in names):
        return
    for begin, stop in _lines(text, end):
        cells = _cells(text, begin, stop, separator)
        if len(cells) != len(names):
            return
        for index in secret:
            yield stop, *_tight(text, *cells[index])


def _is_secret(name: str) -> bool:
    return kind(name.strip(' "*`')) is Kind.SECRET and len(name.strip()) < 40  # noqa: PLR2004 - a heading, not a sentence


def _lines(text: str, end: int) -> Iterator[Span]:
    for _ in range(_ROWS):
        begin = end + 1
        if begin >= len(text):
            return
        end = _end_of_line(text, begin)
        if not text[begin:end].strip():
            return
        yield begin, end


def _cells(text: str, begin: int, stop: int, separator: str) -> list[Span]:
    """Return where the cells of a row stand; a separator inside of double quotes separates nothing."""
    cells: list[Span] = []
    first, in_quotes = begin, False
    for at in range(begin, stop):
        if text[at] == '"':
            in_quotes = not in_quotes
        elif text[at] == separator and not in_quotes:
            cells.append((first, at))
            first = at + 1
    return [*cells, (first, stop)]


def _tight(text: str, first: int, last: int) -> Span:
    cell = text[first:last]
    return first + len(cell) - len(cell.lstrip(' \t"')), last - (len(cell) - len(cell.rstrip(' \t"\r')))


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
