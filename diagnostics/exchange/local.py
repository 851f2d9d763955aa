"""PowerShell on this machine: `pwsh -NoProfile -NoLogo -ServerMode`, or Windows PowerShell 5.1."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from diagnostics.exchange.options import ChildCommand, LocalOptions
from diagnostics.exchange.port import ConnectionRequest, ErrorKind, ShellUnavailable
from diagnostics.exchange.stdio import ChildShell

STEP = "find PowerShell"
QUIET = (
    ("POWERSHELL_TELEMETRY_OPTOUT", "1"),
    ("POWERSHELL_UPDATECHECK", "Off"),
    ("NO_COLOR", "1"),
)
"""What keeps a child that nobody looks at from reporting home or colouring its errors."""

USUAL_PLACES = {
    "win32": (r"%ProgramFiles%\PowerShell\7\pwsh.exe", r"%LOCALAPPDATA%\Microsoft\WindowsApps\pwsh.exe"),
    "darwin": ("/usr/local/bin/pwsh", "/opt/homebrew/bin/pwsh", "/usr/local/microsoft/powershell/7/pwsh"),
    "linux": ("/usr/bin/pwsh", "/opt/microsoft/powershell/7/pwsh", "/snap/bin/pwsh", "~/.dotnet/tools/pwsh"),
}
"""Where Microsoft's packages put pwsh, for a PATH that lacks it (cron, a desktop's launcher)."""
WINDOWS_POWERSHELL = r"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
_INSTALL = (
    "Install PowerShell 7 (https://aka.ms/install-powershell), name it as exchange.executable, or use another "
    "transport: ssh, winrm or rest."
)


class LocalShell(ChildShell):
    """See `port.Shell`; PowerShell is a child of this process."""

    transport = "local"
    first_step = "start PowerShell"

    def __init__(self, options: LocalOptions, request: ConnectionRequest) -> None:
        super().__init__(request, connect_timeout=options.connect_timeout, operation_timeout=options.operation_timeout)
        self._options = options

    def command(self) -> ChildCommand:
        """Return PowerShell's server mode; raises ShellUnavailable when there is no PowerShell."""
        extra = (*QUIET, *self._options.environment)
        words: tuple[str, ...]
        if self._options.windows_powershell:
            # Modules of PowerShell 7 on an inherited PSModulePath do not load in 5.1.
            words = (find_windows_powershell(self._options), "-Version", "5.1", "-NoLogo", "-NoProfile", "-s")
            return ChildCommand(words, extra, without=("PSModulePath", *self._options.without))
        words = (find_pwsh(self._options), "-NoProfile", "-NoLogo", "-ServerMode")
        return ChildCommand(words, extra, self._options.without)


def find_pwsh(options: LocalOptions) -> str:
    """Return the path of pwsh: the one named, the one on PATH, or one in a usual place. Raises ShellUnavailable."""
    if options.executable:
        found = shutil.which(options.executable)
        if found is None:
            raise _missing(f"{options.executable} is not a program here")
        return found
    for place in ("pwsh", *_places(sys.platform)):
        found = shutil.which(place)
        if found is not None:
            return found
    raise _missing("there is no pwsh on PATH, nor in the usual places")


def _places(platform: str) -> Iterator[str]:
    for place in USUAL_PLACES.get(platform, USUAL_PLACES["linux"]):
        yield str(Path(os.path.expandvars(place)).expanduser())


def find_windows_powershell(options: LocalOptions) -> str:
    """Return the path of Windows PowerShell 5.1. Raises ShellUnavailable, as on every system but Windows."""
    for place in filter(None, (options.executable, os.path.expandvars(WINDOWS_POWERSHELL), "powershell.exe")):
        found = shutil.which(place)
        if found is not None:
            return found
    raise _missing("there is no Windows PowerShell here")


def _missing(what: str) -> ShellUnavailable:
    return ShellUnavailable(STEP, what, kind=ErrorKind.NO_POWERSHELL, hint=_INSTALL)
