"""A WinRM endpoint on loopback: HTTPS, Basic authentication, WSMan, and PSRP behind it.

The real pypsrp talks to it unchanged. A Receive waits for output until its OperationTimeout, gathers what comes close
together, and says Done in the same answer as the last of it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ssl
import struct
import threading
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Protocol

from psrpcore import PSRPCoreError

from diagnostics.lab.faults import EndpointFaults
from diagnostics.lab.https import HttpsEndpoint, Request, Response
from diagnostics.lab.powershell import wsman
from diagnostics.lab.powershell.pool import Outbox
from diagnostics.lab.powershell.runspace import ServerRunspace
from diagnostics.lab.powershell.session import HostProfile, RunspaceState
from diagnostics.lab.powershell.wsman import Fault, SoapRequest
from diagnostics.lab.state import World
from diagnostics.lab.tokens import TokenAuthority

MAX_ENVELOPE_KB = 500
"""MaxEnvelopeSizekb of a Windows Server since 2012."""

GATHER_SECONDS = 0.5
"""How long a Receive that has something waits for the rest, so that a short pipeline takes one answer."""

CONFIGURATIONS = frozenset({"microsoft.powershell", "powershell.7"})
SOAP_TYPE = "application/soap+xml;charset=UTF-8"
POWERSHELL = "http://schemas.microsoft.com/powershell/"


class Shell(Protocol):
    """What the endpoint needs of a shell: a pool in this process, or one in a child that is relayed."""

    changed: threading.Condition
    outboxes: dict[uuid.UUID | None, Outbox]
    closed: bool

    def receive(self, data: bytes, pipeline_id: uuid.UUID | None = None) -> None:
        """Take fragments."""

    def create_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Make a pipeline."""

    def stop_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Stop a pipeline."""

    def close_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Forget a pipeline."""

    def close(self) -> None:
        """Close the pool."""


