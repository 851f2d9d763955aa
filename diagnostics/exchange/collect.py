"""Asks Exchange what it holds about an application and its mailboxes, in one batch, and turns the rows into evidence.

"Not found" becomes `Absent`; no rights, time-outs and broken channels become `Unavailable`, never an empty list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diagnostics.evidence import (
    Absent,
    CasMailbox,
    CmdletError,
    ExchangeEvidence,
    ExchangeServicePrincipal,
    MailboxEvidence,
    MailboxPermission,
    Missing,
    Observed,
    Provenance,
    Recipient,
    Source,
    Unavailable,
)
from diagnostics.exchange import rows
from diagnostics.exchange.port import CmdletCall, CmdletResult, ErrorKind, Shell, ShellError, ShellUnavailable
from diagnostics.redaction import safe

READ_CMDLETS = ("Get-ServicePrincipal", "Get-Recipient", "Get-MailboxPermission", "Get-CASMailbox")
"""What collecting needs; goes into ConnectionRequest.cmdlets, so that no more is loaded."""
WRITE_CMDLETS = (
    "New-ServicePrincipal",
    "Remove-ServicePrincipal",
    "Add-MailboxPermission",
    "Remove-MailboxPermission",
    "Set-CASMailbox",
)
"""What granting and undoing need."""

MISSING: dict[ErrorKind, Missing] = {
    ErrorKind.NO_RIGHTS: Missing.NO_RIGHTS,
    ErrorKind.COMMAND_NOT_FOUND: Missing.NO_RIGHTS,
    ErrorKind.NOT_SIGNED_IN: Missing.NOT_SIGNED_IN,
    ErrorKind.THROTTLED: Missing.TIMED_OUT,
    ErrorKind.TIMED_OUT: Missing.TIMED_OUT,
    ErrorKind.CONNECTION: Missing.UNREACHABLE,
    ErrorKind.NOT_REACHED: Missing.TIMED_OUT,
    ErrorKind.PROMPT: Missing.REMOTE_ERROR,
}
"""Why something could not be observed, by the kind of error; the rest is an error of the remote side."""

_RIGHTS_HINT = "Give the operator a role that has this cmdlet: Exchange Administrator, or Global Reader to read only."
_NOT_FOUND = frozenset({ErrorKind.NOT_FOUND, ErrorKind.PRINCIPAL_NOT_FOUND})


@dataclass(frozen=True, slots=True)
class CollectedExchange:
    """What one visit to Exchange gave: the organisation's part, and one part per mailbox, in the order asked."""

    exchange: ExchangeEvidence
    mailboxes: tuple[MailboxEvidence, ...]


def collect(shell: Shell, mailboxes: Sequence[str]) -> CollectedExchange:
    """Read all service principals, and recipient, permissions and protocols of each mailbox, in one batch.

    Get-ServicePrincipal is asked for all: with an -Identity that does not exist it returns all of them anyway
    (Get-ServicePrincipal.md), so that the row found must be looked for in any case.
    """
    calls = [CmdletCall("Get-ServicePrincipal"), *(call for address in mailboxes for call in mailbox_calls(address))]
    results = shell.invoke_many(calls)
    exchange = ExchangeEvidence(
        connection=shell.connection or Unavailable("not connected", Missing.UNREACHABLE),
        service_principals=service_principals(results[0]),
        errors=tuple(error for result in results for error in cmdlet_errors(result)),
        warnings=_warnings(shell, results),
    )
    parts = [results[1 + start : 1 + start + 3] for start in range(0, len(results) - 1, 3)]
    return CollectedExchange(
        exchange, tuple(mailbox_evidence(address, *part) for address, part in zip(mailboxes, parts, strict=True))
    )


def _warnings(shell: Shell, results: Sequence[CmdletResult]) -> tuple[str, ...]:
    said = (safe(warning) for result in results for warning in result.warnings)
    return tuple(dict.fromkeys((*shell.remarks, *said)))


def mailbox_calls(address: str) -> list[CmdletCall]:
    """Return the three calls that describe one mailbox."""
    return [
        CmdletCall("Get-Recipient", {"Identity": address}),
        CmdletCall("Get-MailboxPermission", {"Identity": address}),
        CmdletCall("Get-CASMailbox", {"Identity": address}),
    ]


