"""What is shown of a change that is made: neither it nor its record is lost where a part of diag or a disk fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from diagnostics import formats
from diagnostics.changes import journal as journals
from diagnostics.changes import render
from diagnostics.changes.outcomes import Applied, Cut
from diagnostics.changes.plan import Plan
from diagnostics.changes.waiting import Waited
from diagnostics.cli import _guard, _screen
from diagnostics.cli._screen import Output

if TYPE_CHECKING:
    from diagnostics.cli._changing import Visit


def done(visit: Visit, do: Callable[[journals.Journal], Applied]) -> tuple[Applied, int]:
    """Carry a plan out. Return what became of it, also where diag cut it off in the middle; that has an exit code."""
    try:
        with journals.Journal(visit.journal) as journal:
            return do(journal), 0
    except journals.JournalUnusable as problem:
        if problem.applied is None:
            raise
        _guard.say(f"diag: {problem}. Nothing more was changed.")
        return problem.applied, _guard.FAILED
    except Cut as cut:
        _guard.say(_guard.unexpected(cut.__cause__ or cut))
        resume = visit.invocation.inline("grant", "--resume")
        _screen.tell(f"What was done until then is in {visit.journal}; this finishes run {cut.applied.run}: {resume}")
        return cut.applied, _guard.INTERNAL


def finished(visit: Visit, plan: Plan, applied: Applied | None, waited: Waited | None, code: int) -> int:
    """Print the document, where one is asked for; return the exit code."""
    output = visit.how.output

    def emit() -> None:
        with visit.quiet():
            _screen.emit(structured(render.plan_and_run_tree(plan, applied, waited, code), output), output)

    return (kept(visit, emit) or code) if output is not Output.TABLE else code


def kept(visit: Visit, show: Callable[[], None]) -> int:
    """Show what became of a change. Where a part of diag fails over it, say so and return the code for that.

    The change is made and written down, and its exit must not look as if nothing had happened.
    """
    try:
        show()
    except (OSError, _guard.OutputLost):
        raise
    except Exception as error:  # noqa: BLE001 - the run goes on to its end
        _guard.say(_guard.unexpected(error))
        _screen.tell(f"What was changed is in the journal: {visit.invocation.inline('journal show')}")
        return _guard.INTERNAL
    return 0


def structured(tree: object, output: Output) -> str:
    """Return a tree as JSON or YAML."""
    return formats.as_json(tree) if output is Output.JSON else formats.as_yaml(tree)
