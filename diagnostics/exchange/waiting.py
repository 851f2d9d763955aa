"""Bounded waits: every wait of the bridge has an end, and reaching it is an answer of its own, never an empty list."""

from __future__ import annotations

from diagnostics.exchange.port import ErrorKind
from diagnostics.net.deadline import Deadline

__all__ = ["ChannelBroken", "ChannelTimedOut", "Deadline"]


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
