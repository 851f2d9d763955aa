"""Bounded waits: every wait of the bridge has an end, and reaching it is an answer of its own, never an empty list."""

from __future__ import annotations

import time

from diagnostics.exchange.port import ErrorKind


class ChannelBroken(Exception):
    """The way to PowerShell broke or was never there; says what came back and, in `hint`, what to do.

    What was running may have been carried out all the same.
    """

    def __init__(self, message: str, *, kind: ErrorKind = ErrorKind.CONNECTION, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.hint = hint


class ChannelTimedOut(ChannelBroken):
    """Nothing came in the time allowed. The channel itself may still be good."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, kind=ErrorKind.TIMED_OUT, hint=hint)


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
