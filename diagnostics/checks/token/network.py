"""The sign-in host can be reached, and its certificate is trusted; TLS inspection and missing CA bundles stop many clients."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.evidence import Evidence, Missing, Source, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, unknown

_CAUSE = "token-network-no-tls-or-proxy"
_TLS = re.compile(r"certificate|\bCA\b|\bTLS\b|\bSSL\b|proxy", re.IGNORECASE)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Suspect TLS inspection or a missing CA where the failure speaks of certificates or of a proxy."""
    token = evidence.tokens
    if not isinstance(token, Unavailable) or token.provenance.source is not Source.ENTRA:
        return
    if token.missing in {Missing.UNREACHABLE, Missing.TIMED_OUT}:
        suspects = (Suspect(_CAUSE, Confidence.LIKELY, (token.reason,)),) if _TLS.search(token.reason) else ()
        yield unknown("The sign-in host could not be asked", token, *suspects)


CHECK = Check(
    id="sign-in-host",
    stage=Stage.TOKEN,
    title="The sign-in host can be reached over TLS",
    causes=(_CAUSE,),
    judge=judge,
    order=8,
)
