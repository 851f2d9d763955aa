"""The sign-in host can be reached, and its certificate is trusted; TLS inspection and missing CA bundles stop many clients."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.evidence import Evidence, Missing, Source, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, unknown

_CAUSE = "token-network-no-tls-or-proxy"
_TRUST = re.compile(r"certificate|\bCA\b|proxy", re.IGNORECASE)
_TLS = re.compile(r"\bTLS\b|\bSSL\b", re.IGNORECASE)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Suspect TLS inspection or a missing CA where the failure speaks of certificates or of a proxy."""
    token = evidence.tokens
    if not isinstance(token, Unavailable) or token.provenance.source is not Source.ENTRA:
        return
    if token.missing in {Missing.UNREACHABLE, Missing.TIMED_OUT}:
        yield unknown("The sign-in host could not be asked", token, *_suspects(token.reason))


def _suspects(reason: str) -> tuple[Suspect, ...]:
    """Suspect what stands in between where it shows; a handshake that broke off may have been cut by anybody."""
    if _TRUST.search(reason):
        return (Suspect(_CAUSE, Confidence.LIKELY, (reason,)),)
    return (Suspect(_CAUSE, Confidence.POSSIBLE, (reason,)),) if _TLS.search(reason) else ()


CHECK = Check(
    id="sign-in-host",
    stage=Stage.TOKEN,
    title="The sign-in host can be reached over TLS",
    causes=(_CAUSE,),
    judge=judge,
    order=8,
)
