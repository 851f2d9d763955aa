"""The Shell over any PSRP channel: opens, checks versions, signs in once, runs batches, closes.

A transport adds only how the channel is opened. The connection to Exchange belongs to one runspace
(office-docs-powershell issue 10902), so the pool has exactly one.
"""

from __future__ import annotations

import datetime as dt
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from diagnostics.errors.rules import classify
from diagnostics.evidence import ExchangeConnection
from diagnostics.exchange.accounting import Answer, Ended
from diagnostics.exchange.port import (
    CmdletCall,
    CmdletResult,
    ConnectionRequest,
    ErrorKind,
    OpenStep,
    ParameterValue,
    ShellError,
    ShellUnavailable,
)
from diagnostics.exchange.values import ValueRefused, check_call, rows_of
from diagnostics.exchange.waiting import ChannelBroken, Deadline
from diagnostics.redaction import safe

if TYPE_CHECKING:
    from diagnostics.exchange.pipelines import Connection, Pipelines

BATCH = 200
"""Calls in one pipeline; a pipeline of this size is about half a megabyte."""
_TIME_OUTS = 2
"""After so many calls that did not end in time, the rest of a request is not tried."""
_CLOSE_SECONDS = 10.0


@dataclass
class Channel:
    """An open way to PowerShell: pypsrp's connection, whose waits end at its `deadline`, and how to let go of it."""

    connection: Connection
    configuration: str = "Microsoft.PowerShell"

    def describe(self) -> str:
        """Say where PowerShell runs, for the first step."""
        return ""

    def close(self) -> None:
        """Leave nothing behind; never raises."""


