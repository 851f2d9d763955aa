"""What Exchange holds of one application, reduced to what a change depends on; read again before and after each change.

Other people's entries on a mailbox come and go and are nobody's business here: only the application's own are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics import access
from diagnostics.evidence import (
    Absent,
    CasMailbox,
    ExchangeServicePrincipal,
    MailboxPermission,
    Missing,
    Observed,
    Unavailable,
)
from diagnostics.exchange import rows
from diagnostics.exchange.collect import not_observed, permissions_of, provenance, service_principals
from diagnostics.exchange.port import CmdletCall, CmdletResult, ErrorKind, Shell
from diagnostics.ids import NO_SID, ApplicationId, EnterpriseAppObjectId, Sid, lowered

NOT_READ = Unavailable("it was not read", Missing.NOT_REQUESTED)


@dataclass(frozen=True, slots=True, order=True)
class Registration:
    """A row of Get-ServicePrincipal, without what changes by itself."""

    app_id: ApplicationId
    object_id: EnterpriseAppObjectId
    sid: Sid = NO_SID
    display_name: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """An access control entry of the application on one mailbox; `rights` are sorted."""

    user: str
    sid: Sid
    rights: tuple[str, ...]
    deny: bool = False
    inherited: bool = False

    def gives(self, wanted: Iterable[str]) -> bool:
        """Whether the entry was made on the mailbox and gives all of `wanted`."""
        have = {right.casefold() for right in self.rights}
        return not self.deny and not self.inherited and {right.casefold() for right in wanted} <= have


@dataclass(frozen=True, slots=True)
class Now:
    """What was read at one moment: registrations, and by mailbox the permission rows and whether IMAP is on."""

    registrations: Observed[tuple[Registration, ...]] = NOT_READ
    permissions: Mapping[str, Observed[tuple[MailboxPermission, ...]]] = field(default_factory=dict)
    imap: Mapping[str, Observed[bool]] = field(default_factory=dict)

    def registration(self, application_id: ApplicationId, object_id: EnterpriseAppObjectId) -> Registration | None:
        """Return the application's row when it is registered rightly, and `None` otherwise."""
        if isinstance(self.registrations, Unavailable):
            return None
        return next(iter(access.rightly_registered(self.registrations, application_id, object_id)), None)

    def entries(self, mailbox: str, principal: Registration | None) -> Observed[tuple[Entry, ...]]:
        """Return the principal's entries on a mailbox."""
        found = self.permissions.get(mailbox, NOT_READ)
        return found if isinstance(found, Unavailable) else entries_of(found, () if principal is None else (principal,))


def registration(row: ExchangeServicePrincipal) -> Registration:
    """Return what a change depends on of a service principal."""
    return Registration(lowered(row.app_id), lowered(row.object_id), row.sid, row.display_name)


def entries_of(found: Iterable[MailboxPermission], mine: Iterable[Registration]) -> tuple[Entry, ...]:
    """Return the entries of an application's registrations among a mailbox's rows; one that is not registered has none."""
    known = access.principals(mine)
    own = (row for row in found if any(access.bond(row, principal).proven for principal in known))
    return tuple(
        sorted(Entry(row.user, row.user_sid, tuple(sorted(row.rights)), row.deny, row.inherited) for row in own)
    )


def read(shell: Shell, mailboxes: Sequence[str], imap: Sequence[str] = ()) -> Now:
    """Read the registrations, the permissions of `mailboxes` and the protocols of `imap`, in one batch."""
    calls = [
        CmdletCall("Get-ServicePrincipal"),
        *(CmdletCall("Get-MailboxPermission", {"Identity": mailbox}) for mailbox in mailboxes),
        *(CmdletCall("Get-CASMailbox", {"Identity": mailbox}) for mailbox in imap),
    ]
    registered, *rest = shell.invoke_many(calls)
    found = service_principals(registered)
    return Now(
        found if isinstance(found, Unavailable) else tuple(sorted(registration(row) for row in found)),
        {mailbox: permissions_of(result) for mailbox, result in zip(mailboxes, rest[: len(mailboxes)], strict=True)},
        {mailbox: imap_enabled(result) for mailbox, result in zip(imap, rest[len(mailboxes) :], strict=True)},
    )


def imap_enabled(result: CmdletResult) -> Observed[bool]:
    """Return whether IMAP is on, by Get-CASMailbox."""
    if not result.ok:
        return not_observed(result)
    found = [rows.cas_mailbox(row, provenance(result)) for row in result.rows]
    return imap_of(found[0]) if len(found) == 1 else Unavailable("not one row came", Missing.UNEXPECTED)


def imap_of(cas: Observed[CasMailbox] | Absent) -> Observed[bool]:
    """Return whether IMAP is on, by evidence that was collected before."""
    if isinstance(cas, Unavailable):
        return cas
    if isinstance(cas, Absent) or cas.imap_enabled is None:
        return Unavailable("Get-CASMailbox does not say whether IMAP is on", Missing.UNEXPECTED)
    return cas.imap_enabled


NOBODY = frozenset({ErrorKind.NOT_FOUND, ErrorKind.PRINCIPAL_NOT_FOUND})
"""Answers to -User or -Identity that mean: there is no such object."""
