"""Asks Exchange what it holds about an application and its mailboxes, in one batch, and turns the rows into evidence.

A second batch is sent only where something is amiss: an address that is no recipient (was it deleted?), a mailbox that IMAP
did not open (what is its UserPrincipalName?), or one without FullAccess for the application (is there a grant of another
kind, which is none for IMAP?).
"Not found" becomes `Absent`; no rights, time-outs, broken channels, rows that are not understood and emptiness where
something is always listed become `Unavailable`, never an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from diagnostics import access
from diagnostics.errors.reasons import MISSING
from diagnostics.evidence import (
    Absent,
    AccessPolicy,
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
    RoleAssignment,
    Source,
    Unavailable,
)
from diagnostics.exchange import calls, rows
from diagnostics.exchange.port import CmdletCall, CmdletResult, ErrorKind, Shell, ShellError, ShellUnavailable
from diagnostics.ids import NO_APPLICATION_ID, NO_ENTERPRISE_APP_OBJECT_ID, ApplicationId
from diagnostics.redaction import safe

_T = TypeVar("_T")

READ_CMDLETS = (
    "Get-ServicePrincipal",
    "Get-Recipient",
    "Get-Mailbox",
    "Get-MailboxPermission",
    "Get-CASMailbox",
    "Get-ApplicationAccessPolicy",
    "Get-ManagementRoleAssignment",
)
"""What collecting needs; goes into ConnectionRequest.cmdlets, so that no more is loaded."""
WRITE_CMDLETS = (
    "New-ServicePrincipal",
    "Remove-ServicePrincipal",
    "Add-MailboxPermission",
    "Remove-MailboxPermission",
    "Set-CASMailbox",
)
"""What granting and undoing need."""

_RIGHTS_HINT = "Give the operator a role that has this cmdlet: Exchange Administrator, or Global Reader to read only."
_NOT_FOUND = frozenset({ErrorKind.NOT_FOUND, ErrorKind.PRINCIPAL_NOT_FOUND})


@dataclass(frozen=True, slots=True)
class CollectedExchange:
    """What one visit to Exchange gave: the organisation's part, and one part per mailbox, in the order asked."""

    exchange: ExchangeEvidence
    mailboxes: tuple[MailboxEvidence, ...]


def collect(
    shell: Shell,
    mailboxes: Sequence[str],
    application_id: ApplicationId = NO_APPLICATION_ID,
    not_opened: Callable[[], Collection[str]] = tuple,
) -> CollectedExchange:
    """Read all service principals, and recipient, permissions and protocols of each mailbox, in one batch.

    Get-ServicePrincipal is asked for all: with an -Identity that does not exist it returns all of them anyway
    (Get-ServicePrincipal.md), so that the row found must be looked for in any case. `not_opened` is asked after the
    batch for the mailboxes that IMAP did not open; it may wait for that.
    """
    batch = [CmdletCall("Get-ServicePrincipal"), *(call for address in mailboxes for call in mailbox_calls(address))]
    results = shell.invoke_many(batch)
    principals = service_principals(results[0], application_id)
    if is_cut_off(results[0]) and application_id:
        principals = _searched(shell, results[0], application_id)
    exchange = ExchangeEvidence(
        connection=shell.connection or Unavailable("not connected", Missing.UNREACHABLE),
        service_principals=principals,
        errors=tuple(error for result in results for error in cmdlet_errors(result)),
        warnings=_warnings(shell, results),
    )
    size = len(mailbox_calls(""))
    parts = [results[1 + start : 1 + start + size] for start in range(0, len(results) - 1, size)]
    found = tuple(mailbox_evidence(address, *part) for address, part in zip(mailboxes, parts, strict=True))
    return _follow_up(shell, CollectedExchange(exchange, found), application_id, not_opened())


