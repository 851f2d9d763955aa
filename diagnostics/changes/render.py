"""Plans, runs, journals and sweeps in words for a terminal, and as trees for YAML and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagnostics.access import Access
from diagnostics.changes.outcomes import Applied, Outcome
from diagnostics.changes.plan import PRIVATE_ITEMS, Plan, Problem
from diagnostics.changes.planfile import plan_tree
from diagnostics.changes.reach import Answer
from diagnostics.changes.steps import GrantFullAccess, RemoveAccess, command
from diagnostics.changes.waiting import Waited
from diagnostics.evidence import Target
from diagnostics.ids import EnterpriseAppObjectId
from diagnostics.redaction import redact_tree, safe

SCHEMA = "diag/change/1"
_BAD = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.NOT_TRIED)
_SHOWN = 50
NO_COMMAND = "(no command: a value in it must not stand in one)"


def plan_lines(plan: Plan) -> Iterator[str]:
    """Say what a plan would do: each step, the PowerShell that it equals, and what is there now."""
    yield from place_lines(plan, plan.tenant, plan.domain, plan.mailboxes or plan.settled)
    app = plan.application
    name = f" ({safe(app.display_name)})" if app.display_name else ""
    principal = f", Enterprise Application Object ID {app.object_id}" if app.object_id else ""
    yield f"Application {app.application_id}{name}{principal}"
    yield f"  by {app.source}"
    if plan.steps:
        yield "In PowerShell, after Connect-ExchangeOnline, each change equals the command below it."
    else:
        yield "Nothing can be changed; the reasons follow." if plan.problems else "No change: there is nothing to do."
    for number, step in enumerate(plan.steps, 1):
        yield ""
        yield f"{number}. {safe(step.title())}"
        yield f"   before: {safe(step.was())}"
        yield f"   {command(step) or NO_COMMAND}"
    if any(isinstance(step, GrantFullAccess) for step in plan.steps):
        yield ""
        yield PRIVATE_ITEMS
    yield from notes_lines(plan.notes, plan.problems)
    if plan.settled:
        yield f"Nothing to do for {len(plan.settled)} mailbox(es): {_some(plan.settled)}"
    if plan.steps:
        yield ""
        yield f"{len(plan.steps)} change(s) on {len(plan.mailboxes)} mailbox(es); plan {plan.hash}"


def place_lines(target: Target | Plan, tenant: str, domain: str, mailboxes: Sequence[str] = ()) -> Iterator[str]:
    """Say on top what a mistake would be about: the profile with its file, the tenant with its domain, the mailboxes."""
    if target.profile:
        yield safe(f"Profile {target.profile}{_file(target)}")
    yield safe(f"Tenant {domain} ({tenant})" if domain and domain != tenant else f"Tenant {tenant}")
    if mailboxes:
        yield safe(f"Mailboxes {_some(mailboxes)}")


def question(plan: Plan) -> str:
    """Return what a confirmation is about, in a line."""
    profile = f"profile {plan.profile}{_file(plan)}, " if plan.profile else ""
    mailboxes = f": {_some(plan.mailboxes)}" if plan.mailboxes else ""
    return safe(f"{plan.operation.capitalize()} with {profile}tenant {plan.domain or plan.tenant}{mailboxes}")


def _file(target: Target | Plan) -> str:
    return f" ({target.profile_file})" if target.profile_file not in {"", target.profile} else ""


def notes_lines(notes: Sequence[str], problems: Sequence[Problem]) -> Iterator[str]:
    """Say what else is to be known, and for what nothing can be done."""
    for note in notes:
        yield f"Note: {safe(note)}"
    for problem in problems:
        yield f"Cannot: {safe(str(problem))}"


def applied_lines(applied: Applied) -> Iterator[str]:
    """Say what became of a run."""
    if applied.nothing_to_do:
        yield "No change: everything in this plan is so already."
        return
    if applied.moved:
        yield "Refused, and nothing was done: the state has moved since the plan was made."
        for line in applied.moved[:_SHOWN]:
            yield f"  {safe(line)}"
        yield "Make a new plan."
        return
    for result in applied.results:
        message = f" - {safe(result.message)}" if result.message else ""
        if len(applied.results) <= _SHOWN or result.outcome in _BAD:
            yield f"{result.outcome:<16} {safe(result.step.title())}{message}"
    counts = [f"{len(applied.with_outcome(o))} {o}" for o in Outcome if applied.with_outcome(o)]
    yield f"{', '.join(counts) or 'nothing was done'}"
    if applied.stopped:
        yield f"Stopped early: {safe(applied.stopped)}"
    waited = applied.waits.words()
    if waited:
        yield f"On the way: {waited}."
    if applied.run:
        yield f"Journal: run {applied.run}, head {applied.head}"


def waited_lines(waited: Waited) -> Iterator[str]:
    """Say which mailboxes open by now."""
    for mailbox, seconds in waited.open_after.items():
        yield f"IMAP opens {mailbox} after {seconds:.0f} s"
    for mailbox, reason in waited.closed.items():
        yield f"IMAP does not open {mailbox} yet: {safe(reason)}"


def plan_and_run_tree(plan: Plan, applied: Applied | None, waited: Waited | None, code: int) -> object:
    """Return plan and run as mappings and lists, without secrets."""
    tree: dict[str, object] = {"schema": SCHEMA, "exit_code": code, "plan": plan_tree(plan)}
    tree["commands"] = [command(step) or None for step in plan.steps]
    if applied is not None:
        tree["run"] = {
            "id": applied.run,
            "head": applied.head,
            "no_change": applied.nothing_to_do,
            "moved": list(applied.moved),
            "stopped": applied.stopped,
            "waited_seconds": round(applied.waits.throttled_seconds, 3),
            "pauses": applied.waits.throttled,
            "reopened": applied.waits.reopened,
            "results": [
                {
                    "step": result.index + 1,
                    "kind": result.step.kind,
                    "mailbox": result.step.mailbox,
                    "outcome": str(result.outcome),
                    "message": result.message,
                }
                for result in applied.results
            ],
        }
    if waited is not None:
        tree["imap"] = {
            "seconds": round(waited.seconds, 1),
            "open_after_seconds": {name: round(seconds, 1) for name, seconds in waited.open_after.items()},
            "closed": dict(waited.closed),
        }
    return redact_tree(tree)


def answer_line(answer: Answer, intended: bool) -> str:
    """Say what one mailbox said, in a line."""
    verdict = "intended" if intended else "NOT INTENDED" if answer.access is Access.OPEN else ""
    if answer.access is Access.OPEN and intended:
        verdict = ""
    reason = f" - {answer.reason}" if answer.reason else ""
    return safe(f"{answer.access:<12} {answer.mailbox}{f'  {verdict}' if verdict else ''}{reason}")


def answer_tree(answer: Answer, intended: bool) -> object:
    """Return what one mailbox said as a mapping."""
    tree = {"mailbox": answer.mailbox, "access": str(answer.access), "intended": intended, "reason": answer.reason}
    return redact_tree({**tree, "entries": [{"user": e.user, "rights": list(e.rights)} for e in answer.entries]})


def take_back(answer: Answer, object_id: EnterpriseAppObjectId) -> str:
    """Return the command that takes one mailbox back from the application; "" where none does, or none can be printed."""
    if all(entry.inherited for entry in answer.entries):
        return ""
    return command(RemoveAccess(answer.mailbox, object_id, answer.entries))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")  # noqa: PLR2004 - enough to recognise them
