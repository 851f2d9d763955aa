"""The journal: append-only JSON Lines that say what was about to be done, and what came of it.

Each line carries the SHA-256 of the line before, so that a line that was changed, taken out or put in shows; whoever can
write the file can also make the whole chain anew, which is why the head hash belongs into the ticket. A line is on the
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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from diagnostics.changes.plan import canonical
from diagnostics.redaction import redact_tree

VERSION = 1
GENESIS = "0" * 64
NAME = "journal.jsonl"


class JournalUnusable(Exception):
    """The journal cannot be read or written; nothing more may be changed. Says which file and why."""


class JournalBusy(JournalUnusable):
    """Another run holds the journal."""


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


def read(path: Path) -> list[Record]:
    """Return every whole record, or none when there is no journal yet. Raises JournalUnusable."""
    return [_record(number, line, path) for number, line in enumerate(_lines(path)[0], 1)]


def verify(path: Path) -> Verified:
    """Follow the chain from the first line to the last. Raises JournalUnusable when the file cannot be read."""
    lines, torn = _lines(path)
    before, breaks = GENESIS, []
    for number, line in enumerate(lines, 1):
        try:
            tree = json.loads(line)
            carried = tree.get("prev") if isinstance(tree, dict) else None
        except ValueError:
            carried = None
        if carried != before:
            what = "is not a record" if carried is None else "does not follow the line before it"
            breaks.append(f"{path}:{number}: {what}")
        before = digest(line)
    return Verified(len(lines), before, tuple(breaks), len(torn))


def _lines(path: Path) -> tuple[list[bytes], bytes]:
    """Return the whole lines, and what a kill left of the last one."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], b""
    except OSError as error:
        raise JournalUnusable(f"the journal {path} cannot be read: {error.strerror or error}") from error
    *whole, torn = data.split(b"\n")
    if torn and _is_whole(torn):  # all of it was written but the line's end
        whole, torn = [*whole, torn], b""
    return whole, torn


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _record(number: int, line: bytes, path: Path) -> Record:
    try:
        tree = json.loads(line)
        known = {"prev", "at", "kind", "run", "v"}
        if tree["v"] != VERSION:
            raise JournalUnusable(f"{path}:{number} is of version {tree['v']}; this diag knows version {VERSION}")
        at = dt.datetime.fromisoformat(tree["at"])
        fields = {name: value for name, value in tree.items() if name not in known}
        return Record(number, tree["kind"], at, tree["run"], fields, digest(line))
    except (ValueError, KeyError, TypeError) as error:
        raise JournalUnusable(f"{path}:{number} is not a record of the journal; see diag journal verify") from error


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
        self._lock = _open(self.path.with_name(f"{self.path.name}.lock"))
        if not _locked(self._lock):
            raise JournalBusy(f"another run of diag is changing something; its journal is {self.path}")
        new = not self.path.exists()
        self._file = _open(self.path)
        if new:
            _sync_folder(self.path.parent)
        lines, torn = _lines(self.path)
        self._head = digest(lines[-1]) if lines else GENESIS
        self._repair(lines, torn)

    def _repair(self, lines: Sequence[bytes], torn: bytes) -> None:
        """Put the end of the file in order: cut off a torn line, or end a whole one that lacks its newline."""
        assert self._file is not None
        size = sum(len(line) + 1 for line in lines)
        if self.path.stat().st_size < size:
            self._file.seek(0, os.SEEK_END)
            self._write(b"\n")
        elif torn:
            os.ftruncate(self._file.fileno(), size)
            self._file.seek(size)
            what = "the last line was cut off in the middle, as by a kill or a full disk; it announced nothing that was sent"
            self.append("repair", "", [{"removed_bytes": len(torn), "removed_sha256": digest(torn), "why": what}])
        self._file.seek(0, os.SEEK_END)

    def _unusable(self, error: OSError) -> JournalUnusable:
        return JournalUnusable(f"the journal {self.path} cannot be written: {error.strerror or error}")


def _line(kind: str, run: str, record: Mapping[str, object], head: str) -> tuple[bytes, str]:
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    tree = {"v": VERSION, "kind": kind, "at": at, "run": run, "prev": head, **record}
    line = canonical(redact_tree(tree))
    return line + b"\n", digest(line)


def _open(path: Path) -> BinaryIO:
    """Open a file for reading and appending that its owner alone can read, also when it was there before."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _locked(file: BinaryIO) -> bool:
    """Take the lock; it ends with the process, however that ends."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return _locked_on_windows(file)
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_on_windows(file: BinaryIO) -> bool:
    import msvcrt  # noqa: PLC0415 - only on Windows

    lock: Any = msvcrt
    try:
        lock.locking(file.fileno(), lock.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable, where the platform can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def export(path: Path, run: str = "") -> Iterator[str]:
    """Yield the lines of the journal as they stand, all or those of one run. Raises JournalUnusable."""
    for number, line in enumerate(_lines(path)[0], 1):
        if not run or _record(number, line, path).run == run:
            yield line.decode("utf-8", "replace")
