"""Entra: which tenant an id or domain belongs to, and the token of the application under test.

Discovery needs no credentials, so it comes first. Tokens come from the real MSAL, from a new application object each
time: MSAL caches app tokens, and a token from before the consent has no roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from diagnostics.clouds import CLOUDS, GLOBAL
from diagnostics.evidence import (
    EntraError,
    Missing,
    Observed,
    Provenance,
    Source,
    TenantDiscovery,
    TenantId,
    TokenClaims,
    TokenRequest,
    Unavailable,
)
from diagnostics.ids import GUID, ApplicationId
from diagnostics.net.answers import Answer, get_json
from diagnostics.net.client import HttpSession
from diagnostics.net.urls import host_of
from diagnostics.redaction import safe
from diagnostics.sources.claims import decode_claims, secret_shape
from diagnostics.sources.credentials import ClientCertificate, Credential, CredentialUnusable, for_msal
from diagnostics.sources.endpoints import foreign_endpoint
from diagnostics.sources.msal_http import MsalHttp, client_credentials, entra_error
from diagnostics.sources.tokens import ApplicationToken, is_token

__all__ = [
    "PUBLIC_LOGINS",
    "ApplicationToken",
    "ClientCertificate",
    "Credential",
    "EntraOptions",
    "TokenOutcome",
    "acquire_token",
    "decode_claims",
    "discover",
    "discover_clouds",
    "secret_shape",
]

PUBLIC_LOGINS = tuple(dict.fromkeys(cloud.login.value for cloud in CLOUDS.values()))
"""Sign-in hosts of Microsoft's clouds, each once: US Government has two clouds and one sign-in."""

_NO_SUCH_TENANT = 90002
_OK, _SERVER_ERROR = 200, 500


@dataclass(frozen=True, slots=True)
class EntraOptions:
    """What the application under test signs in with; `login` is the authority's base, without the tenant."""

    login: str
    tenant: str
    application_id: ApplicationId
    credential: Credential
    scope: str = GLOBAL.scope.value


@dataclass(frozen=True, slots=True)
class TokenOutcome:
    """What came of a token request: a token with its claims, or Entra's errors, or why nobody knows."""

    token: ApplicationToken | None
    claims: Observed[TokenClaims]
    errors: tuple[EntraError, ...]
    request: TokenRequest


def discover(
    asked: str, *, login: str, http: HttpSession, for_mailbox_domain: bool = False
) -> TenantDiscovery | Unavailable:
    """Ask `login` which tenant `asked` (an id or a domain) is; a refusal with codes is an observation too.

    `TenantDiscovery.tenant_id` is `None` when there is no such tenant here (90002), or when `asked` is one of the
    common names (`common`, `organizations`) that belong to none.
    """
    url = f"{login.rstrip('/')}/{quote(asked, safe='')}/v2.0/.well-known/openid-configuration"
    answer = get_json(http, url, Source.ENTRA)
    if isinstance(answer, Unavailable):
        return answer
    found = TenantDiscovery(asked, login, answer.provenance, for_mailbox_domain=for_mailbox_domain)
    if answer.status == _OK:
        return _described(answer, found)
    refusal = entra_error(answer.body, answer.provenance)
    if answer.status >= _SERVER_ERROR or not (refusal.codes or refusal.error):
        reason = f"{host_of(login)} answered HTTP {answer.status} to the question which tenant {safe(asked)} is"
        return Unavailable(reason, Missing.REMOTE_ERROR, answer.provenance)
    return TenantDiscovery(
        asked,
        login,
        answer.provenance,
        error=refusal.description or refusal.error,
        error_codes=refusal.codes,
        for_mailbox_domain=for_mailbox_domain,
    )


def discover_clouds(
    asked: str, *, login: str, http: HttpSession, for_mailbox_domain: bool = False
) -> Observed[tuple[TenantDiscovery, ...]]:
    """Ask `login`, and the other clouds' sign-in hosts where it knows no such tenant.

    The first is what `login` said. Other clouds are asked only when `login` is one of Microsoft's own; those that
    could not be asked are left out.
    """
    first = discover(asked, login=login, http=http, for_mailbox_domain=for_mailbox_domain)
    if isinstance(first, Unavailable):
        return first
    here = login.rstrip("/").lower()
    if _NO_SUCH_TENANT not in first.error_codes or here not in PUBLIC_LOGINS:
        return (first,)
    others = (
        discover(asked, login=other, http=http, for_mailbox_domain=for_mailbox_domain)
        for other in PUBLIC_LOGINS
        if other != here
    )
    return (first, *(other for other in others if isinstance(other, TenantDiscovery)))


