"""Every way to Exchange that the tests can try: real protocols on both sides, from the stand-in to the real engine."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

import diagnostics.lab
from diagnostics.exchange.options import LocalOptions, SshOptions, TransportOptions
from diagnostics.lab.powershell.winrm import WinRmEndpoint
from diagnostics.redaction import Secret
from tests import posix
from tests.exchange.conftest import Tenant

ROOT = Path(__file__).parents[2]
MODULES = Path(diagnostics.lab.__file__).parent / "exo_module"
SWITCHES = ("-NoProfile", "-NoLogo", "-ServerMode")
SECONDS = 30.0


def pwsh() -> str:
    """The real engine, or a skip that says how to get it; where it is required, its absence fails."""
    found = shutil.which("pwsh")
    if found is None:
        if os.environ.get("DIAG_REQUIRE_POWERSHELL") == "1":
            pytest.fail("PowerShell 7 is required here, and there is no pwsh on PATH")
        pytest.skip("needs PowerShell 7: https://aka.ms/install-powershell")
    return found


def sshd() -> str:
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None or shutil.which("ssh") is None:
        if os.environ.get("DIAG_REQUIRE_OPENSSH") == "1":
            pytest.fail("OpenSSH is required here, and there is no sshd or no ssh")
        pytest.skip("needs OpenSSH's server (Debian: openssh-server)")
    return found


class Peers:
    """Makes the options of each transport for one lab; what it starts ends with it."""

    def __init__(self, tenant: Tenant, folder: Path) -> None:
        self.tenant = tenant
        self.folder = folder
        self._open = ExitStack()
        self._ready = folder / "ready.json"
        self._ready.write_text(json.dumps(tenant.lab.ready))
        self._ready.chmod(0o600)

    def close(self) -> None:
        self._open.close()

    def options(self, name: str) -> TransportOptions:
        return MAKERS[name](self)

    @property
    def environment(self) -> dict[str, str]:
        """What a PowerShell needs to find the stand-in module and the lab."""
        return {
            "PSModulePath": str(MODULES),
            "DIAG_LAB_READY_FILE": str(self._ready),
            "PYTHONPATH": str(ROOT),
        }

    def script(self, name: str, command: str) -> Path:
        """A program that starts `command` in the environment of the lab."""
        path = self.folder / name
        exports = "".join(f"export {key}='{value}'\n" for key, value in self.environment.items())
        path.write_text(f'#!/bin/sh\n{exports}exec {command} "$@"\n')
        path.chmod(0o700)
        return path

    def stand_in(self) -> Path:
        """The `pwsh -ServerMode` that is built on psrpcore."""
        return self.script("stand-in-pwsh", f"'{sys.executable}' -m diagnostics.lab.powershell.servermode")

    def engine(self) -> Path:
        """The real engine."""
        return self.script("engine-pwsh", f"'{pwsh()}'")

    def local(self, executable: Path) -> LocalOptions:
        return LocalOptions(executable=str(executable), connect_timeout=SECONDS, operation_timeout=SECONDS)

    def relayed(self, executable: Path) -> TransportOptions:
        """The lab's WinRM endpoint, which passes the fragments on to a child."""
        lab = self.tenant.lab
        authority = trustme.CA()
        ca_file = self.folder / "relay-ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
        endpoint = WinRmEndpoint(
            lab.world, lab.tokens, tls, username="relay", password="for the relay", relay=[str(executable), *SWITCHES]
        )
        endpoint.start()
        self._open.callback(endpoint.close)
        return self.tenant.winrm(
            port=endpoint.address[1],
            ca_file=ca_file,
            username="relay",
            password=Secret("for the relay"),
            operation_timeout=SECONDS,
        )

    def ssh(self, executable: Path) -> SshOptions:
        """OpenSSH on loopback, with the subsystem that PowerShell's documentation configures."""
        server = OpenSsh(sshd(), self.folder, f"{executable} -sshs -NoLogo -NoProfile")
        self._open.callback(server.close)
        return SshOptions(
            host="127.0.0.1",
            port=server.port,
            username=getpass.getuser(),
            options=("-F", str(server.client_configuration)),
            connect_timeout=SECONDS,
            operation_timeout=SECONDS,
        )


class OpenSsh:
    """OpenSSH's server on a free port of loopback: one `sshd -i` for each connection."""

    def __init__(self, program: str, folder: Path, subsystem: str) -> None:
        for key in ("host_key", "user_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True, timeout=30
            )
        if posix.os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        (folder / "authorized").write_text((folder / "user_key.pub").read_text())
        server = folder / "sshd_config"
        server.write_text(
            f"HostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
            f"PasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n"
            f"Subsystem powershell {subsystem}\n"
        )
        self._command = [program, "-i", "-e", "-f", str(server)]
        self._log = (folder / "sshd.log").open("wb")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        host_key = (folder / "host_key.pub").read_text().split()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host_key[0]} {host_key[1]}\n")
        self.client_configuration = folder / "ssh_config"
        self.client_configuration.write_text(
            f"Host *\n  IdentityFile {folder}/user_key\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking yes\n"
        )
        self.children: list[subprocess.Popen[bytes]] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.children.append(
                    subprocess.Popen(
                        self._command, stdin=connection.fileno(), stdout=connection.fileno(), stderr=self._log
                    )
                )

    def close(self) -> None:
        self._listener.close()
        for child in self.children:
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(5)
        self._log.close()


MAKERS: dict[str, Callable[[Peers], TransportOptions]] = {
    "winrm": lambda peers: peers.tenant.winrm(),
    "rest": lambda peers: peers.tenant.rest(),
    "local-stand-in": lambda peers: peers.local(peers.stand_in()),
    "local-engine": lambda peers: peers.local(peers.engine()),
    "relay-stand-in": lambda peers: peers.relayed(peers.stand_in()),
    "relay-engine": lambda peers: peers.relayed(peers.engine()),
    "ssh-stand-in": lambda peers: peers.ssh(peers.stand_in()),
    "ssh-engine": lambda peers: peers.ssh(peers.engine()),
}


def marked(names: list[str]) -> list[object]:
    """The peers as test parameters, marked with what they need."""
    marks = {"engine": pytest.mark.powershell, "ssh": pytest.mark.openssh}
    return [pytest.param(name, marks=[mark for part, mark in marks.items() if part in name]) for name in names]


ALL = marked(list(MAKERS))
POWERSHELL = marked([name for name in MAKERS if name != "rest"])
CHILDREN = marked([name for name in MAKERS if name.startswith(("local", "ssh"))])
