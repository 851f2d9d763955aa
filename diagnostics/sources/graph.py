"""Microsoft Graph: the app registration, its enterprise application, what was consented, and what unknown ids are.

Each call is in Microsoft's Graph reference with the least privilege it needs (Application.Read.All; for delegated
grants Directory.Read.All). A call that is refused leaves its part `Unavailable`: nothing here is required for a verdict.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from diagnostics.evidence import (
    Absent,
    ApplicationId,
    AppRegistration,
    AppRegistrationObjectId,
    AppRoleAssignment,
    DelegatedGrant,
    DirectoryObject,
    DirectoryObjectKind,
    EnterpriseApplication,
    EnterpriseAppObjectId,
    GraphEvidence,
    KeyCredential,
    Missing,
    Observed,
    PasswordCredential,
    Provenance,
    PublishedPermission,
    RequiredPermission,
    Source,
    Unavailable,
)
from diagnostics.net.answers import Answer, get_json
from diagnostics.net.client import HttpSession
from diagnostics.redaction import safe
from diagnostics.sources.tokens import OperatorToken

EXCHANGE_ONLINE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"

_AT_ONCE = 4
"""Requests at the same time: as many as there are first questions."""
_MOST_PAGES = 50
_OK = 200
_SHA1_BYTES = 20

_PRINCIPAL_FIELDS = (
    "id,appId,displayName,accountEnabled,appOwnerOrganizationId,appRoleAssignmentRequired,disabledByMicrosoftStatus,"
    "servicePrincipalType"
)
_APPLICATION_FIELDS = (
    "id,appId,displayName,signInAudience,passwordCredentials,keyCredentials,requiredResourceAccess,"
    "isFallbackPublicClient,web,spa,publicClient"
)
_RESOURCE_FIELDS = "id,appId,displayName,accountEnabled,appRoles,oauth2PermissionScopes"


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """Which Graph to ask (base URL, without a version) and the operator's token for it."""

    url: str
    token: OperatorToken


def collect_graph(
    options: GraphOptions,
    application_id: str,
    *,
    http: HttpSession,
    exchange_object_ids: Iterable[str] = (),
) -> GraphEvidence:
    """Ask Graph about the application, and what the `exchange_object_ids` are that Exchange holds for it.

    Raises nothing: what could not be looked at is `Unavailable`, what is not there `Absent`.
    """
    client = _Client(options, http)
    with ThreadPoolExecutor(_AT_ONCE, "graph") as pool:
        principal = pool.submit(client.principal, application_id, _PRINCIPAL_FIELDS)
        registration = pool.submit(client.registration, application_id)
        exchange = pool.submit(client.principal, EXCHANGE_ONLINE_APP_ID, _RESOURCE_FIELDS)
        found = principal.result()
        assignments = pool.submit(client.role_assignments, found)
        grants = pool.submit(client.delegated_grants, found)
        unknown = {name.lower(): None for name in exchange_object_ids if name}
        if isinstance(registration.result(), Absent):
            unknown[application_id.lower()] = None
        objects = list(pool.map(client.identify, unknown))
    return GraphEvidence(
        enterprise_application=found,
        registration=registration.result(),
        exchange_online=exchange.result(),
        role_assignments=assignments.result(),
        delegated_grants=grants.result(),
        objects=tuple(item for item in objects if item is not None),
    )


