"""Says whether the time of some work grows no faster than its input, by ratios and never by a limit in seconds."""

from __future__ import annotations

import dataclasses
import itertools
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_SIZES = (256, 2048, 16384)
_NOTICED = 0.005  # seconds on the clock: what takes less is not looked at again
_MEASURABLE = 0.04  # seconds of processor time: shorter times are too coarse for a ratio
_LARGEST = 2**20
_RUNS = 3
_LONG = 0.2  # seconds on the clock: looked at again at once
_SUPERLINEAR = 3.0  # for twice the input, twice in a row; linear work gives 2, quadratic 4
_LONGEST = 0.5  # seconds of processor time, after which a smaller input is looked at first
_GIVEN_UP = 4.0  # seconds of processor time for finding the growth of one kind of input: none of it is linear


class TooLong(Exception):
    """The work was stopped."""


@dataclasses.dataclass(frozen=True, slots=True)
class Growth:
    """Times for an input, twice and four times as long."""

    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def is_superlinear(self) -> bool:
        """Whether both doublings cost clearly more than twice as much."""
        return len(self.sizes) > 2 and all(
            later > _SUPERLINEAR * earlier for earlier, later in itertools.pairwise(self.seconds)
        )

    def __str__(self) -> str:
        return ", ".join(f"{size}: {s * 1000:.1f} ms" for size, s in zip(self.sizes, self.seconds, strict=True))


def superlinear(
    work: Callable[[str], object], text: Callable[[int], str], sizes: Sequence[int] = _SIZES, noticed: float = _NOTICED
) -> Growth | None:
    """Return the growth of `work` over `text(size)` where it is clearly superlinear, and None where it is not.

    The sizes are tried in turn; only what takes longer than `noticed` seconds at one of them is measured.
    """
    for size in sizes:
        given = text(size)
        begin = time.perf_counter()
        try:
            with _at_most(_LONGEST):
                work(given)
        except TooLong:
            return _from_below(work, text, max(size // 64, 4))
        once = time.perf_counter() - begin
        if once > noticed and (once > _LONG or _average(work, given) > noticed):
            growth = growth_of(work, text, size)
            if growth.is_superlinear:
                return growth
    return None


def _from_below(work: Callable[[str], object], text: Callable[[int], str], size: int) -> Growth | None:
    """Return the growth where it is superlinear, from a size on that does not take for ever."""
    try:
        with _at_most(_GIVEN_UP):
            growth = growth_of(work, text, size)
    except TooLong:
        return Growth((size,), (_GIVEN_UP,))
    return growth if growth.is_superlinear else None


def _average(work: Callable[[str], object], text: str) -> float:
    """Return the processor time of one run; the clock is too coarse for a single one, and others use the processor, too."""
    begin = time.process_time()
    for _ in range(_RUNS):
        work(text)
    return (time.process_time() - begin) / _RUNS


def growth_of(work: Callable[[str], object], text: Callable[[int], str], size: int) -> Growth:
    """Measure from the first size on whose time can be compared, up to four times as much."""
    first = _seconds(work, text(size))
    while first > 4 * _MEASURABLE and size > 1:
        size //= 2
        first = _seconds(work, text(size))
    while first < _MEASURABLE and size < _LARGEST:
        size *= 2
        first = _seconds(work, text(size))
    sizes, seconds = [size], [first]
    for _ in range(2):
        sizes.append(2 * sizes[-1])
        seconds.append(_seconds(work, text(sizes[-1])))
        if seconds[-1] <= _SUPERLINEAR * seconds[-2]:
            break
    return Growth(tuple(sizes), tuple(seconds))


def _seconds(work: Callable[[str], object], text: str) -> float:
    begin = time.process_time()
    work(text)
    return time.process_time() - begin


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Stop the work after so much processor time; the matcher of `re` looks for signals, too."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooLong

    if sys.platform != "win32":
        before = signal.signal(signal.SIGVTALRM, stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
