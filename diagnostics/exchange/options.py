"""How to reach a PowerShell that has the ExchangeOnlineManagement module: one frozen set of options per transport.

Times are in seconds. Nothing here is imported from a library that speaks to anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from diagnostics.clouds import GLOBAL
from diagnostics.redaction import Secret

WINRM_AUTHENTICATIONS = ("negotiate", "kerberos", "ntlm", "certificate", "credssp", "basic")


@dataclass(frozen=True, slots=True)
class WinRmOptions:
    """PowerShell on a Windows management host over WinRM; TLS is always used and always verified.

    `ca_file` is trusted in addition to the system's CAs. `operation_timeout` bounds the wait for one cmdlet and
    `connect_timeout` that for the connection; only connecting is retried. `certificate_file` and
    `certificate_key_file` (PEM) go with `auth="certificate"`. `proxy` is a URL; empty: the environment's.
    """

    host: str
    port: int = 5986
    ca_file: Path | None = None
    auth: str = "negotiate"
    username: str = ""
    password: Secret | None = None
    configuration: str = "Microsoft.PowerShell"
    proxy: str = ""
    connect_timeout: float = 10.0
    operation_timeout: float = 60.0
    connect_retries: int = 2
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None
    certificate_key_password: Secret | None = None


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """PowerShell on this machine. `executable` empty: `pwsh` is looked for on PATH and in the usual places.

    `windows_powershell` asks for Windows PowerShell 5.1 instead. `environment` is added to the child's, and the variables
    named in `without` are kept from it. Opening may take `connect_timeout`, one cmdlet `operation_timeout`.
    """

    executable: str = ""
    windows_powershell: bool = False
    connect_timeout: float = 30.0
    operation_timeout: float = 60.0
    environment: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SshOptions:
    """PowerShell on a jump host through the system's `ssh -s <host> powershell`.

    Keys, users and known hosts come from the user's ssh configuration; there are no passwords here. `options` are
    further words for ssh, such as `-F` and a file. The variables named in `without` are kept from ssh.
    """

    host: str
    port: int | None = None
    username: str = ""
    subsystem: str = "powershell"
    executable: str = "ssh"
    options: tuple[str, ...] = ()
    connect_timeout: float = 30.0
    operation_timeout: float = 60.0
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestOptions:
    """Exchange's admin REST endpoint, which the module itself calls. Microsoft does not support it for others.

    `base` is scheme and host; `/adminapi/beta/…` is added.
    """

    base: str = GLOBAL.exchange.value
    ca_file: Path | None = None
    proxy: str = ""
    connect_timeout: float = 10.0
    operation_timeout: float = 60.0
    retries: int = 4


TransportOptions: TypeAlias = WinRmOptions | LocalOptions | SshOptions | RestOptions


@dataclass(frozen=True, slots=True)
class ChildCommand:
    """A child process that speaks PSRP on its standard streams: its words, and changes to its environment."""

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()
