"""What was asked of the token endpoint can give an Exchange token: one resource, `/.default`, a tenant of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from diagnostics.checks import Check
from diagnostics.checks._said import something_fails
from diagnostics.clouds import EXCHANGE_ALIAS, GLOBAL, OLD_EXCHANGE
from diagnostics.evidence import Evidence, TokenRequest
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed
from diagnostics.net.urls import split

_SHARED_TENANTS = {"common", "organizations", "consumers"}
_GLOBAL_EXCHANGE = {GLOBAL.exchange.value, EXCHANGE_ALIAS}
_MAIL_SCOPES = ("imap.accessasuser.all", "pop.accessasuser.all", "smtp.send")


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge each request that is known; a live run's own request is always well formed."""
    for request in evidence.token_requests:
        suspects = tuple(_weighed(suspect, evidence) for suspect in _suspects(request))
        if suspects:
            yield failed(f"The token request cannot give a token for this: {_shown(request)}", *suspects)
        elif evidence.live and request.scopes:
            yield passed(f"The token is asked for {' '.join(request.scopes)}")


def _weighed(suspect: Suspect, evidence: Evidence) -> Suspect:
    """Make a likely mistake a possible one where nothing failed: a program may list scopes that it never asks for at once."""
    if evidence.live or suspect.confidence is not Confidence.LIKELY or something_fails(evidence):
        return suspect
    return replace(suspect, confidence=Confidence.POSSIBLE)


def _shown(request: TokenRequest) -> str:
    parts = (
        ("login", request.login if request.login.endswith(".cn") else ""),
        ("grant_type", request.grant_type),
        ("scope", " ".join(request.scopes)),
        ("tenant", request.authority_tenant),
    )
    return ", ".join(f"{name}={value}" for name, value in parts if value)


def _suspects(request: TokenRequest) -> Iterator[Suspect]:
    said = f"{request.provenance.how}: {_shown(request)}"
    app_only = request.grant_type == "client_credentials"
    if app_only and request.authority_tenant.casefold() in _SHARED_TENANTS:
        yield Suspect("token-single-tenant-via-common", Confidence.CERTAIN, (said,))
    if any("," in scope for scope in request.scopes) or "/.default" in request.scopes or _mixes_default(request):
        yield Suspect("token-scope-invalid", Confidence.LIKELY, (said,))
    elif app_only and any(not scope.endswith("/.default") and not _is_cut(scope) for scope in request.scopes):
        yield Suspect("token-scope-not-default", Confidence.CERTAIN, (said,))
    elif any(_has_permission_in_resource(scope) for scope in request.scopes):
        yield Suspect("token-resource-sp-not-found", Confidence.LIKELY, (said,))
    else:
        yield from _of_resources(request, said)
    if _lacks_offline_access(request):
        yield Suspect("interactive-no-offline-access", Confidence.LIKELY, (said,))


def _of_resources(request: TokenRequest, said: str) -> Iterator[Suspect]:
    """Judge for which resource a well-formed scope asks: the audience of the token follows from it."""
    resources = {resource for scope in request.scopes if (resource := _resource(scope))}
    refused = ("auth-rejected-no-reason",)
    if resources == {OLD_EXCHANGE}:
        yield Suspect("claims-aud-ps-outlook-com", Confidence.LIKELY, (said,), instead_of=refused)
    elif request.login.endswith(".cn") and resources and resources <= _GLOBAL_EXCHANGE:
        yield Suspect("auth-21vianet-scope", Confidence.CERTAIN, (said,), instead_of=refused)
    elif len(resources) > 1:
        yield Suspect("token-scopes-of-two-resources", Confidence.LIKELY, (said,))
    elif _is_short_mail_scope(request):
        yield Suspect("claims-aud-graph-delegated-short-scope", Confidence.LIKELY, (said,))
    elif resources == {GLOBAL.graph.value}:
        yield Suspect("claims-aud-graph", Confidence.LIKELY, (f"{said}: that is a token for Microsoft Graph",))


def _mixes_default(request: TokenRequest) -> bool:
    """Say whether `/.default` stands beside named permissions of a resource, which Entra refuses (AADSTS70011)."""
    of_resources = [scope for scope in request.scopes if _resource(scope)]
    return 0 < sum(scope.endswith("/.default") for scope in of_resources) < len(of_resources)


def _is_cut(scope: str) -> bool:
    """Say whether a scope is `/.default` of which a terminal cut the end off."""
    return "/.default".startswith(f"/{scope.rpartition('/')[2]}")


def _resource(scope: str) -> str:
    parts = split(scope.strip(","))
    return f"{parts.scheme}://{parts.hostname}" if parts.scheme and parts.hostname else ""


def _has_permission_in_resource(scope: str) -> bool:
    path = split(scope).path.casefold()
    return path.endswith("/.default") and any(
        name in path for name in (*_MAIL_SCOPES, "imap.accessasapp", "smtp.sendasapp", "mail.")
    )


def _is_short_mail_scope(request: TokenRequest) -> bool:
    """Short names and Graph's own prefix resolve to Graph (office-developer-exchange-docs issue 87)."""
    scopes = [scope.casefold() for scope in request.scopes]
    return any(scope in _MAIL_SCOPES or scope.startswith(f"{GLOBAL.graph}/imap.") for scope in scopes)


def _lacks_offline_access(request: TokenRequest) -> bool:
    scopes = [scope.casefold() for scope in request.scopes]
    delegated = any(scope.rsplit("/", 1)[-1] in _MAIL_SCOPES for scope in scopes)
    interactive = request.grant_type in {"authorization_code", "device_code", "code"}
    return delegated and interactive and "offline_access" not in scopes


CHECK = Check(
    id="token-request",
    stage=Stage.TOKEN,
    title="The token is asked for in the right way",
    causes=(
        "token-single-tenant-via-common",
        "token-scope-invalid",
        "token-scope-not-default",
        "token-resource-sp-not-found",
        "token-scopes-of-two-resources",
        "claims-aud-graph-delegated-short-scope",
        "claims-aud-graph",
        "claims-aud-ps-outlook-com",
        "auth-21vianet-scope",
        "interactive-no-offline-access",
    ),
    judge=judge,
    order=5,
)