class PsrpShell(ABC):
    """A PowerShell reached over PSRP and connected to Exchange Online; see `port.Shell`."""

    transport = "psrp"
    remarks: tuple[str, ...] = ()
    first_step = "open a PowerShell session"

    def __init__(self, request: ConnectionRequest, *, connect_timeout: float, operation_timeout: float) -> None:
        self._request = request
        self._connect_timeout = connect_timeout
        self._seconds = operation_timeout
        self._channel: Channel | None = None
        self._pipelines: Pipelines | None = None
        self._as_json = True
        self._connected = False
        self.steps: list[OpenStep] = []
        self.powershell_version = ""
        self.module_version = ""
        self.connection: ExchangeConnection | None = None

    @abstractmethod
    def _open_channel(self) -> Channel:
        """Return a channel that is ready for a runspace pool; raises ChannelBroken or ShellUnavailable."""

    def __enter__(self) -> Self:
        """Open the session and connect to Exchange Online. Raises ShellUnavailable."""
        from diagnostics.exchange.opening import connect, prepare  # noqa: PLC0415 - pypsrp comes with it

        try:
            self._open_pool()
            prepare(self)
            connect(self, self._request)
        except BaseException:
            self.close()
            raise
        self._connected = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect from Exchange Online and close the session."""
        del kind, error, trace
        self.close()

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time one step of opening; what is appended to the list is what it found.

        A channel that breaks meanwhile becomes ShellUnavailable with the step's name.
        """
        found: list[str] = []
        started = time.monotonic()
        try:
            yield found
        except ChannelBroken as broken:
            kind = broken.kind
            if kind is ErrorKind.CONNECTION:  # what ssh and libkrb5 say stands in the words alone
                kind = classify("", "", broken.message, kind)
            raise ShellUnavailable(name, safe(broken.message), kind=kind, hint=broken.hint) from broken
        self.steps.append(OpenStep(name, "; ".join(found), time.monotonic() - started))

    def _open_pool(self) -> None:
        from diagnostics.exchange.pipelines import Pipelines, open_pool  # noqa: PLC0415 - pypsrp is heavy

        with self.step(self.first_step) as found:
            self._channel = self._open_channel()
            self._deadline(self._connect_timeout)
            pool = open_pool(self._channel.connection, self._channel.configuration)
            self._pipelines = Pipelines(pool, self._channel.connection)
            found.append(self._channel.describe() or "opened")

    def _deadline(self, seconds: float) -> None:
        if self._channel is not None:
            self._channel.connection.deadline = Deadline(seconds)

    def close(self) -> None:
        """Disconnect, close the pool and let go of the channel; never raises, and takes a bounded time."""
        pipelines, channel = self._pipelines, self._channel
        self._pipelines = self._channel = None
        try:
            if pipelines is not None and pipelines.broken is None:
                seconds = min(_CLOSE_SECONDS, self._seconds)
                if self._connected:
                    call = CmdletCall("Disconnect-ExchangeOnline", {"Confirm": False})
                    pipelines.run([call], as_json=False, seconds=seconds)
                pipelines.close(seconds)
        finally:
            self._connected = False
            if channel is not None:
                channel.close()

    def run(self, calls: Sequence[CmdletCall], *, as_json: bool = False) -> list[Answer]:
        """Run calls of the bridge's own in one pipeline, without asking anything again."""
        if self._pipelines is None:
            raise ChannelBroken("the session is not open")
        return self._pipelines.run(calls, as_json=as_json, seconds=self._seconds)

    def commands(self, names: Sequence[str]) -> frozenset[str] | None:
        """Ask Get-Command; a cmdlet that no role of the operator contains does not exist in the session."""
        (answer,) = self.run([CmdletCall("Get-Command", {"Name": list(names)})])
        if answer.ended is not Ended.ANSWERED:
            return None
        found = {str(row.get("Name", "")).casefold() for row in rows_of(answer.outputs, as_json=False)}
        return frozenset(name for name in names if name.casefold() in found)

    def invoke(self, cmdlet: str, **parameters: ParameterValue) -> CmdletResult:
        """Run one call."""
        return self.invoke_many([CmdletCall(cmdlet, parameters)])[0]

    def invoke_many(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        """Run all calls in as few pipelines as possible; see `port.Shell.invoke_many`."""
        results: dict[int, CmdletResult] = {}
        waiting: list[int] = []
        for number, call in enumerate(calls):
            try:
                check_call(call)
                waiting.append(number)
            except ValueRefused as refused:
                error = ShellError(ErrorKind.PARAMETER, safe(str(refused)))
                results[number] = CmdletResult(call, errors=(error,), answered=False)
        alone: list[int] = []
        time_outs = 0
        while waiting and time_outs < _TIME_OUTS:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            again, doubtful, late = self._round(calls, batch, results)
            alone += doubtful
            time_outs += late
            waiting = again + waiting
        for number in alone:
            if time_outs < _TIME_OUTS:
                *_, late = self._round(calls, [number], results)
                time_outs += late
        self._confirm_nothing(calls, results)
        for number, call in enumerate(calls):
            if number not in results:
                results[number] = _not_reached(call)
        return [results[number] for number in range(len(calls))]

    def _confirm_nothing(self, calls: Sequence[CmdletCall], results: dict[int, CmdletResult]) -> None:
        """Ask again those that returned nothing and no error, and believe it only where the call ran to its end.

        A `break` or `continue` in a module's function that stands in no loop ends the call without a word, and the
        engine goes on with the next statement (seen with 7.6.9).
        """
        silent = [
            number for number, result in results.items() if result.ok and not result.rows and is_read(calls[number])
        ]
        for start in range(0, len(silent), BATCH):
            part = silent[start : start + BATCH]
            if self._pipelines is None:
                return
            answers = self._pipelines.run(
                [calls[number] for number in part], as_json=False, seconds=self._seconds, counted=True
            )
            for number, answer in zip(part, answers, strict=True):
                counted = rows_of(answer.outputs, as_json=False)
                if answer.ended is not Ended.ANSWERED or answer.errors or [row.get("Count") for row in counted] != [0]:
                    results[number] = _not_confirmed(results[number], answer)

    def _round(
        self, calls: Sequence[CmdletCall], batch: Sequence[int], results: dict[int, CmdletResult]
    ) -> tuple[list[int], list[int], int]:
        """Run one batch; return the calls to ask again together, those to ask alone, and how many were late."""
        if self._pipelines is None:
            broken = ShellError(ErrorKind.CONNECTION, "the session is not open")
            results.update({number: CmdletResult(calls[number], errors=(broken,), answered=False) for number in batch})
            return [], [], 0
        at, as_json = dt.datetime.now(dt.UTC), self._as_json
        answers = self._pipelines.run([calls[n] for n in batch], as_json=as_json, seconds=self._seconds)
        again: list[int] = []
        doubtful: list[int] = []
        for number, answer in zip(batch, answers, strict=True):
            call = calls[number]
            if len(batch) > 1:
                answer.seconds = 0.0  # several answers may come in one message, so that their times say nothing
            if answer.json_failed and as_json:
                self._as_json = False  # an endpoint without ConvertTo-Json, or rows that it cannot write
                if is_read(call) or _never_ran(answer):
                    again.append(number)
                    continue
            if answer.ended is Ended.UNCLEAR and len(batch) > 1 and is_read(call):
                doubtful.append(number)
            elif answer.ended is Ended.NOT_REACHED:
                again.append(number)
            else:
                results[number] = _result(call, answer, at, as_json=as_json)
        if again == list(batch) and as_json == self._as_json:
            results[again[0]] = _not_reached(calls[again[0]], "the pipeline ended before it, and did not say why")
            again = again[1:]
        return again, doubtful, sum(answer.ended is Ended.TIMED_OUT for answer in answers)


def is_read(call: CmdletCall) -> bool:
    """Say whether a call changes nothing, so that asking it again does no harm."""
    return call.cmdlet.casefold().startswith(("get-", "test-"))


def _never_ran(answer: Answer) -> bool:
    """Say whether a name was not known, which the engine finds out before any cmdlet of the statement runs."""
    return any(error.kind is ErrorKind.COMMAND_NOT_FOUND for error in answer.errors)


def _not_reached(
    call: CmdletCall, why: str = "an earlier call did not end in time, so this one was not run"
) -> CmdletResult:
    return CmdletResult(call, errors=(ShellError(ErrorKind.NOT_REACHED, why),), answered=False)


def _not_confirmed(result: CmdletResult, answer: Answer) -> CmdletResult:
    words = "it returned nothing, and did not run to its end when it was asked again"
    errors = answer.errors or [ShellError(ErrorKind.OTHER, words)]
    return replace(result, errors=tuple(errors), answered=False)


def _result(call: CmdletCall, answer: Answer, at: dt.datetime, *, as_json: bool) -> CmdletResult:
    answered = answer.ended is Ended.ANSWERED or (answer.ended is Ended.UNCLEAR and not answer.errors)
    result = CmdletResult(
        call,
        errors=tuple(answer.errors),
        warnings=tuple(answer.warnings),
        answered=answered,
        at=at,
        seconds=answer.seconds or None,
    )
    if answer.ended is Ended.UNCLEAR:
        error = ShellError(ErrorKind.OTHER, "its records cannot be told from its neighbours'", outcome_known=False)
        return replace(result, answered=False, errors=(*result.errors, error))
    try:
        return replace(result, rows=rows_of(answer.outputs, as_json=as_json))
    except ValueError as error:
        problem = ShellError(ErrorKind.OTHER, f"its output cannot be read as JSON: {safe(str(error))}")
        return replace(result, answered=False, errors=(*result.errors, problem))
