"""The journal: append-only JSON Lines that say what was about to be done, and what came of it.

Each line carries the SHA-256 of the line before, so that a line that was changed, taken out or put in shows; whoever can
write the file can also make the whole chain again, which is why the head hash belongs into the ticket. A line is on the
disk before the change that it announces is sent. A kill can cut the last line: reading passes over it, and the next
append cuts it off and says so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from diagnostics import files
from diagnostics.changes.plan import canonical
from diagnostics.formats import escaped
from diagnostics.invocation import Invocation
from diagnostics.redaction import redact_tree

if TYPE_CHECKING:
    from diagnostics.changes.outcomes import Applied

VERSION = 1
GENESIS = "0" * 64
NAME = "journal.jsonl"
_LONGEST_STEM = 250
_LARGEST = 1024**3
"""Bytes; about 100,000 mailboxes."""


class JournalUnusable(Exception):
    """The journal cannot be read or written; nothing more may be changed. Says which file and why.

    `applied` is what is known of the run that was cut off by it, if there was one.
    """

    applied: Applied | None = None


class JournalBusy(JournalUnusable):
    """Another run holds the journal."""


class JournalMissing(JournalUnusable):
    """There is no such journal."""


class JournalBroken(JournalUnusable):
    """A line was changed, put in, taken out or damaged: nothing is undone or finished on the journal's word."""

    def __init__(self, complaint: str, more: int = 0, path: Path | None = None) -> None:
        others = f" ({more} more)" if more else ""
        verify = Invocation(journal=str(path.absolute()) if path is not None else "").inline("journal verify")
        super().__init__(
            f"{complaint}{others}: the journal was changed or damaged, and nothing is done on its word. "
            f"{verify} says more; --journal NEW-FILE begins a new one"
        )
        self.complaint = complaint


@dataclass(frozen=True, slots=True)
class Record:
    """One line; `kind` is run, intent, result, end or repair, and `line` counts from 1."""

    line: int
    kind: str
    at: dt.datetime
    run: str
    fields: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found. `breaks` name lines; a torn last line is an unfinished record and no break."""

    lines: int
    head: str
    breaks: tuple[str, ...] = ()
    torn: int = 0

    @property
    def intact(self) -> bool:
        """Whether every line carries the hash of the line before."""
        return not self.breaks


def default_path() -> Path:
    """Return where the journal is: in the user's state folder, as the platform has it."""
    import platformdirs  # noqa: PLC0415 - not needed for a path of one's own

    return platformdirs.user_state_path("diag", appauthor=False) / NAME


