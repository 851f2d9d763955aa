"""The token is the application's own: `appid` is the Application ID, `oid` the Enterprise Application's Object ID."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid, is_same
from diagnostics.checks.claims.audience import unreadable
from diagnostics.comparison import compare
from diagnostics.evidence import AppRegistration, Evidence, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.identity import identity_of


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare both ids with what the profile says, where it says them."""
    token = evidence.token()
    if isinstance(token, Unavailable):
        yield unknown("The token's ids are not known", token)
        return
    if not token.is_app_only:
        if token.opaque and evidence.live:
            yield unknown("The token's ids are not known", unreadable(token, "appid"))
        return
    if evidence.live and not is_guid(token.application_id):
        yield unknown("The token's ids are not known", unreadable(token, "appid"))
    yield from _application_id(evidence, token)
    if not identity_of(evidence).other:  # another application's Object ID is another anyway
        yield from _object_id(evidence, token)


def _application_id(evidence: Evidence, token: TokenClaims) -> Iterator[Judgement]:
    if not (is_guid(evidence.target.application_id) and is_guid(token.application_id)):
        return
    where = "Application ID in the profile" if evidence.target.profile else "Application ID"
    compared = compare("appid in the token", token.application_id, where, evidence.target.application_id)
    if compared.equal:
        yield passed("The token is the application's own", compared)
    else:
        yield failed("The token is of another application than the profile names", compared=(compared,))


def _object_id(evidence: Evidence, token: TokenClaims) -> Iterator[Judgement]:
    wanted = evidence.target.enterprise_app_object_id
    if not (is_guid(wanted) and is_guid(token.object_id)):
        return
    where = (
        "Enterprise Application Object ID in the profile"
        if evidence.target.profile
        else "Enterprise Application Object ID"
    )
    compared = compare("oid in the token", token.object_id, where, wanted)
    if compared.equal:
        yield passed("The profile names the right Object ID", compared)
        return
    if not evidence.live:
        said = f"{token.provenance.how}: oid is {token.object_id}, and {wanted} was given as the Object ID"
        suspect = Suspect("exo-sp-wrong-object-id", Confidence.LIKELY, (said,))
        yield failed("Another Object ID was given than the token has", suspect, compared=(compared,))
        return
    hint = f"The token is right: put `enterprise_object_id: {token.object_id}` into the profile."
    registration = evidence.graph.registration
    others = [evidence.target.app_registration_object_id]
    others += [registration.object_id] if isinstance(registration, AppRegistration) else []
    if any(is_same(other, wanted) for other in others):
        hint = f"The profile has the App registration's Object ID in that place. {hint}"
    yield failed("The profile names another Object ID than the token", compared=(compared,), hint=hint)


CHECK = Check(
    id="token-identity",
    stage=Stage.CLAIMS,
    title="The token is the application's own",
    causes=("exo-sp-wrong-object-id",),
    judge=judge,
    order=40,
)
