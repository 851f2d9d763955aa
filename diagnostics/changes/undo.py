"""What the journal says that diag added, and the plan that takes exactly that away again.

Only what is still there as it was added is removed: what somebody removed, extended or made again since is theirs. What
was there before diag came is never touched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.access import concerning, gives_full_access
from diagnostics.changes.journal import JournalBroken, Record
from diagnostics.changes.outcomes import Outcome
from diagnostics.changes.plan import Application, Holding, Plan, Problem
from diagnostics.changes.planfile import BadPlan, from_tree
from diagnostics.changes.state import Now
from diagnostics.changes.steps import (
    GrantFullAccess,
    RegisterServicePrincipal,
    RemoveAccess,
    RemoveServicePrincipal,
    SetImap,
    Step,
)
from diagnostics.evidence import Observed, Provenance, RecordedChange, Source, Unavailable
from diagnostics.ids import ApplicationId


@dataclass(frozen=True, slots=True)
class Run:
    """One run as the journal tells it. `outcomes` are by step; a step that was announced and not settled is in `open`."""

    id: str
    plan: Plan
    started: dt.datetime
    account: str
    operator: str
    outcomes: Mapping[int, Outcome]
    times: Mapping[int, dt.datetime]
    after: Mapping[int, Any]
    announced: frozenset[int]
    ended: bool

    @property
    def open(self) -> frozenset[int]:
        """Steps that may have been sent, without anybody knowing what came of them."""
        unknown = {index for index, outcome in self.outcomes.items() if outcome is Outcome.UNKNOWN}
        return frozenset((self.announced - set(self.outcomes)) | unknown)

    @property
    def unfinished(self) -> tuple[int, ...]:
        """Steps that are not known to be done."""
        good = {Outcome.DONE, Outcome.ALREADY}
        return tuple(index for index in range(len(self.plan.steps)) if self.outcomes.get(index) not in good)


def runs(records: Iterable[Record]) -> list[Run]:
    """Return the journal's runs, oldest first. Raises JournalBroken for a run that this diag cannot read."""
    found, complaints = readable(records)
    if complaints:
        raise JournalBroken(complaints[0], len(complaints) - 1)
    return found


def readable(records: Iterable[Record]) -> tuple[list[Run], list[str]]:
    """Return the runs that can be read, oldest first, and in words what cannot."""
    by_run: dict[str, list[Record]] = {}
    for record in records:
        if record.run:
            by_run.setdefault(record.run, []).append(record)
    found: list[Run] = []
    complaints: list[str] = []
    for name, group in by_run.items():
        try:
            found.append(_run(name, group))
        except _Unreadable as problem:
            complaints.append(str(problem))
    return found, complaints


class _Unreadable(Exception):
    """Records that make no run; says which line and why."""


def _run(name: str, group: Sequence[Record]) -> Run:
    first, *others = group
    if first.kind != "run":
        raise _Unreadable(f"line {first.line} of the journal belongs to run {name}, which has no beginning")
    plan = _plan(name, first)
    announced: set[int] = set()
    outcomes: dict[int, Outcome] = {}
    times: dict[int, dt.datetime] = {}
    after: dict[int, Any] = {}
    ended = False
    for record in others:
        match record.kind:
            case "intent":
                index = _step(record, plan)
                announced.add(index)
                outcomes.pop(index, None)
                ended = False
            case "result":
                index = _step(record, plan)
                outcomes[index], times[index] = _outcome(record), record.at
                after[index] = record.fields.get("after")
            case "end":
                ended = True
            case "run":
                raise _Unreadable(f"line {record.line} of the journal begins run {name} for the second time")
    account, operator = str(first.fields.get("account", "")), str(first.fields.get("operator", ""))
    return Run(name, plan, first.at, account, operator, outcomes, times, after, frozenset(announced), ended)