def digest(line: bytes) -> str:
    """Return the hash that the next line carries."""
    return hashlib.sha256(line).hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a journal holds: the records that can be read, and a complaint, `file:line: …`, for each line that breaks it.

    `torn` is what a kill left of the last line; it is an unfinished record and no break.
    """

    records: tuple[Record, ...]
    complaints: tuple[str, ...]
    lines: int
    head: str
    size: int
    torn: bytes = b""
    path: Path | None = None

    def require_intact(self) -> Self:
        """Raise JournalBroken where a line breaks the journal."""
        if self.complaints:
            raise JournalBroken(self.complaints[0], len(self.complaints) - 1, self.path)
        return self


def load(path: Path, *, must_exist: bool = False) -> Contents:
    """Read a journal and follow its chain. Raises JournalUnusable, never for what a line holds.

    One that is not there is empty, or raises JournalMissing.
    """
    lines, torn = _lines(path, must_exist=must_exist)
    records: list[Record] = []
    complaints: list[str] = []
    before = GENESIS
    for number, line in enumerate(lines, 1):
        tree = _tree(line)
        if tree is None or not isinstance(tree.get("prev"), str):
            complaints.append(f"{path}:{number} is not a record")
        elif tree["prev"] != before:
            complaints.append(f"{path}:{number} does not follow the line before it")
        else:
            try:
                records.append(_record(number, tree, line))
            except (ValueError, KeyError, TypeError, OverflowError) as error:
                complaints.append(f"{path}:{number} {error if isinstance(error, _Unknown) else 'is not a record'}")
        before = digest(line)
    if torn and not lines and not any(mark.startswith(torn[: len(mark)]) for mark in _BEGINNINGS) and torn.strip(b"\0"):
        complaints.append(f"{path}:1 is not a record")  # a file that is no journal; its one line is not to be cut off
    size = sum(len(line) + 1 for line in lines)
    return Contents(tuple(records), tuple(complaints), len(lines), before, size, torn, path)


_BEGINNINGS = (b'{"account":', b'{"at":')
"""How the first line of a journal begins: its keys are sorted."""


class _Unknown(ValueError):
    """A record that a later version of diag wrote."""


def read(path: Path) -> list[Record]:
    """Return every whole record, or none when there is no journal yet. Raises JournalUnusable and JournalBroken."""
    return list(load(path).require_intact().records)


def verify(path: Path) -> Verified:
    """Follow the chain from the first line to the last. Raises JournalUnusable when there is no file to be read."""
    found = load(path, must_exist=True)
    return Verified(found.lines, found.head, found.complaints, len(found.torn))


def _lines(path: Path, *, must_exist: bool = False) -> tuple[list[bytes], bytes]:
    """Return the whole lines, and what a kill left of the last one."""
    try:
        data = files.read(path, largest=_LARGEST)
    except files.NotThere as problem:
        if must_exist:
            raise JournalMissing(f"there is no journal {path}") from problem
        return [], b""
    except files.FileUnusable as problem:
        raise JournalUnusable(f"the journal {problem}") from problem
    *whole, torn = data.split(b"\n")
    if torn and _tree(torn) is not None:  # all of it was written but the line's end
        whole, torn = [*whole, torn], b""
    return whole, torn


def _tree(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line holds, or `None`."""
    try:
        tree = json.loads(line.decode("utf-8"), parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def _refused(name: str) -> object:
    """Refuse NaN and Infinity, which JSON has no word for."""
    raise ValueError(name)


def _record(number: int, tree: Mapping[str, Any], line: bytes) -> Record:
    """Return a line as a record. Raises ValueError, KeyError, TypeError and OverflowError for what is none."""
    if tree["v"] != VERSION:
        raise _Unknown(f"is of version {str(tree['v'])[:20]}; this diag knows version {VERSION}")
    kind, run, at = tree["kind"], tree["run"], dt.datetime.fromisoformat(tree["at"])
    if not (isinstance(kind, str) and isinstance(run, str) and at.tzinfo is not None):
        raise TypeError
    fields = {name: value for name, value in tree.items() if name not in {"prev", "at", "kind", "run", "v"}}
    return Record(number, kind, at.astimezone(dt.UTC), run, fields, digest(line))


class Journal:
    """The journal opened for writing, locked against a second run until `close`. Raises JournalUnusable and JournalBusy."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: BinaryIO | None = None
        self._file: BinaryIO | None = None
        self._head = GENESIS

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException as error:
            self.close()
            if isinstance(error, files.FileUnusable):
                raise JournalUnusable(f"the journal {error}") from error
            if isinstance(error, OSError):
                raise self._unusable(error) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self.close()

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return self._head

    def close(self) -> None:
        """Let go of the file and the lock."""
        for file in (self._file, self._lock):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        self._file = self._lock = None

    def require(self, size: int) -> None:
        """Raise JournalUnusable when the disk has less room than what is still to be written, in bytes."""
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self.path.parent).free
            if free < size:
                raise JournalUnusable(f"the journal {self.path} needs {size} bytes, and the disk has {free} left")

    def append(self, kind: str, run: str, records: Sequence[Mapping[str, object]]) -> None:
        """Write records of one kind and wait until they are on the disk. Raises JournalUnusable.

        What a full disk let through of them is taken back, so that the next line has a place to follow.
        """
        if self._file is None:
            raise JournalUnusable(f"the journal {self.path} is not open")
        head, data = self._head, bytearray()
        for record in records:
            line, head = _line(kind, run, record, head)
            data += line
        start = self._file.tell()
        try:
            self._write(bytes(data))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file.fileno(), start)
                self._file.seek(start)
            raise self._unusable(error) from error
        self._head = head

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        view = memoryview(data)
        while view:
            view = view[os.write(self._file.fileno(), view) :]
        os.fsync(self._file.fileno())
        self._file.seek(0, os.SEEK_END)

    def _open(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_usable(self.path)  # before a lock is put beside what is no journal
        self._lock = files.open_to_append(_lock_of(self.path))
        if not _locked(self._lock):
            raise JournalBusy(f"another run of diag is changing something; its journal is {self.path}")
        new = not self.path.exists()
        found = load(self.path).require_intact()
        self._file = files.open_to_append(self.path)
        if new:
            files.sync_folder(self.path.parent)
        self._head = found.head
        self._repair(found)

    def _repair(self, found: Contents) -> None:
        """Put the end of the file in order: cut off a torn line, or end a whole one that lacks its newline."""
        assert self._file is not None
        if self.path.stat().st_size < found.size:
            self._file.seek(0, os.SEEK_END)
            self._write(b"\n")
        elif found.torn:
            os.ftruncate(self._file.fileno(), found.size)
            self._file.seek(found.size)
            what = "the last line was cut off in the middle, as by a kill or a full disk; it announced nothing that was sent"
            removed = {"removed_bytes": len(found.torn), "removed_sha256": digest(found.torn), "why": what}
            self.append("repair", "", [removed])
        self._file.seek(0, os.SEEK_END)

    def _unusable(self, error: OSError) -> JournalUnusable:
        return JournalUnusable(f"the journal {self.path} cannot be written: {error.strerror or error}")


def _line(kind: str, run: str, record: Mapping[str, object], head: str) -> tuple[bytes, str]:
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    tree = {"v": VERSION, "kind": kind, "at": at, "run": run, "prev": head, **record}
    line = canonical(redact_tree(tree))
    return line + b"\n", digest(line)


def _lock_of(path: Path) -> Path:
    """Return the file that is locked while a journal is written; its name is never longer than one can be."""
    name = path.name if len(os.fsencode(path.name)) <= _LONGEST_STEM else digest(os.fsencode(path.name))
    return path.with_name(f"{name}.lock")


def _locked(file: BinaryIO) -> bool:
    """Take the lock; it ends with the process, however that ends."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - only on Windows

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl  # noqa: PLC0415 - not on Windows

        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def require_usable(path: Path) -> None:
    """Refuse a journal that nothing may be added to, before anything is asked of anybody.

    Raises JournalBroken for one that was changed or damaged, JournalUnusable for what is no file.
    """
    try:
        there = files.is_there(path)
    except files.NoFolder:
        return  # it is made for the journal
    except files.FileUnusable as problem:
        raise JournalUnusable(f"the journal {problem}") from problem
    if there:
        load(path).require_intact()


def export(path: Path, run: str = "", *, must_exist: bool = False) -> Iterator[str]:
    """Yield the lines of the journal, all or those of one run; what does not show is escaped. Raises JournalUnusable."""
    for line in _lines(path, must_exist=must_exist)[0]:
        if not run or (_tree(line) or {}).get("run") == run:
            yield escaped(line.decode("utf-8", "replace"))