def _follow_up(
    shell: Shell, first: CollectedExchange, application_id: ApplicationId, not_opened: Collection[str]
) -> CollectedExchange:
    """Ask, in one more batch, what explains what is amiss; nothing is sent when nothing is."""
    questions = _questions(first, application_id, not_opened)
    if not questions:
        return first
    answers = dict(zip(questions, shell.invoke_many(list(questions.values())), strict=True))
    exchange = first.exchange
    if (_POLICIES, "") in answers:
        exchange = replace(
            exchange,
            access_policies=_policies(answers[_POLICIES, ""], application_id),
            role_assignments=_role_assignments(answers[_ROLES, ""]),
        )
    return CollectedExchange(exchange, tuple(_explained(mailbox, answers) for mailbox in first.mailboxes))


_DELETED, _GROUP, _NAME, _POLICIES, _ROLES = "deleted", "group", "name", "policies", "roles"
_Question = tuple[str, str]  # what is asked, and of which address


def _questions(
    first: CollectedExchange, application_id: ApplicationId, not_opened: Collection[str]
) -> dict[_Question, CmdletCall]:
    """Return the calls of the second batch; a group shows only when it is asked for by type (Get-Recipient.md)."""
    asked: dict[_Question, CmdletCall] = {}
    for mailbox in first.mailboxes:
        named = {"Identity": mailbox.address}
        if isinstance(mailbox.recipient, Absent):
            asked[_DELETED, mailbox.address] = CmdletCall("Get-Mailbox", {**named, "SoftDeletedMailbox": True})
            asked[_GROUP, mailbox.address] = CmdletCall(
                "Get-Recipient", {**named, "RecipientTypeDetails": "GroupMailbox"}
            )
        elif isinstance(mailbox.recipient, Recipient) and mailbox.address in not_opened:
            asked[_NAME, mailbox.address] = CmdletCall("Get-Mailbox", named)
    registered = _registered(first.exchange, application_id)
    if registered and any(_has_no_access(mailbox, registered) for mailbox in first.mailboxes):
        asked[_POLICIES, ""] = CmdletCall("Get-ApplicationAccessPolicy")
        asked[_ROLES, ""] = calls.role_assignments(registered[0].object_id)
    return asked


def _explained(mailbox: MailboxEvidence, answers: Mapping[_Question, CmdletResult]) -> MailboxEvidence:
    address = mailbox.address
    if (_NAME, address) in answers:
        return replace(mailbox, recipient=_with_user_name(mailbox.recipient, answers[_NAME, address]))
    if (_DELETED, address) not in answers:
        return mailbox
    group = recipient_of(address, answers[_GROUP, address])
    return replace(
        mailbox,
        soft_deleted=_soft_deleted(answers[_DELETED, address]),
        recipient=group if isinstance(group, Recipient) and _answers_to(group, address) else mailbox.recipient,
    )


def _answers_to(recipient: Recipient, address: str) -> bool:
    """Whether an address is one of the recipient's: an unknown -Identity may return everything (Get-Recipient.md)."""
    return address.casefold() in {known.casefold() for known in (recipient.primary_address, *recipient.addresses)}


def _registered(exchange: ExchangeEvidence, application_id: ApplicationId) -> tuple[ExchangeServicePrincipal, ...]:
    """Return what stands for the application; what it may do is asked of a wrong registration as well."""
    found = exchange.service_principals
    return (
        ()
        if isinstance(found, Unavailable)
        else access.standing(found, application_id, NO_ENTERPRISE_APP_OBJECT_ID).rows
    )


def _has_no_access(mailbox: MailboxEvidence, registered: Sequence[ExchangeServicePrincipal]) -> bool:
    rows = mailbox.permissions
    return not isinstance(rows, Unavailable) and not access.opens(rows, access.principals(registered))


def _soft_deleted(result: CmdletResult) -> Observed[bool]:
    if result.error is not None and result.error.kind in _NOT_FOUND:
        return False
    return bool(result.rows) if result.ok else not_observed(result)


