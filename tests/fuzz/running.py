"""Runs one fuzz target: a few examples in the ordinary suite, always the same; for as long as it is told by `make fuzz`.

DIAG_FUZZ_SECONDS=120 pytest tests/fuzz -k transcript -s       tries new examples for two minutes
DIAG_FUZZ_SEED=17 DIAG_FUZZ_SECONDS=1 pytest tests/fuzz -k …   repeats the round that found something
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.bounds.measuring import growth_of

T = TypeVar("T", str, bytes)
_ROUND = 200
_FEW = 15
_NOTICED = 0.5  # seconds: what takes longer is held to growing no faster than its input
_GENEROUS = 400  # what a reader gives may be so many times as long as what it read
_ALLOWANCE = 200_000


def fuzz(strategy: SearchStrategy[Any], check: Callable[[Any], object], *, few: int = _FEW) -> None:
    """Try `check` on examples of `strategy`; it raises for what must not be."""
    seconds = float(os.environ.get("DIAG_FUZZ_SECONDS", "0"))
    if not seconds:
        _round(strategy, check, few, None)
        return
    ends = time.monotonic() + seconds
    number = int(os.environ.get("DIAG_FUZZ_SEED", "0")) or time.time_ns() % 1_000_000
    rounds = 0
    while rounds == 0 or time.monotonic() < ends:
        print(f"round {rounds}: DIAG_FUZZ_SEED={number}", flush=True)  # noqa: T201 - how to see it again
        _round(strategy, check, _ROUND, number)
        number += 1
        rounds += 1


def _round(strategy: SearchStrategy[Any], check: Callable[[Any], object], examples: int, number: int | None) -> None:
    @settings(
        max_examples=examples,
        derandomize=number is None,
        database=None,
        deadline=None,
        verbosity=Verbosity.normal,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(example: Any) -> None:
        check(example)

    (one if number is None else seed(number)(one))()


def bounded(work: Callable[[T], object], given_text: T) -> object:
    """Return what `work` makes of a text; its size is bounded by the text's, and so is its time."""
    begin = time.process_time()
    made = work(given_text)
    if time.process_time() - begin > _NOTICED:
        _hold_to_growth(work, given_text)
    shown = len(repr(made))
    assert shown <= _GENEROUS * len(given_text) + _ALLOWANCE, f"{shown} characters were made of {len(given_text)}"
    return made


def _hold_to_growth(work: Callable[[T], object], text: T) -> None:
    growth = growth_of(lambda times: work(text * len(times)), "x".__mul__, 1)
    assert not growth.is_superlinear, f"the time of reading {text[:200]!r}… again and again: {growth}"
