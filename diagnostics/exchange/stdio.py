"""pypsrp over the standard streams of a child: a WSMan whose verbs become out-of-process packets.

pypsrp ships WSMan only, but every verb that its RunspacePool and PowerShell use passes through `WSMan.invoke`. Create,
Command, Send, Receive, Signal and Delete become `<Data>`, `<Command>`, `<Signal>` and `<Close>` (MS-PSRP; psrpcore
docs/transport.md). It leans on pypsrp's internals, so pypsrp is pinned and this seam is tested.
"""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from abc import abstractmethod
from typing import Any

from pypsrp.shell import SignalCode
from pypsrp.wsman import NAMESPACES, WSManAction

from diagnostics.exchange.child import Child
from diagnostics.exchange.options import ChildCommand
from diagnostics.exchange.pipelines import Connection
from diagnostics.exchange.psrp import Channel, PsrpShell
from diagnostics.exchange.waiting import ChannelBroken, Deadline

_POOL = "00000000-0000-0000-0000-000000000000"
_S, _RSP = NAMESPACES["s"], NAMESPACES["rsp"]
_FRAGMENT = 32768
"""Bytes of PSRP in one packet, as PowerShell's own client cuts them."""


class StdioWSMan(Connection):
    """Maps WSMan's verbs to packets of one child; every wait ends at `deadline` or when the child does."""

    def __init__(self, child: Child, deadline: Deadline) -> None:
        super().__init__("localhost", ssl=True, auth="basic", username="-", password="")
        self.max_payload_size = _FRAGMENT
        self.max_envelope_size = _FRAGMENT  # any value but pypsrp's default, which it would raise to 500 KiB
        self.deadline = deadline
        self._child = child
        self._verbs = {
            WSManAction.CREATE: self._create,
            WSManAction.COMMAND: self._command,
            WSManAction.SEND: self._send,
            WSManAction.RECEIVE: self._receive,
            WSManAction.SIGNAL: self._signal,
            WSManAction.DELETE: self._delete,
        }

    def invoke(
        self, action: str, resource_uri: str, resource: ET.Element | None, *arguments: Any, **keywords: Any
    ) -> ET.Element:
        """Carry out one verb. Raises ChannelBroken."""
        del resource_uri, arguments, keywords
        verb = self._verbs.get(action)
        if verb is None:
            raise ChannelBroken(f"PowerShell's standard streams have no {action.rpartition('/')[2]}")
        envelope = ET.Element(f"{{{_S}}}Envelope")
        verb(resource if resource is not None else ET.Element("none"), ET.SubElement(envelope, f"{{{_S}}}Body"))
        return envelope

    def words(self) -> str:
        """Return what the child said beside its packets."""
        return self._child.words()

    def close(self) -> None:
        """Nothing: the channel owns the child."""

    def _data(self, guid: str, text: str, stream: str = "Default") -> None:
        self._child.send("Data", guid, text, stream=stream)
        self._child.ack("DataAck", guid, self.deadline)

    def _create(self, resource: ET.Element, body: ET.Element) -> None:
        del body
        self._data(_POOL, resource.findtext("creationXml", ""))

    def _command(self, resource: ET.Element, body: ET.Element) -> None:
        guid = resource.attrib["CommandId"]
        self._child.send("Command", guid)
        self._child.ack("CommandAck", guid, self.deadline)
        self._data(guid, resource.findtext("rsp:Arguments", "", NAMESPACES))
        response = ET.SubElement(body, f"{{{_RSP}}}CommandResponse")
        ET.SubElement(response, f"{{{_RSP}}}CommandId").text = guid

    def _send(self, resource: ET.Element, body: ET.Element) -> None:
        del body
        for stream in resource.findall("rsp:Stream", NAMESPACES):
            kind = "PromptResponse" if stream.get("Name") == "pr" else "Default"
            self._data(stream.get("CommandId") or _POOL, stream.text or "", kind)

    def _receive(self, resource: ET.Element, body: ET.Element) -> None:
        desired = resource.find("rsp:DesiredStream", NAMESPACES)
        guid = desired.get("CommandId") if desired is not None else None
        response = ET.SubElement(body, f"{{{_RSP}}}ReceiveResponse")
        fragments = self._child.take(guid or _POOL, self.deadline)
        ET.SubElement(response, f"{{{_RSP}}}Stream", Name="stdout").text = base64.b64encode(fragments).decode()

    def _signal(self, resource: ET.Element, body: ET.Element) -> None:
        del body
        guid = resource.attrib["CommandId"]
        ends = resource.findtext("rsp:Code", "", NAMESPACES) == SignalCode.TERMINATE
        tag = "Close" if ends else "Signal"
        self._child.send(tag, guid)
        self._child.ack(f"{tag}Ack", guid, self.deadline)
        if ends:
            self._child.forget(guid)

    def _delete(self, resource: ET.Element, body: ET.Element) -> None:
        del resource, body
        self._child.send("Close", _POOL)
        self._child.ack("CloseAck", _POOL, self.deadline)


class ChildChannel(Channel):
    """A child process and the connection over its streams."""

    def __init__(self, child: Child, connection: StdioWSMan, what: str) -> None:
        super().__init__(connection)
        self.child = child
        self._what = what

    def describe(self) -> str:
        """Return what was started."""
        return self._what

    def close(self) -> None:
        """End the child and whatever it started."""
        self.child.close()


class ChildShell(PsrpShell):
    """A PsrpShell whose PowerShell is, or is reached by, a child process."""

    @abstractmethod
    def command(self) -> ChildCommand:
        """Return what to start; raises ShellUnavailable."""

    def _open_channel(self) -> Channel:
        command = self.command()
        child = Child(command)
        return ChildChannel(child, StdioWSMan(child, Deadline(self._connect_timeout)), command.words[0])
