"""A lab, and a profile for it, in which one cell's fault waits to happen."""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from diagnostics.lab import misconduct
from diagnostics.lab.faultmatrix.cells import NO_KIND, Boundary, Cell, Family
from diagnostics.lab.faults import OF_CONNECTIONS, Conduct, EndpointFaults, Onset
from diagnostics.lab.listener import LOOPBACK, Listener
from diagnostics.lab.powershell.misbehaving import MET
from diagnostics.lab.server import Lab

CONNECT_SECONDS, OPERATION_SECONDS = 1, 2
START_SECONDS = 6
"""Seconds that a child may take to start, instead of those for a connection."""

NOBODY = "nobody@contoso.com"
NEVER = 1_000_000_000
_TRANSPORTS = {Boundary.REST: "rest", Boundary.STDIO: "local", Boundary.SSH: "ssh"}
_ENDPOINTS = {
    Boundary.DISCOVERY: "login",
    Boundary.TOKEN: "login",
    Boundary.GRAPH: "graph",
    Boundary.WSMAN: "winrm",
    Boundary.REST: "exchange",
    Boundary.IMAP: "imap",
    Boundary.DNS: "dns",
}
_CMDLET = r"\bGet-\w+ returned"
_POWERSHELL = rf"PowerShell|{_CMDLET}"
_NAMES = {
    Boundary.STDIO: rf"\bpwsh\b|{_POWERSHELL}",
    Boundary.SSH: rf"\bssh\b|{_POWERSHELL}",
    Boundary.DNS: r"\bDNS\b",
}
_ALSO_NAMED = {
    Boundary.WSMAN: rf"{LOOPBACK}|management host|{_CMDLET}",
    Boundary.REST: rf"\bExchange\b|{_CMDLET}",
    Boundary.IMAP: r"\bIMAP\b|the server|\b(?:CAPABILITY|AUTHENTICATE|NAMESPACE|LIST|EXAMINE)\b",
}


def transport(boundary: Boundary) -> str:
    """Return the Exchange transport with which a boundary is tried."""
    return _TRANSPORTS.get(boundary, "winrm")


def connect_seconds(cell: Cell) -> int:
    """Return the time-out for connections in the cell's profile."""
    starts = cell.boundary in {Boundary.STDIO, Boundary.SSH} and cell.kind.conduct not in OF_CONNECTIONS
    return START_SECONDS if starts else CONNECT_SECONDS


class Trap(Listener):
    """Where redirects lead: it notes who comes, and answers nobody."""

    def __init__(self) -> None:
        super().__init__(None)
        self.visitors = 0

    def serve(self, connection: socket.socket) -> None:
        """Count a visitor."""
        del connection
        self.visitors += 1


class SshDoor(Listener):
    """A port at which the system's ssh client meets no sshd: what it does there is the misconduct alone."""

    def serve(self, connection: socket.socket) -> None:
        """Say something that is no greeting of SSH, if anything."""
        fault = self.faults.take()
        if fault.conduct is not None:
            misconduct.answer(fault.conduct, connection, {}, b"", self.stopping)


@dataclass(frozen=True, slots=True)
class Access:
    """How often the application is registered in Exchange, and how many entries it has on mailboxes."""

    registrations: int
    entries: int


@dataclass
class Place:
    """A started lab with a profile of short time-outs; `home` is the folder of the process that is to meet the fault."""

    cell: Cell
    lab: Lab
    home: Path
    onset: Onset
    trap: Trap
    words: str = ""
    """A pattern that fits how an error names this boundary."""

    profile: Path = field(init=False)
    tally: Path = field(init=False)
    before: Access = field(init=False)

    def __post_init__(self) -> None:
        self.profile = self.home / "profile.yaml"
        self.tally = self.home / "tally"
        self.before = self.access()

    @property
    def seen(self) -> int:
        """How many exchanges fitted the cell's moment."""
        return self.onset.seen + (len(self.tally.read_bytes()) if self.tally.exists() else 0)

    @property
    def met(self) -> int:
        """How many exchanges ran into the fault, as far as its endpoint can tell."""
        return self.onset.met + (self.tally.read_text().count(MET) if self.tally.exists() else 0)

    def secrets(self) -> list[str]:
        """Return what must not be seen anywhere."""
        named = [value for name, value in self.lab.env.items() if name.endswith(("SECRET", "PASSWORD"))]
        return [*named, *self.lab.tokens.signed]

    def access(self) -> Access:
        """Count what the application has in Exchange now."""
        tenant, application = self.lab.setup.tenant, self.lab.setup.registration.app_id
        rows = [row for row in tenant.exchange_service_principals if row.app_id == application]
        sids = {row.sid for row in rows}
        entries = sum(entry.user_sid in sids for recipient in tenant.recipients for entry in recipient.permissions)
        return Access(len(rows), entries)