def _policies(result: CmdletResult, application_id: ApplicationId) -> Observed[tuple[AccessPolicy, ...]]:
    if not result.ok:
        return not_observed(result)
    found = read_rows(result, rows.access_policy)
    if isinstance(found, Unavailable):
        return found
    return tuple(policy for policy in found if policy.app_id.casefold() == application_id.casefold())


def _role_assignments(result: CmdletResult) -> Observed[tuple[RoleAssignment, ...]]:
    if not result.ok:
        return not_observed(result)
    return read_rows(result, rows.role_assignment)


def _warnings(shell: Shell, results: Sequence[CmdletResult]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*shell.remarks, *(safe(said) for result in results for said in result.warnings))))


def mailbox_calls(address: str) -> list[CmdletCall]:
    """Return the calls that describe one mailbox."""
    return [
        CmdletCall("Get-Recipient", {"Identity": address}),
        CmdletCall("Get-MailboxPermission", {"Identity": address, "IncludeUnresolvedPermissions": True}),
        CmdletCall("Get-CASMailbox", {"Identity": address}),
    ]


def mailbox_evidence(
    address: str, recipient: CmdletResult, permissions: CmdletResult, cas: CmdletResult
) -> MailboxEvidence:
    """Turn the answers to the calls of `mailbox_calls` into evidence on one mailbox."""
    return MailboxEvidence(
        address=address,
        recipient=recipient_of(address, recipient),
        permissions=permissions_of(permissions),
        cas=_cas(cas),
    )


def read_rows(result: CmdletResult, reader: Callable[[rows.Row, Provenance], _T]) -> Observed[tuple[_T, ...]]:
    """Read every row of an answer; one that is not understood makes the whole of it unavailable."""
    try:
        return tuple(reader(row, provenance(result)) for row in result.rows)
    except rows.NotUnderstood as odd:
        return _odd(result, odd)


def _odd(result: CmdletResult, odd: rows.NotUnderstood) -> Unavailable:
    reason = f"{result.call.cmdlet} returned a row that is not understood: {odd}"
    return Unavailable(reason, Missing.UNEXPECTED, provenance(result))


def nothing_where_something_is(result: CmdletResult, always: str) -> Unavailable:
    """Say that an answer without rows is not believed: the cmdlet has something to list, or an error, in any case."""
    reason = f"{result.call.cmdlet} returned nothing and reported no error, but {always}: its answer was lost"
    return Unavailable(reason, Missing.UNEXPECTED, provenance(result))


_MORE = "There are more results available"
"""How the warning begins with which a cmdlet stops at its 1000th row; other languages say it in other words."""

_FULL = 1000


def is_cut_off(result: CmdletResult) -> bool:
    """Say whether Exchange may have more rows than it returned; such a list cannot show that something is missing."""
    return len(result.rows) == _FULL or any(warning.startswith(_MORE) for warning in result.warnings)


def _cut_off(result: CmdletResult) -> Unavailable:
    reason = f"{result.call.cmdlet} returned {len(result.rows)} rows, and there may be more"
    return Unavailable(reason, Missing.CUT_OFF, provenance(result))


def _searched(
    shell: Shell, shown: CmdletResult, application_id: ApplicationId
) -> Observed[tuple[ExchangeServicePrincipal, ...]]:
    """Ask for one application where the whole list is too long; what is not found by its id may still be there."""
    (asked,) = shell.invoke_many([calls.service_principal(application_id)])
    found = _understood(asked)
    if not any(row.app_id.casefold() == application_id.casefold() for row in found):
        return not_observed(asked) if asked.errors else _cut_off(shown)
    seen = {row.object_id for row in found}
    return (*found, *(row for row in _understood(shown) if row.object_id not in seen))


def _understood(result: CmdletResult) -> tuple[ExchangeServicePrincipal, ...]:
    found = (read_rows(replace(result, rows=(row,)), rows.service_principal) for row in result.rows)
    return tuple(principal for one in found if not isinstance(one, Unavailable) for principal in one)


