"""The SOAP of WS-Management as a PowerShell endpoint speaks it: read a request, write an answer or a fault.

Sources: MS-WSMV sections 2.2.4 and 3.1.4; the fault codes are those of winerror.h.
"""

from __future__ import annotations

import base64
import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "wsa": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "wsman": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "wsmv": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "wst": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "cfg": "http://schemas.microsoft.com/wbem/wsman/1/config",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "pwsh": "http://schemas.microsoft.com/powershell",
}
for _prefix, _uri in NS.items():
    ET.register_namespace(_prefix, _uri)

SHELL = NS["rsp"]
TRANSFER = NS["wst"]
ACTIONS = {
    f"{TRANSFER}/Create": "Create",
    f"{TRANSFER}/Delete": "Delete",
    f"{TRANSFER}/Get": "Get",
    f"{SHELL}/Command": "Command",
    f"{SHELL}/Send": "Send",
    f"{SHELL}/Receive": "Receive",
    f"{SHELL}/Signal": "Signal",
}
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
COMMAND_STATE = f"{SHELL}/CommandState"

OPERATION_TIMED_OUT = 2150858793
SHELL_NOT_FOUND = 2150858843
UNKNOWN_RESOURCE_URI = 2150858811
"""Recorded: pypsrp's own handling of the first two, its issue 47 for the third."""

UNSUPPORTED_ACTION = 2150858753
INVALID_REQUEST = 2150858778
"""Invented: which codes WinRM has for what no client of the lab sends is not recorded."""

DEFAULT_TIMEOUT = 60.0


class Fault(Exception):
    """A SOAP fault with its WSManFault code."""

    def __init__(self, code: int, reason: str, *, subcode: str = "wsman:InternalError", receiver: bool = True) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.subcode = subcode
        self.receiver = receiver


def timed_out() -> Fault:
    """Return the fault for a Receive that found nothing to deliver in its OperationTimeout; clients ask again."""
    return Fault(
        OPERATION_TIMED_OUT,
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
        subcode="wsman:TimedOut",
    )


def shell_not_found() -> Fault:
    """Return the fault for a ShellId that this endpoint does not have (or no longer)."""
    return Fault(
        SHELL_NOT_FOUND,
        "The request for the Windows Remote Shell with ShellId failed because the shell was not found on the server. "
        "Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. Provide "
        "the correct ShellId or create a new shell and retry the operation.",
        subcode="wsman:InvalidSelectors",
        receiver=False,
    )


@dataclass(frozen=True)
class SoapRequest:
    """The parts of a WSMan request that an endpoint needs."""

    action: str
    action_uri: str
    message_id: str
    resource_uri: str
    shell_id: uuid.UUID | None
    timeout: float
    max_envelope: int
    body: ET.Element = field(repr=False)

    def text(self, path: str) -> str:
        """Return the text of the first element at `path` in the body, or an empty string."""
        return self.body.findtext(path, "", NS).strip()

    def find(self, path: str) -> ET.Element | None:
        """Return the first element at `path` in the body."""
        return self.body.find(path, NS)


def parse(data: bytes) -> SoapRequest:
    """Read a request; raise Fault when it is not one that MS-WSMV knows."""
    try:
        envelope = ET.fromstring(data)  # noqa: S314 - the lab's own clients, on loopback
    except ET.ParseError:
        raise Fault(INVALID_REQUEST, "The request is not XML.", subcode="s:Sender", receiver=False) from None
    header, body = envelope.find("s:Header", NS), envelope.find("s:Body", NS)
    if header is None or body is None:
        raise Fault(INVALID_REQUEST, "The request has no SOAP header or body.", receiver=False)
    action = header.findtext("wsa:Action", "", NS)
    shell = header.find("wsman:SelectorSet/wsman:Selector[@Name='ShellId']", NS)
    return SoapRequest(
        action=ACTIONS.get(action, ""),
        action_uri=action,
        message_id=header.findtext("wsa:MessageID", "", NS),
        resource_uri=header.findtext("wsman:ResourceURI", "", NS),
        shell_id=guid(shell.text if shell is not None else None),
        timeout=_seconds(header.findtext("wsman:OperationTimeout", "", NS)),
        max_envelope=int(header.findtext("wsman:MaxEnvelopeSize", "153600", NS) or 153600),
        body=body,
    )


def guid(text: str | None) -> uuid.UUID | None:
    """Return a GUID, or None when there is none or it is not one."""
    try:
        return uuid.UUID((text or "").strip())
    except ValueError:
        return None


