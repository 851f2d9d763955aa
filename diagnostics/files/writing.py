"""The one writer of files that somebody named: whole or not at all, for their owner alone, and never over something else.

What stands there already is overwritten only where it is diag's own file of the same kind, which its `schema` shows.
Devices, pipes, folders and symbolic links are never written, as root neither.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from diagnostics.files.problems import AlreadyThere, FileUnusable, NoFolder, unusable

_HEAD = 4096
_TRIES = 100
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is: `name` in words ("report"), the family of its schema ("diag/report/"), what to do where another is."""

    name: str
    schema: str
    hint: str = "Choose another name, or overwrite it with --force"

    def wrote(self, head: bytes) -> bool:
        """Whether a YAML or JSON document that begins so carries the schema as its first key. 4 KiB are enough."""
        mark = rb"(?:\xef\xbb\xbf)?(?:\s*#[^\n]*\n)*\s*(?:\{\s*)?[\"']?schema[\"']?\s*:\s*[\"']?" + re.escape(
            self.schema.encode()
        )
        return re.match(mark, head) is not None


REPORT = Kind("report", "diag/report/")
PLAN = Kind("plan", "diag/plan/")
READY = Kind("ready file", "diag/lab/")
SCRIPT = Kind("script", "diag/script/")


def check(path: Path, kind: Kind, *, force: bool = False) -> None:
    """Refuse what cannot be written, before anything is done that is worth writing down. Raises FileUnusable."""
    try:
        _refuse_other(path, kind, force=force)
        temporary, descriptor = _temporary(path)
        os.close(descriptor)
        temporary.unlink()
    except (OSError, ValueError) as error:
        raise _words(path, error) from None


def write(path: Path, content: str | bytes, kind: Kind, *, force: bool = False) -> None:
    """Write a file with mode 0600, whole or not at all. Raises FileUnusable.

    `force` overwrites a regular file that diag did not write. Half a character (a surrogate) in a text is written as
    an escape.
    """
    try:
        _refuse_other(path, kind, force=force)
        temporary = _written(path, content)
        try:
            temporary.replace(path)
        except BaseException:
            _remove(temporary)
            raise
        sync_folder(path.parent)
    except (OSError, ValueError) as error:
        raise _words(path, error) from None


def write_new(path: Path, content: str | bytes) -> None:
    """Write a file that is not there yet, with mode 0600, whole or not at all. Raises AlreadyThere and FileUnusable."""
    try:
        temporary = _written(path, content)
        try:
            _take(temporary, path)
        finally:
            _remove(temporary)
        sync_folder(path.parent)
    except FileExistsError:
        raise AlreadyThere(path, "exists already", "Choose another name") from None
    except (OSError, ValueError) as error:
        raise _words(path, error) from None


def open_to_append(path: Path) -> BinaryIO:
    """Open a regular file for reading and appending, made with mode 0600 where there is none. Raises FileUnusable."""
    try:
        _regular(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _NOFOLLOW, 0o600)
        try:
            _refuse_mode(path, os.fstat(descriptor).st_mode)
            if sys.platform != "win32":
                with contextlib.suppress(OSError):  # a file system without modes
                    os.fchmod(descriptor, 0o600)
            return os.fdopen(descriptor, "r+b", buffering=0)
        except BaseException:
            os.close(descriptor)
            raise
    except (OSError, ValueError) as error:
        raise _words(path, error) from None


def is_there(path: Path) -> bool:
    """Return whether there is a regular file. Raises FileUnusable for anything else, and where none can be made."""
    try:
        return _regular(path)
    except (OSError, ValueError) as error:
        raise _words(path, error) from None


def sync_folder(folder: Path) -> None:
    """Make a new file's name durable, where the platform can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refuse_other(path: Path, kind: Kind, *, force: bool) -> None:
    """Refuse to overwrite what is not diag's own file of this kind; an empty file has nothing to lose."""
    if not _regular(path) or force:
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NOFOLLOW)
    try:
        head = os.read(descriptor, _HEAD)
    finally:
        os.close(descriptor)
    if head and not kind.wrote(head):
        what = f"exists already, and is no {kind.name} of diag"
        raise AlreadyThere(path, what, kind.hint)


def _regular(path: Path) -> bool:
    """Return whether there is a regular file; refuse anything else that is there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.absolute().parent.is_dir():
            raise NoFolder(path, "cannot be written: its folder does not exist", "Make the folder first") from None
        return False
    except NotADirectoryError:
        raise FileUnusable(path, "cannot be written: its folder is a file", "Check the name") from None
    _refuse_mode(path, mode)
    return True


def _refuse_mode(path: Path, mode: int) -> None:
    """Refuse what is no regular file."""
    if stat.S_ISREG(mode):
        return
    if stat.S_ISLNK(mode):
        raise FileUnusable(path, "is a symbolic link, which is not written through", "Name the file that it leads to")
    if stat.S_ISDIR(mode):
        raise FileUnusable(path, "is a folder", "Name a file in it")
    what = "is a pipe" if stat.S_ISFIFO(mode) else "is a socket" if stat.S_ISSOCK(mode) else "is a device"
    raise FileUnusable(path, f"{what}, and only regular files are written", "Name a file")


def _temporary(path: Path) -> tuple[Path, int]:
    """Make an empty file beside `path`, with a short name, since that of `path` may be as long as a name can be."""
    for _ in range(_TRIES):
        temporary = path.with_name(f".diag-{secrets.token_hex(6)}.tmp")
        with contextlib.suppress(FileExistsError):
            return temporary, os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)
    raise FileExistsError(temporary)


def _written(path: Path, content: str | bytes) -> Path:
    """Return a temporary file beside `path` that holds the content and is on the disk."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    temporary, descriptor = _temporary(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        _remove(temporary)
        raise
    return temporary


def _take(temporary: Path, path: Path) -> None:
    """Give the temporary file its name unless that is taken. Raises FileExistsError."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: the name is taken first, and filled at once
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600))
        temporary.replace(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _words(path: Path, error: OSError | ValueError) -> FileUnusable:
    return unusable(path, "written", error)