def service_principals(
    result: CmdletResult, application_id: ApplicationId = NO_APPLICATION_ID
) -> Observed[tuple[ExchangeServicePrincipal, ...]]:
    """Read the answer to Get-ServicePrincipal; an empty one means that none is registered.

    Where a row is not understood, the rest can still show that `application_id` is registered, never that it is not.
    """
    if not result.ok:
        return not_observed(result)
    if is_cut_off(result):
        return _cut_off(result)
    found = read_rows(result, rows.service_principal)
    if isinstance(found, Unavailable) and application_id:
        understood = _understood(result)
        if any(row.app_id.casefold() == application_id.casefold() for row in understood):
            return understood
    return found


def recipient_of(address: str, result: CmdletResult) -> Observed[Recipient | Absent]:
    """Read the answer to Get-Recipient for one address; only an error that says so means that there is none."""
    if result.error is not None and result.error.kind in _NOT_FOUND:
        return Absent(f"Exchange Online has no recipient {safe(address)}", provenance(result))
    if not result.ok:
        return not_observed(result)
    found = read_rows(result, rows.recipient)
    if isinstance(found, Unavailable):
        return found
    if not found:
        return nothing_where_something_is(result, "an address that is not known is an error")
    if len(found) > 1:
        named = [one for one in found if _answers_to(one, address)]
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


def _with_user_name(recipient: Observed[Recipient | Absent], mailbox: CmdletResult) -> Observed[Recipient | Absent]:
    """Add the UserPrincipalName that only Get-Mailbox has; without it the name is simply not compared."""
    if not isinstance(recipient, Recipient) or not mailbox.ok or len(mailbox.rows) != 1:
        return recipient
    found = read_rows(mailbox, rows.recipient)
    return (
        recipient
        if isinstance(found, Unavailable)
        else replace(recipient, user_principal_name=found[0].user_principal_name)
    )


def permissions_of(result: CmdletResult) -> Observed[tuple[MailboxPermission, ...]]:
    """Read the answer to Get-MailboxPermission for one mailbox; its owner is always listed (NT AUTHORITY, SELF)."""
    if not result.ok:
        return not_observed(result)
    if is_cut_off(result):
        return _cut_off(result)
    if not result.rows:
        return nothing_where_something_is(result, "a mailbox always lists its owner")
    return read_rows(result, rows.mailbox_permission)


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
    missing = MISSING[error.kind]
    hint = _RIGHTS_HINT if missing is Missing.NO_RIGHTS else ""
    return Unavailable(safe(error.message), missing, provenance(result), hint)


def provenance(result: CmdletResult) -> Provenance:
    """Return the cmdlet as an administrator would type it, and when it was run."""
    return Provenance(Source.EXCHANGE, safe(result.call.shown()), result.at, result.seconds)


def cmdlet_errors(result: CmdletResult) -> list[CmdletError]:
    """Return a call's errors as evidence."""
    return [
        CmdletError(
            cmdlet=result.call.cmdlet,
            message=safe(error.message),
            provenance=provenance(result),
            error_id=error.error_id,
            category=error.category,
            kind=error.kind,
        )
        for error in result.errors
        if error.kind is not ErrorKind.NOT_REACHED
    ]


def uncollected(reason: ShellUnavailable, mailboxes: Sequence[str], transport: str = "") -> CollectedExchange:
    """Return the evidence of a visit that came to nothing: everything unavailable, with the step at which it ended."""
    how = f"{transport}: {reason.step}" if transport else reason.step
    said = blocked = replace(reason.as_unavailable(), provenance=Provenance(Source.EXCHANGE, how))
    exchange = ExchangeEvidence(connection=said, service_principals=blocked)
    return CollectedExchange(
        exchange,
        tuple(MailboxEvidence(address, recipient=blocked, permissions=blocked, cas=blocked) for address in mailboxes),
    )
