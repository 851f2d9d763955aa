"""Holds the parts of a plan against each other: whoever edits a plan can hash it again, and each part is shown elsewhere.

A plan is for one application. Its steps give that application's principal what they say, and nobody else anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnostics.access import FULL_ACCESS, concerning, rightly_registered
from diagnostics.changes.steps import (
    GrantFullAccess,
    RegisterServicePrincipal,
    RemoveAccess,
    RemoveServicePrincipal,
    SetImap,
    Step,
)

if TYPE_CHECKING:
    from diagnostics.changes.plan import Plan

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def contradictions(plan: Plan) -> Iterator[str]:
    """Yield, in words, where the parts of a plan do not agree; a plan that diag made yields nothing."""
    app = plan.application
    for name, value in (("application id", app.application_id), ("object id", app.object_id)):
        if plan.steps and not _ID.fullmatch(value):
            yield f"its {name} {value!r} is no id"
    if plan.registrations != concerning(plan.registrations, app.application_id, app.object_id):
        yield "it holds registrations that are not the application's"
    seen: set[tuple[str, str]] = set()
    for number, step in enumerate(plan.steps, 1):
        for what in _of_step(plan, step):
            yield f"step {number}, {step.kind}, {what}"
        key = step.kind, (step.mailbox or getattr(step, "identity", "")).casefold()
        if key in seen:
            yield f"step {number}, {step.kind}, is there twice"
        seen.add(key)
        if step.mailbox and step.mailbox.casefold() in {name.casefold() for name in plan.settled}:
            yield f"step {number}, {step.kind}, is for {step.mailbox}, for which nothing is to be done"
    grants = any(isinstance(step, GrantFullAccess) for step in plan.steps)
    registers = any(isinstance(step, RegisterServicePrincipal) for step in plan.steps)
    if grants and not registers and not rightly_registered(plan.registrations, app.application_id, app.object_id):
        yield "it grants something to an application that it neither found registered nor registers"


def _of_step(plan: Plan, step: Step) -> Iterator[str]:
    match step:
        case GrantFullAccess() | RemoveAccess():
            if step.object_id.casefold() != plan.application.object_id.casefold():
                yield f"is for {step.object_id}, the plan for {plan.application.object_id}"
            if isinstance(step, GrantFullAccess):
                yield from _of_rights(plan, step)
        case RegisterServicePrincipal():
            yield from _of_registration(plan, step)
        case RemoveServicePrincipal():
            yield from _of_removal(plan, step)
    if _undoes(step) != (plan.operation == "revoke"):
        yield f"does not belong into a plan to {plan.operation}"


def _undoes(step: Step) -> bool:
    match step:
        case RemoveServicePrincipal():
            return step.why == "undo"
        case SetImap():
            return not step.enabled
        case _:
            return isinstance(step, RemoveAccess)


def _of_rights(plan: Plan, step: GrantFullAccess) -> Iterator[str]:
    removes = any(isinstance(other, RemoveServicePrincipal) for other in plan.steps)
    if step.why == "missing" and step.rights != (FULL_ACCESS,):
        yield f"gives {', '.join(step.rights)} where {FULL_ACCESS} was missing"
    if step.why == "orphaned" and not removes:
        yield "makes up for a removal that is not in the plan"


def _of_registration(plan: Plan, step: RegisterServicePrincipal) -> Iterator[str]:
    app = plan.application
    ids = step.application_id.casefold(), step.object_id.casefold()
    if ids != (app.application_id.casefold(), app.object_id.casefold()):
        yield f"is for {' with '.join(ids)}, the plan for {app.application_id} with {app.object_id}"
    if step.before != tuple(row for row in plan.registrations if row in step.before):
        yield "holds rows that the plan did not find"
    known = {app.display_name, *(row.display_name for row in step.before)}
    if step.display_name and step.display_name not in known:
        yield f"gives the name {step.display_name!r}, which is not the application's"


def _of_removal(plan: Plan, step: RemoveServicePrincipal) -> Iterator[str]:
    app, row = plan.application, step.before
    if row not in plan.registrations:
        yield "removes a registration that the plan did not find"
    if step.identity.casefold() not in {row.app_id.casefold(), row.object_id.casefold()}:
        yield f"removes {step.identity}, which is no id of the registration that it names"
    others = {value.casefold() for one in plan.registrations if one != row for value in (one.app_id, one.object_id)}
    if step.identity.casefold() in others:
        yield f"removes {step.identity}, which names another registration as well"
    right = bool(rightly_registered([row], app.application_id, app.object_id))
    if right == (step.why == "wrong-id"):
        yield "removes the registration that it wants, or keeps the one that it does not"