class _Client:
    """Graph as this module asks it; each method is one question."""

    def __init__(self, options: GraphOptions, http: HttpSession) -> None:
        self._base = f"{options.url.rstrip('/')}/v1.0"
        self._token = options.token
        self._http = http

    def _get(self, path: str) -> Answer | Absent | Unavailable:
        """Ask one question; 404 is `Absent`, a refusal says which right is missing."""
        url = path if path.startswith("https://") else f"{self._base}/{path}"
        how = f"GET {url.partition('?')[0]}"
        answer = get_json(self._http, url, Source.GRAPH, how=how, headers=self._headers)
        if isinstance(answer, Unavailable) or answer.status == _OK:
            return answer
        return _refusal(answer)

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token.reveal()}", "Accept": "application/json"}

    def principal(self, application_id: str, fields: str) -> Observed[EnterpriseApplication | Absent]:
        """Return the enterprise application with this Application ID."""
        answer = self._get(f"servicePrincipals(appId='{_key(application_id)}')?$select={fields}")
        return _enterprise_application(answer) if isinstance(answer, Answer) else answer

    def registration(self, application_id: str) -> Observed[AppRegistration | Absent]:
        """Return the app registration with this Application ID; another tenant's is `Absent` here."""
        answer = self._get(f"applications(appId='{_key(application_id)}')?$select={_APPLICATION_FIELDS}")
        return _registration(answer) if isinstance(answer, Answer) else answer

    def role_assignments(
        self, principal: Observed[EnterpriseApplication | Absent]
    ) -> Observed[tuple[AppRoleAssignment, ...]]:
        """Return the application permissions that were consented to, every page."""
        if not isinstance(principal, EnterpriseApplication):
            return _blocked(principal)
        rows = self._list(f"servicePrincipals/{_key(principal.object_id)}/appRoleAssignments")
        if isinstance(rows, Unavailable):
            return rows
        return tuple(
            AppRoleAssignment(
                _text(row, "appRoleId"),
                _text(row, "resourceId"),
                _moment(row.get("createdDateTime")),
                _text(row, "resourceDisplayName"),
            )
            for row in rows
        )

    def delegated_grants(
        self, principal: Observed[EnterpriseApplication | Absent]
    ) -> Observed[tuple[DelegatedGrant, ...]]:
        """Return the delegated permissions that were consented to; needs Directory.Read.All, more than the others."""
        if not isinstance(principal, EnterpriseApplication):
            return _blocked(principal)
        wanted = quote(f"clientId eq '{principal.object_id}'", safe="")
        rows = self._list(f"oauth2PermissionGrants?$filter={wanted}")
        if isinstance(rows, Unavailable):
            return rows
        return tuple(
            DelegatedGrant(_text(row, "resourceId"), tuple(_text(row, "scope").split()), _text(row, "consentType"))
            for row in rows
        )

    def identify(self, unknown: str) -> DirectoryObject | None:
        """Say what an object id is; `None` when a question stayed open, so that "nothing" is only said when known."""
        tail = f"{_key(unknown)}?$select=id,appId,displayName"
        open_question = False
        for path, kind in (
            (f"applications/{tail}", DirectoryObjectKind.APP_REGISTRATION),
            (f"servicePrincipals/{tail}", DirectoryObjectKind.ENTERPRISE_APPLICATION),
            (f"directory/deletedItems/{_key(unknown)}", DirectoryObjectKind.DELETED_ENTERPRISE_APPLICATION),
        ):
            answer = self._get(path)
            if isinstance(answer, Answer):
                return _directory_object(unknown, kind, answer)
            open_question = open_question or isinstance(answer, Unavailable)
        if open_question:
            return None
        here = Provenance(Source.GRAPH, "GET applications, servicePrincipals and directory/deletedItems by id", _now())
        return DirectoryObject(unknown, DirectoryObjectKind.NOTHING, here)

    def _list(self, path: str) -> list[Mapping[str, Any]] | Unavailable:
        """Return every row of a list; a page that is missing makes the whole list `Unavailable`."""
        rows: list[Mapping[str, Any]] = []
        following: str | None = path
        for _ in range(_MOST_PAGES):
            if following is None:
                return rows
            answer = self._get(following)
            if not isinstance(answer, Answer):
                return _no_list(answer)
            page = answer.body.get("value")
            if not isinstance(page, list):
                return Unavailable("Graph answered without a list", Missing.UNEXPECTED, answer.provenance)
            rows += [row for row in page if isinstance(row, Mapping)]
            link = answer.body.get("@odata.nextLink")
            following = link if isinstance(link, str) and link else None
            if following is not None and not self._same_origin(following):
                reason = f"Graph's next page is on another server, {safe(urlsplit(following).netloc)}: not asked"
                return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)
        return Unavailable(f"Graph's list has more than {_MOST_PAGES} pages", Missing.UNEXPECTED)

    def _same_origin(self, url: str) -> bool:
        there, here = urlsplit(url), urlsplit(self._base)
        return (there.scheme.lower(), there.netloc.lower()) == (here.scheme.lower(), here.netloc.lower())


def _refusal(answer: Answer) -> Absent | Unavailable:
    error = answer.body.get("error")
    error = error if isinstance(error, Mapping) else {}
    code, message = _text(error, "code"), safe(_text(error, "message"))[:300]
    what = f"{safe(code)}: {message}" if code else f"HTTP {answer.status}"
    match answer.status:
        case 404:
            return Absent(message or "it does not exist", answer.provenance)
        case 400 if code == "Request_BadRequest" and "Invalid object identifier" in message:
            return Absent(message, answer.provenance)
        case 401:
            hint = "Sign in again; Graph needs a token of its own, for the audience https://graph.microsoft.com."
            return Unavailable(
                f"Graph does not accept the operator's token ({what})", Missing.NOT_SIGNED_IN, answer.provenance, hint
            )
        case 403:
            hint = "Give the operator Application.Read.All on Microsoft Graph; Directory.Read.All for delegated grants."
            return Unavailable(
                f"the operator may not ask Graph this ({what})", Missing.NO_RIGHTS, answer.provenance, hint
            )
        case _:
            return Unavailable(f"Graph answered {what}", Missing.REMOTE_ERROR, answer.provenance)


