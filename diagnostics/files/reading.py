"""The one reader of files that somebody named: a regular file, or a pipe that is written within a time.

A device has no end, a pipe that nobody writes never begins, and a folder is no file: each is told in words instead of
being waited for. `<(pass show x)`, `/dev/stdin` and named pipes are read, since that keeps secrets off the disk.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import queue
import re
import stat
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnostics.files.problems import FileUnusable, NotPrivate, NotUtf8, unusable
from diagnostics.quoting import posix_line

PIPE_SECONDS = "DIAG_PIPE_SECONDS"
"""Variable that says how long a pipe may stay silent."""
_PIPE_SECONDS = 20.0
_CHUNK = 256 * 1024
_KEPT = 4
"""Chunks of a pipe that are read ahead."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,7})|/dev/(stdin)")


def read(path: Path, *, largest: int, private: bool = False) -> bytes:
    """Return what is in a file or comes through a pipe. Raises FileUnusable.

    More than `largest` bytes are refused, never cut. `private` refuses what others than its owner can read (not on
    Windows, whose permissions say it otherwise). What came through a pipe is kept, since it can be read only once: a
    second call returns the same.
    """
    key = _pipe(path)
    if key is None:
        return _whole(path, largest, private=private)
    with _reading:
        if key not in _came:
            _came[key] = _whole(path, largest, private=private)
        return _came[key]


def _whole(path: Path, largest: int, *, private: bool) -> bytes:
    data = bytearray()
    for chunk in chunks(path, private=private, deadline=True):
        data += chunk
        if len(data) > largest:
            raise FileUnusable(path, f"is larger than {_words(largest)}", "Name the right file")
    return bytes(data)


_came: dict[tuple[str, int, int], bytes] = {}
_reading = threading.Lock()


def _pipe(path: Path) -> tuple[str, int, int] | None:
    """Return what tells a pipe from all others, or `None` for anything else."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    piped = stat.S_ISFIFO(found.st_mode) or stat.S_ISSOCK(found.st_mode)
    return (str(path), found.st_dev, found.st_ino) if piped else None


def read_text(path: Path, *, largest: int, private: bool = False, fallback: str = "") -> str:
    """Return a file's text; see `read` and `decoded`. Raises FileUnusable."""
    return decoded(read(path, largest=largest, private=private), path, fallback=fallback)


