"""Lists of mailboxes from files: CSV as Excel and Exchange export it, or plain text with one address to a line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics import files
from diagnostics.changes.plan import Problem
from diagnostics.redaction import safe

_LARGEST = 32 * 1024 * 1024
_ADDRESS = re.compile(
    r"[^@\s,;<>\"()\[\]:\\|']([^@\s,;<>\"()\[\]:\\|]*[^@\s,;<>\"()\[\]:\\|'])?@[^@\s,;<>\"'()\[\]:\\|.]+(\.[^@\s,;<>\"'()\[\]:\\|.]+)+"
)
_BETWEEN = re.compile(r"[\s,;|]+")
_AROUND = re.compile(r"[\s,;<>\"()\[\]:\\|]+")
_COMMENT = re.compile(r"(?:^|\s)#")
_HEADERS = (
    "primarysmtpaddress",
    "userprincipalname",
    "upn",
    "mailbox",
    "mail",
    "email",
    "emailaddress",
    "e-mail",
    "smtpaddress",
    "windowsemailaddress",
    "address",
    "correo",
    "buzón",
    "buzon",
    "identity",
)
"""Column names that hold the mailbox, best first; compared without blanks, underscores and case."""


class BadList(Exception):
    """A file that cannot be read as a list of mailboxes at all."""


@dataclass(frozen=True, slots=True)
class MailboxList:
    """The addresses of a file in its order, each once; one problem for each bad line, a note for each repeated one."""

    addresses: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def read_list(path: Path) -> MailboxList:
    """Return the mailboxes in a file. Raises BadList."""
    try:
        text = files.read_text(path, largest=_LARGEST, fallback="cp1252")  # what Excel writes on Western Windows
    except files.FileUnusable as problem:
        raise BadList(str(problem)) from None
    if "\0" in text:
        raise BadList(f"{path} is not text")
    try:
        return _collected(path, list(_cells(text)))
    except csv.Error as error:
        raise BadList(f"{path} cannot be read as CSV: {error}") from None


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each line that holds something."""
    first = next((line for line in text.splitlines() if line.strip() and not _is_comment(line)), "")
    separator = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    start = 1
    for row in reader:
        line, start = start, reader.line_num + 1
        cells = [cell.strip() for cell in row]
        if any(cells) and not _is_comment(cells[0]) and not cells[0].lower().startswith("sep="):
            yield line, cells


def _is_comment(text: str) -> bool:
    return text.lstrip().startswith("#")


def _collected(path: Path, lines: Sequence[tuple[int, list[str]]]) -> MailboxList:
    header = _header(lines)
    addresses: dict[str, tuple[str, int]] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    for line, cells in lines[header.lines :]:
        place = f"{path}:{line}"
        row = _row(header.relevant(cells), header)
        if isinstance(row, str):
            hint = "Fill it in, or take the line out." if row == _EMPTY else "Write one address to a line."
            problems.append(Problem(place, row, hint))
            continue
        for address in row:
            first = addresses.setdefault(address.casefold(), (address, line))
            if first != (address, line) or row.count(address) > 1:
                note = f"{place}: {address} stands in line {first[1]} already; it is done once."
                notes += [] if note in notes else [note]
    if not addresses and not problems:
        problems.append(
            Problem(str(path), "the file names no mailbox.", "One address to a line, or a CSV with a header.")
        )
    return MailboxList(tuple(address for address, _ in addresses.values()), tuple(problems), tuple(notes))


_EMPTY = "the line names no mailbox."


@dataclass(frozen=True, slots=True)
class _Header:
    """What the first line says: in which columns the mailboxes are, if it is a header that is understood.

    `lines` is 1 where the first line is a header, `columns` is empty where it does not tell, and `width` is its cells.
    """

    lines: int = 0
    columns: tuple[int, ...] = ()
    width: int = 0

    def relevant(self, cells: Sequence[str]) -> list[str]:
        """Return the cells of a row that may name a mailbox: those of the columns, and what stands beyond the header."""
        if not self.columns:
            return list(cells)
        chosen = [cells[column] for column in self.columns if column < len(cells)]
        return [*chosen, *(cell for cell in cells[self.width :] if cell)]


def _row(cells: Sequence[str], header: _Header) -> list[str] | str:
    """Return the mailboxes of a row, or why none is taken. No address is ever passed over: then the row is refused.

    A row without a header may be a list of addresses, or one address among other cells. Several addresses among other
    cells, or in columns without a known name, could be anybody's.
    """
    if not header.lines:
        cells = _without_comment(cells)
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return _EMPTY
    taken = [address for cell in filled for address in _addresses(cell)]
    seen = sum("@" in word for cell in filled for word in _AROUND.split(cell))
    clean = sum(bool(_addresses(cell)) for cell in filled)
    told = header.columns or not header.lines
    if taken and len(taken) == seen and ((len(taken) == 1 and not header.columns) or (clean == len(filled) and told)):
        return taken
    if seen > 1:
        return f"the line holds {seen} addresses, and which of them are meant cannot be told."
    shown = next((cell for cell in filled if "@" in cell), filled[0])
    return f"{safe(shown)[:80]!r} is not an address."


def _without_comment(cells: Sequence[str]) -> list[str]:
    for number, cell in enumerate(cells):
        if found := _COMMENT.search(cell):
            return [*cells[:number], cell[: found.start()]]
    return list(cells)


def _addresses(cell: str) -> list[str]:
    """Return the addresses of a cell that holds nothing else, such as `a@b.c; d@e.f` or `Name <a@b.c>`."""
    whole = _bare(cell)
    parts = [whole] if _is_address(whole) else [_bare(part) for part in _BETWEEN.split(cell) if part.strip()]
    if all(map(_is_address, parts)):
        return parts
    named = [_bare(part) for part in re.split("[,;|]", cell) if part.strip()]
    return named if all(map(_is_address, named)) else []


def _is_address(text: str) -> bool:
    return text.isprintable() and _ADDRESS.fullmatch(text) is not None


def _bare(cell: str) -> str:
    """Return the address in a cell, without quotes, `smtp:` and the angle brackets of `Name <address>`."""
    bare = cell.strip().strip("\u200b\ufeff\u00a0\"'“”‘’").strip()
    if bare.endswith(">") and bare.count("<") == 1 and "@" not in bare[: bare.index("<")]:
        bare = bare[bare.index("<") + 1 : -1].strip()
    return bare[5:] if bare[:5].casefold() == "smtp:" else bare


def _header(lines: Sequence[tuple[int, list[str]]]) -> _Header:
    """Return what the first line says."""
    if not lines:
        return _Header()
    first = lines[0][1]
    names = [re.sub(r"[\s_]", "", cell).casefold() for cell in first]
    for name in _HEADERS:
        if name in names:
            return _Header(1, tuple(index for index, found in enumerate(names) if found == name), len(first))
    has_more = len(first) > 1 and len(lines) > 1
    return _Header(1, (), len(first)) if has_more and not any("@" in cell for cell in first) else _Header()
