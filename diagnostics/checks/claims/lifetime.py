"""The token is valid now, and younger than the consent whose roles it should carry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks.claims.audience import unreadable
from diagnostics.checks.consent.application_permission import imap_grants
from diagnostics.comparison import Relation, compare_times, instant
from diagnostics.evidence import Evidence, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_OLD = "propagation-token-older-than-consent"
BACKDATED = dt.timedelta(minutes=5)
"""How far back Entra dates `iat`: in a token that lives an hour, exp - iat is 3900 seconds."""


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
        compared = compare_times("exp in the token", token.expires_at, "now", evidence.judged_at)
        if compared.relation is Relation.AFTER:
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
    """Judge a token without roles beside a consent that Graph lists; `iat` says when it was made, or five minutes before."""
    consents = [grant.created_at for grant in imap_grants(evidence) if grant.created_at is not None]
    if not consents or token.issued_at is None or token.roles or not token.is_app_only:
        return
    consent, made = max(consents), token.issued_at + BACKDATED
    if token.issued_at >= consent:
        return
    compared = compare_times("iat in the token", token.issued_at, "consent", consent)
    said = f"{token.provenance.how}: iat is {compared.left}, the newest consent in Graph is of {compared.right}"
    if made < consent:
        suspect = Suspect(_OLD, Confidence.CERTAIN, (said,), instead_of=("claims-roles-missing",))
        yield failed("The token is older than the consent", suspect, compared=(compared,))
        return
    why = f"{said}; Entra dates iat up to five minutes back, so that the token may have been made at {instant(made)}"
    suspect = Suspect(_OLD, Confidence.LIKELY, (why,), instead_of=("claims-roles-missing",))
    yield unknown("Whether the token is older than the consent cannot be said", why, suspect, compared=(compared,))


CHECK = Check(
    id="token-lifetime",
    stage=Stage.CLAIMS,
    title="The token is valid now",
    causes=("claims-token-expired", _OLD),
    judge=judge,
    order=30,
)
