"""Runs many statements in one PSRP pipeline and accounts for each of them; every PSRP transport shares this.

A batch is one pypsrp PowerShell: a marker, then each call followed by a marker (`Write-Output <batch>:<n>`). Records
of a pipeline arrive in the order in which they were written, so what lies between two markers belongs to the call
between them. What the engine does with errors (recorded from 7.6.9):

- a non-terminating error lets the next statement run, and `had_errors` stays false: the error stream decides;
- a terminating one ends the batch, and nothing is said of the statements after it: they have no marker;
- the very first statement is an exception: when it ends early, the second one still runs. Hence the first marker.
"""

from __future__ import annotations

import enum
import logging
import secrets
import time
from collections.abc import Sequence
from typing import Any

from pypsrp.complex_objects import PSInvocationState
from pypsrp.messages import MessageType
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue
from pypsrp.wsman import WSMan

from diagnostics.exchange.accounting import (
    START,
    Answer,
    Ended,
    Ending,
    Event,
    Output,
    Problem,
    Warned,
    account,
)
from diagnostics.exchange.errors import category_name, shell_error
from diagnostics.exchange.fragments import Continuity
from diagnostics.exchange.port import CmdletCall, ErrorKind, ShellError
from diagnostics.exchange.values import is_secure, needs_64_bits, plain
from diagnostics.exchange.waiting import ChannelBroken, ChannelTimedOut, Deadline
from diagnostics.redaction import safe

logging.getLogger("pypsrp").setLevel(logging.CRITICAL + 1)  # at DEBUG it writes whole messages, tokens among them

JSON_DEPTH = 4
"""Levels that ConvertTo-Json writes: a row, its lists, and one more for nested objects."""


class Last(enum.Enum):
    """What the output of each call goes through at the end."""

    NOTHING = enum.auto()
    JSON = enum.auto()
    COUNT = enum.auto()
    """Measure-Object writes one object when its input has ended; none when `break`, `continue` or `exit` left the call."""


_STOP_SECONDS = 10.0
"""How long stopping and forgetting a pipeline may take at most; never longer than a cmdlet may."""
_SET_SHOULD_EXIT = 6
_VOID_HOST_CALLS = frozenset((6, 7, 8, 9, 10, *range(13, 23), 28, 30, 32, 34, 36, 38, 40, 42, 47, 48, 49, 51, 52, 53))
"""Host calls that wait for no answer (MS-PSRP 2.2.3.17); any other is a question that nobody here can answer."""


class Connection(WSMan):
    """The seam to the transport: a pypsrp WSMan whose `invoke` ends at `deadline` and raises ChannelBroken alone."""

    deadline: Deadline

    def words(self) -> str:
        """Return what the other end said beside the protocol, to be added to an error; empty when it said nothing."""
        return ""


class Pool(RunspacePool):
    """pypsrp's pool, with warnings of the session kept instead of raised as Python warnings, and gaps noticed."""

    def __init__(self, connection: Connection, **options: Any) -> None:
        super().__init__(connection, **options)
        self.session_warnings: list[str] = []
        self._continuity = Continuity(whole=False)

    def _parse_responses(self, responses: bytes, pipeline: PowerShell | None = None) -> list[tuple[int, Any]]:
        """Hold the fragments against their numbers before pypsrp, which takes what has come for everything."""
        self._continuity.take("" if pipeline is None else pipeline.id, responses, gaps=pipeline is None)
        found: list[tuple[int, Any]] = super()._parse_responses(responses, pipeline)
        return found

    def _process_runspacepool_warning(self, message: Any) -> None:
        self.session_warnings.append(safe(str(message.data)))


def open_pool(connection: Connection, configuration: str) -> RunspacePool:
    """Open a pool of one runspace, within the connection's deadline. Raises ChannelBroken."""
    pool = Pool(connection, configuration_name=configuration, min_runspaces=1, max_runspaces=1)
    try:
        pool.open()
    except ChannelBroken:
        raise
    except Exception as error:
        reason = safe(str(error) or repr(error))
        raise ChannelBroken(f"what answers there is not PowerShell remoting: {reason}{connection.words()}") from error
    return pool


