"""The operator's sign-in: who runs `diag`, for Exchange PowerShell and for Graph.

The operator is never the application under test. Its tokens are of a type of their own, so that mypy refuses to hand
one over for IMAP, or the application's to Exchange PowerShell. Four ways: an application with a secret or certificate,
a device code, the browser, and a file that holds tokens from elsewhere (a pipeline).
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from diagnostics import files, redaction
from diagnostics.clouds import EXCHANGE_AUDIENCES, EXCHANGE_MODULE, GRAPH_AUDIENCES, GRAPH_TOOLS
from diagnostics.errors.reasons import kind_of_sign_in
from diagnostics.evidence import (
    CmdletError,
    EntraError,
    ErrorKind,
    Missing,
    Provenance,
    Source,
    TokenClaims,
    Unavailable,
)
from diagnostics.ids import NO_APPLICATION_ID, ApplicationId
from diagnostics.jwt import payload_of
from diagnostics.net.client import HttpSession
from diagnostics.net.urls import host_of
from diagnostics.redaction import safe
from diagnostics.sources.claims import decode_claims
from diagnostics.sources.credentials import ClientCertificate, Credential, CredentialUnusable, for_msal
from diagnostics.sources.msal_http import MsalHttp, client_credentials, entra_error
from diagnostics.sources.rights import MissingRight, missing_rights
from diagnostics.sources.tokens import OperatorToken, is_token

_LARGEST_FILE = 256 * 1024
_ALMOST_EXPIRED = 60.0
"""Seconds before a token's end from which on it is not worth starting with."""
_BROWSER_SECONDS = 300
_DEVICE_SECONDS, _LONGEST_INTERVAL = 900, 30


class Resource(enum.Enum):
    """What the operator signs in for; the value is the public client that Microsoft's own tools use for it."""

    EXCHANGE = EXCHANGE_MODULE
    GRAPH = GRAPH_TOOLS

    @property
    def words(self) -> str:
        """The resource as an administrator calls it."""
        return "Exchange Online PowerShell" if self is Resource.EXCHANGE else "Microsoft Graph"


@dataclass(frozen=True, slots=True)
class OperatorApplication:
    """The operator is an application (Exchange.ManageAsApp and a directory role), for unattended runs."""

    application_id: ApplicationId
    credential: Credential


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A person signs in on another screen; `tell` shows Microsoft's message with the code, on stderr."""

    tell: Callable[[str], None]
    application_id: ApplicationId = NO_APPLICATION_ID


@dataclass(frozen=True, slots=True)
class Browser:
    """A person signs in with the browser of this machine."""

    application_id: ApplicationId = NO_APPLICATION_ID
    timeout: float = _BROWSER_SECONDS


@dataclass(frozen=True, slots=True)
class AccessTokenFile:
    """Access tokens made elsewhere, one to a line; the one whose `aud` fits the resource is taken.

    One file serves both resources: put the token for Exchange and the one for Graph
    into it, in any order. The file is refused when others than its owner can read it.
    """

    path: Path


SignIn: TypeAlias = OperatorApplication | DeviceCode | Browser | AccessTokenFile


@dataclass(frozen=True, slots=True)
class OperatorOptions:
    """Where and how the operator signs in; `scope` is the resource's `/.default` in this cloud."""

    login: str
    tenant: str
    scope: str
    method: SignIn


@dataclass(frozen=True, slots=True)
class OperatorSession:
    """A signed-in operator. `missing` are rights that the token proves or suggests to be missing."""

    token: OperatorToken
    claims: TokenClaims
    resource: Resource
    directory_roles: tuple[str, ...] = ()  # template ids (wids)
    missing: tuple[MissingRight, ...] = ()


class OperatorSignInFailed(Exception):
    """The operator is not signed in; says why in words, with Entra's errors where Entra refused.

    `why.missing` is NOT_SIGNED_IN where somebody refused; where nobody could be asked, what kept it from that. `kind` is
    CERTIFICATE_UNUSABLE where the operator's certificate could not be opened or cannot sign.
    """

    def __init__(
        self,
        resource: Resource,
        why: Unavailable,
        errors: tuple[EntraError, ...] = (),
        kind: ErrorKind | None = None,
    ) -> None:
        super().__init__(f"The operator could not sign in for {resource.words}: {why.reason}")
        self.resource = resource
        self.why = why
        self.errors = errors
        self.kind = kind or kind_of_sign_in(why.missing)

    def as_unavailable(self) -> Unavailable:
        """Return it as the reason why nothing could be looked at."""
        return replace(self.why, reason=f"{self}")

    def as_error(self) -> CmdletError:
        """Return it as an error record."""
        return CmdletError("", self.why.reason, self.why.provenance, kind=self.kind)


def sign_in(options: OperatorOptions, resource: Resource, *, http: HttpSession) -> OperatorSession:
    """Sign the operator in for one resource. Raises OperatorSignInFailed."""
    if isinstance(options.method, AccessTokenFile):
        return _from_file(options.method.path, options.scope, resource)
    client = MsalHttp(http, options.login)
    grant = _GRANTS[type(options.method)]
    try:
        result = _ask(options, options.method, resource, client)
    except CredentialUnusable as problem:
        here = Provenance(Source.PROFILE, "the operator's credential")
        unusable = Unavailable(str(problem), Missing.NOT_SIGNED_IN, here)
        kind = ErrorKind.CERTIFICATE_UNUSABLE if _has_certificate(options.method) else None
        raise OperatorSignInFailed(resource, unusable, kind=kind) from problem
    except Exception as error:  # MSAL raises ValueError, RuntimeError and what requests raises
        raise _failed(resource, client.failed(error, grant)) from error
    token = result.get("access_token")
    if not isinstance(token, str) or not token:
        why = entra_error(result, client.provenance(), grant) if result.get("error") else _nothing(client)
        raise _failed(resource, why)
    if not is_token(token):
        reason = f"{client.host} answered with a token that is none"
        raise _failed(resource, Unavailable(reason, Missing.UNEXPECTED, client.provenance()))
    return _session(OperatorToken(token), resource, client.provenance())


