"""A pool of runspaces that speaks PSRP: fragments in, fragments out, no sockets. WSMan and stdio both carry it."""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from psrpcore import (
    Command,
    CreatePipelineEvent,
    EndOfPipelineInputEvent,
    GetAvailableRunspacesEvent,
    GetCommandMetadataEvent,
    PipelineInputEvent,
    PowerShell,
    PSRPEvent,
    PSRPPayload,
    ResetRunspaceStateEvent,
    ServerPipeline,
    SetMaxRunspacesEvent,
    SetMinRunspacesEvent,
    StreamType,
)
from psrpcore.types import (
    DebugRecord,
    PipelineState,
    PSInvocationState,
    RunspacePoolState,
    VerboseRecord,
    WarningRecord,
)

from diagnostics.lab.powershell.clixml import category_info, error_record, from_wire, net_exception, output_to_wire
from diagnostics.lab.powershell.declaration import Invocation
from diagnostics.lab.powershell.engine import COMPLETED, FAILED, Outcome, run
from diagnostics.lab.powershell.errors import ErrorData
from diagnostics.lab.powershell.pool import MESSAGE_TYPES, Outbox, Pool, Record, application_private_data, record
from diagnostics.lab.powershell.session import HostProfile, RunspaceState

LOG = logging.getLogger(__name__)
FRAGMENT_SIZE = 32_768
"""Bytes of one PSRP fragment, as PowerShell cuts them."""

END_OF_INPUT = object()
JOIN_SECONDS = 5.0