def expanded(name: str) -> Path:
    """Return a path with `~` as the folder that it means; the home of nobody stays as it was written."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def exists(path: Path) -> bool:
    """Whether something is there, of whichever kind; where a name cannot be, or a folder is closed, nothing is."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def decoded(data: bytes, path: Path | str, *, fallback: str = "", errors: str = "strict") -> str:
    """Return text in UTF-8 with or without its mark, or in UTF-16 or UTF-32 with it. Raises NotUtf8.

    `fallback` is an encoding that is taken for what is not UTF-8, such as what Excel writes. With `errors="replace"`
    nothing is raised.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding, errors)
    except UnicodeDecodeError as error:
        if fallback and encoding == "utf-8":
            return data.decode(fallback, "replace")
        before = data[: error.start].decode(encoding, "replace")
        raise NotUtf8(path, before.count("\n") + 1, len(before) - before.rfind("\n")) from None


def head(path: Path, size: int) -> bytes:
    """Return how a regular file begins, and nothing of a pipe, which can be read only once. Raises FileUnusable."""
    with _opened(path, private=False) as found:
        if not found.regular:
            return b""
        return next(_regular(found, size, path), b"")


def chunks(path: Path, *, private: bool = False, deadline: bool = False) -> Iterator[bytes]:
    """Yield what is in a file or comes through a pipe, piece by piece. Raises FileUnusable.

    A pipe that stays silent for 20 s (DIAG_PIPE_SECONDS) is given up; with `deadline` it has that time altogether.
    """
    with _opened(path, private=private) as found:
        if found.regular:
            yield from _regular(found, _CHUNK, path)
        else:
            yield from _through_pipe(found, path, private=private, deadline=deadline)


@dataclass(slots=True)
class _Found:
    """Where to read: an open descriptor, or none yet for a named pipe, which opens only once it is written."""

    descriptor: int
    regular: bool


@contextlib.contextmanager
def _opened(path: Path, *, private: bool) -> Iterator[_Found]:
    """Open what is fit to be read, without ever waiting."""
    try:
        found = _open(path, private=private)
    except (OSError, ValueError) as error:
        raise unusable(path, "read", error) from None
    try:
        yield found
    finally:
        if found.descriptor >= 0 and found.regular:
            os.close(found.descriptor)


def _open(path: Path, *, private: bool) -> _Found:
    inherited = _DESCRIPTOR.fullmatch(str(path))
    number = int(inherited[1] or 0) if inherited else -1
    mode = (os.fstat(number) if inherited else path.stat()).st_mode
    _refuse(path, mode, private=private)
    if not stat.S_ISREG(mode):  # a pipe that was handed over is read as it is; a named one opens in its thread
        return _Found(os.dup(number) if inherited else -1, regular=False)
    descriptor = os.open(path, _FLAGS)
    try:
        _refuse(path, os.fstat(descriptor).st_mode, private=private, only_regular=True)
    except BaseException:
        os.close(descriptor)
        raise
    return _Found(descriptor, regular=True)


_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


def _refuse(path: Path, mode: int, *, private: bool, only_regular: bool = False) -> None:
    """Refuse what has no end, and what others can read where that matters."""
    if stat.S_ISDIR(mode):
        raise FileUnusable(path, "is a folder", "Name a file in it")
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise FileUnusable(path, "is a device, not a file", "Name a file, or a pipe such as <(command)")
    pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    if not (stat.S_ISREG(mode) or pipe) or (only_regular and pipe):
        raise FileUnusable(path, "is not a regular file", "Name a file, or a pipe such as <(command)")
    open_to_others = mode & (stat.S_IRWXG | stat.S_IRWXO) and not stat.S_ISSOCK(mode)
    if private and sys.platform != "win32" and open_to_others:
        what = f"can be read by others than its owner ({stat.filemode(mode)})"
        raise NotPrivate(path, what, f"Run: chmod 600 {posix_line(str(path))}")


def _regular(found: _Found, size: int, path: Path) -> Iterator[bytes]:
    try:
        while chunk := os.read(found.descriptor, size):
            yield chunk
    except OSError as error:
        raise unusable(path, "read", error) from None


def pipe_seconds() -> float:
    """Return how long a pipe may stay silent, in seconds."""
    try:
        chosen = float(os.environ.get(PIPE_SECONDS, ""))
    except ValueError:
        return _PIPE_SECONDS
    return chosen if 0 < chosen <= threading.TIMEOUT_MAX else _PIPE_SECONDS


def _through_pipe(found: _Found, path: Path, *, private: bool, deadline: bool) -> Iterator[bytes]:
    """Yield what a thread reads, since opening a pipe and reading it can take for ever; a stuck one ends with diag."""
    seconds = pipe_seconds()
    came: queue.Queue[bytes | OSError | FileUnusable] = queue.Queue(_KEPT)
    over = threading.Event()
    arguments = (found.descriptor, path, private, came, over)
    threading.Thread(target=_read_pipe, args=arguments, name="pipe", daemon=True).start()
    ends = time.monotonic() + seconds
    try:
        while True:
            left = ends - time.monotonic() if deadline else seconds
            try:
                piece = came.get(timeout=max(left, 0.0))
            except queue.Empty:
                what = f"is a pipe, and {'its end did not come' if deadline else 'nothing came through it'} in {seconds:g} s"
                hint = f"Write to it and close it, or name a file; {PIPE_SECONDS}=120 waits longer"
                raise FileUnusable(path, what, hint) from None
            if isinstance(piece, FileUnusable):
                raise piece
            if isinstance(piece, OSError):
                raise unusable(path, "read", piece) from None
            if not piece:
                return
            yield piece
    finally:
        over.set()


def _read_pipe(
    descriptor: int,
    path: Path,
    private: bool,
    came: queue.Queue[bytes | OSError | FileUnusable],
    over: threading.Event,
) -> None:
    """Read a pipe to its end, and pass on each piece; the end is an empty one."""

    def give(piece: bytes | OSError | FileUnusable) -> None:
        while not over.is_set():
            with contextlib.suppress(queue.Full):
                came.put(piece, timeout=0.5)
                return

    try:
        if descriptor < 0:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0))
            _refuse(path, os.fstat(descriptor).st_mode, private=private)
        while not over.is_set() and (chunk := os.read(descriptor, _CHUNK)):
            give(chunk)
        give(b"")
    except (OSError, FileUnusable) as error:
        give(error)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _words(size: int) -> str:
    return f"{size // 1024**2} MiB" if size >= 1024**2 else f"{size // 1024} KiB" if size >= 1024 else f"{size} bytes"  # noqa: PLR2004