_GRANTS: Mapping[type, str] = {
    OperatorApplication: "client_credentials",
    DeviceCode: "urn:ietf:params:oauth:grant-type:device_code",
    Browser: "authorization_code",
}


def _ask(
    options: OperatorOptions, method: OperatorApplication | DeviceCode | Browser, resource: Resource, client: MsalHttp
) -> dict[str, Any]:
    import msal  # noqa: PLC0415 - heavy

    common: dict[str, Any] = {
        "authority": f"{options.login.rstrip('/')}/{quote(options.tenant, safe='')}",
        "instance_discovery": False,
        "http_client": client,
        "token_cache": msal.TokenCache(),
    }
    if isinstance(method, OperatorApplication):
        application = msal.ConfidentialClientApplication(
            method.application_id, client_credential=for_msal(method.credential), **common
        )
        return client_credentials(application, options.scope)
    scopes = options.scope.split()
    public = msal.PublicClientApplication(
        method.application_id or resource.value,
        exclude_scopes=["offline_access"],  # one token for one run: no refresh token is asked for
        **common,
    )
    if isinstance(method, DeviceCode):
        flow = public.initiate_device_flow(scopes)
        if "user_code" not in flow:
            return dict(flow)
        redaction.show(str(flow["user_code"]))
        method.tell(safe(str(flow.get("message") or "")))
        return dict(public.acquire_token_by_device_flow(_bounded(flow)))
    return dict(public.acquire_token_interactive(scopes, prompt="select_account", timeout=method.timeout))


def _has_certificate(method: SignIn) -> bool:
    return isinstance(method, OperatorApplication) and isinstance(method.credential, ClientCertificate)


def _bounded(flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return a device code's flow with the waits that Microsoft's has: five seconds in between, fifteen minutes in all."""
    interval, ends = flow.get("interval"), flow.get("expires_at")
    latest = time.time() + _DEVICE_SECONDS
    return {
        **flow,
        "interval": min(max(interval, 1), _LONGEST_INTERVAL) if isinstance(interval, int) else 5,
        "expires_at": min(latest, ends) if isinstance(ends, int | float) else latest,
    }


def _nothing(client: MsalHttp) -> Unavailable:
    return Unavailable(
        f"{client.host} answered with neither a token nor an error", Missing.UNEXPECTED, client.provenance()
    )


def _failed(resource: Resource, why: EntraError | Unavailable) -> OperatorSignInFailed:
    if isinstance(why, Unavailable):
        return OperatorSignInFailed(resource, why)
    reason = why.description.partition("\n")[0].strip() or why.error
    return OperatorSignInFailed(resource, Unavailable(reason, Missing.NOT_SIGNED_IN, why.provenance), (why,))


def _session(token: OperatorToken, resource: Resource, provenance: Provenance) -> OperatorSession:
    claims = decode_claims(token.reveal(), provenance)
    listed = payload_of(token.reveal()).get("wids")
    roles = tuple(role for role in listed if isinstance(role, str)) if isinstance(listed, list) else ()
    missing = missing_rights(claims, roles, for_exchange=resource is Resource.EXCHANGE)
    return OperatorSession(token, claims, resource, roles, missing)


def _from_file(path: Path, scope: str, resource: Resource) -> OperatorSession:
    here = Provenance(Source.PROFILE, f"the token file {path}")
    try:
        tokens = [OperatorToken(word) for word in files.read_text(path, largest=_LARGEST_FILE, private=True).split()]
    except files.FileUnusable as problem:
        why = Unavailable(f"{problem.path} {problem.what}", Missing.NOT_SIGNED_IN, here, problem.hint)
        raise OperatorSignInFailed(resource, why) from None
    sessions = [_session(token, resource, here) for token in tokens]
    fitting = [session for session in sessions if _is_for(session.claims.audience, scope, resource)]
    if not fitting:
        seen = ", ".join(safe(session.claims.audience) or "no JWT" for session in sessions) or "none"
        reason = f"{path} holds no token for {resource.words}; it holds tokens for: {seen}"
        raise OperatorSignInFailed(resource, Unavailable(reason, Missing.NOT_SIGNED_IN, here))
    chosen = fitting[-1]
    ends = chosen.claims.expires_at
    if ends is not None and ends.timestamp() - time.time() < _ALMOST_EXPIRED:
        reason = f"the token for {resource.words} in {path} ends or ended at {ends:%Y-%m-%d %H:%M:%S} UTC"
        raise OperatorSignInFailed(resource, Unavailable(reason, Missing.NOT_SIGNED_IN, here))
    return chosen


_AUDIENCES = {
    Resource.EXCHANGE: EXCHANGE_AUDIENCES,
    Resource.GRAPH: GRAPH_AUDIENCES,
}


def _is_for(audience: str, scope: str, resource: Resource) -> bool:
    """Whether a token's audience is the resource: by name, by its application id, or as the scope names it."""
    named = {host_of(known) or known for known in _AUDIENCES[resource]}
    host = host_of(audience).lower() or audience.lower()
    return host in named or host == host_of(scope).lower()
