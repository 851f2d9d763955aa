"""What can be wrong with a file: which one, what about it, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_LONGEST_NAME = 255
"""Bytes of a name that every common file system takes (NAME_MAX)."""


class FileUnusable(Exception):
    """A file that cannot be read or written. `what` completes a sentence about it ("is a folder"); `hint` is a sentence.

    Neither quotes anything that stands in the file.
    """

    def __init__(self, path: Path | str, what: str, hint: str = "") -> None:
        super().__init__(f"{path} {what}" + (f". {hint}" if hint else ""))
        self.path = path
        self.what = what
        self.hint = hint


class NotThere(FileUnusable):
    """There is no such file."""


class AlreadyThere(FileUnusable):
    """There is a file that is not to be overwritten."""


class NoFolder(FileUnusable):
    """There is no such folder to write into."""


class NotPrivate(FileUnusable):
    """A file with a secret that others than its owner can read."""


class NotUtf8(FileUnusable):
    """A file that is not text in UTF-8, nor in UTF-16 with its mark; `line` and `column` count from 1."""

    def __init__(self, path: Path | str, line: int, column: int) -> None:
        super().__init__(path, f"is not UTF-8 text (line {line}, column {column})", "Save it as UTF-8")
        self.line = line
        self.column = column


def unusable(path: Path | str, verb: str, error: OSError | ValueError) -> FileUnusable:
    """Return what the system said about a file in words; `verb` is "read" or "written"."""
    if isinstance(error, ValueError):  # a NUL in the name
        return FileUnusable(path, f"cannot be {verb}: no file has such a name", "Check the name")
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR if verb == "read":
            return NotThere(path, "cannot be read: there is no such file", "Check the name")
        case errno.ENAMETOOLONG:
            size = len(os.fsencode(Path(path).name))
            what = f"cannot be {verb}: its name is too long ({size} bytes; a name has at most {_LONGEST_NAME})"
            if size <= _LONGEST_NAME:
                what = f"cannot be {verb}: its whole path is too long for this system"
            return FileUnusable(_shortened(path), what, "Choose a shorter name")
        case errno.EACCES | errno.EPERM:
            hint = "Check the permissions of the file and of its folder"
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            hint = "Make room, or choose another place"
        case errno.EROFS:
            hint = "Choose another place"
        case _:
            hint = "Check the name and the place"
    return FileUnusable(path, f"cannot be {verb}: {error.strerror or type(error).__name__}", hint)


def _shortened(path: Path | str) -> str:
    text = str(path)
    return text if len(text) <= 100 else f"{text[:60]}…{text[-30:]}"  # noqa: PLR2004 - enough to recognise it
