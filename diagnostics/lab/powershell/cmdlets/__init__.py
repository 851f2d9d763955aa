"""The cmdlets of the lab, one file for each family, and the rule for which of them exist in a runspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diagnostics.lab.powershell.cmdlets import (
    app_access,
    cas_mailbox,
    connection,
    core,
    mailbox_permission,
    recipient,
    service_principal,
    unsimulated,
    utility,
)
from diagnostics.lab.powershell.declaration import Cmdlet
from diagnostics.lab.powershell.session import RunspaceState


def _table(*families: Iterable[Cmdlet]) -> dict[str, Cmdlet]:
    return {cmdlet.name.casefold(): cmdlet for family in families for cmdlet in family}


ENGINE = _table(core.CMDLETS, utility.CMDLETS)
"""Cmdlets of every PowerShell."""

MODULE = _table(
    connection.CMDLETS, recipient.MODULE_CMDLETS, cas_mailbox.MODULE_CMDLETS, mailbox_permission.MODULE_CMDLETS
)
"""Cmdlets of the ExchangeOnlineManagement module itself: there as soon as the module is."""

EXCHANGE = _table(
    service_principal.CMDLETS,
    mailbox_permission.CMDLETS,
    cas_mailbox.CMDLETS,
    recipient.CMDLETS,
    app_access.CMDLETS,
)
"""Cmdlets that Connect-ExchangeOnline brings, as far as the operator's role has them."""


def find(name: str, runspace: RunspaceState) -> Cmdlet | None:
    """Return the cmdlet of that name in this runspace, in any case, with or without its module's name."""
    plain = name.rpartition("\\")[2].casefold()
    plain = unsimulated.ALIASES.get(plain, plain).casefold()
    if plain in ENGINE:
        return ENGINE[plain]
    if runspace.host.module_version is not None and plain in MODULE:
        return MODULE[plain]
    for connected in reversed(runspace.connections):
        cmdlet = EXCHANGE.get(_without_prefix(plain, connected.prefix))
        if cmdlet is not None and connected.offers(cmdlet):
            return cmdlet
    return None


def _without_prefix(name: str, prefix: str) -> str:
    """Turn Get-<prefix>Mailbox back into Get-Mailbox; -Prefix of Connect-ExchangeOnline adds it."""
    verb, dash, noun = name.partition("-")
    if not prefix:
        return name
    return f"{verb}{dash}{noun.removeprefix(prefix.casefold())}" if noun.startswith(prefix.casefold()) else ""


def available(runspace: RunspaceState) -> Iterator[Cmdlet]:
    """Yield every cmdlet that exists in this runspace."""
    yield from ENGINE.values()
    if runspace.host.module_version is not None:
        yield from MODULE.values()
    connected = runspace.connection
    if connected is not None:
        yield from (cmdlet for cmdlet in EXCHANGE.values() if connected.offers(cmdlet))


core.registry.find = find
core.registry.available = available
