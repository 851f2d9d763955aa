"""A minimal out-of-process client: pypsrp's own RunspacePool over the stdio of a `pwsh -ServerMode` or its stand-in.

It exists so that the stand-in and the real engine can be driven by the same unmodified RunspacePool and PowerShell
objects; the product's own local transport is elsewhere and is not used here.
"""

from __future__ import annotations

import base64
import queue
import subprocess
import threading
import xml.etree.ElementTree as ET
from typing import Any

from pypsrp.exceptions import WSManFaultError
from pypsrp.shell import SignalCode
from pypsrp.wsman import NAMESPACES, WSMan, WSManAction

POOL = "00000000-0000-0000-0000-000000000000"
RSP = NAMESPACES["rsp"]
OPERATION_TIMED_OUT = 2150858793


class StdioWSMan(WSMan):
    """Maps the WSMan verbs that RunspacePool uses to out-of-process packets of one child process."""

    def __init__(self, argv: list[str], timeout: float = 30.0) -> None:
        super().__init__("localhost", ssl=False, auth="basic", encryption="never", username="u", password="p")
        self.max_payload_size = 32768
        self.timeout = timeout
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        self.noise: list[str] = []
        self.data: dict[str, queue.Queue[bytes | None]] = {}
        self.acks: queue.Queue[tuple[str, str]] = queue.Queue()
        self.lock = threading.RLock()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in iter(self.process.stdout.readline, b""):
            if not line.startswith(b"<"):
                self.noise.append(line.decode(errors="replace"))
                continue
            packet = ET.fromstring(line)
            if packet.tag == "Data":
                self._queue(packet.attrib["PSGuid"]).put(base64.b64decode(packet.text or ""))
            else:
                self.acks.put((packet.tag, packet.attrib["PSGuid"].lower()))
        for pending in self.data.values():
            pending.put(None)

    def _queue(self, guid: str) -> queue.Queue[bytes | None]:
        with self.lock:
            return self.data.setdefault(guid.lower(), queue.Queue())

    def write(self, tag: str, guid: str, text: str | None = None) -> None:
        assert self.process.stdin is not None
        stream = " Stream='Default'" if tag == "Data" else ""
        line = f"<{tag}{stream} PSGuid='{guid.lower()}'"
        line += f">{text}</{tag}>" if text is not None else " />"
        with self.lock:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()

    def expect(self, tag: str, guid: str) -> None:
        got = self.acks.get(timeout=self.timeout)
        assert got == (tag, guid.lower()), f"expected {tag} {guid}, got {got}"

    def send_data(self, guid: str, text: str) -> None:
        self.write("Data", guid, text)
        self.expect("DataAck", guid)

    def invoke(  # noqa: PLR0917 - as pypsrp declares it
        self,
        action: str,
        resource_uri: str,
        resource: ET.Element | None,
        option_set: Any = None,
        selector_set: Any = None,
        timeout: int | None = None,
        *,
        retries_on_read_timeout: int = 0,
    ) -> ET.Element:
        envelope = ET.Element("Envelope")
        body = ET.SubElement(envelope, f"{{{NAMESPACES['s']}}}Body")
        if action == WSManAction.CREATE:
            assert resource is not None
            creation = resource.find("creationXml")
            if creation is None:
                creation = resource.find("{http://schemas.microsoft.com/powershell}creationXml")
            assert creation is not None
            assert creation.text
            self.send_data(POOL, creation.text)
        elif action == WSManAction.COMMAND:
            assert resource is not None
            guid = resource.attrib["CommandId"]
            self.write("Command", guid)
            self.expect("CommandAck", guid)
            self.send_data(guid, resource.findtext(f"{{{RSP}}}Arguments") or "")
            response = ET.SubElement(body, f"{{{RSP}}}CommandResponse")
            ET.SubElement(response, f"{{{RSP}}}CommandId").text = guid
        elif action == WSManAction.SEND:
            assert resource is not None
            stream = resource.find(f"{{{RSP}}}Stream")
            assert stream is not None
            self.send_data(stream.attrib.get("CommandId", POOL), stream.text or "")
        elif action == WSManAction.RECEIVE:
            assert resource is not None
            wanted = resource.find(f"{{{RSP}}}DesiredStream")
            assert wanted is not None
            self._receive_into(body, wanted.attrib.get("CommandId", POOL), timeout)
        elif action == WSManAction.SIGNAL:
            assert resource is not None
            guid = resource.attrib["CommandId"]
            stop = resource.findtext(f"{{{RSP}}}Code") == SignalCode.PS_CTRL_C
            self.write("Signal" if stop else "Close", guid)
            self.expect("SignalAck" if stop else "CloseAck", guid)
        elif action == WSManAction.DELETE:
            self.write("Close", POOL)
            self.expect("CloseAck", POOL)
        return envelope

    def _receive_into(self, body: ET.Element, guid: str, timeout: int | None) -> None:
        try:
            data = self._queue(guid).get(timeout=timeout or self.timeout)
        except queue.Empty:
            raise WSManFaultError(OPERATION_TIMED_OUT, None, "timed out", None, None, None) from None
        if data is None:
            raise ConnectionError("the child ended")
        response = ET.SubElement(body, f"{{{RSP}}}ReceiveResponse")
        ET.SubElement(response, f"{{{RSP}}}Stream", Name="stdout").text = base64.b64encode(data).decode()

    def close(self) -> None:
        super().close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(timeout=5)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
