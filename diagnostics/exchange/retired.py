"""Remote PowerShell into Exchange Online is gone; whoever still names its address is told so, and what to use."""

from __future__ import annotations

import re

from diagnostics.clouds import EXCHANGE_ALIAS, IMAP_SERVERS, OLD_EXCHANGE
from diagnostics.exchange.port import ErrorKind, ShellUnavailable
from diagnostics.net.urls import host_of

STEP = "choose the transport"
_KNOWN = {*IMAP_SERVERS, host_of(EXCHANGE_ALIAS), host_of(OLD_EXCHANGE)}
_CLOSED = {"webmail.apps.mil", "outlook.office.de", "ps.compliance.protection.outlook.com"}
"""Further hosts that remote PowerShell had: of a military network, of the German cloud, and for compliance."""
_HOSTS = re.compile(rf"(^|[/.@])({'|'.join(map(re.escape, sorted(_KNOWN | _CLOSED)))})([:/]|$)", re.IGNORECASE)
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