def mailbox_evidence(
    address: str, recipient: CmdletResult, permissions: CmdletResult, cas: CmdletResult
) -> MailboxEvidence:
    """Turn the answers to the three calls into evidence on one mailbox."""
    return MailboxEvidence(
        address=address,
        recipient=_recipient(address, recipient),
        permissions=_permissions(permissions),
        cas=_cas(cas),
    )


def service_principals(result: CmdletResult) -> Observed[tuple[ExchangeServicePrincipal, ...]]:
    """Read the answer to Get-ServicePrincipal; an empty one means that none is registered."""
    if not result.ok:
        return not_observed(result)
    return tuple(rows.service_principal(row, provenance(result)) for row in result.rows)


def _recipient(address: str, result: CmdletResult) -> Observed[Recipient | Absent]:
    if result.error is not None and result.error.kind in _NOT_FOUND:
        return Absent(f"Exchange Online has no recipient {safe(address)}", provenance(result))
    if not result.ok:
        return not_observed(result)
    if not result.rows:
        return Absent(f"Exchange Online has no recipient {safe(address)}", provenance(result))
    found = [rows.recipient(row, provenance(result)) for row in result.rows]
    if len(found) > 1:
        named = [
            one for one in found if address.casefold() in {a.casefold() for a in (one.primary_address, *one.addresses)}
        ]
        if len(named) != 1:
            types = ", ".join(one.type_details for one in found)
            return Unavailable(
                f"Get-Recipient finds {len(found)} recipients for {safe(address)} ({types})",
                Missing.UNEXPECTED,
                provenance(result),
                "Name the mailbox by its primary address.",
            )
        return named[0]
    return found[0]


def _permissions(result: CmdletResult) -> Observed[tuple[MailboxPermission, ...]]:
    if not result.ok:
        return not_observed(result)
    return tuple(rows.mailbox_permission(row, provenance(result)) for row in result.rows)


def _cas(result: CmdletResult) -> Observed[CasMailbox]:
    if not result.ok:
        return not_observed(result)
    if len(result.rows) != 1:
        return Unavailable(
            f"Get-CASMailbox returned {len(result.rows)} rows for one mailbox", Missing.UNEXPECTED, provenance(result)
        )
    return rows.cas_mailbox(result.rows[0], provenance(result))


def not_observed(result: CmdletResult) -> Unavailable:
    """Say why a call gave no evidence. A mailbox that is not found blocks what hangs on it."""
    error = result.error or ShellError(ErrorKind.OTHER, "it was not answered")
    hint = _RIGHTS_HINT if MISSING.get(error.kind) is Missing.NO_RIGHTS else ""
    missing = Missing.BLOCKED if error.kind in _NOT_FOUND else MISSING.get(error.kind, Missing.REMOTE_ERROR)
    return Unavailable(safe(error.message), missing, provenance(result), hint)


def provenance(result: CmdletResult) -> Provenance:
    """Return the cmdlet as an administrator would type it, and when it was run."""
    return Provenance(Source.EXCHANGE, safe(result.call.as_powershell()), result.at, result.seconds)


def cmdlet_errors(result: CmdletResult) -> list[CmdletError]:
    """Return a call's errors as evidence."""
    return [
        CmdletError(
            cmdlet=result.call.cmdlet,
            message=safe(error.message),
            provenance=provenance(result),
            error_id=error.error_id,
            category=error.category,
        )
        for error in result.errors
        if error.kind is not ErrorKind.NOT_REACHED
    ]


def uncollected(reason: ShellUnavailable, mailboxes: Sequence[str], transport: str = "") -> CollectedExchange:
    """Return the evidence of a visit that came to nothing: everything unavailable, with the step at which it ended."""
    how = f"{transport}: {reason.step}" if transport else reason.step
    missing = MISSING.get(reason.kind, Missing.REMOTE_ERROR)
    said = Unavailable(f"{reason.step}: {safe(reason.message)}", missing, Provenance(Source.EXCHANGE, how), reason.hint)
    blocked = replace(said)
    exchange = ExchangeEvidence(connection=said, service_principals=blocked)
    return CollectedExchange(
        exchange,
        tuple(MailboxEvidence(address, recipient=blocked, permissions=blocked, cas=blocked) for address in mailboxes),
    )