def _seconds(duration: str) -> float:
    match = re.fullmatch(r"P(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", duration)
    if match is None or not any(match.groups()):
        return DEFAULT_TIMEOUT
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def tag(name: str) -> str:
    """Turn `prefix:Name` into ElementTree's form."""
    prefix, _, local = name.partition(":")
    return f"{{{NS[prefix]}}}{local}"


def element(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    """Add an element and return it."""
    child = ET.SubElement(parent, tag(name), attributes)
    child.text = text
    return child


def _envelope(action: str, relates_to: str) -> tuple[ET.Element, ET.Element]:
    envelope = ET.Element(tag("s:Envelope"))
    header = element(envelope, "s:Header")
    element(header, "wsa:Action", action)
    element(header, "wsa:MessageID", f"uuid:{str(uuid.uuid4()).upper()}")
    element(header, "wsa:To", ANONYMOUS)
    element(header, "wsa:RelatesTo", relates_to)
    return envelope, element(envelope, "s:Body")


def answer(request: SoapRequest, content: ET.Element | None) -> bytes:
    """Return the answer to `request` with `content` in its body."""
    envelope, body = _envelope(f"{request.action_uri}Response", request.message_id)
    if content is not None:
        body.append(content)
    return bytes(ET.tostring(envelope, encoding="utf-8"))


def fault(raised: Fault, message_id: str, machine: str = "localhost") -> bytes:
    """Return a SOAP fault as WinRM writes it."""
    envelope, body = _envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", message_id)
    soap = element(body, "s:Fault")
    code = element(soap, "s:Code")
    element(code, "s:Value", "s:Receiver" if raised.receiver else "s:Sender")
    element(element(code, "s:Subcode"), "s:Value", raised.subcode)
    reason = element(element(soap, "s:Reason"), "s:Text", raised.reason)
    reason.set("{http://www.w3.org/XML/1998/namespace}lang", "en-US")
    detail = element(element(soap, "s:Detail"), "f:WSManFault", Code=str(raised.code), Machine=machine)
    element(detail, "f:Message", raised.reason)
    return bytes(ET.tostring(envelope, encoding="utf-8"))


def created(request: SoapRequest, shell_id: uuid.UUID, owner: str, client: str) -> ET.Element:
    """Return the two parts of a CreateResponse in one wrapper; `answer` is given its children."""
    wrapper = ET.Element("wrapper")
    resource = element(wrapper, "wst:ResourceCreated")
    element(resource, "wsa:Address", "https://localhost/wsman")
    parameters = element(resource, "wsa:ReferenceParameters")
    element(parameters, "wsman:ResourceURI", request.resource_uri)
    shown = str(shell_id).upper()
    element(element(parameters, "wsman:SelectorSet"), "wsman:Selector", shown, Name="ShellId")
    shell = element(wrapper, "rsp:Shell")
    for name, value in (
        ("ShellId", shown),
        ("ResourceUri", request.resource_uri),
        ("Owner", owner),
        ("ClientIP", client),
        ("IdleTimeOut", "PT7200.000S"),
        ("InputStreams", "stdin pr"),
        ("OutputStreams", "stdout"),
        ("ShellRunTime", "P0DT0H0M0S"),
        ("ShellInactivity", "P0DT0H0M0S"),
    ):
        element(shell, f"rsp:{name}", value)
    return wrapper


def created_answer(request: SoapRequest, wrapper: ET.Element) -> bytes:
    """Return a CreateResponse."""
    envelope, body = _envelope(f"{request.action_uri}Response", request.message_id)
    body.extend(list(wrapper))
    return bytes(ET.tostring(envelope, encoding="utf-8"))


def received(data: bytes, command_id: str | None, *, done: bool) -> ET.Element:
    """Return a ReceiveResponse: all the data at once, and Done with it when nothing more will come."""
    response = ET.Element(tag("rsp:ReceiveResponse"))
    attributes = {"Name": "stdout"}
    if command_id is not None:
        attributes["CommandId"] = command_id
    if data:
        stream = ET.SubElement(response, tag("rsp:Stream"), attributes)
        stream.text = base64.b64encode(data).decode()
    if command_id is not None:
        state = "Done" if done else "Running"
        child = element(response, "rsp:CommandState", CommandId=command_id, State=f"{COMMAND_STATE}/{state}")
        if done:
            element(child, "rsp:ExitCode", "0")
    return response


def config(max_envelope_kb: int) -> ET.Element:
    """Return the service's configuration, of which clients read MaxEnvelopeSizekb."""
    root = ET.Element(tag("cfg:Config"))
    element(root, "cfg:MaxEnvelopeSizekb", str(max_envelope_kb))
    element(root, "cfg:MaxTimeoutms", "1800000")
    element(root, "cfg:MaxBatchItems", "32000")
    return root
