"""Ends a child, and everything it started, when this process is gone: also after SIGKILL, which nobody can catch.

On POSIX a small shell of its own session holds the read end of a pipe and kills the child's process group when the pipe
ends: Linux and macOS alike (a parent-death signal follows a thread, and macOS has none). On Windows a job object that
kills what is in it when its last handle is closed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import Any, Protocol

_WATCH = 'read -r _; kill -s KILL -- "-$1"'
_SHELL = "/bin/sh"
_SECONDS = 2.0


class Leash(Protocol):
    """What holds a child and its descendants."""

    def kill(self) -> None:
        """End everything that the child started and that is still there."""
        ...

    def release(self) -> None:
        """Let go of an ended child; `kill` does nothing any more. Never raises."""
        ...


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
    _KILL_ON_JOB_CLOSE = 0x2000

    class _Limits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION (winnt.h)."""

        _fields_ = (
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    class _Job:
        """A job object; best effort, since a child that may not be put into one still works."""

        def __init__(self, process: subprocess.Popen[bytes]) -> None:
            self._kernel = kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel.CreateJobObjectW.restype = wintypes.HANDLE
            kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
            kernel.SetInformationJobObject.argtypes = (
                wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD,
            )  # fmt: skip
            kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
            kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
            kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
            self._handle = kernel.CreateJobObjectW(None, None)
            limits = _Limits(LimitFlags=_KILL_ON_JOB_CLOSE)
            kernel.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
            started: Any = process  # Popen shows its handle nowhere else
            kernel.AssignProcessToJobObject(self._handle, int(started._handle))  # noqa: SLF001

        def kill(self) -> None:
            if self._handle:
                self._kernel.TerminateJobObject(self._handle, 1)

        def release(self) -> None:
            handle, self._handle = self._handle, None
            if handle:
                self._kernel.CloseHandle(handle)

    def leash(process: subprocess.Popen[bytes]) -> Leash:
        """Hold a child that was just started."""
        return _Job(process)

else:

    class _Watcher:
        """The shell that waits for the end of this process; best effort, as a child without one still works."""

        def __init__(self, process: subprocess.Popen[bytes]) -> None:
            self._group: int | None = process.pid
            self._watcher: subprocess.Popen[bytes] | None = None
            with contextlib.suppress(OSError):
                self._watcher = subprocess.Popen(
                    (_SHELL, "-c", _WATCH, "diag-watcher", str(self._group)),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    start_new_session=True,
                )

        def kill(self) -> None:
            group = self._group
            if group is not None:
                with contextlib.suppress(OSError):
                    os.killpg(group, signal.SIGKILL)

        def release(self) -> None:
            """End the watcher before the pipe; the group's number may be somebody else's from now on."""
            self._group = None
            watcher, self._watcher = self._watcher, None
            if watcher is None:
                return
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                watcher.kill()
                watcher.wait(_SECONDS)
            with contextlib.suppress(OSError):
                if watcher.stdin is not None:
                    watcher.stdin.close()

    def leash(process: subprocess.Popen[bytes]) -> Leash:
        """Hold a child that was just started and leads a process group of its own."""
        return _Watcher(process)
