"""Waits until the live IMAP sign-in works: a change needs time to reach Exchange's front ends.

20 to 30 minutes are what administrators' guides tell to expect; they are an expectation and no promise.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from diagnostics.evidence import ImapSession, Observed, ReplyStatus, Unavailable

Probe: TypeAlias = Callable[[Sequence[str]], Mapping[str, Observed[ImapSession]]]
"""Tries the sign-in to some mailboxes, each with a fresh token, and returns what happened, by mailbox."""

EXPECTATION = "20 to 30 minutes are usual, sometimes an hour"
_FIRST, _LONGEST = 5.0, 60.0
_HOPELESS = 3
"""After so many rounds in which not even a sign-in could be tried, such as for want of a token, waiting fixes nothing."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Which mailboxes open after how many seconds, and what the others said last."""

    open_after: Mapping[str, float] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def opens(session: Observed[ImapSession]) -> bool:
    """Say whether the sign-in went as far as INBOX; OK to AUTHENTICATE alone is not success with Exchange."""
    if isinstance(session, Unavailable):
        return False
    step = session.step("EXAMINE")
    return step is not None and step.status is ReplyStatus.OK


def said(session: Observed[ImapSession]) -> str:
    """Return what the server said last, in one line."""
    if isinstance(session, Unavailable):
        return session.reason
    if session.steps:
        last = session.steps[-1]
        return f"{last.command}: {last.status} {last.text}".strip()
    attempts = [attempt.detail or str(attempt.outcome) for attempt in session.attempts]
    return session.name_error or "; ".join(attempts) or "no answer"


def wait(
    mailboxes: Sequence[str],
    probe: Probe,
    *,
    limit: float,
    progress: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Waited:
    """Probe until every mailbox opens or `limit` seconds are over, or nothing can be tried at all; at least once."""
    started = clock()
    open_after: dict[str, float] = {}
    closed: dict[str, str] = dict.fromkeys(mailboxes, "not tried")
    pause, hopeless = _FIRST, 0
    while True:
        found = probe(list(closed))
        hopeless = hopeless + 1 if all(isinstance(session, Unavailable) for session in found.values()) else 0
        for mailbox, session in found.items():
            if opens(session):
                open_after[mailbox] = clock() - started
                del closed[mailbox]
            else:
                closed[mailbox] = said(session)
        elapsed = clock() - started
        left = limit - elapsed
        if not closed or left <= 0 or hopeless == _HOPELESS:
            return Waited(open_after, closed, elapsed)
        first = next(iter(closed.items()))
        progress(
            f"{len(open_after)} of {len(mailboxes)} mailboxes open after {_minutes(elapsed)} ({EXPECTATION}); "
            f"{first[0]}: {first[1]}"
        )
        sleep(min(pause, left))
        pause = min(_LONGEST, pause * 1.5)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


_DURATION = re.compile(
    r"(?:(?P<h>\d{1,6}(?:\.\d{1,6})?)h)?(?:(?P<m>\d{1,6}(?:\.\d{1,6})?)m)?(?:(?P<s>\d{1,6}(?:\.\d{1,6})?)s)?", re.ASCII
)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


def seconds_of(text: str) -> float:
    """Return the seconds in `90s`, `30m` or `1h30m`. Raises ValueError, for a number without its unit as well."""
    found = _DURATION.fullmatch(text.strip().lower())
    total = sum(float(found[name] or 0) * size for name, size in _UNITS.items()) if found else 0.0
    if total <= 0:
        bare = text.strip()
        if bare.isascii() and bare.isdigit():
            raise ValueError(f"{bare} needs its unit: {bare}m for minutes, {bare}s for seconds")
        raise ValueError(f"{text!r} is no duration; write 30m, 90s or 1h30m")
    return total
