"""Points in time that waits are held against, and the bounds of the HTTP exchange that runs in this thread.

requests and urllib3 know time-outs for each packet, so that a peer which sends a byte now and then is waited for
without end. Here each socket operation asks `current()` how long it may take, and reports what came.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MEBIBYTE = 1024 * 1024
_HEAD = 256 * 1024
"""Bytes for the head of an answer, interim answers (1xx) and the reader's buffer included."""
_LEAST_WAIT = 0.001
"""Seconds; zero would make a socket non-blocking."""


class Deadline:
    """A point in time that waits are held against; `renew` moves it, never past `limit` (seconds from now)."""

    def __init__(self, seconds: float, *, limit: float | None = None) -> None:
        self.seconds = seconds
        now = time.monotonic()
        self._limit = now + (seconds if limit is None else limit)
        self._at = min(now + seconds, self._limit)

    def renew(self) -> None:
        """Allow the full time again, since something was heard."""
        self._at = min(time.monotonic() + self.seconds, self._limit)

    def remaining(self) -> float:
        """Return the seconds that are left, at least zero."""
        return max(0.0, self._at - time.monotonic())

    def overdue(self, grace: float) -> bool:
        """Whether the time has been up for longer than `grace` seconds."""
        return time.monotonic() > self._at + grace

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.remaining() <= 0

    def wait(self, seconds: float) -> bool:
        """Wait, unless that would take longer than what is left; say whether it was waited."""
        if seconds >= self.remaining():
            return False
        time.sleep(seconds)
        return True


class TooMuch(Exception):
    """A peer sends more than any answer needs: a head or a body without an end, or one that unpacks into far more."""


class Bounds:
    """What one HTTP exchange may take: time until `deadline`, and `largest` bytes of a decoded body."""

    def __init__(self, deadline: Deadline, largest: int) -> None:
        self.deadline = deadline
        self.largest = largest
        self._left = _HEAD

    def seconds(self) -> float:
        """Return the seconds that a socket operation may take. Raises TimeoutError when there are none left."""
        left = self.deadline.remaining()
        if left <= 0:
            raise TimeoutError(f"the exchange did not end within {self.deadline.seconds:g} s")
        return max(left, _LEAST_WAIT)

    def expect_head(self) -> None:
        """Allow the bytes of a head."""
        self._left = _HEAD

    def expect_body(self) -> None:
        """Allow the bytes of a body; chunks have a few bytes around them."""
        self._left = 2 * self.largest + MEBIBYTE

    def came(self, size: int) -> None:
        """Take note of bytes that came. Raises TooMuch."""
        self._left -= size
        if self._left < 0:
            raise TooMuch("sends an answer without an end")


_current: ContextVar[Bounds | None] = ContextVar("bounds", default=None)


def current() -> Bounds | None:
    """Return the bounds of the exchange that this thread is in, if it is in one."""
    return _current.get()


@contextmanager
def within(deadline: Deadline, largest: int) -> Iterator[Bounds]:
    """Hold every socket operation of `client` in this thread against `deadline`, or an outer one that ends earlier."""
    outer = _current.get()
    if outer is not None and outer.deadline.remaining() < deadline.remaining():
        deadline = outer.deadline
    bounds = Bounds(deadline, largest)
    before = _current.set(bounds)
    try:
        yield bounds
    finally:
        _current.reset(before)
