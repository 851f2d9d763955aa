"""Which exit code a run ends with, and what that rests on: whether the mailbox was seen to open, and what is left open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnostics.checks._said import something_fails
from diagnostics.diagnosis import Diagnosis
from diagnostics.evidence import Evidence, FailureLine, Missing, Provenance, ReplyStatus
from diagnostics.findings import Confidence, Finding, Outcome

# Nothing is known to be broken yet: the answer is to look again later.
UNDECIDED = frozenset({"propagation-change-still-spreading"})

_OPENS = "imap-mailbox-opens"
"""The check that sees the mailbox open."""


def exit_code(evidence: Evidence, findings: Sequence[Finding], diagnosis: Diagnosis) -> int:
    """Return the documented exit code of a run: 1 failed, 4 not signed in, 3 unknown, 0 all well.

    130 (interrupted) and 2 (arguments, profile) are decided before there is any evidence.
    """
    required = [finding for finding in findings if finding.required]
    if diagnosis.first is not None and diagnosis.first.cause in UNDECIDED:
        return 3
    if any(_is_broken(evidence, finding) for finding in required) or _is_named(evidence, diagnosis):
        return 1
    open_questions = [finding for finding in required if is_open(evidence, finding)]
    if any(finding.judgement.missing is Missing.NOT_SIGNED_IN for finding in open_questions):
        return 4
    return 3 if open_questions or not _is_shown(evidence, findings) else 0


def _is_shown(evidence: Evidence, findings: Iterable[Finding]) -> bool:
    """Say whether anything is seen to be well: in a pasted text, that the mailbox opened, since a text shows only a part."""
    if evidence.live:
        return any(finding.outcome is Outcome.PASS for finding in findings)
    return is_opened(evidence, findings)


def is_opened(evidence: Evidence, findings: Iterable[Finding]) -> bool:
    """Say whether a mailbox was seen to open, and no later line of the text says that something failed."""
    opened = any(finding.check == _OPENS and finding.outcome is Outcome.PASS for finding in findings)
    return opened and not any(_is_later(evidence, line) for line in evidence.failure_lines)


def _is_later(evidence: Evidence, line: FailureLine) -> bool:
    """Say whether a line stands behind the last opening of a mailbox in its text, or in a text without one."""
    text = _place(line.provenance)[0]
    places = [
        _place(step.provenance or session.provenance)
        for session in evidence.imap_sessions
        for step in session.steps
        if step.status is ReplyStatus.OK and step.command.upper().startswith(("EXAMINE", "SELECT"))
    ]
    return line.number > max((number for name, number in places if name == text), default=0)


def _place(where: Provenance) -> tuple[str, int]:
    """Return the name of a text and the number of the line."""
    name, _, number = where.how.rpartition(":")
    return (name, int(number)) if number.isdecimal() else (where.how, 0)


def _is_named(evidence: Evidence, diagnosis: Diagnosis) -> bool:
    """Say whether a cause is named: a possible one only by a text in which something fails, which was asked about."""
    weak = not evidence.live and _fails(evidence)
    named = [cause for cause in diagnosis.causes if cause.cause not in UNDECIDED]
    return any(weak or cause.confidence is not Confidence.POSSIBLE for cause in named)


def _is_broken(evidence: Evidence, finding: Finding) -> bool:
    """Say whether a check failed; what people say in a text in which nothing fails is no more than a possibility."""
    suspects = finding.judgement.suspects
    guess = bool(suspects) and all(suspect.confidence is Confidence.POSSIBLE for suspect in suspects)
    return finding.outcome is Outcome.FAIL and (evidence.live or not guess or _fails(evidence))


def _fails(evidence: Evidence) -> bool:
    return bool(evidence.failure_lines) or something_fails(evidence)


def is_open(evidence: Evidence, finding: Finding) -> bool:
    """Say whether a question was to be answered and was not; what a flag leaves out (`left_out`) was not asked."""
    if finding.outcome is Outcome.SKIPPED and evidence.live and not evidence.left_out:
        return finding.judgement.missing in {Missing.NOT_REQUESTED, Missing.NOT_IN_TEXT}
    return finding.outcome is Outcome.UNKNOWN
