"""Passes the PSRP of a WSMan client to a real `pwsh -ServerMode` child: WSMan on one side, stdio packets on the other.

So pypsrp's own WSMan meets a real engine without Windows.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence

from diagnostics.lab.powershell.outofproc import BadPacket, Packet, pack, parse
from diagnostics.lab.powershell.pool import Outbox

LOG = logging.getLogger(__name__)
ACK_SECONDS = 30.0
END_SECONDS = 5.0
PIPELINE_STATE = 0x00041006
HEADER = 21
"""Bytes of a fragment's header: object id, fragment id, start and end flags, length (MS-PSRP 2.2.4)."""

START, END = 0x1, 0x2


class RelayedShell:
    """One child process as the shell of one WSMan client.

    It looks into the fragments only as far as needed to know that a pipeline has ended: the message type of
    PIPELINE_STATE, which is always a pipeline's last.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.outboxes: dict[uuid.UUID | None, Outbox] = {None: Outbox()}
        self.closed = False
        self._acks: dict[tuple[str, uuid.UUID | None], int] = defaultdict(int)
        self._watches: dict[uuid.UUID, EndWatch] = defaultdict(EndWatch)
        self._write_lock = threading.Lock()
        self._child = subprocess.Popen(
            list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self._reader = threading.Thread(target=self._read, daemon=True, name="relay")
        self._reader.start()

    def receive(self, data: bytes, pipeline_id: uuid.UUID | None = None) -> None:
        """Pass fragments on."""
        self._ask(pack("Data", pipeline_id, data), "DataAck", pipeline_id)

    def create_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Announce a pipeline."""
        with self.changed:
            self.outboxes[pipeline_id] = Outbox()
        self._ask(pack("Command", pipeline_id), "CommandAck", pipeline_id)

    def stop_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Stop a pipeline."""
        self._ask(pack("Signal", pipeline_id), "SignalAck", pipeline_id)

    def close_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Forget a pipeline."""
        self._ask(pack("Close", pipeline_id), "CloseAck", pipeline_id)
        with self.changed:
            self.outboxes.pop(pipeline_id, None)

    def close(self) -> None:
        """Close the pool, and end the child whether it answers or not."""
        with contextlib.suppress(OSError, ValueError):
            self._ask(pack("Close", None), "CloseAck", None, END_SECONDS)
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(END_SECONDS)
        self._child.stdout.close()

    def _ask(self, line: bytes, ack: str, target: uuid.UUID | None, seconds: float = ACK_SECONDS) -> None:
        """Write one packet and wait for its acknowledgement; a dead child ends the wait."""
        assert self._child.stdin is not None
        with self._write_lock, contextlib.suppress(OSError, ValueError):
            self._child.stdin.write(line)
        with self.changed:
            arrived = self.changed.wait_for(lambda: self._acks[ack, target] > 0 or self.closed, seconds)
            if arrived and self._acks[ack, target] > 0:
                self._acks[ack, target] -= 1

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in iter(self._child.stdout.readline, b""):
            try:
                packet = parse(line)
            except BadPacket as bad:
                LOG.warning("the child wrote something that is no packet: %s", bad)
                continue
            with self.changed:
                self._take(packet)
                self.changed.notify_all()
        with self.changed:
            self.closed = True
            for outbox in self.outboxes.values():
                outbox.finished = True
            self.changed.notify_all()

    def _take(self, packet: Packet) -> None:
        if packet.name != "Data":
            self._acks[packet.name, packet.target] += 1
            return
        outbox = self.outboxes.setdefault(packet.target, Outbox())
        outbox.put(packet.data)
        if packet.target is not None and self._watches[packet.target].ends(packet.data):
            outbox.finished = True
            del self._watches[packet.target]


class EndWatch:
    """Looks for the end of a pipeline's last message, PIPELINE_STATE, among its fragments."""

    def __init__(self) -> None:
        self._object_id: bytes | None = None

    def ends(self, data: bytes) -> bool:
        """Take fragments (whole ones) and say whether the last message is complete with them."""
        offset = 0
        while offset + HEADER <= len(data):
            flags = data[offset + 16]
            length = int.from_bytes(data[offset + 17 : offset + HEADER], "big")
            kind = int.from_bytes(data[offset + HEADER + 4 : offset + HEADER + 8], "little")
            if flags & START and kind == PIPELINE_STATE:
                self._object_id = data[offset : offset + 8]
            if flags & END and self._object_id == data[offset : offset + 8]:
                return True
            offset += HEADER + length
        return False
