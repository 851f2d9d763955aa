"""The packets of a PowerShell that is spoken to over stdio: one XML element per line.

`<Data Stream='Default' PSGuid='…'>base64</Data>` carries PSRP fragments (the pool's GUID is all zeros), `<Command/>`,
`<Signal/>` and `<Close/>` do what their names say; each is answered by its acknowledgement (psrpcore docs/transport.md).
"""

from __future__ import annotations

import base64
import binascii
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass

POOL = uuid.UUID(int=0)


class BadPacket(Exception):
    """A line that is no packet."""


@dataclass(frozen=True)
class Packet:
    """One packet; `target` is None for the pool."""

    name: str
    target: uuid.UUID | None
    data: bytes = b""
    stream: str = "Default"


def parse(line: bytes) -> Packet:
    """Read one line; raise BadPacket when it is not a packet."""
    try:
        element = ET.fromstring(line)  # noqa: S314 - the peer is a process that this one trusts or started
        target = uuid.UUID(element.attrib["PSGuid"])
        data = base64.b64decode(element.text or "", validate=True)
    except (ET.ParseError, KeyError, ValueError, binascii.Error) as error:
        raise BadPacket(line[:200].decode("utf-8", "replace")) from error
    return Packet(element.tag, None if target == POOL else target, data, element.get("Stream", "Default"))


def pack(name: str, target: uuid.UUID | None, data: bytes | None = None, stream: str = "Default") -> bytes:
    """Write one packet, with its line end."""
    guid = str(target or POOL)
    if data is None:
        return f"<{name} PSGuid='{guid}' />\n".encode()
    return f"<{name} Stream='{stream}' PSGuid='{guid}'>{base64.b64encode(data).decode()}</{name}>\n".encode()
