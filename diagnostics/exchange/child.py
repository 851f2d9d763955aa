"""A child process that speaks the out-of-process form of PSRP: one packet per line, each answered by an ack.

It can die, print a banner or garbage, or say nothing at all: every wait has an end and tells which of these it was,
with what the child wrote to its error stream.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import IO

from diagnostics.exchange.options import ChildCommand
from diagnostics.exchange.port import ErrorKind
from diagnostics.exchange.surroundings import environment
from diagnostics.exchange.waiting import ChannelBroken, ChannelTimedOut, Deadline
from diagnostics.redaction import Tail, safe

_PACKET = re.compile(
    rb"""<(?P<tag>Data|DataAck|CommandAck|SignalAck|CloseAck|Command|Signal|Close)\b"""
    rb"""(?:\s+Stream=['"]\w*['"])?\s+PSGuid=['"](?P<guid>[0-9A-Fa-f-]{36})['"]\s*"""
    rb"""(?:/>|>(?P<text>[A-Za-z0-9+/=\s]*)</(?P=tag)>)\s*"""
)
_CHUNK = 65536
_LONGEST_LINE = 64 * 1024 * 1024
_EXIT_SECONDS = 2.0
_ENDED = "ended"
_WINDOWS = sys.platform == "win32"


class Child:
    """The process and the three threads that keep its streams moving; `write` never blocks, `wait` always ends."""

    def __init__(self, command: ChildCommand) -> None:
        self.name = os.path.basename(command.words[0])  # noqa: PTH119 - a Windows path may be read elsewhere too
        self._changed = threading.Condition()
        self._data: dict[bytes, deque[bytes]] = {}
        self._acks: Counter[tuple[bytes, bytes]] = Counter()
        self._said = Tail()
        self._noise = Tail()
        self._over = ""
        self._answered = False
        self._hopeless = False  # nothing was ever answered in time: not worth a wait at the end
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._process = _started(command)
        self._threads = [
            threading.Thread(target=work, daemon=True, name=f"{self.name} {name}")
            for name, work in (("stdout", self._read), ("stderr", self._listen), ("stdin", self._feed))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, tag: str, guid: str, text: str | None = None, *, stream: str = "Default") -> None:
        """Hand one packet to the writer."""
        about = f" Stream='{stream}'" if text is not None else ""
        end = " />" if text is None else f">{text}</{tag}>"
        self._outgoing.put(f"<{tag}{about} PSGuid='{guid.lower()}'{end}\n".encode())

    def ack(self, tag: str, guid: str, deadline: Deadline) -> None:
        """Wait for the ack of this kind for this id; acks of parallel pipelines come in any order."""
        key = (tag.encode(), guid.lower().encode())
        self._wait(lambda: self._acks[key] > 0, deadline)
        with self._changed:
            self._acks[key] -= 1

    def take(self, guid: str, deadline: Deadline) -> bytes:
        """Wait for data for this id and return its base64 texts, one after the other in one list joined by blanks."""
        key = guid.lower().encode()
        self._wait(lambda: bool(self._data.get(key)), deadline)
        with self._changed:
            return b" ".join(self._data.pop(key))

    def forget(self, guid: str) -> None:
        """Drop what has come for an id that is closed."""
        with self._changed:
            self._data.pop(guid.lower().encode(), None)

    def _wait(self, ready: Callable[[], bool], deadline: Deadline) -> None:
        with self._changed:
            while not ready():
                if self._over:
                    break
                left = deadline.remaining()
                if left <= 0:
                    self._hopeless = not self._answered
                    raise ChannelTimedOut(f"{self.name} did not answer within {deadline.seconds:g} s{self._words()}")
                self._changed.wait(left)
            else:
                return
        raise ChannelBroken(self._obituary())

    def _obituary(self) -> str:
        """Say how the child ended; its error stream may still be on its way."""
        if self._over == _ENDED:
            self._threads[1].join(_EXIT_SECONDS)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_SECONDS)
        code = self._process.returncode
        how = "" if code is None else f" (signal {-code})" if code < 0 else f" (exit code {code})"
        return f"{self.name} {self._over}{how}{self._words()}"

    def _words(self) -> str:
        parts = [("it wrote", self._said.text()), ("it printed", self._noise.text())]
        return "".join(f"; {what}: {words}" for what, words in parts if words)

    def _read(self) -> None:
        reason = _ENDED
        try:
            assert self._process.stdout is not None
            waiting = b""
            while chunk := os.read(self._process.stdout.fileno(), _CHUNK):
                *lines, waiting = (waiting + chunk).split(b"\n")
                self._sort(lines)
                if len(waiting) > _LONGEST_LINE:
                    reason = "sent a line without an end"
                    break
            self._noise.add(b"" if waiting.startswith(b"<") else waiting)
        except _GarbageError as garbage:
            reason = str(garbage)
        except (OSError, ValueError):
            pass
        with self._changed:
            self._hopeless = self._hopeless or reason != _ENDED
            self._over = self._over or reason
            self._changed.notify_all()

    def _sort(self, lines: list[bytes]) -> None:
        with self._changed:
            for line in lines:
                packet = _PACKET.fullmatch(line)
                if packet is None:
                    self._odd(line)
                    continue
                self._answered = True
                if packet["tag"] == b"Data":
                    self._data.setdefault(packet["guid"].lower(), deque()).append(packet["text"] or b"")
                else:
                    self._acks[packet["tag"], packet["guid"].lower()] += 1
            self._changed.notify_all()

    def _odd(self, line: bytes) -> None:
        """Keep a line that is no packet; one that looks like markup means that this is not PowerShell's server."""
        if line.strip():
            self._noise.add(line + b"\n")
        if line.lstrip().startswith(b"<"):
            raise _GarbageError("sent something that is not PowerShell remoting")

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stderr is not None
            while chunk := os.read(self._process.stderr.fileno(), _CHUNK):
                self._said.add(chunk)

    def _feed(self) -> None:
        stream: IO[bytes] | None = self._process.stdin
        with contextlib.suppress(OSError, ValueError):
            assert stream is not None
            while (line := self._outgoing.get()) is not None:
                stream.write(line)
                stream.flush()
        with contextlib.suppress(OSError, ValueError):
            assert stream is not None
            stream.close()

    def close(self) -> None:
        """End the process, kindly first, and everything it started; returns when it is gone."""
        self._outgoing.put(None)
        for end in (self._terminate, self._kill) if self._hopeless else (None, self._terminate, self._kill):
            if end is not None:
                end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_SECONDS)
                break
        self._kill_group()
        for thread in self._threads:
            thread.join(_EXIT_SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def _terminate(self) -> None:
        with contextlib.suppress(OSError):
            self._process.terminate()

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        self._kill_group()

    def _kill_group(self) -> None:
        """End what the child may have left in its own session, such as a helper of ssh's."""
        if not _WINDOWS:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)


class _GarbageError(Exception):
    """What came is not the protocol."""


def _started(command: ChildCommand) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, so that Ctrl-C reaches it only through the protocol."""
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        return subprocess.Popen(
            command.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment(command, os.environ),
            start_new_session=not _WINDOWS,
            creationflags=flags,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ChannelBroken(
            f"{safe(command.words[0])} cannot be started: {safe(reason)}", kind=ErrorKind.CONNECTION
        ) from error