class ServerRunspace:
    """One runspace pool of a client.

    `new_state` makes the state of one runspace; a connection to Exchange belongs to one of them. Everything is called
    under no lock of the caller's; `changed` is notified whenever an outbox got something.
    """

    def __init__(self, new_state: Callable[[], RunspaceState], host: HostProfile | None = None) -> None:
        self.pool = Pool(application_private_data(host or HostProfile()))
        self.changed = threading.Condition(threading.RLock())
        self.outboxes: dict[uuid.UUID | None, Outbox] = {None: Outbox()}
        self.closed = False
        self._new_state = new_state
        self._free: list[RunspaceState] = []
        self._made = 0
        self._running: dict[uuid.UUID, _Running] = {}

    def receive(self, data: bytes, pipeline_id: uuid.UUID | None = None) -> None:
        """Take fragments from the client and do what they ask."""
        with self.changed:
            self.pool.receive_data(PSRPPayload(data, StreamType.default, pipeline_id))
            while (event := self.pool.next_event()) is not None:
                self._handle(event)
            self.flush()

    def flush(self) -> None:
        """Move what psrpcore wants to send into the outboxes."""
        with self.changed:
            while (payload := self.pool.data_to_send(FRAGMENT_SIZE)) is not None:
                self.outboxes.setdefault(payload.pipeline_id, Outbox()).put(payload.data)
            self.changed.notify_all()

    def create_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Make the pipeline that the client's next fragments are for."""
        with self.changed:
            ServerPipeline(self.pool, pipeline_id)
            self.outboxes[pipeline_id] = Outbox()

    def stop_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Stop a pipeline; its state follows when the cmdlet has noticed."""
        running = self._running.get(pipeline_id)
        if running is not None:
            running.stopping.set()
            running.inputs.put(END_OF_INPUT)
            running.thread.join(JOIN_SECONDS)

    def close_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """Forget a pipeline, stopping it first if it still runs."""
        self.stop_pipeline(pipeline_id)
        with self.changed:
            self._running.pop(pipeline_id, None)
            self.outboxes.pop(pipeline_id, None)
            self.pool.pipeline_table.pop(pipeline_id, None)
            self.changed.notify_all()

    def close(self) -> None:
        """Stop every pipeline and close the pool."""
        for pipeline_id in list(self._running):
            self.close_pipeline(pipeline_id)
        with self.changed:
            self.closed = True
            self.pool.pipeline_table.clear()
            if self.pool.state is RunspacePoolState.Opened:
                self.pool.close()
                self.flush()
            self.changed.notify_all()

    def _handle(self, event: PSRPEvent[Any, Any]) -> None:
        if isinstance(event, CreatePipelineEvent):
            self._start(event.pipeline_id, _statements(event.pipeline), no_input=event.pipeline.no_input)
        elif isinstance(event, GetCommandMetadataEvent):
            self._start(event.pipeline_id, [[Invocation("Get-Command metadata", is_script=True)]], no_input=True)
        elif isinstance(event, PipelineInputEvent) and event.pipeline_id in self._running:
            self._running[event.pipeline_id].inputs.put(from_wire(event.data))
        elif isinstance(event, EndOfPipelineInputEvent) and event.pipeline_id in self._running:
            self._running[event.pipeline_id].inputs.put(END_OF_INPUT)
        elif isinstance(event, SetMaxRunspacesEvent | SetMinRunspacesEvent | ResetRunspaceStateEvent):
            self.pool.runspace_availability_response(event.ci, response=True)
        elif isinstance(event, GetAvailableRunspacesEvent):
            self.pool.runspace_availability_response(event.ci, self.pool.max_runspaces - len(self._running))

    def _start(self, pipeline_id: uuid.UUID, statements: list[list[Invocation]], *, no_input: bool) -> None:
        pipeline = self.pool.pipeline_table[pipeline_id]
        # Its state is not announced: PowerShell announces only how a pipeline ends.
        pipeline.state = PSInvocationState.Running
        running = _Running(self, pipeline, statements, no_input=no_input)
        self._running[pipeline_id] = running
        running.thread.start()

    def acquire(self, stopping: threading.Event) -> RunspaceState | None:
        """Return a free runspace, the last one given back first, or None when the pipeline is stopped first."""
        with self.changed:
            while not self._free and self._made >= max(1, self.pool.max_runspaces):
                if stopping.is_set() or self.closed:
                    return None
                self.changed.wait(0.1)
            if self._free:
                return self._free.pop()
            self._made += 1
            return self._new_state()

    def release(self, state: RunspaceState) -> None:
        """Give a runspace back."""
        with self.changed:
            self._free.append(state)
            self.changed.notify_all()


class _Running:
    """One pipeline at work in a thread of its own; it is the sink of its cmdlets."""

    def __init__(
        self,
        owner: ServerRunspace,
        pipeline: ServerPipeline,
        statements: list[list[Invocation]],
        *,
        no_input: bool,
    ) -> None:
        self.owner = owner
        self.pipeline = pipeline
        self.statements = statements
        self.no_input = no_input
        self.stopping = threading.Event()
        self.inputs: queue.Queue[Any] = queue.Queue()
        self.thread = threading.Thread(target=self._work, daemon=True, name=f"pipeline-{pipeline.pipeline_id}")

    def _work(self) -> None:
        state = self.owner.acquire(self.stopping)
        try:
            if state is None:
                outcome = Outcome("Stopped")
            else:
                source = None if self.no_input else self._read_inputs()
                outcome = run(self.statements, state, self, self.stopping, source)
        except Exception as error:
            LOG.exception("a cmdlet of the lab failed")
            message = f"The simulated cmdlet failed: {type(error).__name__}."
            outcome = Outcome(FAILED, ErrorData(message, "LabFailure"))
        finally:
            if state is not None:
                self.owner.release(state)
        self._finish(outcome)

    def _finish(self, outcome: Outcome) -> None:
        with self.owner.changed:
            pipeline_id = self.pipeline.pipeline_id
            self.owner._running.pop(pipeline_id, None)  # noqa: SLF001 - the two classes are one thing
            outbox = self.owner.outboxes.get(pipeline_id)
            if outbox is None:
                return
            if outcome.state == COMPLETED:
                self.pipeline.complete()
            elif outcome.state == FAILED and outcome.error is not None:
                record = error_record(outcome.error)
                state = PSInvocationState.Failed
                self.pipeline.prepare_message(PipelineState(PipelineState=int(state), ExceptionAsErrorRecord=record))
                self.pipeline.state = state
            else:
                self.pipeline.stop()
            outbox.finished = True
            self.owner.flush()

    def _read_inputs(self) -> Iterator[Any]:
        while (value := self.inputs.get()) is not END_OF_INPUT:
            yield value

    def output(self, value: Any) -> None:
        """Send one object."""
        wire = output_to_wire(value)
        with self.owner.changed:
            self.pipeline.write_output(wire)
            self.owner.flush()

    def error(self, error: ErrorData) -> None:
        """Send one error record."""
        with self.owner.changed:
            self.pipeline.write_error(
                net_exception(error),
                category_info=category_info(error),
                target_object=error.target if isinstance(error.target, str) else None,
                fully_qualified_error_id=error.error_id,
            )
            self.owner.flush()

    def warning(self, text: str) -> None:
        """Send one warning."""
        with self.owner.changed:
            self._inform(WarningRecord, text)

    def verbose(self, text: str) -> None:
        """Send one verbose message."""
        with self.owner.changed:
            self._inform(VerboseRecord, text)

    def debug(self, text: str) -> None:
        """Send one debug message."""
        with self.owner.changed:
            self._inform(DebugRecord, text)

    def _inform(self, kind: type[Record], text: str) -> None:
        self.pipeline.prepare_message(record(kind, text), message_type=MESSAGE_TYPES[kind])
        self.owner.flush()

    def information(self, data: Any, source: str) -> None:
        """Send one information record."""
        with self.owner.changed:
            self.pipeline.write_information(output_to_wire(data), source)
            self.owner.flush()

    def progress(self, activity: str, status: str, percent: int) -> None:
        """Send one progress record."""
        with self.owner.changed:
            self.pipeline.write_progress(activity, 1, status, percent_complete=percent)
            self.owner.flush()


def _statements(powershell: PowerShell) -> list[list[Invocation]]:
    """Return the statements of a pipeline: lists of commands, each ended by `end_of_statement`."""
    statements: list[list[Invocation]] = [[]]
    command: Command
    for command in powershell.commands:
        arguments = tuple((None if name is None else str(name), from_wire(value)) for name, value in command.parameters)
        statements[-1].append(Invocation(str(command.command_text), arguments, bool(command.is_script)))
        if command.end_of_statement:
            statements.append([])
    return [statement for statement in statements if statement]
