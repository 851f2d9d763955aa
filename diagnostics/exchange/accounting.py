"""Accounts for each statement of a batch, from the order of what came back; pure, so that every case can be tested.

Nothing is guessed: a call whose records cannot be told from its neighbours' is `UNCLEAR`, one without its marker did
not run to its end.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from diagnostics.exchange.port import CmdletCall, ErrorKind, ShellError

START = "start"
_TRUNCATED = "Resulting JSON is truncated"


class Ended(enum.Enum):
    """How one statement ended."""

    ANSWERED = "ran to its end"
    TERMINATED = "ended by a terminating error"
    NOT_REACHED = "never ran"
    TIMED_OUT = "did not end in time"
    PROMPTED = "asked a question"
    BROKEN = "the channel broke"
    UNCLEAR = "cannot be told apart from its neighbours"


@dataclass
class Answer:
    """What one statement of a batch gave."""

    ended: Ended = Ended.NOT_REACHED
    outputs: list[object] = field(default_factory=list)
    errors: list[ShellError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    json_failed: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Output:
    """One object of the output stream."""

    value: object
    at: float = 0.0


@dataclass(frozen=True)
class Problem:
    """One error record, with the command that its invocation info names, if any."""

    error: ShellError
    command: str = ""


@dataclass(frozen=True)
class Warned:
    """One warning."""

    text: str


Event = Output | Problem | Warned


@dataclass(frozen=True)
class Ending:
    """How the pipeline as a whole ended: `how` is what became of the statement that was running."""

    how: Ended
    error: ShellError | None = None


def account(
    events: Sequence[Event], calls: Sequence[CmdletCall], batch: str, ending: Ending, started: float
) -> list[Answer]:
    """Say of each call what became of it, from the order of the records, the markers among them and the ending."""
    answers = [Answer() for _ in calls]
    names = {call.cmdlet.casefold() for call in calls}
    current, since, begun = Answer(), started, False
    reached = 0
    for event in events:
        match event:
            case Output(value=str() as text, at=at) if (place := _place(text, batch, reached, len(calls))) is not None:
                if place == START:
                    begun = True
                else:
                    number = int(place)
                    for skipped in range(reached, number):
                        answers[skipped].ended = Ended.UNCLEAR
                    current.ended = (
                        Ended.ANSWERED
                        if begun and reached == number and current.ended != Ended.UNCLEAR
                        else Ended.UNCLEAR
                    )
                    current.seconds = at - since
                    answers[number], reached = current, number + 1
                current, since = Answer(), at
            case Output():
                current.outputs.append(event.value)
            case Warned():
                if not event.text.startswith(_TRUNCATED):
                    current.warnings.append(event.text)
            case Problem():
                _take(event, current, calls[reached].cmdlet if reached < len(calls) else "", names)
    if reached < len(calls):
        _end(answers, reached, current, ending, begun=begun)
    return answers


def _place(text: str, batch: str, reached: int, size: int) -> str | None:
    """Return what a marker of this batch marks; None for any other output, also for one that only looks like it."""
    mine, colon, place = text.partition(":")
    if mine != batch or not colon:
        return None
    return place if place == START or (place.isdecimal() and place.isascii() and reached <= int(place) < size) else None


def _take(problem: Problem, answer: Answer, cmdlet: str, names: set[str]) -> None:
    """Add an error to the call in whose place it came; another call's name on it makes the place doubtful."""
    answer.errors.append(problem.error)
    named = problem.command.casefold()
    if named in names and named != cmdlet.casefold():
        answer.ended = Ended.UNCLEAR
    if "converttojson" in problem.error.error_id.casefold() or named == "convertto-json":
        answer.json_failed = True
    if problem.error.kind is ErrorKind.COMMAND_NOT_FOUND and "'ConvertTo-Json'" in problem.error.message:
        answer.json_failed = True


def _end(answers: list[Answer], reached: int, current: Answer, ending: Ending, *, begun: bool) -> None:
    """Settle the call that was running when the pipeline ended; those after it never ran, as far as is known."""
    doubtful = current.ended is Ended.UNCLEAR
    current.ended = ending.how
    if ending.error is not None:
        current.errors.append(ending.error)
    if ending.how is Ended.NOT_REACHED and current.errors:
        current.ended = Ended.TERMINATED
    if not begun and current.errors and ending.how in {Ended.NOT_REACHED, Ended.TERMINATED}:
        words = current.errors[0].message
        error = ShellError(ErrorKind.OTHER, f"this PowerShell session runs no cmdlets for the bridge: {words}")
        for answer in answers:
            answer.ended, answer.errors = Ended.TERMINATED, [error]
        return
    if doubtful and current.ended is Ended.TERMINATED:
        current.ended = Ended.UNCLEAR
    answers[reached] = current
    if ending.how is Ended.BROKEN and ending.error is not None:
        for answer in answers[reached + 1 :]:
            answer.ended, answer.errors = Ended.BROKEN, [ending.error]
