"""What psrpcore's server half leaves open: the spelling of a property, the text of records, and where fragments wait."""

from __future__ import annotations

from collections import deque
from typing import Any

from psrpcore import ServerRunspacePool, SetMaxRunspacesEvent, SetMinRunspacesEvent
from psrpcore.types import (
    DebugRecord,
    PSRPMessageType,
    PSVersion,
    VerboseRecord,
    WarningRecord,
    add_note_property,
)

from diagnostics.lab.powershell.session import HostProfile

Record = WarningRecord | VerboseRecord | DebugRecord
MESSAGE_TYPES = {
    WarningRecord: PSRPMessageType.WarningRecord,
    VerboseRecord: PSRPMessageType.VerboseRecord,
    DebugRecord: PSRPMessageType.DebugRecord,
}
"""The records that carry one text, and the message that each travels in."""


def record(kind: type[Record], text: str) -> Record:
    """Return a record whose string is its text, too, as PowerShell's is; psrpcore leaves that out."""
    made = kind(Message=text, InvocationInfo=None, PipelineIterationInfo=None)
    made.serialize_extended_info = False
    made.PSObject.to_string = text
    return made


def application_private_data(host: HostProfile) -> dict[str, Any]:
    """Return what a client learns of the host when it opens the pool: $PSVersionTable."""
    table = dict(host.version_table())
    for name in ("PSVersion", "PSRemotingProtocolVersion", "SerializationVersion", "WSManStackVersion"):
        table[name] = PSVersion(str(table[name]))
    return {"PSVersionTable": table}


class Pool(ServerRunspacePool):
    """psrpcore's server half, forgiving about the spelling of one property.

    pypsrp writes `CI` in SET_MAX_RUNSPACES and SET_MIN_RUNSPACES, as MS-PSRP does; psrpcore reads `ci`, and only so.
    """

    def _process_SetMaxRunspaces(self, event: SetMaxRunspacesEvent) -> None:  # noqa: N802 - psrpcore's name
        _spell_call_id(event)
        super()._process_SetMaxRunspaces(event)

    def _process_SetMinRunspaces(self, event: SetMinRunspacesEvent) -> None:  # noqa: N802 - psrpcore's name
        _spell_call_id(event)
        super()._process_SetMinRunspaces(event)


def _spell_call_id(event: SetMaxRunspacesEvent | SetMinRunspacesEvent) -> None:
    message = event._ps_object  # noqa: SLF001 - the event shows its message nowhere else
    if getattr(message, "ci", None) is None:
        add_note_property(message, "ci", message.CI)


class Outbox:
    """The fragments that wait for one target (the pool, or one pipeline), and whether more can come."""

    def __init__(self) -> None:
        self.fragments: deque[bytes] = deque()
        self.size = 0
        self.finished = False

    def put(self, data: bytes) -> None:
        """Add one fragment."""
        self.fragments.append(data)
        self.size += len(data)

    def take(self, limit: int | None) -> bytes:
        """Return as many whole fragments as fit into `limit` bytes, but at least one if there is one."""
        taken = bytearray()
        while self.fragments and (not taken or limit is None or len(taken) + len(self.fragments[0]) <= limit):
            taken += self.fragments.popleft()
        self.size -= len(taken)
        return bytes(taken)