class Pipelines:
    """One open runspace pool: `run` sends a batch and returns an answer for each of its calls."""

    def __init__(self, pool: RunspacePool, connection: Connection) -> None:
        self._pool = pool
        self._connection = connection
        self._stop_seconds = _STOP_SECONDS
        self.broken: ChannelBroken | None = None

    def run(self, calls: Sequence[CmdletCall], *, as_json: bool, seconds: float, counted: bool = False) -> list[Answer]:
        """Run `calls` in one pipeline; each may take `seconds`. `counted` asks for the number of their rows alone.

        Never raises for what a cmdlet or the channel does: that is in the answers. An interruption stops the pipeline.
        """
        if self.broken is not None:
            return [Answer(Ended.BROKEN, errors=[_of_channel(self.broken, known=True)]) for _ in calls]
        batch = secrets.token_hex(8)
        events: list[Event] = []
        started = time.monotonic()
        shell = PowerShell(self._pool)
        self._stop_seconds = min(_STOP_SECONDS, seconds)
        deadline = Deadline(seconds, limit=seconds * (len(calls) + 2))
        self._connection.deadline = deadline
        try:
            ending = self._drive(
                shell, calls, batch, events, Last.COUNT if counted else Last.JSON if as_json else Last.NOTHING
            )
        except BaseException as error:
            self._interrupt(shell)
            if not isinstance(error, Exception):
                raise
            reason = f"{safe(repr(error))}{self._connection.words()}"
            broken = ChannelBroken(f"PowerShell answered in a way that is not understood: {reason}")
            self.broken = broken
            ending = Ending(Ended.BROKEN, _of_channel(broken))
        return account(events, calls, batch, ending, started)

    def close(self, seconds: float) -> None:
        """Close the pool, within `seconds`; never raises."""
        self._connection.deadline = Deadline(seconds)
        try:
            self._pool.close()
        except Exception as error:  # noqa: BLE001 - whatever it was, the session is gone
            self.broken = self.broken or ChannelBroken(f"the session could not be closed: {safe(str(error))}")

    def _drive(
        self, shell: PowerShell, calls: Sequence[CmdletCall], batch: str, events: list[Event], last: Last
    ) -> Ending:
        try:
            self._fill(shell, calls, batch, last)
            shell.begin_invoke()
            while shell.state == PSInvocationState.RUNNING:
                asked = self._poll(shell, events)
                if asked:
                    self._interrupt(shell)
                    return Ending(Ended.PROMPTED, _prompt(asked))
            failed = shell.state != PSInvocationState.COMPLETED
            self._connection.deadline = Deadline(self._stop_seconds)
            shell.close()
        except ChannelTimedOut as late:
            return self._after_time_out(shell, late)
        except ChannelBroken as broken:
            self.broken = broken
            return Ending(Ended.BROKEN, _of_channel(broken))
        return Ending(Ended.TERMINATED if failed else Ended.NOT_REACHED)

    def _fill(self, shell: PowerShell, calls: Sequence[CmdletCall], batch: str, last: Last) -> None:
        _mark(shell, batch, START)
        for number, call in enumerate(calls):
            shell.add_cmdlet(call.cmdlet)
            for name, value in call.parameters.items():
                shell.add_parameter(name, self._bound(call.cmdlet, name, plain(value)))
            if last is Last.JSON:
                shell.add_cmdlet("ConvertTo-Json").add_parameter("Compress", True).add_parameter("Depth", JSON_DEPTH)
            elif last is Last.COUNT:
                shell.add_cmdlet("Measure-Object")
            shell.add_statement()
            _mark(shell, batch, str(number))

    def _bound(self, cmdlet: str, name: str, value: object) -> object:
        if isinstance(value, str) and is_secure(cmdlet, name):
            self._pool.exchange_keys()
            return TaggedValue("SS", value)
        return TaggedValue("I64", value) if needs_64_bits(value) else value

    def _poll(self, shell: PowerShell, events: list[Event]) -> str:
        """Take what has come, in its order; return the name of a host call that waits for an answer."""
        seen = len(shell.streams.error), len(shell.streams.warning)
        records = self._pool._receive(shell.id)  # noqa: SLF001 - poll_invoke loses the order of the streams
        errors, warnings = iter(shell.streams.error[seen[0] :]), iter(shell.streams.warning[seen[1] :])
        for kind, value in records:
            if kind == MessageType.PIPELINE_OUTPUT:
                events.append(Output(value.data.data, time.monotonic()))
            elif kind == MessageType.ERROR_RECORD:
                events.append(_problem(next(errors)))
            elif kind == MessageType.WARNING_RECORD:
                events.append(Warned(safe(str(next(warnings).message))))
            elif kind == MessageType.PIPELINE_HOST_CALL and value.mi.value == _SET_SHOULD_EXIT:
                events.append(_exited(value.mp))
            elif kind == MessageType.PIPELINE_HOST_CALL and value.mi.value not in _VOID_HOST_CALLS:
                return str(value.mi)
            if kind in _SIGNS_OF_LIFE:
                self._connection.deadline.renew()
        events.extend(_problem(record) for record in errors)  # the error that came with the final state
        return ""

    def _after_time_out(self, shell: PowerShell, late: ChannelTimedOut) -> Ending:
        error = ShellError(ErrorKind.TIMED_OUT, late.message, outcome_known=False)
        if not self._interrupt(shell):
            self.broken = ChannelBroken("the session did not answer in time, and not when it was asked to stop either")
        return Ending(Ended.TIMED_OUT, error)

    def _interrupt(self, shell: PowerShell) -> bool:
        """Stop and forget a pipeline within a bounded time; say whether the session confirmed it."""
        if shell.state == PSInvocationState.NOT_STARTED:
            return False
        self._connection.deadline = Deadline(self._stop_seconds)
        try:
            if shell.state == PSInvocationState.RUNNING:
                shell.stop()
            shell.close()
        except Exception as error:  # noqa: BLE001 - whatever it was, the session is not fit for use
            self.broken = self.broken or ChannelBroken(f"the pipeline could not be stopped: {safe(str(error))}")
            return False
        return True


