"""Runs statements of cmdlets as PowerShell runs a batch that reached it over PSRP.

What the engine does with errors, recorded from System.Management.Automation 7.6.9 over PSRP:

- a non-terminating error goes to the error stream, and the next statement runs;
- a single statement that ends early makes the pipeline Failed, the error is in its state;
- the *first* of several statements that ends early: its error goes to the error stream, the *second* statement runs,
  the third and later ones never do, and the pipeline is Completed. With -ErrorAction Stop it is Failed at once;
- a later statement that ends early makes the pipeline Failed, and the statements after it never run.

Nothing is said of the statements that never ran.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.lab.powershell.binder import bind, check_mandatory, convert
from diagnostics.lab.powershell.cmdlets import find, unsimulated
from diagnostics.lab.powershell.declaration import Call, Cmdlet, Invocation, Sink
from diagnostics.lab.powershell.errors import (
    ErrorData,
    PipelineStopped,
    StatementEnded,
    command_not_found,
    input_not_bound,
    script_refused,
)
from diagnostics.lab.powershell.objects import Row, type_name_of, unrolled
from diagnostics.lab.powershell.session import RunspaceState

COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
Statement = Sequence[Invocation]


@dataclass(frozen=True)
class Outcome:
    """How a pipeline ended; `error` is the terminating one of a failed pipeline."""

    state: str
    error: ErrorData | None = None


def run(
    statements: Sequence[Statement],
    runspace: RunspaceState,
    sink: Sink,
    stopping: threading.Event,
    pipeline_input: Iterable[Any] | None = None,
) -> Outcome:
    """Run `statements` in order and return how the pipeline ended."""
    last = len(statements) - 1
    for index, statement in enumerate(statements):
        try:
            _run_statement(statement, runspace, sink, stopping, pipeline_input if index == 0 else None)
        except PipelineStopped:
            return Outcome(STOPPED)
        except StatementEnded as ended:
            if index == 0 and last > 0 and not ended.stopped_by_preference:
                sink.error(ended.error.without_exception_type())
                last = 1
                continue
            return Outcome(FAILED, ended.error)
        if stopping.is_set():
            return Outcome(STOPPED)
        if index == last:
            break
    return Outcome(COMPLETED)


def _run_statement(
    statement: Statement,
    runspace: RunspaceState,
    sink: Sink,
    stopping: threading.Event,
    pipeline_input: Iterable[Any] | None,
) -> None:
    """Bind every cmdlet of the statement first, as the engine does, then let the objects flow."""
    calls = []
    for position, invocation in enumerate(statement):
        if invocation.is_script:
            raise StatementEnded(script_refused(invocation.name))
        cmdlet = find(invocation.name, runspace)
        if cmdlet is None:
            known = unsimulated.known(invocation.name, runspace)
            raise StatementEnded(unsimulated.refusal(known) if known else command_not_found(invocation.name))
        has_input = position > 0 or pipeline_input is not None
        bound = bind(cmdlet, invocation.arguments, has_input=has_input)
        if lacking := [name for name in cmdlet.unsimulated if name in bound]:
            raise StatementEnded(unsimulated.refusal(cmdlet.name, lacking[0]))
        calls.append(Call(cmdlet, bound, sink, runspace, stopping))
    flow: Iterator[Any] | None = None if pipeline_input is None else iter(pipeline_input)
    for call in calls:
        flow = _stage(call, flow)
    for value in flow or ():
        if stopping.is_set():
            raise PipelineStopped
        sink.output(value)


def _stage(call: Call, flow: Iterator[Any] | None) -> Iterator[Any]:
    """Yield what one cmdlet makes of its input, an object at a time."""
    if flow is None or call.cmdlet.takes_input:
        call.input = flow
        yield from call.cmdlet.body(call)
        return
    for value in flow:
        bound = _bind_input(call, value)
        if bound is None:
            continue
        check_mandatory(call.cmdlet, bound, has_input=False)
        yield from call.cmdlet.body(Call(call.cmdlet, bound, call.sink, call.runspace, call.stopping))


def _bind_input(call: Call, value: Any) -> dict[str, Any] | None:
    """Return the bound parameters with one pipeline object among them, or None after writing why it fits none."""
    cmdlet: Cmdlet = call.cmdlet
    bound = dict(call.bound)
    for parameter in cmdlet.parameters:
        if parameter.name in bound or parameter.pipeline is None:
            continue
        if isinstance(value, Row) and parameter.pipeline in {"property", "both"}:
            found = value.get(parameter.name)
            if found is not None:
                bound[parameter.name] = convert(cmdlet, parameter, found)
                return bound
        if parameter.pipeline in {"value", "both"}:
            bound[parameter.name] = convert(cmdlet, parameter, value)
            return bound
    call.write_error(input_not_bound(cmdlet.name, cmdlet.error_suffix, value, type_name_of(value)))
    return None


def unroll(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the items of every list among `values`, as a pipeline does once."""
    for value in values:
        yield from unrolled(value)
