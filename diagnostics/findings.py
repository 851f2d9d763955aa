"""What checks say: four outcomes, what was compared, and which causes are suspected with how much confidence."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.comparison import Comparison
from diagnostics.evidence import Missing, Unavailable


class Stage(enum.StrEnum):
    """The links of the chain, in the order in which they can break."""

    INPUT = "input"
    DISCOVERY = "discovery"
    TOKEN = "token"  # noqa: S105 - a stage
    INTERACTIVE = "interactive"
    CONSENT = "consent"
    CLAIMS = "claims"
    OPERATOR = "operator"
    EXCHANGE_SP = "exchange-sp"
    MAILBOX = "mailbox"
    MAILBOX_PERMISSION = "mailbox-permission"
    IMAP_NETWORK = "imap-network"
    IMAP_AUTH = "imap-auth"
    IMAP_SELECT = "imap-select"
    PROPAGATION = "propagation"

    @property
    def position(self) -> int:
        """Where in the chain it stands, from 0."""
        return _ORDER[self]


_ORDER = {stage: position for position, stage in enumerate(Stage)}


class Outcome(enum.StrEnum):
    """The four things a check can say."""

    PASS = "pass"  # noqa: S105 - an outcome
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Confidence(enum.StrEnum):
    """How sure a suspicion is. `certain` needs an error code or two values that were compared."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"

    @property
    def rank(self) -> int:
        """0 for certain, 2 for possible."""
        return list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A cause that a check suspects.

    `evidence` are sentences with their source; `values` fill the placeholders of the cause's page; `instead_of` are causes
    that this one explains, so that they need not be fixed.
    """

    cause: str
    confidence: Confidence
    evidence: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one check says of one subject; the runner adds the check's name and stage.

    `fault` says in words what failed within diag, so that nothing was judged.
    """

    outcome: Outcome
    summary: str
    subject: str = ""
    compared: tuple[Comparison, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    rules_out: tuple[str, ...] = ()
    missing: Missing | None = None
    reason: str = ""
    hint: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement with the check that made it. `required` findings decide the exit code."""

    check: str
    title: str
    stage: Stage
    required: bool
    judgement: Judgement

    @property
    def outcome(self) -> Outcome:
        """The judgement's outcome."""
        return self.judgement.outcome


def passed(
    summary: str, *compared: Comparison, subject: str = "", rules_out: tuple[str, ...] = (), hint: str = ""
) -> Judgement:
    """Say that a thing is as it must be; `rules_out` are causes that are thereby disproved."""
    return Judgement(Outcome.PASS, summary, subject, compared, rules_out=rules_out, hint=hint)


def failed(
    summary: str,
    *suspects: Suspect,
    compared: tuple[Comparison, ...] = (),
    subject: str = "",
    hint: str = "",
    rules_out: tuple[str, ...] = (),
) -> Judgement:
    """Say that a thing is broken, and which causes are suspected, best first."""
    return Judgement(Outcome.FAIL, summary, subject, compared, suspects, rules_out, hint=hint)


def unknown(
    summary: str, why: Unavailable | str, *suspects: Suspect, subject: str = "", compared: tuple[Comparison, ...] = ()
) -> Judgement:
    """Say that a thing could not be judged, and why; what could not be looked at is never taken for empty."""
    if isinstance(why, str):
        why = Unavailable(why, Missing.UNEXPECTED)
    if why.missing in {Missing.NOT_REQUESTED, Missing.NOT_IN_TEXT}:
        return skipped(summary, why.reason, subject=subject, missing=why.missing)
    return Judgement(
        Outcome.UNKNOWN, summary, subject, compared, suspects, missing=why.missing, reason=why.reason, hint=why.hint
    )


def skipped(summary: str, reason: str, *, subject: str = "", missing: Missing | None = None) -> Judgement:
    """Say that a thing was not judged on purpose, and for which reason."""
    return Judgement(Outcome.SKIPPED, summary, subject, missing=missing, reason=reason)
