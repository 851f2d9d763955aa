"""From what is there to a plan that lets an application open its mailboxes; pure over evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from diagnostics.access import (
    FULL_ACCESS,
    Access,
    Decision,
    Rule,
    access_of,
    concerning,
    gives_full_access,
    principals,
    rightly_registered,
)
from diagnostics.changes.plan import (
    Application,
    Holding,
    NoPlan,
    Plan,
    Problem,
    Wishes,
    application_of,
    registrations_of,
)
from diagnostics.changes.state import Registration, entries_of, imap_of
from diagnostics.changes.steps import (
    GrantFullAccess,
    RegisterServicePrincipal,
    RemoveServicePrincipal,
    SetImap,
    Step,
)
from diagnostics.evidence import (
    Absent,
    Evidence,
    MailboxEvidence,
    MailboxPermission,
    Missing,
    Observed,
    Unavailable,
)
from diagnostics.identity import Known, tenant_of
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId
from diagnostics.invocation import Invocation
from diagnostics.quoting import powershell_line
from diagnostics.redaction import safe

_MAILBOXES = frozenset(
    {
        "usermailbox",
        "sharedmailbox",
        "roommailbox",
        "equipmentmailbox",
        "linkedmailbox",
        "legacymailbox",
        "teammailbox",
        "schedulingmailbox",
    }
)
"""RecipientTypeDetails that Add-MailboxPermission takes (office-docs-powershell, Get-Recipient.md), in lower case."""


def wrong_registrations(evidence: Evidence) -> tuple[Registration, ...]:
    """Return the rows that hold an id of the application beside a wrong one; they stand in the way. Raises NoPlan."""
    application, found = application_of(evidence), registrations_of(evidence)
    if rightly_registered(found, application.application_id, application.object_id):
        return ()
    return concerning(found, application.application_id, application.object_id)


def plan_grant(evidence: Evidence, wishes: Wishes, orphans: Observed[tuple[Holding, ...]] = ()) -> Plan:
    """Return the plan that lets the application open `evidence.mailboxes`. Raises NoPlan.

    `orphans` are the mailboxes on which the wrong registrations have entries; they are needed only where one is to be
    replaced.
    """
    application, found = application_of(evidence), registrations_of(evidence)
    mine = rightly_registered(found, application.application_id, application.object_id)
    work = _Work(evidence, wishes, application, mine, found)
    if not mine:
        work.register(found, orphans)
    if not work.blocked:
        for mailbox in evidence.mailboxes:
            work.grant(mailbox)
    tenant = tenant_of(evidence)
    return Plan(
        operation="grant",
        tenant=(tenant.value if isinstance(tenant, Known) else evidence.target.tenant).lower(),
        application=application,
        steps=tuple(work.steps()),
        profile=evidence.target.profile,
        made_at=evidence.judged_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        settled=tuple(work.settled),
        notes=tuple(work.notes),
        problems=tuple(work.problems),
        registrations=concerning(found, application.application_id, application.object_id),
    )


@dataclass(slots=True)
class _Work:
    evidence: Evidence
    wishes: Wishes
    application: Application
    mine: tuple[Registration, ...]
    found: tuple[Registration, ...]
    blocked: bool = False
    first: list[Step] = field(default_factory=list)
    grants: dict[str, GrantFullAccess] = field(default_factory=dict)
    others: list[Step] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """Return the steps in order: registrations, then permissions, then protocols."""
        return [*self.first, *self.grants.values(), *self.others]

    def register(self, found: Sequence[Registration], orphans: Observed[tuple[Holding, ...]]) -> None:
        """Plan the registration, replacing what stands in the way where that is allowed."""
        app = self.application
        wrong = concerning(found, app.application_id, app.object_id)
        if wrong and not self.wishes.replace_service_principal:
            self.blocked = True
            said = "; ".join(f"AppId {row.app_id} with ObjectId {row.object_id}" for row in wrong)
            what = f"Exchange holds {said}; the application is AppId {app.application_id}, ObjectId {app.object_id}."
            hint = "A wrong id cannot be repaired, only replaced: --replace-service-principal"
            self.problems.append(Problem("service principal", what, hint))
            return
        if wrong and isinstance(orphans, Unavailable):
            self.blocked = True
            what = f"What a replacement would orphan could not be read in full: {orphans.reason}."
            self.problems.append(Problem("service principal", what, orphans.hint, orphans.missing))
            return
        for row in wrong:
            self.first.append(RemoveServicePrincipal(_unique_id(row, found), row))
        name = app.display_name or (wrong[0].display_name if wrong else "")
        self.first.append(RegisterServicePrincipal(app.application_id, app.object_id, name, wrong))
        if wrong and not isinstance(orphans, Unavailable):
            self._again(orphans)

    def _again(self, orphans: Sequence[Holding]) -> None:
        """Plan again the permissions that go with the wrong registration."""
        for holding in orphans:
            rights = sorted({right for e in holding.entries if not e.deny and not e.inherited for right in e.rights})
            if rights:
                step = GrantFullAccess(holding.mailbox, self.application.object_id, (), tuple(rights), "orphaned")
                self.grants[holding.mailbox.casefold()] = step
            denied = sorted({right for e in holding.entries if e.deny and not e.inherited for right in e.rights})
            if denied:
                what = f"the wrong registration is denied {', '.join(denied)} there; that ends with it."
                self.notes.append(f"{holding.mailbox}: {what}")
        if self.grants:
            count = len(self.grants)
            self.notes.append(
                f"The entries of the wrong registration on {count} mailbox(es) stay behind as entries of an unknown SID."
            )

    def grant(self, mailbox: MailboxEvidence) -> None:
        """Plan what one mailbox needs, or say why that cannot be done."""
        recipient, address = mailbox.recipient, safe(mailbox.address)
        if isinstance(recipient, Unavailable):
            self.problems.append(Problem(address, recipient.reason, recipient.hint, recipient.missing))
            return
        if isinstance(recipient, Absent):
            self.problems.append(
                Problem(address, "there is no such mailbox in this organisation.", "Check the address.")
            )
            return
        if recipient.type_details.casefold() not in _MAILBOXES:
            what = f"it is a {recipient.type_details or 'recipient of unknown type'}, which cannot be opened over IMAP."
            self.problems.append(Problem(address, what, "Name a user, shared, room or equipment mailbox."))
            return
        identity = recipient.primary_address or mailbox.address
        if identity.casefold() in self.seen:
            self.notes.append(f"{address}: the same mailbox as {self.seen[identity.casefold()]}; it is done once.")
            return
        self.seen[identity.casefold()] = address
        before = len(self.others)
        if not self._permission(identity, mailbox):
            return
        self._imap(identity, mailbox)
        if identity.casefold() not in self.grants and len(self.others) == before:
            self.settled.append(identity)

    def _permission(self, identity: str, mailbox: MailboxEvidence) -> bool:
        """Plan FullAccess where it is missing; return whether the mailbox will be open, as far as permissions go."""
        rows = mailbox.permissions
        if isinstance(rows, Unavailable):
            self.problems.append(Problem(identity, rows.reason, rows.hint, rows.missing))
            return False
        decision = access_of(rows, principals(self.mine, self.found))
        problem = self._in_the_way(identity, decision)
        if problem is not None:
            self.problems.append(problem)
            return False
        if decision.note:
            self.notes.append(f"{identity}: {decision.note}.")
        if decision.access is not Access.OPEN:
            self._give(identity, rows)
        return True

    def _in_the_way(self, identity: str, decision: Decision[MailboxPermission]) -> Problem | None:
        """Say why a grant would not open the mailbox, or could not be told from what is there."""
        if decision.rule is Rule.DENIED:
            user = self.application.object_id
            remove = powershell_line("Remove-MailboxPermission", Identity=identity, User=user, AccessRights=FULL_ACCESS)
            hint = f"Remove it first: {remove} -Deny" if remove else "Remove it first, with Remove-MailboxPermission."
            return Problem(identity, f"{decision.rule.value}.", hint)
        if decision.rule is Rule.DENIED_ABOVE:
            hint = f"{Invocation.of(self.evidence.target).inline('permissions')} tries whether it opens."
            return Problem(
                identity, f"{decision.rule.value}; another grant would change nothing.", hint, Missing.UNEXPECTED
            )
        if len(self.mine) > 1 and decision.access is not Access.OPEN:
            what = "Exchange lists the application more than once, so that a grant could go to one that does not count."
            missing = Missing.UNEXPECTED if decision.access is Access.UNKNOWN else None
            return Problem(identity, what, "Leave one of them, then plan again.", missing)
        if decision.access is Access.UNKNOWN:
            hint = "Get-MailboxPermission | Format-List User,UserSid shows it."
            return Problem(identity, f"{decision.rule.value}.", hint, Missing.UNEXPECTED)
        return None

    def _give(self, identity: str, rows: Sequence[MailboxPermission]) -> None:
        entries = entries_of(rows, self.mine)
        if any(entry.deny and entry.inherited and gives_full_access(entry.rights) for entry in entries):
            self.notes.append(
                f"{identity}: an inherited entry denies FullAccess; that the new entry outweighs it is not proven."
            )
        planned = self.grants.get(identity.casefold())
        rights = (FULL_ACCESS,) if planned is None else tuple(sorted({*planned.rights, FULL_ACCESS}))
        why: Literal["missing", "orphaned"] = "orphaned" if planned is not None else "missing"
        step = GrantFullAccess(identity, self.application.object_id, entries, rights, why)
        self.grants[identity.casefold()] = step

    def _imap(self, identity: str, mailbox: MailboxEvidence) -> None:
        on = imap_of(mailbox.cas)
        if isinstance(on, Unavailable):
            self.notes.append(f"{identity}: whether IMAP is on could not be read: {on.reason}")
        elif not on and self.wishes.enable_imap:
            self.others.append(SetImap(identity))
        elif not on:
            self.notes.append(f"{identity}: IMAP is switched off there; --enable-imap switches it on.")


def _unique_id(row: Registration, found: Sequence[Registration]) -> ApplicationId | EnterpriseAppObjectId:
    """Return an id of `row` that names no other row, since Remove-ServicePrincipal takes either. Raises NoPlan."""
    others = {value.casefold() for other in found if other != row for value in (other.app_id, other.object_id)}
    for value in (row.object_id, row.app_id):
        if value and value.casefold() not in others:
            return value
    raise NoPlan(
        Unavailable(
            f"both ids of the wrong registration (AppId {row.app_id}, ObjectId {row.object_id}) name other rows as well",
            Missing.UNEXPECTED,
            hint="Remove it by hand, then plan again.",
        )
    )
