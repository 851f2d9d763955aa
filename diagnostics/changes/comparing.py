"""Holds what is there now against what a plan found and what it wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from diagnostics.access import concerning
from diagnostics.changes import state
from diagnostics.changes.plan import Plan
from diagnostics.changes.state import Now
from diagnostics.changes.steps import (
    GrantFullAccess,
    RegisterServicePrincipal,
    RemoveAccess,
    RemoveServicePrincipal,
    SetImap,
    Step,
    mailboxes_of,
)
from diagnostics.evidence import Unavailable
from diagnostics.exchange.port import Shell


def read_now(plan: Plan, shell: Shell, steps: Sequence[Step] | None = None) -> Now:
    """Read what steps depend on, those of the whole plan unless told otherwise."""
    chosen = plan.steps if steps is None else steps
    permissions = mailboxes_of([step for step in chosen if isinstance(step, GrantFullAccess | RemoveAccess)])
    imap = mailboxes_of([step for step in chosen if isinstance(step, SetImap)])
    return state.read(shell, permissions, imap)


def moved(plan: Plan, now: Now) -> list[str]:
    """Return, in words, what is not as the plan found it; what could not be read again counts as moved."""
    principal = now.registration(plan.application.application_id, plan.application.object_id)
    found = _moved_registrations(plan, now)
    for step in plan.steps:
        unmoved = step.unmoved(now, principal)
        if isinstance(unmoved, Unavailable):
            found.append(f"{step.title()}: what was there before could not be read again: {unmoved.reason}")
        elif not unmoved:
            found.append(f"{step.title()}: the plan found {step.was()!r}, which is not so any more")
    return found


def _moved_registrations(plan: Plan, now: Now) -> list[str]:
    if isinstance(now.registrations, Unavailable):
        return [f"the registrations could not be read again: {now.registrations.reason}"]
    application = plan.application
    there = concerning(now.registrations, application.application_id, application.object_id)
    before, after = ({(row.app_id, row.object_id, row.sid) for row in rows} for rows in (plan.registrations, there))
    return [] if before == after else ["the application's registration in Exchange is not the one that the plan found"]


def all_done(plan: Plan, now: Now) -> bool:
    """Say whether everything in the plan is so already."""
    principal = now.registration(plan.application.application_id, plan.application.object_id)
    return all(step.done(now, principal) is True for step in plan.steps)


def after(step: Step, now: Now, principal: state.Registration | None) -> object:
    """Return what was read back about a step, for the journal: undoing it needs to know it again."""
    match step:
        case RegisterServicePrincipal():
            return None if principal is None else asdict(principal)
        case GrantFullAccess() | RemoveAccess():
            entries = now.entries(step.mailbox, principal)
            return None if isinstance(entries, Unavailable) else [asdict(entry) for entry in entries]
        case SetImap():
            return {"imap_enabled": step.enabled}
        case RemoveServicePrincipal():
            return None