@contextlib.contextmanager
def placed(cell: Cell, home: Path, nth: int) -> Iterator[Place]:
    """Start a lab in which the cell's fault begins at its `nth` exchange."""
    boundary = cell.boundary
    onset = Onset(cell.kind.fault, cell.moment.fitting, nth)
    lab = Lab(scenarios=cell.scenarios, transport=transport(boundary))
    with contextlib.ExitStack() as opened:
        trap = Trap()
        trap.start()
        opened.callback(trap.close)
        if cell.kind.family is Family.ELSEWHERE:
            onset.fault = replace(onset.fault, location=f"https://localhost:{trap.address[1]}/elsewhere")
        place = Place(cell, lab, home, onset, trap)
        if boundary in _ENDPOINTS:
            faults: EndpointFaults = getattr(lab.faults, _ENDPOINTS[boundary])
            faults.onset = onset
        opened.enter_context(lab)
        tree = yaml.safe_load(lab.profile.read_text())
        if cell.kind.fault != NO_KIND.fault:  # what is healthy need not hurry on a busy machine
            tree["timeouts"] = {"connect": connect_seconds(cell), "operation": OPERATION_SECONDS}
        place.words = _words(boundary, lab)
        if boundary in {Boundary.STDIO, Boundary.SSH}:
            _stand_in(place, tree, opened)
        if boundary is Boundary.DNS:
            _ask_name_server(lab, tree, opened)
        _write(place.profile, yaml.safe_dump(tree))
        yield place


def _words(boundary: Boundary, lab: Lab) -> str:
    if boundary in _NAMES:
        return _NAMES[boundary]
    port = str(lab.ready["endpoints"][_ENDPOINTS[boundary]]).rpartition(":")[2].partition("/")[0]
    return rf"\b{port}\b|{_ALSO_NAMED[boundary]}" if boundary in _ALSO_NAMED else rf"\b{port}\b"


def _stand_in(place: Place, tree: dict[str, Any], opened: contextlib.ExitStack) -> None:
    """Name a program in place of pwsh, or of ssh, or the address at which the real ssh meets a stranger."""
    conduct, onset = place.cell.kind.conduct, place.onset
    if place.cell.boundary is Boundary.SSH and conduct in OF_CONNECTIONS:
        door = SshDoor(None, EndpointFaults(onset=onset))
        door.start()
        opened.callback(door.close)
        tree["exchange"] |= {"host": LOOPBACK, "port": door.address[1], "options": ["-F", os.devnull]}
        return
    program = place.home / ("ssh" if place.cell.boundary is Boundary.SSH else "pwsh")
    words = [sys.executable, "-m", "diagnostics.lab.powershell.misbehaving", "--fitting", onset.fitting]
    words += ["--conduct", str(conduct or Conduct.SILENT), "--nth", str(onset.nth), "--tally", str(place.tally)]
    _write(program, f"#!/bin/sh\nexec {shlex.join(words)}\n")
    program.chmod(0o600 if conduct is Conduct.REFUSED else 0o700)
    tree["exchange"]["executable"] = str(program)


def _ask_name_server(lab: Lab, tree: dict[str, Any], opened: contextlib.ExitStack) -> None:
    """Let the profile name a mailbox that is not there, whose domain is then asked of the lab's name server."""
    from diagnostics.lab.dns import NameServer  # noqa: PLC0415 - only for this boundary

    server = NameServer(lab.faults.dns)
    server.start()
    opened.callback(server.close)
    tree["mailboxes"] = [NOBODY]
    tree["endpoints"]["dns"] = ":".join(map(str, server.address))


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
