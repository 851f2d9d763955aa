"""The token is for Exchange: IMAP takes no other audience, and the audience is decided by the scope that was asked for."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.clouds import CHINA, EXCHANGE_AUDIENCES, GLOBAL, GRAPH_AUDIENCES, OLD_EXCHANGE
from diagnostics.comparison import Comparison, compare, look_up
from diagnostics.evidence import Evidence, Missing, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_ROLES_OF_ANOTHER = ("claims-roles-missing", "claims-wrong-role-ews")  # the roles are those of the other service
_MAIL_SCOPES = {"imap.accessasuser.all", "pop.accessasuser.all", "smtp.send"}


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare each token's `aud` with the audiences of Exchange, after dropping a trailing slash."""
    tokens = evidence.tokens
    if isinstance(tokens, Unavailable):
        yield unknown("The token's audience is not known", tokens)
        return
    for token in tokens:
        if is_resource(token.audience) and not token.opaque:
            yield _judge_one(token, evidence)
        elif evidence.live:
            yield unknown("The token's audience is not known", unreadable(token, "aud"))


def unreadable(token: TokenClaims, claim: str) -> Unavailable:
    """Return the reason for a claim that every access token of Entra for Exchange has, and that could not be read."""
    reason = "the token is opaque, so that it says nothing" if token.opaque else f"the token has no readable {claim}"
    return Unavailable(reason, Missing.UNEXPECTED, token.provenance)


def is_resource(audience: str) -> bool:
    """Say whether a value can be an audience at all: a URI or a GUID, and not a variable of somebody's program."""
    return "://" in audience or is_guid(audience.strip()) or audience.startswith("spn:")


def _judge_one(token: TokenClaims, evidence: Evidence) -> Judgement:
    audience = token.audience.strip().rstrip("/").casefold()
    wanted = _wanted(evidence)
    compared = (_compared(token.audience.strip(), wanted),)
    said = f"{token.provenance.how}: aud is {token.audience}"
    if audience == OLD_EXCHANGE:
        why = f"{said}; it names the same resource, but Microsoft's page now asks for {wanted}"
        return failed(
            "The token is for the old address of Exchange",
            Suspect("claims-aud-ps-outlook-com", Confidence.LIKELY, (why,)),
            compared=compared,
        )
    if audience in GRAPH_AUDIENCES:
        return failed("The token is for Microsoft Graph, not for Exchange", *_graph(token, said), compared=compared)
    if audience not in EXCHANGE_AUDIENCES:
        return failed(
            "The token is for another service",
            Suspect("claims-aud-not-exchange", Confidence.CERTAIN, (said,), instead_of=_ROLES_OF_ANOTHER),
            compared=compared,
        )
    if _is_china(evidence) and audience != CHINA.exchange.value:
        why = f"{said}, while the mailbox is at 21Vianet"
        return failed(
            "The token is for the global cloud",
            Suspect("auth-21vianet-scope", Confidence.CERTAIN, (why,)),
            compared=(compare("aud in the token", token.audience, "audience at 21Vianet", CHINA.exchange.value),),
        )
    return passed("The token is for Exchange", *compared)


def _compared(audience: str, wanted: str) -> Comparison:
    """Compare with this cloud's audience; where it is another, with all that Exchange has. A slash at the end is dropped."""
    one = compare("aud in the token", audience.rstrip("/"), "Exchange Online", wanted)
    return (
        one
        if one.equal
        else look_up("aud in the token", audience.rstrip("/"), "Exchange Online", sorted(EXCHANGE_AUDIENCES))
    )


def _graph(token: TokenClaims, said: str) -> tuple[Suspect, ...]:
    short = {scope.casefold() for scope in token.scopes or ()} & _MAIL_SCOPES
    if short:
        why = f"{said}, although scp has {', '.join(sorted(short))}: the short name resolved to Graph"
        return (
            Suspect(
                "claims-aud-graph-delegated-short-scope", Confidence.CERTAIN, (why,), instead_of=("claims-aud-graph",)
            ),
        )
    return (Suspect("claims-aud-graph", Confidence.CERTAIN, (said,), instead_of=_ROLES_OF_ANOTHER),)


def _wanted(evidence: Evidence) -> str:
    return evidence.target.scope.removesuffix("/.default") or GLOBAL.exchange.value


def _is_china(evidence: Evidence) -> bool:
    hosts = [session.greeting_host.casefold() or session.server.casefold() for session in evidence.all_imap_sessions()]
    return evidence.target.cloud == CHINA.name or any(host.endswith(CHINA.imap_server.value) for host in hosts)


CHECK = Check(
    id="audience",
    stage=Stage.CLAIMS,
    title="The token is for Exchange",
    causes=(
        "claims-aud-ps-outlook-com",
        "claims-aud-graph",
        "claims-aud-graph-delegated-short-scope",
        "claims-aud-not-exchange",
        "auth-21vianet-scope",
    ),
    judge=judge,
    order=10,
)
