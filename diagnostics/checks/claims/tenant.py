"""The token comes from the tenant that was asked, and not from the one of personal accounts."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.checks.claims.audience import unreadable
from diagnostics.clouds import PERSONAL_TENANT
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.identity import Who, tenant_of


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare `tid` with the configured tenant; name personal accounts and guests."""
    token = evidence.token()
    if isinstance(token, Unavailable):
        return
    where = token.provenance.how
    if token.opaque and evidence.live:  # Entra may issue what nobody but the resource can read
        yield unknown("The token's tenant is not known", unreadable(token, "tid"))
        return
    if token.opaque:
        said = f"{where}: the token is opaque (EwB…), as those of personal accounts are"
        yield failed("The token is opaque, and says nothing", _personal(Confidence.LIKELY, said))
        return
    if token.tenant_id == PERSONAL_TENANT:
        said = f"{where}: tid is {PERSONAL_TENANT}"
        yield failed("The token is of a personal Microsoft account", _personal(Confidence.CERTAIN, said))
        return
    if "#ext#" in token.user_principal_name.casefold():
        said = f"{where}: upn is {token.user_principal_name}, a guest of tenant {token.tenant_id}"
        yield failed("The token is a guest's", Suspect("claims-wrong-tenant-in-token", Confidence.CERTAIN, (said,)))
    yield from _compare(evidence, token)


def _personal(sure: Confidence, said: str) -> Suspect:
    explained = ("interactive-wrong-account-selected", "perm-fullaccess-missing")
    return Suspect("mailbox-personal-account", sure, (said,), instead_of=explained)


def _compare(evidence: Evidence, token: TokenClaims) -> Iterator[Judgement]:
    wanted = tenant_of(evidence)
    if evidence.live and not is_guid(token.tenant_id):
        yield unknown("The token's tenant is not known", unreadable(token, "tid"))
    if (
        isinstance(wanted, Unavailable)
        or wanted.said_by[0] in {Who.TOKEN, Who.CUT_TOKEN}
        or not is_guid(token.tenant_id)
    ):
        return
    compared = compare("tid in the token", token.tenant_id, wanted.source, wanted.value)
    if compared.equal:
        yield passed("The token is of the configured tenant", compared)
    else:
        said = f"{token.provenance.how}: tid is {token.tenant_id}, {wanted.value} is named ({wanted.source})"
        yield failed(
            "The token is of another tenant",
            Suspect("claims-wrong-tenant-in-token", Confidence.CERTAIN, (said,)),
            compared=(compared,),
        )


CHECK = Check(
    id="token-tenant",
    stage=Stage.CLAIMS,
    title="The token is of the right tenant",
    causes=("mailbox-personal-account", "claims-wrong-tenant-in-token"),
    judge=judge,
    order=5,
)
