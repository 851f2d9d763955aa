"""The token is valid now, and younger than the consent whose roles it should carry."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks.claims.audience import unreadable
from diagnostics.evidence import Evidence, TokenClaims, Unavailable
from diagnostics.findings import Comparison, Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_NOW = "%Y-%m-%d %H:%M:%S UTC"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare `exp` with the time of use, and `iat` with the time of consent.

    A pasted token is old by the time it is read: only its use in the same text, in a log with a time, could be judged.
    """
    token = evidence.token()
    if isinstance(token, Unavailable):
        return
    if evidence.live and token.expires_at is None:
        yield unknown("Until when the token is valid is not known", unreadable(token, "exp"))
    elif evidence.live and token.expires_at is not None:
        now = evidence.judged_at
        compared = Comparison(
            "exp in the token", f"{token.expires_at:{_NOW}}", "now", f"{now:{_NOW}}", token.expires_at > now
        )
        if compared.equal:
            yield passed("The token is valid now", compared)
        else:
            said = f"{token.provenance.how}: exp is {compared.left}, now is {compared.right}"
            yield failed(
                "The token has run out",
                Suspect("claims-token-expired", Confidence.CERTAIN, (said,)),
                compared=(compared,),
            )
    yield from _consent(evidence, token)


def _consent(evidence: Evidence, token: TokenClaims) -> Iterator[Judgement]:
    grants = evidence.graph.role_assignments
    if isinstance(grants, Unavailable) or token.issued_at is None or token.roles or not token.is_app_only:
        return
    newest = max((grant.created_at for grant in grants if grant.created_at is not None), default=None)
    if newest is not None and token.issued_at < newest:
        said = f"{token.provenance.how}: iat is {token.issued_at:{_NOW}}, the newest consent in Graph is of {newest:{_NOW}}"
        suspect = Suspect(
            "propagation-token-older-than-consent", Confidence.CERTAIN, (said,), instead_of=("claims-roles-missing",)
        )
        compared = Comparison(
            "iat in the token", f"{token.issued_at:{_NOW}}", "consent", f"{newest:{_NOW}}", equal=False
        )
        yield failed("The token is older than the consent", suspect, compared=(compared,))


CHECK = Check(
    id="token-lifetime",
    stage=Stage.CLAIMS,
    title="The token is valid now",
    causes=("claims-token-expired", "propagation-token-older-than-consent"),
    judge=judge,
    order=30,
)
