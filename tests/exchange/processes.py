"""Looks for processes that should be gone, in /proc."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

SECONDS = 20.0


def running(mark: str) -> list[str]:
    """The processes whose environment or command line names `mark`; zombies have neither."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(entry.name) != os.getpid() and mark.encode() in (
                (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            ):
                found.append((entry / "cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " "))
    return found


def gone(mark: str) -> None:
    deadline = time.monotonic() + SECONDS
    while left := running(mark):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)
