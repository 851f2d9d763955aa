"""One function that makes the Shell for a set of transport options; each transport is loaded when it is asked for."""

from __future__ import annotations

from typing import assert_never

from diagnostics.exchange.options import LocalOptions, RestOptions, SshOptions, TransportOptions, WinRmOptions
from diagnostics.exchange.port import ConnectionRequest, Shell


def open_shell(options: TransportOptions, request: ConnectionRequest) -> Shell:
    """Return the shell for these options, to be entered with `with`; entering opens it and signs in."""
    match options:
        case WinRmOptions():
            from diagnostics.exchange.winrm import WinRmShell  # noqa: PLC0415 - pypsrp is heavy

            return WinRmShell(options, request)
        case LocalOptions():
            from diagnostics.exchange.local import LocalShell  # noqa: PLC0415 - pypsrp is heavy

            return LocalShell(options, request)
        case SshOptions():
            from diagnostics.exchange.ssh import SshShell  # noqa: PLC0415 - pypsrp is heavy

            return SshShell(options, request)
        case RestOptions():
            from diagnostics.exchange.rest import RestShell  # noqa: PLC0415 - requests is heavy

            return RestShell(options, request)
        case _:
            assert_never(options)
