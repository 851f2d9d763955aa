"""What is missing for an application to open its mailboxes, as a plan: pure over evidence, hashed, and complete.

A plan either says what to do for a mailbox, or that nothing is to be done, or why nothing can be done. What nobody could
read is a problem, never taken for missing: a grant on top of an unread mailbox could repeat or hide something.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from diagnostics.changes.state import (
    Entry,
    Registration,
    concerning,
    entries_of,
    imap_of,
    registration,
    rightly_registered,
)
from diagnostics.changes.steps import (
    FULL_ACCESS,
    GrantFullAccess,
    RegisterServicePrincipal,
    RemoveServicePrincipal,
    SetImap,
    Step,
)
from diagnostics.evidence import (
    Absent,
    Evidence,
    ExchangeConnection,
    MailboxEvidence,
    Missing,
    Observed,
    Unavailable,
)
from diagnostics.identity import Known, Who, identity_of, tenant_of
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, is_same, lowered
from diagnostics.invocation import Invocation
from diagnostics.quoting import powershell_line
from diagnostics.redaction import safe

SCHEMA = "diag/plan/1"
PRIVATE_ITEMS = "FullAccess opens the whole mailbox, items that are marked private included."
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


@dataclass(frozen=True, slots=True)
class Application:
    """The application that is granted something. The ids are the token's or Graph's, as `source` says."""

    application_id: ApplicationId
    object_id: EnterpriseAppObjectId
    display_name: str
    source: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing can be done for a subject (a mailbox, a line of a file, the application), and what to do about it."""

    subject: str
    what: str
    hint: str = ""
    missing: Missing | None = None

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}" + (f" {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Holding:
    """A mailbox on which a registration has entries."""

    mailbox: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are done, with everything that they depend on; times are UTC.

    `registrations` are the rows of Exchange that hold an id of the application, as they were when the plan was made.
    `settled` are mailboxes for which nothing is to be done. `profile` is what `--profile` has to be given for the profile
    that the plan was made with, `profile_file` its file, `domain` the tenant's, `scenarios` and `shape` a demo's. None of
    these, neither notes nor problems, belong to what is hashed.
    """

    operation: Literal["grant", "revoke"]
    tenant: str
    application: Application
    steps: tuple[Step, ...] = ()
    profile: str = ""
    made_at: str = ""
    settled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    registrations: tuple[Registration, ...] = ()
    profile_file: str = ""
    domain: str = ""
    scenarios: tuple[str, ...] = ()
    shape: str = ""
    schema: str = SCHEMA

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical form of what is to be done, and to whom: what a ticket can name."""
        core = {
            "schema": self.schema,
            "operation": self.operation,
            "tenant": self.tenant,
            "application": [self.application.application_id, self.application.object_id],
            "registrations": [asdict(row) for row in self.registrations],
            "steps": [step_tree(step) for step in self.steps],
        }
        return hashlib.sha256(canonical(core)).hexdigest()

    @property
    def mailboxes(self) -> tuple[str, ...]:
        """The mailboxes that are changed, each once."""
        return tuple(dict.fromkeys(step.mailbox for step in self.steps if step.mailbox))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator allows to be done beyond granting FullAccess."""

    replace_service_principal: bool = False
    enable_imap: bool = False


class NoPlan(Exception):
    """There can be no plan at all; says why in one line, and `missing` decides the exit code."""

    def __init__(self, why: Unavailable) -> None:
        reason = " ".join(why.reason.split()).rstrip(".")
        super().__init__(f"{reason}. {why.hint}" if why.hint else f"{reason}.")
        self.why = why


def canonical(tree: object) -> bytes:
    """Return the one spelling of a tree that hashes are taken over: sorted keys, no blanks, ASCII."""
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def step_tree(step: Step) -> dict[str, object]:
    """Return a step as JSON can hold it."""
    tree = json.loads(json.dumps(asdict(step)))
    assert isinstance(tree, dict)
    return tree


def application_of(evidence: Evidence) -> Application:
    """Return the application's ids where its token or Graph says them. Raises NoPlan for ids that are only assumed."""
    identity, token, enterprise = identity_of(evidence), evidence.token(), evidence.graph.enterprise_application
    application_id, object_id = identity.application_id, identity.object_id
    if identity.other:
        raise NoPlan(Unavailable(identity.other, Missing.UNEXPECTED))
    if (
        isinstance(application_id, Known)
        and isinstance(object_id, Known)
        and application_id.is_recorded
        and object_id.is_recorded
    ):
        ids = (lowered(application_id.value), lowered(object_id.value))
        return Application(*ids, identity.display_name, _SOURCES[object_id.said_by[0]])
    if isinstance(enterprise, Absent):
        says = Invocation.of(evidence.target).inline("permissions")
        hint = f"Consent to the application in this tenant first; {says} says more."
        raise NoPlan(Unavailable(enterprise.absent, Missing.BLOCKED, enterprise.provenance, hint))
    says = Invocation.of(evidence.target).inline("token")
    reason = token.reason if isinstance(token, Unavailable) else "the token is not the application's own"
    graph = enterprise.reason if isinstance(enterprise, Unavailable) else "it knows another application"
    raise NoPlan(
        Unavailable(
            f"the application's ids are not known: {reason}; Microsoft Graph: {graph}",
            Missing.BLOCKED,
            hint=f"They are taken from the token or from Graph, never typed. {says} says what is wrong.",
        )
    )


_SOURCES = {
    Who.TOKEN: "appid and oid of the application's own token",
    Who.GRAPH: "Microsoft Graph, servicePrincipals",
}


def registrations_of(evidence: Evidence) -> tuple[Registration, ...]:
    """Return what Exchange holds. Raises NoPlan when it could not be read, or when it is another tenant's."""
    found, connection = evidence.exchange.service_principals, evidence.exchange.connection
    if isinstance(found, Unavailable):
        raise NoPlan(found)
    ours = tenant_of(evidence)
    theirs = connection.tenant_id if isinstance(connection, ExchangeConnection) else ""
    if isinstance(ours, Known) and theirs and not is_same(theirs, ours.value):
        why = f"Exchange is tenant {theirs}, the application is of tenant {ours.value} ({ours.source})"
        raise NoPlan(Unavailable(why, Missing.UNEXPECTED))
    return tuple(sorted(registration(row) for row in found))


def wrong_registrations(evidence: Evidence) -> tuple[Registration, ...]:
    """Return the rows that hold an id of the application beside a wrong one; they stand in the way. Raises NoPlan."""
    application, found = application_of(evidence), registrations_of(evidence)
    if rightly_registered(found, application.application_id, application.object_id) is not None:
        return ()
    return concerning(found, application.application_id, application.object_id)


def plan_grant(evidence: Evidence, wishes: Wishes, orphans: Observed[tuple[Holding, ...]] = ()) -> Plan:
    """Return the plan that lets the application open `evidence.mailboxes`. Raises NoPlan.

    `orphans` are the mailboxes on which the wrong registrations have entries; they are needed only where one is to be
    replaced.
    """
    application, found = application_of(evidence), registrations_of(evidence)
    work = _Work(evidence, wishes, application)
    principal = rightly_registered(found, application.application_id, application.object_id)
    if principal is None:
        work.register(found, orphans)
    if not work.blocked:
        for mailbox in evidence.mailboxes:
            work.grant(mailbox, principal)
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
        """Plan anew the permissions that go with the wrong registration."""
        for holding in orphans:
            rights = sorted({right for e in holding.entries if not e.deny and not e.inherited for right in e.rights})
            if rights:
                step = GrantFullAccess(holding.mailbox, self.application.object_id, (), tuple(rights), "orphaned")
                self.grants[holding.mailbox.casefold()] = step
            if any(entry.deny for entry in holding.entries):
                self.notes.append(
                    f"{holding.mailbox}: the wrong registration is denied access there; that ends with it."
                )
        if self.grants:
            count = len(self.grants)
            self.notes.append(
                f"The entries of the wrong registration on {count} mailbox(es) stay behind as entries of an unknown SID."
            )

    def grant(self, mailbox: MailboxEvidence, principal: Registration | None) -> None:
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
        if not self._permission(identity, mailbox, principal):
            return
        self._imap(identity, mailbox)
        if identity.casefold() not in self.grants and len(self.others) == before:
            self.settled.append(identity)

    def _permission(self, identity: str, mailbox: MailboxEvidence, principal: Registration | None) -> bool:
        rows = mailbox.permissions
        if isinstance(rows, Unavailable):
            self.problems.append(Problem(identity, rows.reason, rows.hint, rows.missing))
            return False
        entries = entries_of(rows, principal)
        if any(entry.deny for entry in entries):
            what = "an entry denies the application access, which outweighs any grant."
            remove = powershell_line(
                "Remove-MailboxPermission", Identity=identity, User=self.application.object_id, AccessRights=FULL_ACCESS
            )
            hint = f"Remove it first: {remove} -Deny" if remove else "Remove it first, with Remove-MailboxPermission."
            self.problems.append(Problem(identity, what, hint))
            return False
        if not any(entry.allows((FULL_ACCESS,)) for entry in entries):
            planned = self.grants.get(identity.casefold())
            rights: tuple[str, ...] = (FULL_ACCESS,)
            if planned is not None:
                rights = tuple(sorted({*planned.rights, FULL_ACCESS}))
            why: Literal["missing", "orphaned"] = "orphaned" if planned is not None else "missing"
            step = GrantFullAccess(identity, self.application.object_id, entries, rights, why)
            self.grants[identity.casefold()] = step
        return True

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


def by_subject(problems: Sequence[Problem]) -> Mapping[str, Problem]:
    """Return the problems by what they are about."""
    return {problem.subject: problem for problem in problems}