_SIGNS_OF_LIFE = frozenset(
    (MessageType.PIPELINE_OUTPUT, MessageType.ERROR_RECORD, MessageType.WARNING_RECORD, MessageType.PIPELINE_STATE)
)
"""What shows that statements make headway; progress and verbose records do not, or a hang could look alive."""


def _mark(shell: PowerShell, batch: str, name: str) -> None:
    shell.add_cmdlet("Write-Output").add_parameter("InputObject", f"{batch}:{name}").add_statement()


def _problem(record: Any) -> Problem:
    exception = record.exception
    properties = {
        **getattr(exception, "adapted_properties", {}),
        **getattr(exception, "extended_properties", {}),
    }
    message = record.details_message or properties.get("Message") or str(record)
    types = getattr(exception, "types", None) or [""]
    error = shell_error(
        str(message),
        error_id=str(record.fq_error or ""),
        category=category_name(record.category),
        exception_type=str(types[0]).removeprefix("Deserialized."),
    )
    return Problem(error, str(getattr(record, "command_name", None) or ""))


def _exited(arguments: Any) -> Problem:
    """Return the error for `exit` in a module: the engine ends the cmdlet there, without an error, and goes on."""
    code = "".join(str(argument) for argument in arguments or () if isinstance(argument, int))
    words = f"the cmdlet ended PowerShell instead of answering (exit code {code or 'unknown'})"
    return Problem(ShellError(ErrorKind.OTHER, words, outcome_known=False))


def _of_channel(broken: ChannelBroken, *, known: bool = False) -> ShellError:
    return ShellError(broken.kind, safe(broken.message), outcome_known=known)


def _prompt(asked: str) -> ShellError:
    message = f"the cmdlet asked a question ({asked}) that nobody can answer here, and was stopped"
    return ShellError(ErrorKind.PROMPT, message, outcome_known=False)
