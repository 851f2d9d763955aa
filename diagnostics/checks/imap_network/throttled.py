"""Exchange does not throttle the mailbox; when it does, it says for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.evidence import Evidence
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_BACKOFF = re.compile(r"Request is throttled\.?\s*Suggested Backoff Time:\s*(?P<ms>\d+)\s*milliseconds", re.IGNORECASE)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Read the suggested backoff from any answer of any session (imapsync FAQ.Office365; imapflow)."""
    for session in evidence.all_imap_sessions():
        for step in session.steps:
            match = _BACKOFF.search(step.text)
            if match:
                seconds = int(match["ms"]) / 1000
                where = step.provenance.how if step.provenance else session.provenance.how
                said = f"{where}: {step.command or 'a command'} was answered “{match[0]}”"
                suspect = Suspect("net-throttled", Confidence.CERTAIN, (said,))
                yield failed(
                    f"Exchange throttles: it asks to wait {seconds:.0f} seconds", suspect, subject=session.user
                )
                break


CHECK = Check(
    id="throttled",
    stage=Stage.IMAP_NETWORK,
    title="Exchange does not throttle",
    causes=("net-throttled",),
    judge=judge,
    order=30,
)
