"""What is missing for an application to open its mailboxes, as a plan: pure over evidence, hashed, and complete.

A plan either says what to do for a mailbox, or that nothing is to be done, or why nothing can be done. What nobody could
read is a problem, never taken for missing: a grant on top of an unread mailbox could repeat or hide something.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from diagnostics.changes.state import Entry, Registration, registration
from diagnostics.changes.steps import Step
from diagnostics.evidence import (
    Absent,
    Evidence,
    ExchangeConnection,
    Missing,
    Unavailable,
)
from diagnostics.identity import Known, Who, identity_of, tenant_of
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, is_same, lowered
from diagnostics.invocation import Invocation

SCHEMA = "diag/plan/1"
PRIVATE_ITEMS = "FullAccess opens the whole mailbox, items that are marked private included."


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
