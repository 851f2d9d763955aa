"""What all evidence is made of: where a thing came from, and the two kinds of absence."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


class Source(enum.StrEnum):
    """Where a piece of evidence came from."""

    PROFILE = "profile"
    ENTRA = "entra"
    GRAPH = "graph"
    EXCHANGE = "exchange"
    IMAP = "imap"
    DNS = "dns"
    TEXT = "text"
    JOURNAL = "journal"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Provenance:
    """How and when something was obtained.

    `how` names the cmdlet, the request or the place in a text (`ticket.txt:12`). `at` is UTC. `seconds` is how long
    it took.
    """

    source: Source
    how: str
    at: dt.datetime | None = None
    seconds: float | None = None


class Missing(enum.StrEnum):
    """Why something could not be observed; decides the outcome and the exit code."""

    NOT_REQUESTED = "not-requested"  # left out by a flag or the profile
    NOT_IN_TEXT = "not-in-text"  # a pasted text does not speak of it
    CUT_OFF = "cut-off"  # seen, but shortened or redacted
    BLOCKED = "blocked"  # an earlier link is broken, so it was not tried
    NOT_SIGNED_IN = "not-signed-in"  # the operator has no valid sign-in
    NO_RIGHTS = "no-rights"  # signed in, but not allowed to look
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed-out"
    REMOTE_ERROR = "remote-error"
    UNEXPECTED = "unexpected"  # answered in a shape that is not known


NOWHERE = Provenance(Source.NONE, "nobody looked")


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Something that could not be looked at, with the reason in the administrator's words and what to do about it."""

    reason: str
    missing: Missing
    provenance: Provenance = NOWHERE
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that was looked for, with the right to see it, and is not there."""

    absent: str
    provenance: Provenance


Observed: TypeAlias = T | Unavailable
"""A value, or the reason why there is none."""


NOT_COLLECTED = Unavailable("nobody looked", Missing.NOT_REQUESTED)
