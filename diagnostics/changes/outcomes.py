"""What becomes of the steps of a plan, and of a run as a whole."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from diagnostics.changes.patient import Waits
from diagnostics.changes.plan import Plan
from diagnostics.changes.steps import Step
from diagnostics.exchange.port import ErrorKind


class Outcome(enum.StrEnum):
    """What became of a step."""

    DONE = "done"
    ALREADY = "already present"  # it came about meanwhile, and not by this run
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_TRIED = "not tried"
    CHECKED = "would be accepted"  # by a run on the server with -WhatIf


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step, by its place in the plan; `after` is what was read back, as JSON can hold it."""

    index: int
    step: Step
    outcome: Outcome
    message: str = ""
    after: object = None


@dataclass(slots=True)
class Applied:
    """A finished run: every step's result, what had moved (then nothing was done), and why it stopped early, if it did.

    `head` is the journal's head hash for the ticket.
    """

    plan: Plan
    run: str = ""
    results: list[StepResult] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    stopped: str = ""
    stopped_by: ErrorKind | None = None
    nothing_to_do: bool = False
    waits: Waits = field(default_factory=Waits)
    head: str = ""

    def with_outcome(self, *outcomes: Outcome) -> list[StepResult]:
        """Return the results that ended so."""
        return [result for result in self.results if result.outcome in outcomes]


class Cut(Exception):
    """A run that diag itself ended in the middle; `applied` is what is known of it. The cause says what failed."""

    def __init__(self, applied: Applied) -> None:
        super().__init__("the run was cut off")
        self.applied = applied


@dataclass(frozen=True, slots=True)
class Who:
    """Who changes something: the account on this machine and the operator's sign-in."""

    account: str = ""
    operator: str = ""
    transport: str = ""
