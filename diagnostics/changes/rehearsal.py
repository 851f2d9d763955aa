"""A run with -WhatIf: Exchange judges each step and does nothing."""

from __future__ import annotations

from typing import Any

from diagnostics.changes.outcomes import Applied, Outcome, StepResult
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import Plan
from diagnostics.changes.steps import GrantFullAccess, RegisterServicePrincipal, Step
from diagnostics.exchange.port import CmdletCall
from diagnostics.redaction import safe


def dry_run_on_server(plan: Plan, shell: PatientShell) -> Applied:
    """Send every step with -WhatIf, so that Exchange judges it and does nothing.

    Grants to a service principal that is still to be registered cannot be judged, and are not sent.
    """
    applied = Applied(plan, waits=shell.waits)
    registers = any(isinstance(step, RegisterServicePrincipal) for step in plan.steps)
    sent: list[tuple[int, Step]] = []
    for index, step in enumerate(plan.steps):
        if registers and isinstance(step, GrantFullAccess):
            why = "it can be judged only once the service principal is registered"
            applied.results.append(StepResult(index, step, Outcome.NOT_TRIED, why))
        else:
            sent.append((index, step))
    answers = shell.invoke_many([_what_if(step.call()) for _, step in sent])
    for (index, step), answer in zip(sent, answers, strict=True):
        error = answer.error
        outcome = Outcome.CHECKED if error is None and answer.answered else Outcome.FAILED
        message = "" if error is None else safe(error.message)
        applied.results.append(StepResult(index, step, outcome, message))
    applied.results.sort(key=lambda result: result.index)
    return applied


def _what_if(call: CmdletCall) -> CmdletCall:
    kept: dict[str, Any] = {name: value for name, value in call.parameters.items() if name != "Confirm"}
    return CmdletCall(call.cmdlet, {**kept, "WhatIf": True})
