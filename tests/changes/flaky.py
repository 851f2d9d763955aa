"""A Shell over a real one, some of whose calls fail in the ways that shells fail; and faults for an HTTP endpoint."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from diagnostics.exchange.port import CmdletCall, CmdletResult, ErrorKind, ParameterValue, Shell, ShellError
from diagnostics.lab.faults import NO_FAULT, EndpointFaults, Fault

PLAIN_TEXT = b"You have reached the maximum number of concurrent requests per tenant. Please wait and try again."
HTTP_FAULTS = (
    Fault(status=429, retry_after=2, body=PLAIN_TEXT),
    Fault(status=429, body=PLAIN_TEXT),
    Fault(status=503, retry_after=1),
    Fault(status=504),
    Fault(drop=True),
    Fault(drop_after=True),
)


def troubled(faults: EndpointFaults, share: float, *, seed: int = 7, kinds: Sequence[Fault] = HTTP_FAULTS) -> None:
    """Let `share` of the next requests fail, evenly of all kinds, in an order that is the same each time."""
    chance = random.Random(seed)
    for _ in range(20_000):
        faults.add(chance.choice(kinds) if chance.random() < share else NO_FAULT)


class Flaky:
    """Lets a share of the calls fail: not sent, sent and never answered, throttled, or the channel broken."""

    def __init__(self, shell: Shell, share: float, chance: random.Random, seen: Counter[str]) -> None:
        self._shell = shell
        self._share = share
        self._chance = chance
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shell, name)

    def __enter__(self) -> Self:
        self._shell.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shell.__exit__(kind, error, trace)

    def invoke(self, cmdlet: str, **parameters: ParameterValue) -> CmdletResult:
        return self.invoke_many([CmdletCall(cmdlet, parameters)])[0]

    def invoke_many(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        fates = [self._fate() for _ in calls]
        sent = [call for call, fate in zip(calls, fates, strict=True) if fate not in {"throttled", "not reached"}]
        answers: Iterator[CmdletResult] = iter(self._shell.invoke_many(sent))
        return [self._suffer(call, fate, answers) for call, fate in zip(calls, fates, strict=True)]

    def _fate(self) -> str:
        if self._chance.random() >= self._share:
            return "answered"
        fate = self._chance.choice(("throttled", "not reached", "late", "broken"))
        self._seen[fate] += 1
        return fate

    def _suffer(self, call: CmdletCall, fate: str, answers: Iterator[CmdletResult]) -> CmdletResult:
        match fate:
            case "throttled":
                error = ShellError(ErrorKind.THROTTLED, "too many requests", retry_after=3.0)
            case "not reached":
                error = ShellError(ErrorKind.NOT_REACHED, "an earlier call did not end in time")
            case "late":
                error = ShellError(ErrorKind.TIMED_OUT, "no answer in time", outcome_known=False)
            case "broken":
                error = ShellError(ErrorKind.CONNECTION, "the connection was cut", outcome_known=False)
            case _:
                return next(answers)
        if fate in {"late", "broken"}:
            return replace(next(answers), rows=(), warnings=(), errors=(error,), answered=False)
        return CmdletResult(call, errors=(error,), answered=False)