def _plan(name: str, first: Record) -> Plan:
    """Return the plan of a run, held against what its record says beside it."""
    where = f"the plan of run {name} (line {first.line} of the journal)"
    try:
        plan = from_tree(first.fields.get("plan"), where)
    except BadPlan as problem:
        raise _Unreadable(str(problem)) from problem
    beside = {
        "operation": plan.operation,
        "tenant": plan.tenant,
        "application_id": plan.application.application_id,
        "object_id": plan.application.object_id,
        "plan_hash": plan.hash,
    }
    for key, value in beside.items():
        if first.fields.get(key) != value:
            raise _Unreadable(f"{where} is not for the {key.replace('_', ' ')} that its record names")
    return plan


def _step(record: Record, plan: Plan) -> int:
    index = record.fields.get("step")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(plan.steps):
        raise _Unreadable(f"line {record.line} of the journal names no step of its plan")
    return index


def _outcome(record: Record) -> Outcome:
    said = record.fields.get("outcome")
    outcome = next((one for one in Outcome if one == said), None)
    if outcome is None:
        raise _Unreadable(f"line {record.line} of the journal names no outcome")
    return outcome


def of_application(found: Iterable[Run], tenant: str, application_id: ApplicationId) -> list[Run]:
    """Return the runs that concern one application of one tenant."""
    wanted = (tenant.casefold(), application_id.casefold())
    return [
        run for run in found if (run.plan.tenant.casefold(), run.plan.application.application_id.casefold()) == wanted
    ]


@dataclass(frozen=True, slots=True)
class Addition:
    """Something that diag added and has not taken away since."""

    step: GrantFullAccess | RegisterServicePrincipal | SetImap
    run: str
    at: dt.datetime
    certain: bool = True
    after: Any = None

    def sids(self) -> frozenset[str]:
        """Return the SIDs that were read back when it was added; empty when nobody could read back."""
        rows = self.after if isinstance(self.after, list) else [self.after]
        return frozenset(str(row["sid"]).casefold() for row in rows if isinstance(row, dict) and row.get("sid"))


def additions(found: Sequence[Run], *, only_run: str = "", mailboxes: Sequence[str] = ()) -> list[Addition]:
    """Return what diag added by these runs and has not removed again, newest first.

    `mailboxes` and `only_run` narrow the answer. A step whose outcome nobody knows is in it, uncertain.
    """
    held: dict[tuple[str, str], Addition] = {}
    wanted = {mailbox.casefold() for mailbox in mailboxes}
    for run in found:
        for index, step in enumerate(run.plan.steps):
            outcome = run.outcomes.get(index)
            key = _key(step)
            if isinstance(step, RemoveAccess | RemoveServicePrincipal) or (
                isinstance(step, SetImap) and not step.enabled
            ):
                if outcome is Outcome.DONE:
                    held.pop(key, None)
                continue
            if outcome is Outcome.DONE or index in run.open:
                certain = outcome is Outcome.DONE
                held[key] = Addition(step, run.id, run.times.get(index, run.started), certain, run.after.get(index))
    return [
        addition
        for addition in reversed(held.values())
        if (not only_run or addition.run == only_run) and (not wanted or addition.step.mailbox.casefold() in wanted)
    ]


def _key(step: Step) -> tuple[str, str]:
    match step:
        case GrantFullAccess() | RemoveAccess():
            return "access", step.mailbox.casefold()
        case SetImap():
            return "imap", step.mailbox.casefold()
        case _:
            return "registration", ""


def plan_revoke(
    application: Application,
    tenant: str,
    profile: str,
    added: Sequence[Addition],
    now: Now,
    *,
    others: Observed[tuple[Holding, ...]] = (),
) -> Plan:
    """Return the plan that removes `added` as far as it is still there as added; `now` is what is there.

    `others` are all mailboxes on which the registration has entries: one that others use as well is kept.
    """
    principal = now.registration(application.application_id, application.object_id)
    steps: list[Step] = []
    notes: list[str] = []
    problems: list[Problem] = []
    last: list[Step] = []
    for addition in added:
        step = addition.step
        there = step.done(now, principal)
        if isinstance(there, Unavailable):
            problems.append(Problem(step.mailbox or "service principal", there.reason, there.hint, there.missing))
        elif not there or (
            principal is not None and addition.sids() and principal.sid.casefold() not in addition.sids()
        ):
            notes.append(f"{step.title()}: it is not there any more, or not as it was added; nothing is removed.")
        elif isinstance(step, RegisterServicePrincipal):
            assert principal is not None
            last.append(RemoveServicePrincipal(principal.object_id, principal, "undo"))
        else:
            found, why = _inverse(step, now, application)
            steps += found
            notes += why
    taken = {step.mailbox.casefold() for step in steps if isinstance(step, RemoveAccess)}
    if last:
        keep = _kept(others, taken)
        notes += keep
        steps += [] if keep else last
    rows = () if isinstance(now.registrations, Unavailable) else now.registrations
    return Plan(
        operation="revoke",
        tenant=tenant,
        application=application,
        steps=tuple(steps),
        profile=profile,
        made_at=_utc(),
        notes=tuple(notes),
        problems=tuple(problems),
        registrations=concerning(rows, application.application_id, application.object_id),
    )


