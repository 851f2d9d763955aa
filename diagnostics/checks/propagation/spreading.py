"""Only when every object is right, and the newest change is young, is waiting the answer.

"Wait for propagation" is the commonest wrong advice in this field: it hides a permission that is missing. So one
unknown among the required checks forbids it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from diagnostics.checks import Check
from diagnostics.checks._ids import registered
from diagnostics.evidence import (
    Evidence,
    Missing,
    Provenance,
    RecordedChange,
    Source,
    Unavailable,
)
from diagnostics.findings import Confidence, Finding, Judgement, Outcome, Stage, Suspect, skipped, unknown

_YOUNG = dt.timedelta(minutes=60)
_CAUSE = "propagation-change-still-spreading"
_LIVE_STAGES = {Stage.IMAP_AUTH, Stage.IMAP_SELECT}
_MUST_PASS = {"exchange-service-principal", "full-access", "roles"}


def judge_after(evidence: Evidence, findings: Sequence[Finding]) -> Iterator[Judgement]:
    """Judge the age of the newest change when nothing but the live sign-in fails."""
    if not evidence.live:
        return
    required = [finding for finding in findings if finding.required]
    failing = [finding for finding in required if finding.outcome is Outcome.FAIL]
    if not failing or any(finding.stage not in _LIVE_STAGES for finding in failing):
        return
    if any(finding.outcome is Outcome.UNKNOWN for finding in required):
        yield skipped(
            "Whether a change is still spreading is not judged",
            "a required check is unknown, so a fault may be hidden there",
        )
        return
    passed_checks = {finding.check for finding in required if finding.outcome is Outcome.PASS}
    newest = max(changes(evidence), key=lambda change: change.at, default=None)
    if newest is None or not passed_checks >= _MUST_PASS:
        return
    age = evidence.judged_at - newest.at
    if dt.timedelta(0) <= age < _YOUNG:
        minutes = int(age.total_seconds() // 60)
        when = f"{newest.what} at {newest.at:%H:%M} UTC, {minutes} minutes ago"
        said = f"{newest.provenance.how}: {when}; everything else is as it must be"
        why = Unavailable(
            "Exchange's front ends may not know the change yet; 20 to 30 minutes are usual", Missing.REMOTE_ERROR
        )
        yield unknown(
            f"The newest change is {minutes} minutes old",
            why,
            Suspect(
                _CAUSE, Confidence.LIKELY, (said,), instead_of=("auth-rejected-no-reason", "perm-fullaccess-missing")
            ),
        )


def changes(evidence: Evidence) -> Iterator[RecordedChange]:
    """Return every change whose time is known: the journal's, Graph's and Exchange's."""
    yield from evidence.changes
    grants = evidence.graph.role_assignments
    if not isinstance(grants, Unavailable):
        for grant in grants:
            if grant.created_at is not None:
                yield RecordedChange(
                    "admin consent was granted", grant.created_at, Provenance(Source.GRAPH, "appRoleAssignments")
                )
    row = registered(evidence)
    if row is not None and not isinstance(row, Unavailable) and row.changed_at is not None:
        yield RecordedChange("the service principal was changed", row.changed_at, row.provenance)


CHECK = Check(
    id="change-still-spreading",
    stage=Stage.PROPAGATION,
    title="No recent change is still spreading",
    causes=(_CAUSE,),
    judge_after=judge_after,
    required=False,
)
