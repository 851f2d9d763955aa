"""Does exactly what a plan says: look again, write down, send, look, write down.

Before the first change everything that the plan depends on is read again, and when any of it has moved nothing is done.
Afterwards each step stands for itself: one that fails does not stop the others, unless what refused it would refuse
them all. A step whose outcome is unknown is looked for before it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from diagnostics import __version__
from diagnostics.changes import state
from diagnostics.changes.comparing import after, all_done, moved, read_now
from diagnostics.changes.journal import Journal, JournalUnusable
from diagnostics.changes.outcomes import Applied, Cut, Outcome, StepResult, Who
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import Plan, step_tree
from diagnostics.changes.planfile import plan_tree
from diagnostics.changes.state import Now
from diagnostics.changes.steps import (
    RegisterServicePrincipal,
    RemoveServicePrincipal,
    Step,
    command,
)
from diagnostics.evidence import Unavailable
from diagnostics.exchange.port import CmdletResult, ErrorKind, ShellError, ShellUnavailable
from diagnostics.redaction import safe
from diagnostics.unforeseen import in_words

BATCH = 20
"""Steps that are announced, sent and read back together."""
ATTEMPTS = 5
_SETTLING = 6
"""How often a step is looked for that Exchange accepted and does not show yet; directories take seconds to agree."""
_ROOM = 8192
"""Bytes of the journal that a step may take, with room to spare."""
_ALREADY = "already present"
_NO_RIGHTS = frozenset({ErrorKind.NO_RIGHTS, ErrorKind.APP_LACKS_ROLE})
_FOR_ALL = frozenset({ErrorKind.COMMAND_NOT_FOUND, ErrorKind.NOT_SIGNED_IN})
_PASSING = frozenset({ErrorKind.THROTTLED, ErrorKind.TIMED_OUT, ErrorKind.CONNECTION, ErrorKind.NOT_REACHED})
_REFUSALS_IN_A_ROW = 3

Progress: TypeAlias = Callable[[str], None]


def _silent(_text: str) -> None:
    """Say nothing."""


def start_record(plan: Plan, who: Who) -> Mapping[str, object]:
    """Return the record that opens a run: all that is needed to finish it or to undo it."""
    return {
        "operation": plan.operation,
        "version": __version__,
        "account": who.account,
        "operator": who.operator,
        "transport": who.transport,
        "profile": plan.profile,
        "tenant": plan.tenant,
        "application_id": plan.application.application_id,
        "object_id": plan.application.object_id,
        "plan_hash": plan.hash,
        "plan": plan_tree(plan),
    }


def apply(
    plan: Plan,
    shell: PatientShell,
    journal: Journal,
    *,
    who: Who,
    run: str,
    progress: Progress = _silent,
    batch: int = BATCH,
) -> Applied:
    """Apply a plan that was confirmed. Raises JournalUnusable before the first change, or at a step boundary."""
    now = read_now(plan, shell)
    if all_done(plan, now):
        return Applied(plan, nothing_to_do=True, waits=shell.waits)
    found = moved(plan, now)
    if found:
        return Applied(plan, moved=found, waits=shell.waits)
    journal.require(_ROOM * len(plan.steps))
    journal.append("run", run, [start_record(plan, who)])
    return Runner(plan, shell, journal, run=run, progress=progress, batch=batch).finish(list(enumerate(plan.steps)))


class Runner:
    """Carries out steps of one run; used for fresh runs and for those that are resumed."""

    def __init__(
        self,
        plan: Plan,
        shell: PatientShell,
        journal: Journal,
        *,
        run: str,
        progress: Progress = _silent,
        batch: int = BATCH,
        maybe_sent: frozenset[int] = frozenset(),
    ) -> None:
        self.plan = plan
        self.shell = shell
        self.journal = journal
        self.progress = progress
        self.batch = batch
        self.applied = Applied(plan, run, waits=shell.waits)
        self._sent: set[int] = set(maybe_sent)
        self._flying: set[int] = set()
        self._registers = any(isinstance(step, RegisterServicePrincipal) for step in plan.steps)
        self._good: set[str] = set()
        self._refused: dict[str, int] = {}

    def sort(self, unfinished: Sequence[int], now: Now) -> tuple[list[StepResult], list[tuple[int, Step]]]:
        """Tell steps that are settled by what is there now from those that are to be done."""
        settled: list[StepResult] = []
        todo: list[tuple[int, Step]] = []
        principal = self._principal(now)
        for index in unfinished:
            step = self.plan.steps[index]
            done, unmoved = step.done(now, principal), step.unmoved(now, principal)
            if done is True:
                outcome = Outcome.DONE if index in self._sent else Outcome.ALREADY
                settled.append(StepResult(index, step, outcome, "found done", after(step, now, principal)))
            elif isinstance(unmoved, Unavailable):
                why = f"what is there could not be read: {unmoved.reason}"
                settled.append(StepResult(index, step, Outcome.UNKNOWN, why))
            elif unmoved:
                todo.append((index, step))
            else:
                why = f"the plan found {step.was()!r}, which is not so any more"
                settled.append(StepResult(index, step, Outcome.FAILED, why))
        return settled, todo

    def finish(self, todo: list[tuple[int, Step]]) -> Applied:
        """Do all of `todo` in order, and write down how the run ended.

        Raises JournalUnusable, and Cut for what nobody foresaw; both carry what is known of the run.
        """
        try:
            return self._finished(todo)
        except JournalUnusable as problem:
            problem.applied = self._cut_off(todo, str(problem))
            raise
        except Exception as error:
            raise Cut(self._cut_off(todo, in_words(error))) from error

    def _cut_off(self, todo: list[tuple[int, Step]], why: str) -> Applied:
        """Return what is known where the run ends in the middle, which is in the journal as far as that was written."""
        self._stop(ErrorKind.OTHER, why)
        done = {result.index for result in self.applied.results}
        self.applied.results += [StepResult(*item, *self._lost(item[0], why)) for item in todo if item[0] not in done]
        return self.applied

    def _finished(self, todo: list[tuple[int, Step]]) -> Applied:
        total = len(todo)
        try:
            for part in _parts(todo, self.batch):
                self.progress(f"{len(self.applied.results)} of {total} changes are done; next: {part[0][1].title()}")
                if self.applied.stopped:
                    self.settle([StepResult(*item, Outcome.NOT_TRIED, self.applied.stopped) for item in part])
                    continue
                self._do(part)
        except ShellUnavailable as problem:
            self._stop(problem.kind, str(problem))
            done = {result.index for result in self.applied.results}
            self.settle([StepResult(*i, *self._lost(i[0], str(problem))) for i in todo if i[0] not in done])
        counts = {str(outcome): len(self.applied.with_outcome(outcome)) for outcome in Outcome}
        waits = self.applied.waits
        end = {
            "counts": {name: count for name, count in counts.items() if count},
            "stopped": safe(self.applied.stopped),
            "waited_seconds": round(waits.throttled_seconds, 3),
            "reopened": waits.reopened,
        }
        self.journal.append("end", self.applied.run, [end])
        self.applied.head = self.journal.head
        return self.applied

    def _lost(self, index: int, problem: str) -> tuple[Outcome, str]:
        if index in self._sent | self._flying:
            return Outcome.UNKNOWN, f"it was sent, and what came of it could not be read: {problem}"
        return Outcome.NOT_TRIED, problem

    def _do(self, part: list[tuple[int, Step]]) -> None:
        """Send some steps until each is settled, or cannot be."""
        pending = part
        for attempt in range(ATTEMPTS):
            self._announce(pending, attempt)
            answers = self.shell.invoke_many([step.call() for _, step in pending])
            now = self._look([step for _, step in pending], answers)
            again: list[tuple[int, Step, ShellError]] = []
            settled: list[StepResult] = []
            for (index, step), answer in zip(pending, answers, strict=True):
                error = self._again(step, answer, now, last=attempt == ATTEMPTS - 1)
                if error is not None:
                    again.append((index, step, error))
                    self._sent |= set() if error.outcome_known else {index}
                else:
                    settled.append(self._judge(index, step, answer, now))
            self.settle(settled)
            self._flying = set()
            pending = [(index, step) for index, step, _ in again]
            if not pending:
                return
            if self.applied.stopped or not self._wait([error for *_, error in again], attempt):
                break
        why = self.applied.stopped
        if not why:
            self._stop(ErrorKind.THROTTLED, "Exchange kept asking to wait")
        self.settle([StepResult(*item, Outcome.NOT_TRIED, self.applied.stopped) for item in pending])

    def _announce(self, pending: list[tuple[int, Step]], attempt: int) -> None:
        records = [
            {"step": index, "attempt": attempt + 1, "command": command(step), "before": step_tree(step)}
            for index, step in pending
        ]
        self.journal.append("intent", self.applied.run, records)
        self._flying = {index for index, _ in pending}

    def _look(self, steps: Sequence[Step], answers: Sequence[CmdletResult]) -> Now:
        """Read back; what Exchange accepted and does not show yet is looked for a few times more."""
        now = read_now(self.plan, self.shell, steps)
        for attempt in range(_SETTLING):
            principal = self._principal(now)
            late = [
                step
                for step, answer in zip(steps, answers, strict=True)
                if answer.ok and step.done(now, principal) is False
            ]
            if not late:
                break
            self.shell.rest(attempt + 1)
            now = read_now(self.plan, self.shell, steps)
        return now

    def _principal(self, now: Now) -> state.Registration | None:
        application = self.plan.application
        return now.registration(application.application_id, application.object_id)

    def _again(self, step: Step, answer: CmdletResult, now: Now, *, last: bool) -> ShellError | None:
        """Return the error for which a step is to be sent again: surely not done, by what was read after it."""
        error = answer.error
        if error is None or last or step.done(now, self._principal(now)) is not False:
            return None
        if step.unmoved(now, self._principal(now)) is not True:
            return None
        kinds = {one.kind for one in answer.errors}
        fresh = self._registers and ErrorKind.PRINCIPAL_NOT_FOUND in kinds
        unknown = not all(one.outcome_known for one in answer.errors)
        return error if fresh or unknown or kinds & _PASSING else None

    def _judge(self, index: int, step: Step, answer: CmdletResult, now: Now) -> StepResult:
        """Say what became of a step, by what was read back first and by what the cmdlet said second."""
        principal = self._principal(now)
        done = step.done(now, principal)
        cmdlet = step.call().cmdlet
        if done is True:
            self._good.add(cmdlet)
            refused = answer.error is not None and all(one.outcome_known for one in answer.errors)
            present = any(_ALREADY in warning for warning in answer.warnings)
            already = (refused or present) and index not in self._sent
            return StepResult(
                index, step, Outcome.ALREADY if already else Outcome.DONE, after=after(step, now, principal)
            )
        error = answer.error
        self._weigh(step, error)
        kinds = {one.kind for one in answer.errors}
        if error is not None and kinds <= _PASSING and all(one.outcome_known for one in answer.errors):
            return StepResult(index, step, Outcome.NOT_TRIED, safe(error.message))
        if error is not None and (done is False or all(one.outcome_known for one in answer.errors)):
            return StepResult(index, step, Outcome.FAILED, safe(error.message) + _remedy(error))
        if isinstance(done, Unavailable):
            self._sent.add(index)
            message = f"it was sent, and what came of it could not be read: {done.reason}"
            return StepResult(index, step, Outcome.UNKNOWN, safe(message))
        return StepResult(index, step, Outcome.UNKNOWN, "Exchange accepted it, and does not show it yet")

    def _weigh(self, step: Step, error: ShellError | None) -> None:
        """Stop the run when what kept this step from being done keeps the others as well."""
        if isinstance(step, RegisterServicePrincipal) or (isinstance(step, RemoveServicePrincipal) and error):
            why = error.message if error is not None else "Exchange does not show it"
            self._stop(error.kind if error is not None else ErrorKind.OTHER, f"{step.title()}: {why}")
        if error is None:
            return
        cmdlet = step.call().cmdlet
        if error.kind in _FOR_ALL or (error.kind is ErrorKind.THROTTLED and error.outcome_known):
            self._stop(error.kind, error.message)
        refused = error.kind in _NO_RIGHTS and cmdlet not in self._good
        self._refused[cmdlet] = self._refused.get(cmdlet, 0) + refused
        if self._refused[cmdlet] >= _REFUSALS_IN_A_ROW and refused:
            self._stop(error.kind, f"{cmdlet} was refused every time: {error.message}")

    def _stop(self, kind: ErrorKind, why: str) -> None:
        if not self.applied.stopped:
            self.applied.stopped, self.applied.stopped_by = safe(why), kind

    def _wait(self, errors: Sequence[ShellError], attempt: int) -> bool:
        throttled = [error for error in errors if error.kind is ErrorKind.THROTTLED]
        if not throttled:
            self.shell.rest(attempt + 2)
            return True
        asked = [error.retry_after for error in throttled if error.retry_after is not None]
        return self.shell.pause(max(asked) if asked else None, attempt)

    def settle(self, results: Sequence[StepResult]) -> None:
        """Write down what became of steps, and remember it."""
        if not results:
            return
        records = [
            {
                "step": r.index,
                "outcome": str(r.outcome),
                "title": r.step.title(),
                "message": r.message,
                "after": r.after,
            }
            for r in results
        ]
        self.applied.results += results
        self.journal.append("result", self.applied.run, records)


def _parts(todo: list[tuple[int, Step]], batch: int) -> Iterator[list[tuple[int, Step]]]:
    """Yield what can be sent together: registrations go alone, since what follows depends on them."""
    part: list[tuple[int, Step]] = []
    for item in todo:
        alone = isinstance(item[1], RegisterServicePrincipal | RemoveServicePrincipal)
        if part and (alone or len(part) == batch):
            yield part
            part = []
        part.append(item)
        if alone:
            yield part
            part = []
    if part:
        yield part


def _remedy(error: ShellError) -> str:
    match error.kind:
        case ErrorKind.LIMIT:
            return " (Remove entries that nobody needs; a mailbox takes 500.)"
        case ErrorKind.COMMAND_NOT_FOUND | ErrorKind.NO_RIGHTS | ErrorKind.APP_LACKS_ROLE:
            return " (The operator needs the Exchange Administrator role, or one that has this cmdlet.)"
        case _:
            return ""


def resume(
    run: str,
    plan: Plan,
    shell: PatientShell,
    journal: Journal,
    *,
    unfinished: Sequence[int],
    maybe_sent: frozenset[int],
    progress: Progress = _silent,
    batch: int = BATCH,
) -> Applied:
    """Finish a run that was cut off. What was sent without anybody knowing the outcome is looked for first.

    A step that came about meanwhile is not sent again, one whose before-state has moved is refused. Raises
    JournalUnusable.
    """
    now = read_now(plan, shell, [plan.steps[index] for index in unfinished])
    runner = Runner(plan, shell, journal, run=run, progress=progress, batch=batch, maybe_sent=maybe_sent)
    settled, todo = runner.sort(unfinished, now)
    runner.settle(settled)
    return runner.finish(todo)
