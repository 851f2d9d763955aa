"""An app-only token carries IMAP.AccessAsApp in `roles`: it is what an administrator really consented to."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks.claims.audience import is_resource, unreadable
from diagnostics.comparison import Relation, look_among
from diagnostics.evidence import Evidence, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, skipped, unknown

_WANTED = "IMAP.AccessAsApp"
_OTHER_PROTOCOLS = {"pop.accessasapp", "smtp.sendasapp"}


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the roles of each token; a user's token is judged by its scopes."""
    tokens = evidence.tokens
    if isinstance(tokens, Unavailable):
        yield unknown("The token's roles are not known", tokens)
        return
    for token in tokens:
        known = token.complete or token.roles or token.scopes
        if known and not token.opaque and (is_resource(token.audience) or not token.audience):
            yield _app_only(token) if token.is_app_only else _delegated(token)
        elif evidence.live:
            yield unknown("The token's roles are not known", unreadable(token, "roles"))


def _app_only(token: TokenClaims) -> Judgement:
    roles = token.roles or ()
    shown = ", ".join(roles) or "no roles at all"
    held = {role.casefold() for role in roles}
    compared = (look_among("roles in the token", roles, "needed", _WANTED, none="no roles at all"),)
    said = f"{token.provenance.how}: roles has {shown}"
    if _WANTED.casefold() in held:
        return passed(f"The token carries {_WANTED}", *compared, rules_out=("claims-roles-missing",))
    if not held:
        return failed(
            "The token carries no roles",
            Suspect("claims-roles-missing", Confidence.CERTAIN, (said,)),
            compared=compared,
        )
    if held <= _OTHER_PROTOCOLS:
        cause = Suspect(
            "claims-role-pop-or-smtp-only", Confidence.CERTAIN, (said,), instead_of=("claims-roles-missing",)
        )
        return failed("The token carries the role of another protocol", cause, compared=compared)
    cause = Suspect(
        "claims-wrong-role-ews",
        Confidence.CERTAIN,
        (said,),
        instead_of=("claims-roles-missing", "consent-admin-consent-missing", "consent-resource-not-declared"),
    )
    return failed(f"The token carries other roles, not {_WANTED}", cause, compared=compared)


def _delegated(token: TokenClaims) -> Judgement:
    scopes = token.scopes or ()
    shown = " ".join(scopes)
    wanted = "IMAP.AccessAsUser.All"
    compared = look_among("scp in the token", scopes, "needed", wanted, none="no scopes at all")
    if compared.relation is Relation.CONTAINS:
        return passed(f"The user's token carries {wanted}", compared)
    return skipped("The token speaks for a user and carries no IMAP scope", f"scp is {shown or 'not in the text'}")


CHECK = Check(
    id="roles",
    stage=Stage.CLAIMS,
    title="The token carries IMAP.AccessAsApp",
    causes=("claims-roles-missing", "claims-role-pop-or-smtp-only", "claims-wrong-role-ews"),
    judge=judge,
    order=20,
)