def _described(answer: Answer, found: TenantDiscovery) -> TenantDiscovery | Unavailable:
    def raw(name: str) -> str:
        value = answer.body.get(name)
        return value if isinstance(value, str) else ""

    def text(name: str) -> str:
        return safe(raw(name))

    if not raw("issuer"):
        reason = f"{host_of(found.login)} answered without naming an issuer"
        return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)
    foreign = foreign_endpoint(answer.body, found.login, may_be_other_cloud=True)
    if foreign:
        return Unavailable(foreign, Missing.UNEXPECTED, answer.provenance)
    guid = GUID.search(raw("issuer")) or GUID.search(raw("token_endpoint"))
    return TenantDiscovery(
        found.asked,
        found.login,
        answer.provenance,
        tenant_id=TenantId(guid.group().lower()) if guid else None,
        region_scope=text("tenant_region_scope"),
        region_sub_scope=text("tenant_region_sub_scope"),
        cloud_instance=text("cloud_instance_name"),
        graph_host=text("msgraph_host"),
        for_mailbox_domain=found.for_mailbox_domain,
    )


def acquire_token(options: EntraOptions, *, http: HttpSession) -> TokenOutcome:
    """Sign the application in by client credentials, and say what came of it; raises nothing for what Entra says."""
    client = MsalHttp(http, options.login)
    request = TokenRequest(
        Provenance(Source.ENTRA, "client credentials"),
        grant_type="client_credentials",
        scopes=tuple(options.scope.split()),
        authority_tenant=options.tenant,
        login=options.login,
        application_id=options.application_id,
    )
    try:
        result = application_result(options, client)
    except CredentialUnusable as problem:
        here = Provenance(Source.PROFILE, "the application's credential")
        return TokenOutcome(None, Unavailable(str(problem), Missing.BLOCKED, here), (), request)
    except Exception as error:  # noqa: BLE001 - MSAL raises ValueError, RuntimeError and what requests raises
        return _refused(client.failed(error, request.grant_type), request)
    token = result.get("access_token")
    if isinstance(token, str) and token:
        secret, claims = ApplicationToken(token), decode_claims(token, client.provenance())
        if not is_token(token) or claims.opaque or not (claims.audience and claims.tenant_id):
            reason = f"{client.host} answered with a token that is not one of Entra's for an application"
            return _refused(Unavailable(reason, Missing.UNEXPECTED, client.provenance()), request)
        return TokenOutcome(secret, claims, (), request)
    if result.get("error"):
        return _refused(entra_error(result, client.provenance(), request.grant_type), request)
    reason = f"{client.host} answered with neither a token nor an error"
    return _refused(Unavailable(reason, Missing.UNEXPECTED, client.provenance()), request)


def application_result(options: EntraOptions, client: MsalHttp) -> dict[str, Any]:
    """Return MSAL's answer to a client credentials request: Entra's JSON, token or error."""
    import msal  # noqa: PLC0415 - heavy

    application = msal.ConfidentialClientApplication(
        options.application_id,
        client_credential=for_msal(options.credential),
        authority=f"{options.login.rstrip('/')}/{quote(options.tenant, safe='')}",
        instance_discovery=False,  # the login host is the profile's, and no other host may be asked about it
        http_client=client,
        token_cache=msal.TokenCache(),
    )
    return client_credentials(application, options.scope)


def _refused(why: EntraError | Unavailable, request: TokenRequest) -> TokenOutcome:
    if isinstance(why, Unavailable):
        return TokenOutcome(None, why, (), request)
    codes = ", ".join(f"AADSTS{code}" for code in why.codes) or why.error or "no code"
    claims = Unavailable(f"Entra issued no token: {codes}", Missing.BLOCKED, why.provenance)
    return TokenOutcome(None, claims, (why,), request)
