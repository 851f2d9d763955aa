"""What all Exchange cmdlets share: how they reach their tenant, refuse, page and name objects."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from diagnostics.lab.powershell.cmdlets.exchange_errors import (
    NOT_CONNECTED,
    NOT_FOUND,
    NOT_SIMULATED,
    TOKEN_ENDED,
    CmdletRefused,
)
from diagnostics.lab.powershell.declaration import Call, Cmdlet, Kind, Parameter
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.state import Recipient, Tenant

DEFAULT_RESULT_SIZE = 1000
IDENTITY = Parameter("Identity", mandatory=True, position=0, pipeline="both")
OPTIONAL_IDENTITY = Parameter("Identity", position=0, pipeline="both")
RESULT_SIZE = Parameter("ResultSize", Kind.ANY)
TYPE_DETAILS = Parameter("RecipientTypeDetails", Kind.STRINGS)
OTHER_IDENTITIES = tuple(
    Parameter(name, pipeline="property")
    for name in ("ExternalDirectoryObjectId", "PrimarySmtpAddress", "UserPrincipalName")
)
"""Parameters of the Get-EXO cmdlets that stand in for -Identity."""


def exchange_cmdlet(
    name: str,
    body: Callable[[Call, Tenant], Iterator[Any]],
    parameters: tuple[Parameter, ...],
    *,
    unsimulated: tuple[str, ...] = (),
    writes: bool = False,
) -> Cmdlet:
    """Declare an Exchange cmdlet.

    `body` gets the tenant and runs under the lab's lock. `unsimulated` are documented parameters that the lab knows
    and refuses by name, so that a caller learns that it is the lab and not Exchange that lacks them.
    """

    @functools.wraps(body)
    def guarded(call: Call) -> Iterator[Any]:
        try:
            rows = list(_run(call, body, unsimulated))
        except CmdletRefused as refused:
            call.write_error(refused.error(call.cmdlet.name))
            return
        yield from rows

    extra = tuple(Parameter(label, Kind.ANY) for label in unsimulated)
    return Cmdlet(
        name,
        guarded,
        (*parameters, *extra),
        module="tmpEXO",
        should_process=writes,
        is_function=True,
    )


def _run(call: Call, body: Callable[[Call, Tenant], Iterator[Any]], unsimulated: tuple[str, ...]) -> Iterator[Any]:
    connection = call.runspace.connection
    if connection is None:
        raise CmdletRefused(NOT_CONNECTED)
    if connection.operator.claims.expires_at <= call.runspace.tokens.clock():
        raise CmdletRefused(TOKEN_ENDED)
    for label in unsimulated:
        if call.has(label):
            raise CmdletRefused(NOT_SIMULATED, parameter=label, cmdlet=call.cmdlet.name)
    if call.runspace.remote is not None:
        yield from call.runspace.remote.invoke(call, connection)
        return
    with call.runspace.world.lock:
        yield from limited(call, body(call, connection.tenant))


def limited(call: Call, rows: Iterator[Any]) -> Iterator[Any]:
    """Yield at most -ResultSize rows, and warn when there are more, as Exchange does at its default of 1000."""
    wanted = call.get("ResultSize", DEFAULT_RESULT_SIZE)
    text = str(wanted).casefold()
    limit = None if text == "unlimited" else int(text) if text.isdigit() else DEFAULT_RESULT_SIZE
    for count, row in enumerate(rows):
        if limit is not None and count >= limit:
            call.write_warning(
                "There are more results available than are currently displayed. To view them, increase the value for "
                "the ResultSize parameter."
            )
            return
        yield row


def identity_of(call: Call) -> str:
    """Return what names the wanted object, by -Identity or a parameter in its place; empty for all objects."""
    return next(filter(None, map(call.text, ("Identity", *(other.name for other in OTHER_IDENTITIES)))), "")


def wanted_types(call: Call) -> set[str]:
    """Return the values of -RecipientTypeDetails in lower case; none for every type."""
    names = call.get("RecipientTypeDetails", [])
    return {part.strip().casefold() for name in names for part in name.split(",") if part.strip()}


def recipient_named(tenant: Tenant, identity: str) -> Recipient:
    """Return the recipient that `identity` names; raise CmdletRefused when there is none."""
    recipient = tenant.recipient(identity)
    if recipient is None:
        raise CmdletRefused(NOT_FOUND, identity=identity)
    return recipient


def mailbox_named(tenant: Tenant, identity: str) -> Recipient:
    """Return the mailbox that `identity` names; mail users and groups are not found by mailbox cmdlets."""
    recipient = recipient_named(tenant, identity)
    if not recipient.is_mailbox:
        raise CmdletRefused(NOT_FOUND, identity=identity)
    return recipient


def distinguished_name(recipient: Recipient, tenant: Tenant) -> str:
    """Return the DN that warnings show for an object."""
    return (
        f"CN={recipient.alias},OU={tenant.initial_domain},OU=Microsoft Exchange Hosted Organizations,"
        "DC=EURPR04A001,DC=PROD,DC=OUTLOOK,DC=COM"
    )


def row(kind: str, properties: dict[str, Any]) -> Row:
    """Return an Exchange object; its type name is the deserialized one that the module gives it."""
    name = f"Microsoft.Exchange.Management.RestApiClient.{kind}"
    return Row((f"Deserialized.{name}", "System.Management.Automation.PSCustomObject", "System.Object"), properties)
