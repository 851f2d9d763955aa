"""A Shell that outlives its channel: it asks again what may be asked again, waits when Exchange asks for it, and counts.

A read is repeated whenever it was not answered. A write is repeated here only when it certainly did not run; one whose
outcome is unknown goes back to the caller, who has to look first.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from diagnostics.evidence import ExchangeConnection
from diagnostics.exchange.port import (
    CmdletCall,
    CmdletResult,
    ErrorKind,
    OpenStep,
    ParameterValue,
    Shell,
    ShellError,
    ShellUnavailable,
)
from diagnostics.exchange.psrp import is_read

Opener: TypeAlias = Callable[[], Shell]
Sleep: TypeAlias = Callable[[float], None]

CHUNK = 150
"""Reads that are sent together, so that a break costs little and headway shows."""
TRIES = 5
OPENINGS = 8
"""How often a broken channel is opened again before the run gives up; with the rests between, about two minutes."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_FLEETING = frozenset({ErrorKind.TIMED_OUT, ErrorKind.CONNECTION, ErrorKind.NOT_REACHED, ErrorKind.OTHER})
_OPENS_AGAIN = frozenset({ErrorKind.CONNECTION, ErrorKind.TIMED_OUT, ErrorKind.THROTTLED, ErrorKind.OTHER})


@dataclass(slots=True)
class Waits:
    """How often and how long (seconds) a run waited because Exchange asked it to, or because the channel broke."""

    throttled: int = 0
    throttled_seconds: float = 0.0
    reopened: int = 0
    repeated: int = 0

    def words(self) -> str:
        """Return a sentence for the report, or nothing when all went smoothly."""
        parts = []
        if self.throttled:
            parts.append(f"waited {self.throttled_seconds:.0f} s in {self.throttled} pause(s) that Exchange asked for")
        if self.reopened:
            parts.append(f"opened the connection again {self.reopened} time(s)")
        if self.repeated:
            parts.append(f"asked {self.repeated} call(s) again")
        return "; ".join(parts)


class PatientShell:
    """See `port.Shell`. `opener` makes a fresh Shell.

    In seconds, `patience` bounds all waits for throttling together, `longest_rest` each pause before something else is
    tried again.
    """

    def __init__(
        self,
        opener: Opener,
        *,
        patience: float = 900.0,
        longest_rest: float = _LONGEST_WAIT,
        sleep: Sleep = time.sleep,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._opener = opener
        self._patience = patience
        self._longest_rest = longest_rest
        self._sleep = sleep
        self._progress = progress
        self._shell: Shell | None = None
        self._opened_before = False
        self._worked = False
        self.waits = Waits()
        self.connection: ExchangeConnection | None = None
        self.remarks: tuple[str, ...] = ()
        self.transport = ""
        self.steps: Sequence[OpenStep] = ()

    def __enter__(self) -> Self:
        """Open the channel. Raises ShellUnavailable."""
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def invoke(self, cmdlet: str, **parameters: ParameterValue) -> CmdletResult:
        """Run one call."""
        return self.invoke_many([CmdletCall(cmdlet, parameters)])[0]

    def invoke_many(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        """Run all calls; see `port.Shell.invoke_many`. Raises ShellUnavailable when no channel can be had any more."""
        results: dict[int, CmdletResult] = {}
        tries: Counter[int] = Counter()
        pending = list(range(len(calls)))
        while pending:
            part, rest = pending[:CHUNK], pending[CHUNK:]
            answers = self._open().invoke_many([calls[number] for number in part])
            again = [n for n, answer in zip(part, answers, strict=True) if self._may_repeat(calls[n], answer, tries[n])]
            results.update(zip(part, answers, strict=True))
            self._mend(answers)
            if again and not self._paused(again, results, max(tries[number] for number in again)):
                return _with_the_rest(calls, results)
            tries.update(again)
            self.waits.repeated += len(again)
            pending = again + rest
            if rest:
                self._progress(f"{len(calls) - len(pending)} of {len(calls)} answers")
        return [results[number] for number in range(len(calls))]

    def commands(self, names: Sequence[str]) -> frozenset[str] | None:
        """Return which of these cmdlets this operator has; see `port.Shell.commands`. Raises ShellUnavailable."""
        return self._open().commands(names)

    def pause(self, asked: float | None, attempt: int = 0) -> bool:
        """Wait as long as Exchange asks, or ever longer where it does not say; say whether patience allowed it."""
        seconds = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) if asked is None else asked
        if self.waits.throttled_seconds + seconds > self._patience:
            return False
        self._progress(f"Exchange asks to wait {seconds:.0f} s")
        self._sleep(seconds)
        self.waits.throttled += 1
        self.waits.throttled_seconds += seconds
        return True

    def rest(self, attempt: int) -> None:
        """Wait a little before something that may pass is tried again."""
        self._sleep(min(self._longest_rest, 0.25 * 2**attempt))

    def _paused(self, again: Sequence[int], results: dict[int, CmdletResult], attempt: int) -> bool:
        throttled = [e for n in again for e in results[n].errors if e.kind is ErrorKind.THROTTLED]
        if not throttled:
            self.rest(attempt)
            return True
        asked = [error.retry_after for error in throttled if error.retry_after is not None]
        return self.pause(max(asked) if asked else None, attempt)

    def _mend(self, answers: Sequence[CmdletResult]) -> None:
        """Let go of a channel that broke, or whose sign-in ended; the next call opens a new one."""
        kinds = {error.kind for answer in answers for error in answer.errors}
        expired = self._worked and ErrorKind.NOT_SIGNED_IN in kinds
        if ErrorKind.CONNECTION in kinds or expired:
            self._drop()
        else:
            self._worked |= any(answer.ok for answer in answers)

    def _may_repeat(self, call: CmdletCall, answer: CmdletResult, tried: int) -> bool:
        """Say whether a call is to be sent again; one that was refused after a sign-in had worked needs a new one."""
        if answer.error is None:
            return False
        kinds = {error.kind for error in answer.errors}
        surely_not_run = all(error.outcome_known for error in answer.errors) and not answer.answered
        if ErrorKind.THROTTLED in kinds:
            return is_read(call) or surely_not_run
        if ErrorKind.NOT_SIGNED_IN in kinds:
            return self._worked and tried == 0
        if tried >= TRIES - 1 or answer.answered or not kinds <= _FLEETING:
            return False
        return is_read(call) or (surely_not_run and kinds <= {ErrorKind.CONNECTION, ErrorKind.NOT_REACHED})

    def _open(self) -> Shell:
        if self._shell is not None:
            return self._shell
        for attempt in range(OPENINGS):
            shell = self._opener()
            try:
                shell.__enter__()
            except ShellUnavailable as problem:
                if problem.kind not in _OPENS_AGAIN or attempt == OPENINGS - 1 or not self._opened_before:
                    raise
                self.rest(attempt + 2)
                continue
            break
        self.waits.reopened += self._opened_before
        self._shell, self._opened_before = shell, True
        self.connection, self.remarks = shell.connection, shell.remarks
        self.transport, self.steps = shell.transport, shell.steps
        return shell

    def _drop(self) -> None:
        shell, self._shell, self._worked = self._shell, None, False
        if shell is not None:
            shell.__exit__(None, None, None)


def _with_the_rest(calls: Sequence[CmdletCall], results: dict[int, CmdletResult]) -> list[CmdletResult]:
    why = ShellError(ErrorKind.THROTTLED, "Exchange kept asking to wait, so this call was not sent")
    return [
        results.get(number) or CmdletResult(call, errors=(why,), answered=False) for number, call in enumerate(calls)
    ]
