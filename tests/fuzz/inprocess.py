"""The lab's PowerShell in this process instead of a child, whose messages may be damaged before pypsrp reads them."""

from __future__ import annotations

import base64
import struct
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from diagnostics.exchange.pipelines import Connection, Pipelines, open_pool
from diagnostics.exchange.stdio import StdioWSMan
from diagnostics.exchange.waiting import ChannelTimedOut, Deadline
from diagnostics.lab.powershell.remote import open_shell
from diagnostics.lab.powershell.runspace import ServerRunspace

_POOL = "00000000-0000-0000-0000-000000000000"
_HEADER = struct.Struct(">QQBI")
_WHOLE = 3  # start and end: a message in one fragment
_MESSAGE = 40  # bytes of a message's own header, before its XML


class DamagedChild:
    """Speaks as `Child` does. `damage` is given the XML of each message of a pipeline, and returns what arrives."""

    def __init__(self) -> None:
        self.shell: ServerRunspace = open_shell(None)
        self.damage: Callable[[bytes], bytes] = bytes

    def send(self, tag: str, guid: str, text: str | None = None, *, stream: str = "Default") -> None:
        del stream
        target = None if guid == _POOL else uuid.UUID(guid)
        if tag == "Data":
            self.shell.receive(base64.b64decode(text or ""), target)
        elif tag == "Command" and target is not None:
            self.shell.create_pipeline(target)
        elif tag == "Signal" and target is not None:
            self.shell.stop_pipeline(target)
        elif target is not None:
            self.shell.close_pipeline(target)

    def ack(self, tag: str, guid: str, deadline: Deadline) -> None:
        """Nothing to wait for."""

    def take(self, guid: str, deadline: Deadline) -> bytes:
        target = None if guid == _POOL else uuid.UUID(guid)
        with self.shell.changed:
            box = self.shell.outboxes.get(target)
            ready = self.shell.changed.wait_for(lambda: box and box.fragments, max(deadline.remaining(), 0))
            if not ready or box is None:
                raise ChannelTimedOut("nothing came")
            fragments = b"".join(box.fragments)
            box.fragments.clear()
        return fragments if target is None else b"".join(self._damaged(fragments))

    def _damaged(self, fragments: bytes) -> Iterator[bytes]:
        place = 0
        while place < len(fragments):
            number, part, flags, length = _HEADER.unpack_from(fragments, place)
            place += _HEADER.size
            blob = fragments[place : place + length]
            place += length
            if flags == _WHOLE:
                blob = blob[:_MESSAGE] + self.damage(blob[_MESSAGE:])
            yield _HEADER.pack(number, part, flags, len(blob)) + blob

    def forget(self, guid: str) -> None:
        """Nothing is kept."""

    def words(self) -> str:
        return ""


@contextmanager
def pipelines() -> Iterator[tuple[Pipelines, DamagedChild]]:
    """Open a pool on the lab's PowerShell of this process."""
    child = DamagedChild()
    connection = cast("Connection", StdioWSMan(cast("Any", child), Deadline(10)))
    pool = open_pool(connection, "Microsoft.PowerShell")
    try:
        yield Pipelines(pool, connection), child
    finally:
        child.shell.close()
