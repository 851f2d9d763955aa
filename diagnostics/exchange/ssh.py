"""PowerShell on a jump host, through the system's `ssh -s <host> powershell`.

Keys, agents, jump hosts and known hosts are ssh's own affair (its configuration files); BatchMode keeps it from asking
for passwords, which nobody could answer.
"""

from __future__ import annotations

import re
import shutil

from diagnostics.exchange.options import ChildCommand, SshOptions
from diagnostics.exchange.port import ConnectionRequest, ErrorKind, ShellUnavailable
from diagnostics.exchange.retired import refuse_retired
from diagnostics.exchange.stdio import ChildShell
from diagnostics.redaction import safe

STEP = "find ssh"
_WORD = re.compile(r"[A-Za-z0-9_\[\]:.%][A-Za-z0-9_.:@%\[\]\\-]*")


class SshShell(ChildShell):
    """See `port.Shell`; PowerShell is an SSH subsystem of another machine."""

    transport = "ssh"
    first_step = "open PowerShell over ssh"

    def __init__(self, options: SshOptions, request: ConnectionRequest) -> None:
        super().__init__(request, connect_timeout=options.connect_timeout, operation_timeout=options.operation_timeout)
        self._options = options

    def command(self) -> ChildCommand:
        """Return the ssh command; raises ShellUnavailable when there is no ssh or a name is not one."""
        options = self._options
        refuse_retired(options.host)
        for what, word in (("host", options.host), ("user", options.username), ("subsystem", options.subsystem)):
            if (word or what != "user") and not _WORD.fullmatch(word):
                raise ShellUnavailable(STEP, f"{safe(word)!r} is not the name of a {what}", kind=ErrorKind.PARAMETER)
        found = shutil.which(options.executable)
        if found is None:
            hint = "Install an OpenSSH client."
            raise ShellUnavailable(
                STEP, f"there is no {options.executable} here", kind=ErrorKind.NO_POWERSHELL, hint=hint
            )
        seconds = max(1, int(options.connect_timeout))
        words = [found, "-o", "BatchMode=yes", "-o", f"ConnectTimeout={seconds}", *options.options]
        words += ["-p", str(options.port)] if options.port is not None else []
        words += ["-l", options.username] if options.username else []
        return ChildCommand((*words, "-s", options.host, options.subsystem), without=options.without)
