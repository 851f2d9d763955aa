"""Test-ServicePrincipalAuthorization bypasses the cache of RBAC for Applications: it says yes before the service does.

The cache concerns Graph, EWS and SMTP (30 minutes to 2 hours by Microsoft's page). Where IMAP is what fails, those roles
are no answer at all, however old they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._said import is_failing
from diagnostics.comparison import shortened
from diagnostics.evidence import Evidence
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_CACHE, _NOT_FOR_IMAP = "propagation-rbac-cache", "exo-rbac-for-apps-does-not-cover-imap"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Read the test cmdlet's output: in scope, and yet an application complains."""
    tests = [remark for remark in evidence.remarks if remark.kind == "rbac-authorization-test"]
    if not tests:
        return
    said = f"{tests[0].provenance.how}: “{shortened(tests[0].text, 160)}”"
    if any(is_failing(session) for session in evidence.all_imap_sessions()):
        suspects = (
            Suspect(_NOT_FOR_IMAP, Confidence.LIKELY, (said,), instead_of=(_CACHE,)),
            Suspect(_CACHE, Confidence.POSSIBLE, (said,)),
        )
        yield failed("The test of RBAC for Applications says nothing about IMAP", *suspects)
        return
    cached = Suspect(_CACHE, Confidence.LIKELY, (said,), instead_of=(_NOT_FOR_IMAP,))
    yield failed("The test of RBAC for Applications bypasses the cache that the service has", cached)


CHECK = Check(
    id="rbac-test-bypasses-cache",
    stage=Stage.PROPAGATION,
    title="No change of RBAC for Applications is still cached",
    causes=(_CACHE, _NOT_FOR_IMAP),
    judge=judge,
    required=False,
    order=60,
)