def _no_list(answer: Absent | Unavailable) -> Unavailable:
    if isinstance(answer, Unavailable):
        return answer
    return Unavailable(f"Graph no longer knows the object ({answer.absent})", Missing.REMOTE_ERROR, answer.provenance)


def _blocked(principal: Absent | Unavailable) -> Unavailable:
    if isinstance(principal, Unavailable):
        return principal
    reason = "there is no enterprise application, so it has no permissions to list"
    return Unavailable(reason, Missing.BLOCKED, principal.provenance)


def _enterprise_application(answer: Answer) -> EnterpriseApplication | Unavailable:
    body = answer.body
    if not _text(body, "id"):
        return Unavailable("Graph answered without an object id", Missing.UNEXPECTED, answer.provenance)
    roles = (PublishedPermission(_text(row, "id"), _text(row, "value"), "Role") for row in _rows(body, "appRoles"))
    scopes = (
        PublishedPermission(_text(row, "id"), _text(row, "value"), "Scope")
        for row in _rows(body, "oauth2PermissionScopes")
    )
    return EnterpriseApplication(
        EnterpriseAppObjectId(_text(body, "id")),
        ApplicationId(_text(body, "appId")),
        _text(body, "displayName"),
        answer.provenance,
        account_enabled=_bool(body, "accountEnabled"),
        owner_tenant_id=_text(body, "appOwnerOrganizationId"),
        disabled_by_microsoft_status=_text(body, "disabledByMicrosoftStatus"),
        service_principal_type=_text(body, "servicePrincipalType"),
        assignment_required=_bool(body, "appRoleAssignmentRequired"),
        permissions=(*roles, *scopes),
    )


def _registration(answer: Answer) -> AppRegistration | Unavailable:
    body = answer.body
    if not _text(body, "id"):
        return Unavailable("Graph answered without an object id", Missing.UNEXPECTED, answer.provenance)
    return AppRegistration(
        AppRegistrationObjectId(_text(body, "id")),
        ApplicationId(_text(body, "appId")),
        _text(body, "displayName"),
        answer.provenance,
        sign_in_audience=_text(body, "signInAudience"),
        password_credentials=tuple(
            PasswordCredential(
                _text(row, "keyId"), _text(row, "hint"), _moment(row.get("endDateTime")), _text(row, "displayName")
            )
            for row in _rows(body, "passwordCredentials")
        ),
        key_credentials=tuple(
            KeyCredential(
                _text(row, "keyId"),
                _thumbprint(_text(row, "customKeyIdentifier")),
                _moment(row.get("endDateTime")),
                _text(row, "displayName"),
            )
            for row in _rows(body, "keyCredentials")
        ),
        required_permissions=tuple(
            RequiredPermission(_text(resource, "resourceAppId"), _text(row, "id"), _text(row, "type"))
            for resource in _rows(body, "requiredResourceAccess")
            for row in _rows(resource, "resourceAccess")
        ),
        is_fallback_public_client=_bool(body, "isFallbackPublicClient"),
        redirect_uris=tuple(_redirect_uris(body)),
    )


def _redirect_uris(body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for platform in ("web", "spa", "publicClient"):
        section = body.get(platform)
        uris = section.get("redirectUris") if isinstance(section, Mapping) else None
        yield from ((platform, uri) for uri in uris or () if isinstance(uri, str))


def _directory_object(unknown: str, kind: DirectoryObjectKind, answer: Answer) -> DirectoryObject | None:
    body = answer.body
    application_id = _text(body, "appId")
    if kind is DirectoryObjectKind.ENTERPRISE_APPLICATION and application_id.lower() == EXCHANGE_ONLINE_APP_ID:
        kind = DirectoryObjectKind.EXCHANGE_ONLINE
    deleted = kind is DirectoryObjectKind.DELETED_ENTERPRISE_APPLICATION
    if deleted and not _text(body, "@odata.type").endswith("servicePrincipal"):
        return None
    return DirectoryObject(unknown, kind, answer.provenance, application_id, _text(body, "displayName"))


def _key(value: str) -> str:
    """Return a value fit for a path segment or an OData key: nothing in it can end the one or the other."""
    return quote(value.replace("'", "''"), safe="")


def _thumbprint(identifier: str) -> str:
    """Return a customKeyIdentifier as hexadecimal SHA-1: Graph has shown it as hexadecimal and as base64."""
    for attempt in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
        try:
            data = attempt(identifier)
        except ValueError:
            continue
        if len(data) == _SHA1_BYTES:
            return data.hex().upper()
    return identifier


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _bool(row: Mapping[str, Any], name: str) -> bool | None:
    value = row.get(name)
    return value if isinstance(value, bool) else None


def _rows(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = body.get(name)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _moment(value: object) -> dt.datetime | None:
    """Read Graph's times (UTC, up to seven decimals)."""
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
