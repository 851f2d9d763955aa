"""`diag lab serve`: keeps a lab running until it is told to stop, and says how to use it."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from diagnostics import files
from diagnostics.invocation import Invocation
from diagnostics.lab.server import DEFAULT_SHAPE, MODULE_PATH, READY_FILE, Lab

POLL_SECONDS = 0.5
"""How often a waiting main thread looks up, for systems where a signal does not wake it."""


def serve(
    scenarios: Sequence[str] = (),
    ready_file: Path | None = None,
    shape: str = DEFAULT_SHAPE,
    *,
    force: bool = False,
    transport: str = "winrm",
    stop: threading.Event | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Serve a lab until Ctrl-C, SIGTERM or `stop`, and return the exit code 0.

    `ready_file` appears (mode 0600, whole) once everything serves, and goes when the lab ends; `force` overwrites one
    that no lab wrote. Raises ValueError for a shape or scenario that does not exist, FileUnusable when the ready file
    cannot be written.
    """
    if ready_file is not None:
        files.check(ready_file, files.READY, force=force)
    out, err = out or sys.stdout, err or sys.stderr
    ending = stop or threading.Event()
    with Lab(shape, scenarios, transport=transport) as lab, _until_signalled(ending):
        _tell(lab, out, err)
        if ready_file is not None:
            text = json.dumps({"schema": f"{files.READY.schema}1", **lab.ready}, indent=2)
            files.write(ready_file, text + "\n", files.READY, force=force)
        try:
            while not ending.wait(POLL_SECONDS):
                pass
        except KeyboardInterrupt:
            pass
        finally:
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)
    print("The lab has ended.", file=err)
    return 0


def _tell(lab: Lab, out: TextIO, err: TextIO) -> None:
    """Print what another terminal needs; the secrets are made for this run and open nothing else."""
    for name, value in lab.env.items():
        print(f"export {name}={shlex.quote(value)}", file=out)
    print(Invocation(str(lab.profile)).inline("permissions"), file=out)
    out.flush()
    for name, url in lab.ready["endpoints"].items():
        print(f"{name:<9} {url}", file=err)
    print(f"{'CA':<9} {lab.ca_file}", file=err)
    print(
        f"{'module':<9} {lab.ready['module_path']} (for {MODULE_PATH}, with {READY_FILE}: a real PowerShell)", file=err
    )
    print("The lab is ready. Paste the lines above into another terminal; Ctrl-C ends it.", file=err)
    err.flush()


@contextmanager
def _until_signalled(ending: threading.Event) -> Iterator[None]:
    """Let SIGTERM end the lab as Ctrl-C does; signals can only be caught in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
