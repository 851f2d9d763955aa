"""A child process that speaks the out-of-process form of PSRP: one packet per line, each answered by an ack.

It can die, print a banner or garbage, or say nothing at all: every wait has an end and tells which of these it was,
with what the child wrote to its error stream.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue
from typing import IO

from diagnostics.exchange.fragments import Continuity
from diagnostics.exchange.leash import leash
from diagnostics.exchange.options import ChildCommand
from diagnostics.exchange.packets import NotPackets, PacketReader
from diagnostics.exchange.port import ErrorKind
from diagnostics.exchange.surroundings import environment
from diagnostics.exchange.waiting import ChannelBroken, ChannelTimedOut, Deadline
from diagnostics.redaction import Tail, safe

_CHUNK = 65536
_MOST_WAITING = 16 * 1024 * 1024
"""Bytes that were read and that nobody has taken yet; a child that sends more has to wait."""
_EXIT_SECONDS = 2.0
_DRAIN_SECONDS = 1.0
_LATE_SECONDS = 1.0
"""How much later a message may come than one that was numbered after it: threads of one process wrote them."""
_ENDED = "ended"
_LOST = "lost a part of an answer: {}"
_WINDOWS = sys.platform == "win32"


class Child:
    """The process and the threads that keep its streams moving; `write` never blocks, `wait` always ends."""

    def __init__(self, command: ChildCommand) -> None:
        self.name = os.path.basename(command.words[0])  # noqa: PTH119 - a Windows path may be read elsewhere too
        self._changed = threading.Condition()
        self._data: dict[str, list[bytes]] = {}
        self._waiting = 0
        self._ack_wanted = False
        self._acks: Counter[tuple[str, str]] = Counter()
        self._packets = PacketReader()
        self._continuity = Continuity(whole=True)
        self._said = Tail()
        self._over = ""
        self._answered = False
        self._late = False
        self._hopeless = False  # never answered, or nothing twice in a row: not worth a wait at the end
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._process = _started(command)
        self._leash = leash(self._process)
        self._stdout, self._stderr, *_ = self._threads = [
            threading.Thread(target=work, daemon=True, name=f"{self.name} {name}")
            for name, work in (
                ("stdout", self._read),
                ("stderr", self._listen),
                ("stdin", self._feed),
                ("end", self._await_end),
            )
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
        key = (tag, guid.lower())
        with self._changed:
            self._ack_wanted = True  # it may stand behind any amount of data
            self._changed.notify_all()
        try:
            self._wait(lambda: self._acks[key] > 0, deadline)
        finally:
            self._ack_wanted = False
        with self._changed:
            self._acks[key] -= 1

    def take(self, guid: str, deadline: Deadline) -> bytes:
        """Wait for data for this id and return all PSRP fragments that have come for it.

        Nothing is handed out while an earlier message is missing: it belongs to this answer or to another one.
        """
        key = guid.lower()
        self._wait(lambda: bool(self._data.get(key)), deadline)
        with self._changed:
            if self._changed.wait_for(lambda: not self._continuity.missing, _LATE_SECONDS):
                data = b"".join(self._data.pop(key))
                self._waiting -= len(data)
                self._changed.notify_all()
                return data
        self._finish(_LOST.format(self._continuity.lost().message))
        raise ChannelBroken(self._obituary())

    def forget(self, guid: str) -> None:
        """Drop what has come for an id that is closed."""
        with self._changed:
            self._waiting -= sum(map(len, self._data.pop(guid.lower(), ())))
            self._changed.notify_all()
            self._continuity.forget(guid.lower())

    def _wait(self, ready: Callable[[], bool], deadline: Deadline) -> None:
        with self._changed:
            while not ready():
                if self._over:
                    break
                left = deadline.remaining()
                if left <= 0:
                    self._hopeless = self._late or not self._answered
                    self._late = True
                    raise ChannelTimedOut(f"{self.name} did not answer within {deadline.seconds:g} s{self.words()}")
                self._changed.wait(left)
            else:
                return
        raise ChannelBroken(self._obituary())

    def _obituary(self) -> str:
        """Say how the child ended; its error stream may still be on its way."""
        if self._over == _ENDED:
            self._stderr.join(_EXIT_SECONDS)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_SECONDS)
        code = self._process.returncode
        how = "" if code is None else f" (signal {-code})" if code < 0 else f" (exit code {code})"
        return f"{self.name} {self._over}{how}{self.words()}"

    def words(self) -> str:
        """Return what the child said beside its packets, to be added to an error; empty when it said nothing."""
        parts = [("it wrote", self._said.text()), ("it printed", self._packets.noise.text())]
        return "".join(f"; {what}: {words}" for what, words in parts if words)

    def _read(self) -> None:
        reason = _ENDED
        try:
            assert self._process.stdout is not None
            while chunk := os.read(self._process.stdout.fileno(), _CHUNK):
                with self._changed:
                    self._sort(chunk)
            self._packets.end()
        except NotPackets as odd:
            reason = str(odd)
        except ChannelBroken as gap:
            reason = _LOST.format(gap.message)
        except (OSError, ValueError):
            pass
        self._finish(reason)

    def _sort(self, chunk: bytes) -> None:
        try:
            for packet in self._packets.feed(chunk):
                self._answered, self._late = True, False
                if packet.tag != "Data":
                    self._acks[packet.tag, packet.guid] += 1
                    continue
                self._continuity.take(packet.guid, packet.data)
                self._data.setdefault(packet.guid, []).append(packet.data)
                self._waiting += len(packet.data)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting < _MOST_WAITING or self._ack_wanted or bool(self._over))
        finally:
            self._changed.notify_all()

    def _finish(self, reason: str) -> None:
        with self._changed:
            self._hopeless = self._hopeless or reason != _ENDED
            self._over = self._over or reason
            self._changed.notify_all()

    def _await_end(self) -> None:
        """Notice the child's end by itself: something that it started may hold its streams open for ever."""
        self._process.wait()
        self._leash.kill()
        self._leash.release()
        self._stdout.join(_DRAIN_SECONDS)
        self._finish(_ENDED)

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
                rest = memoryview(line)
                while rest:  # a signal may cut a write short
                    rest = rest[stream.write(rest) :]
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
        self._leash.kill()
        for thread in self._threads:
            thread.join(_EXIT_SECONDS)
        self._leash.release()
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
        self._leash.kill()


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
