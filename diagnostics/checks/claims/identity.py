"""The token is the application's own: `appid` is the Application ID, `oid` the Enterprise Application's Object ID."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.checks.claims.audience import unreadable
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, TokenClaims, Unavailable
from diagnostics.findings import Judgement, Stage, failed, passed, unknown


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
    yield from _object_id(evidence, token)


def _application_id(evidence: Evidence, token: TokenClaims) -> Iterator[Judgement]:
    if not (is_guid(evidence.target.application_id) and is_guid(token.application_id)):
        return
    compared = compare(
        "appid in the token", token.application_id, "Application ID in the profile", evidence.target.application_id
    )
    if compared.equal:
        yield passed("The token is the application's own", compared)
    else:
        yield failed("The token is of another application than the profile names", compared=(compared,))


def _object_id(evidence: Evidence, token: TokenClaims) -> Iterator[Judgement]:
    wanted = evidence.target.enterprise_app_object_id
    if not (is_guid(wanted) and is_guid(token.object_id)):
        return
    compared = compare("oid in the token", token.object_id, "Enterprise Application Object ID in the profile", wanted)
    if compared.equal:
        yield passed("The profile names the right Object ID", compared)
        return
    hint = f"The token is right: put `enterprise_object_id: {token.object_id}` into the profile."
    if wanted.casefold() == evidence.target.app_registration_object_id.casefold():
        hint = f"The profile has the App registration's Object ID in that place. {hint}"
    yield failed("The profile names another Object ID than the token", compared=(compared,), hint=hint)


CHECK = Check(
    id="token-identity",
    stage=Stage.CLAIMS,
    title="The token is the application's own",
    causes=(),
    judge=judge,
    order=40,
)