def _inverse(step: GrantFullAccess | SetImap, now: Now, application: Application) -> tuple[list[Step], list[str]]:
    """Return the step that takes an addition away, or why nothing is to be taken away."""
    if isinstance(step, SetImap):
        return [SetImap(step.mailbox, enabled=False)], []
    principal = now.registration(application.application_id, application.object_id)
    entries = now.entries(step.mailbox, principal)
    assert not isinstance(entries, Unavailable)
    before = {right.casefold() for entry in step.before if not entry.deny for right in entry.rights}
    rights = tuple(right for right in step.rights if right.casefold() not in before)
    given = {r.casefold() for entry in entries if not entry.deny and not entry.inherited for r in entry.rights}
    extra = given - before - {right.casefold() for right in rights}
    notes = []
    if any(gives_full_access(entry.rights) and entry.inherited and not entry.deny for entry in entries):
        notes.append(f"{step.mailbox}: an inherited entry gives FullAccess as well, and stays.")
    if extra:
        notes.append(f"{step.mailbox}: {', '.join(sorted(extra))} was added since by somebody else, and stays.")
    if not rights or not {right.casefold() for right in rights} <= given:
        return [], [*notes, f"{step.mailbox}: the entry is not as it was added; nothing is removed."]
    return [RemoveAccess(step.mailbox, step.object_id, entries, rights)], notes


def _kept(others: Observed[tuple[Holding, ...]], taken: set[str]) -> list[str]:
    """Return why the registration is kept, or nothing."""
    if isinstance(others, Unavailable):
        return [f"The registration is kept: who else uses it could not be read in full: {others.reason}"]
    left = [holding.mailbox for holding in others if holding.mailbox.casefold() not in taken]
    if not left:
        return []
    shown = ", ".join(left[:5]) + (" …" if len(left) > 5 else "")  # noqa: PLR2004 - enough to recognise them
    return [f"The registration is kept: it has entries on {len(left)} mailbox(es) that diag did not make: {shown}"]


def recorded(found: Sequence[Run], mailboxes: Sequence[str] = ()) -> tuple[RecordedChange, ...]:
    """Return the changes that were made, with their times, for the judgement of how young they are."""
    wanted = {mailbox.casefold() for mailbox in mailboxes}
    return tuple(_recorded(found, wanted))


def _recorded(found: Sequence[Run], wanted: set[str]) -> Iterator[RecordedChange]:
    for run in found:
        for index, outcome in run.outcomes.items():
            step = run.plan.steps[index]
            if outcome is not Outcome.DONE or (wanted and step.mailbox and step.mailbox.casefold() not in wanted):
                continue
            where = Provenance(Source.JOURNAL, f"journal, run {run.id}", run.times[index])
            yield RecordedChange(_happened(step), run.times[index], where, step.mailbox)


def _happened(step: Step) -> str:
    match step:
        case GrantFullAccess():
            return f"{', '.join(step.rights)} on {step.mailbox} was granted"
        case RemoveAccess():
            return f"{', '.join(step.rights)} on {step.mailbox} was removed"
        case SetImap():
            return f"IMAP was switched {'on' if step.enabled else 'off'} for {step.mailbox}"
        case RegisterServicePrincipal():
            return "the service principal was registered in Exchange"
        case RemoveServicePrincipal():
            return "a service principal was removed from Exchange"


def _utc() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
