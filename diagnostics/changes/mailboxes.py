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
_ADDRESS = re.compile(r"[^@\s,;<>\"'()\[\]:\\]+@[^@\s,;<>\"'()\[\]:\\]+\.[^@\s,;<>\"'()\[\]:\\.]+")
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
    column, header = _column(lines)
    addresses: dict[str, tuple[str, int]] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    for line, cells in lines[1:] if header else lines:
        place = f"{path}:{line}"
        cell = cells[column] if column < len(cells) else ""
        address = _bare(cell)
        if not cell:
            problems.append(Problem(place, "the line names no mailbox.", "Fill it in, or take the line out."))
        elif not _ADDRESS.fullmatch(address):
            problems.append(Problem(place, f"{safe(cell)[:80]!r} is not an address.", "Write one address to a line."))
        elif address.casefold() in addresses:
            notes.append(
                f"{place}: {address} stands in line {addresses[address.casefold()][1]} already; it is done once."
            )
        else:
            addresses[address.casefold()] = address, line
    if not addresses and not problems:
        problems.append(
            Problem(str(path), "the file names no mailbox.", "One address to a line, or a CSV with a header.")
        )
    return MailboxList(tuple(address for address, _ in addresses.values()), tuple(problems), tuple(notes))


def _bare(cell: str) -> str:
    """Return the address in a cell, without `smtp:` and without the angle brackets of `Name <address>`."""
    bare = cell.strip().strip("\u200b\ufeff\u00a0").strip()
    if bare.endswith(">") and "<" in bare:
        bare = bare[bare.rindex("<") + 1 : -1].strip()
    return bare[5:] if bare[:5].casefold() == "smtp:" else bare


def _column(lines: Sequence[tuple[int, list[str]]]) -> tuple[int, bool]:
    """Return which column holds the mailboxes, and whether the first line is a header."""
    if not lines:
        return 0, False
    first = lines[0][1]
    names = [re.sub(r"[\s_]", "", cell).casefold() for cell in first]
    for name in _HEADERS:
        if name in names:
            return names.index(name), True
    if any("@" in cell for cell in first):
        return next(index for index, cell in enumerate(first) if "@" in cell), False
    later = lines[1][1] if len(lines) > 1 else []
    column = next((index for index, cell in enumerate(later) if "@" in cell), 0)
    return column, len(first) > 1 and bool(later)
