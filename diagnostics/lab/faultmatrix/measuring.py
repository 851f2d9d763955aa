"""A process of its own, measured: exit code, time, memory, what it printed, and what it left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POSSIBLE = hasattr(os, "wait4")
"""Whether this system can say what an ended process has used; Windows cannot."""

POLL_SECONDS = 0.05
ADDRESS_SPACE = 3 * 1024**3
"""Bytes that a process under test may ask for, so that one without a bound does not take the machine along."""

_MARK = "DIAG_FAULT_CELL"
_GRACE = 2.0
"""Seconds that what a process started has to notice its end."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of a process; `memory` is its peak in bytes, `orphans` are the command lines of what outlived it."""

    exit_code: int
    seconds: float
    memory: int
    stdout: bytes
    stderr: bytes
    late: bool
    orphans: tuple[str, ...] = ()


def measure(words: Sequence[str], environment: Mapping[str, str], folder: Path, limit: Callable[[], float]) -> Measured:
    """Run a command until it ends, or kill it once it has taken the seconds that `limit` allows at that moment.

    Memory is measured with wait4, which Windows lacks; what outlives the process is found in /proc, where there is one.
    """
    mark = uuid.uuid4().hex
    out, err = folder / "stdout", folder / "stderr"
    started = time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={**environment, _MARK: mark},
            start_new_session=True,
        )
    process.returncode, memory, late = _wait(process.pid, started, limit)
    seconds = time.monotonic() - started
    shown = out.read_bytes(), err.read_bytes()
    return Measured(process.returncode, seconds, memory, *shown, late, _orphans(mark))


def _wait(pid: int, started: float, limit: Callable[[], float]) -> tuple[int, int, bool]:
    """Return exit code, peak of memory in bytes, and whether it had to be killed."""
    if sys.platform != "win32":
        _bound_memory(pid)
        late = False
        while True:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                scale = 1 if sys.platform == "darwin" else 1024
                return os.waitstatus_to_exitcode(status), usage.ru_maxrss * scale, late
            if not late and time.monotonic() - started > limit():
                late = True
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)
            time.sleep(POLL_SECONDS)
    raise OSError("Windows does not say what an ended process has used")


def _bound_memory(pid: int) -> None:
    """Let a process without a bound of its own fail before the machine does; only Linux can do that from outside."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - not on Windows

        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def _orphans(mark: str) -> tuple[str, ...]:
    """Return what still runs with the mark in its environment after a moment of grace, and end it."""
    until = time.monotonic() + _GRACE
    while (left := _marked(mark)) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    return tuple(left.values())


def _marked(mark: str) -> dict[int, str]:
    wanted = f"{_MARK}={mark}".encode()
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                found[int(entry.name)] = b" ".join(words).decode("utf-8", "replace").strip() or "(ended)"
    return found