class WinRmEndpoint(HttpsEndpoint):
    """The endpoint. `relay` is the command line of a real `pwsh -ServerMode`, to which fragments are then passed.

    `host` is the PowerShell that it pretends to be. Faults are those of `world.faults.winrm` unless given.
    """

    def __init__(
        self,
        world: World,
        tokens: TokenAuthority,
        tls_context: ssl.SSLContext,
        *,
        username: str,
        password: str,
        host: HostProfile | None = None,
        relay: Sequence[str] | None = None,
        faults: EndpointFaults | None = None,
    ) -> None:
        super().__init__(tls_context, faults=faults or world.faults.winrm)
        self.world = world
        self.tokens = tokens
        self.host = host or HostProfile()
        self.username = username
        self._password = password
        self._relay = list(relay) if relay is not None else None
        self._shells: dict[uuid.UUID, Shell] = {}
        self._shells_lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address to give to a WinRM client."""
        return f"{super().url}/wsman"

    @property
    def requests(self) -> int:
        """How many HTTP requests came."""
        return self.faults.requests

    @property
    def shells(self) -> int:
        """How many shells are open."""
        return len(self._shells)

    def close(self) -> None:
        """Close every shell and the listener."""
        with self._shells_lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.close()
        super().close()

    def handle(self, request: Request) -> Response:
        """Answer one WSMan request."""
        if not self._authenticated(request):
            return Response(401, b"", {"WWW-Authenticate": 'Basic realm="WSMAN"'})
        if request.path.rstrip("/").lower() != "/wsman" or request.method != "POST":
            return Response(404, b"", {})
        message_id = ""
        try:
            soap = wsman.parse(request.body)
            message_id = soap.message_id
            return Response(200, self._dispatch(soap), {"Content-Type": SOAP_TYPE})
        except Fault as raised:
            return Response(500, wsman.fault(raised, message_id), {"Content-Type": SOAP_TYPE})

    def _authenticated(self, request: Request) -> bool:
        scheme, _, value = (request.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{self.username}:{self._password}".encode())

    def _dispatch(self, soap: SoapRequest) -> bytes:
        if soap.action == "Create":
            return self._create(soap)
        if soap.action == "Get" and soap.resource_uri.rstrip("/").endswith("/config"):
            return wsman.answer(soap, wsman.config(MAX_ENVELOPE_KB))
        if not soap.action:
            raise Fault(
                wsman.UNSUPPORTED_ACTION,
                f"This simulated WinRM does not do {soap.action_uri}.",
                subcode="wsa:ActionNotSupported",
                receiver=False,
            )
        shell = self._shells.get(soap.shell_id) if soap.shell_id is not None else None
        if shell is None or soap.shell_id is None:
            raise wsman.shell_not_found()
        if soap.action == "Delete":
            with self._shells_lock:
                self._shells.pop(soap.shell_id, None)
            shell.close()
            return wsman.answer(soap, None)
        if soap.action == "Get":
            return wsman.answer(soap, _shell_state(soap))
        return getattr(self, f"_{soap.action.lower()}")(soap, shell)  # type: ignore[no-any-return]

    def _create(self, soap: SoapRequest) -> bytes:
        name = soap.resource_uri.removeprefix(POWERSHELL)
        if name == soap.resource_uri or name.casefold() not in CONFIGURATIONS:
            raise Fault(
                wsman.UNKNOWN_RESOURCE_URI,
                f"The WS-Management service cannot process the request. The resource URI ({soap.resource_uri}) was not "
                "found in the WS-Management catalog. The catalog contains the metadata that describes resources, or "
                "logical endpoints.",
                subcode="wsa:DestinationUnreachable",
                receiver=False,
            )
        creation = soap.find("rsp:Shell/pwsh:creationXml")
        requested = soap.find("rsp:Shell")
        if creation is None or requested is None:
            raise Fault(wsman.INVALID_REQUEST, "The request to create a shell has no creationXml.", receiver=False)
        shell_id = wsman.guid(requested.get("ShellId")) or uuid.uuid4()
        shell = self._new_shell()
        with self._shells_lock:
            self._shells[shell_id] = shell
        _feed(shell, creation.text, None)
        return wsman.created_answer(soap, wsman.created(soap, shell_id, self.username, "127.0.0.1"))

    def _new_shell(self) -> Shell:
        if self._relay is not None:
            from diagnostics.lab.powershell.relay import RelayedShell  # noqa: PLC0415 - only where a pwsh is relayed

            return RelayedShell(self._relay)
        return ServerRunspace(lambda: RunspaceState(self.world, self.tokens, self.host), self.host)

    def _command(self, soap: SoapRequest, shell: Shell) -> bytes:
        line = soap.find("rsp:CommandLine")
        if line is None:
            raise Fault(wsman.INVALID_REQUEST, "The request has no CommandLine.", receiver=False)
        pipeline_id = wsman.guid(line.get("CommandId")) or uuid.uuid4()
        shell.create_pipeline(pipeline_id)
        _feed(shell, line.findtext("rsp:Arguments", "", wsman.NS), pipeline_id)
        response = ET.Element(wsman.tag("rsp:CommandResponse"))
        wsman.element(response, "rsp:CommandId", str(pipeline_id).upper())
        return wsman.answer(soap, response)

    def _send(self, soap: SoapRequest, shell: Shell) -> bytes:
        for stream in soap.body.findall("rsp:Send/rsp:Stream", wsman.NS):
            _feed(shell, stream.text, wsman.guid(stream.get("CommandId")))
        return wsman.answer(soap, ET.Element(wsman.tag("rsp:SendResponse")))

    def _signal(self, soap: SoapRequest, shell: Shell) -> bytes:
        signal = soap.find("rsp:Signal")
        pipeline_id = wsman.guid(signal.get("CommandId")) if signal is not None else None
        if pipeline_id is not None:
            if soap.text("rsp:Signal/rsp:Code").endswith("Terminate"):
                shell.close_pipeline(pipeline_id)
            else:
                shell.stop_pipeline(pipeline_id)
        return wsman.answer(soap, ET.Element(wsman.tag("rsp:SignalResponse")))

    def _receive(self, soap: SoapRequest, shell: Shell) -> bytes:
        stream = soap.find("rsp:Receive/rsp:DesiredStream")
        command_id = stream.get("CommandId") if stream is not None else None
        target = wsman.guid(command_id)
        limit = _payload_limit(soap.max_envelope)
        with shell.changed:
            outbox = shell.outboxes.get(target)
            if outbox is None:
                return wsman.answer(soap, wsman.received(b"", command_id, done=True))
            self._wait(shell, outbox, soap.timeout, limit)
            data = outbox.take(limit)
            done = outbox.finished and not outbox.fragments
        if not data and shell.closed:
            raise wsman.shell_not_found()  # its process has died, or another request has closed it
        if not data and not done:
            raise wsman.timed_out()
        return wsman.answer(soap, wsman.received(data, command_id, done=done))

    def _wait(self, shell: Shell, outbox: Outbox, timeout: float, limit: int) -> None:
        """Wait for something to deliver, then a moment for what follows it."""
        deadline = time.monotonic() + timeout
        while not outbox.fragments and not outbox.finished and not shell.closed and not self.stopping.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            shell.changed.wait(min(left, 1.0))
        gathered = time.monotonic() + GATHER_SECONDS
        pipeline = outbox is not shell.outboxes.get(None)
        while pipeline and not outbox.finished and outbox.size < limit and not self.stopping.is_set():
            left = gathered - time.monotonic()
            if left <= 0:
                return
            shell.changed.wait(left)


def _feed(shell: Shell, text: str | None, target: uuid.UUID | None) -> None:
    """Give base64 fragments to a shell; raise Fault when they are none."""
    try:
        shell.receive(base64.b64decode((text or "").strip(), validate=True), target)
    except (ValueError, KeyError, struct.error, ET.ParseError, PSRPCoreError):
        raise Fault(wsman.INVALID_REQUEST, "The data of the request is no PSRP.", receiver=False) from None


def _payload_limit(max_envelope: int) -> int:
    """Return how many bytes of PSRP fit into an envelope of that size, once they are base64."""
    return max(4096, (max_envelope - 4096) * 3 // 4)


def _shell_state(soap: SoapRequest) -> ET.Element:
    shell = ET.Element(wsman.tag("rsp:Shell"))
    wsman.element(shell, "rsp:ShellId", str(soap.shell_id).upper())
    wsman.element(shell, "rsp:State", "Connected")
    return shell
