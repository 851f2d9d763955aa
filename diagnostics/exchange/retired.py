"""Remote PowerShell into Exchange Online is gone; whoever still names its address is told so, and what to use."""

from __future__ import annotations

import re

from diagnostics.exchange.port import ErrorKind, ShellUnavailable

STEP = "choose the transport"
_HOSTS = re.compile(
    r"(^|[/.@])(outlook\.office365\.com|outlook\.office\.com|outlook\.office365\.us|outlook-dod\.office365\.us|"
    r"webmail\.apps\.mil|partner\.outlook\.cn|outlook\.office\.de|ps\.outlook\.com|"
    r"ps\.compliance\.protection\.outlook\.com)([:/]|$)",
    re.IGNORECASE,
)
_PATH = re.compile(r"/powershell(-liveid)?\b", re.IGNORECASE)
EXPLANATION = (
    "Remote PowerShell into Exchange Online was switched off in October 2023, in every cloud: this address answers "
    "every client with HTTP 400. Its cmdlets now live in the ExchangeOnlineManagement module, which calls REST itself"
)
REMEDY = (
    "Use exchange.transport: local (PowerShell with the module on this machine), ssh or winrm (on another machine, "
    "whose name is then the host), or rest where there is no PowerShell; Microsoft does not support rest."
)


def is_retired(address: str) -> bool:
    """Say whether a host or URI is Exchange Online's own, where no PowerShell answers any more."""
    address = address.strip()
    return _HOSTS.search(address) is not None or _PATH.search(address) is not None


def refuse_retired(address: str) -> None:
    """Raise ShellUnavailable with the explanation when `address` is Exchange Online's own."""
    if is_retired(address):
        raise ShellUnavailable(STEP, EXPLANATION, kind=ErrorKind.PARAMETER, hint=REMEDY)
