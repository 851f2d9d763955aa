"""What `diag journal` prints."""

from __future__ import annotations

from pathlib import Path

from diagnostics.changes import journal, undo
from diagnostics.changes.render import NO_COMMAND
from diagnostics.changes.steps import command
from diagnostics.cli import _guard, _screen
from diagnostics.invocation import Invocation
from diagnostics.redaction import safe

_HONEST = (
    "The chain makes tampering visible, not impossible: whoever can write the file can make a new chain. "
    "Note the head hash where others cannot change it, such as in the ticket."
)


def show(path: Path | None, run: str) -> int:
    """Print the runs, or one run with its steps; return the exit code."""
    place = path or journal.default_path()
    try:
        contents = journal.load(place, must_exist=path is not None)
    except journal.JournalUnusable as problem:
        return _unusable(problem)
    found, complaints = undo.readable(contents.records)
    complaints = [*contents.complaints, *complaints]
    for complaint in complaints:
        _guard.say(f"diag: {complaint}; what follows may not be what was done")
    chosen = [one for one in found if one.id == run]
    if run and not chosen:
        _guard.say(f"diag: the journal {place} holds no run {run}")
        return _guard.USAGE
    lines = _of_run(chosen[0], path) if run else [_summary(one, path) for one in found]
    if lines or not complaints:
        _screen.emit("\n".join(lines) or f"The journal {place} is empty: diag has changed nothing.")
    return _guard.FAILED if complaints else _guard.OK


def _unusable(problem: journal.JournalUnusable) -> int:
    """Say that there is no journal to be read."""
    _guard.say(f"diag: {problem}")
    return _guard.USAGE


def _summary(run: undo.Run, path: Path | None) -> str:
    counts: dict[str, int] = {}
    for outcome in run.outcomes.values():
        counts[str(outcome)] = counts.get(str(outcome), 0) + 1
    said = ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing settled"
    plan = run.plan
    journal = str(path.absolute()) if path is not None else ""
    resume = Invocation(plan.profile, plan.scenarios, plan.shape, journal).inline("grant", "--resume")
    state = "" if run.ended else f"; cut off, {resume} finishes it"
    return safe(
        f"{run.id}  {run.started:%Y-%m-%d %H:%M:%S}Z  {plan.operation}  {run.operator or '?'}  "
        f"application {plan.application.application_id}: {said}{state}"
    )


def _of_run(run: undo.Run, path: Path | None) -> list[str]:
    lines = [_summary(run, path), f"account {run.account}, tenant {run.plan.tenant}, plan {run.plan.hash}", ""]
    for index, step in enumerate(run.plan.steps):
        outcome = run.outcomes.get(index)
        said = (
            str(outcome) if outcome is not None else "announced, outcome unknown" if index in run.open else "not tried"
        )
        when = f"  {run.times[index]:%H:%M:%S}Z" if index in run.times else ""
        lines += [
            f"{index + 1}. {step.title()}: {said}{when}",
            f"   before: {step.was()}",
            f"   {command(step) or NO_COMMAND}",
        ]
    return [safe(line) for line in lines]


def verify(path: Path | None) -> int:
    """Follow the chain, and print what it says; return the exit code."""
    place = path or journal.default_path()
    try:
        found = journal.verify(place)
    except journal.JournalUnusable as problem:
        return _unusable(problem)
    lines = [*found.breaks]
    if found.intact:
        lines.append(f"{place}: {found.lines} line(s), each follows the one before.")
    if found.torn:
        lines.append(
            f"The last line was cut off ({found.torn} bytes), as by a kill; the next run takes it away and says so."
        )
    lines += [f"Head: {found.head}", _HONEST]
    _screen.emit("\n".join(lines))
    return _guard.OK if found.intact else _guard.FAILED


def export(path: Path | None, run: str) -> int:
    """Print the lines as they stand; return the exit code."""
    try:
        lines = list(journal.export(path or journal.default_path(), run, must_exist=path is not None))
    except journal.JournalUnusable as problem:
        return _unusable(problem)
    if lines:
        _screen.emit("\n".join(lines))
    return _guard.OK
