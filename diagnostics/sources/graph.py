"""Microsoft Graph: the app registration, its enterprise application, what was consented, and what unknown ids are.

Each call is in Microsoft's Graph reference with the least privilege it needs (Application.Read.All; for delegated
grants Directory.Read.All). A call that is refused leaves its part `Unavailable`: nothing here is required for a verdict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from diagnostics.clouds import EXCHANGE_ONLINE, GLOBAL
from diagnostics.comparison import shortened
from diagnostics.evidence import (
    Absent,
    AppRegistration,
    AppRoleAssignment,
    DelegatedGrant,
    DirectoryObject,
    DirectoryObjectKind,
    EnterpriseApplication,
    GraphEvidence,
    Missing,
    Observed,
    Provenance,
    Source,
    Unavailable,
)
from diagnostics.ids import ApplicationId
from diagnostics.net.answers import Answer, get_json
from diagnostics.net.client import HttpSession
from diagnostics.net.urls import host_of, same_origin
from diagnostics.redaction import safe
from diagnostics.sources.graph_objects import (
    Misshapen,
    assignment,
    directory_object,
    enterprise_application,
    grant,
    listed,
    one,
    registration,
    text,
    word,
)
from diagnostics.sources.tokens import OperatorToken

_AT_ONCE = 4
"""Requests at the same time: as many as there are first questions."""
_MOST_PAGES = 50
_OK = 200
_NOT_FOUND = "Request_ResourceNotFound"
"""The code of Graph's own 404 (Microsoft Graph, error responses); one without it is somebody else's."""
T = TypeVar("T")

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
    application_id: ApplicationId,
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
        exchange = pool.submit(client.principal, EXCHANGE_ONLINE, _RESOURCE_FIELDS)
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

    def principal(self, application_id: ApplicationId, fields: str) -> Observed[EnterpriseApplication | Absent]:
        """Return the enterprise application with this Application ID."""
        answer = self._get(f"servicePrincipals(appId='{_key(application_id)}')?$select={fields}")
        return one(answer, enterprise_application, application_id)

    def registration(self, application_id: ApplicationId) -> Observed[AppRegistration | Absent]:
        """Return the app registration with this Application ID; another tenant's is `Absent` here."""
        answer = self._get(f"applications(appId='{_key(application_id)}')?$select={_APPLICATION_FIELDS}")
        return one(answer, registration, application_id)

    def role_assignments(
        self, principal: Observed[EnterpriseApplication | Absent]
    ) -> Observed[tuple[AppRoleAssignment, ...]]:
        """Return the application permissions that were consented to, every page."""
        if not isinstance(principal, EnterpriseApplication):
            return _blocked(principal)
        return self._list(f"servicePrincipals/{_key(principal.object_id)}/appRoleAssignments", assignment)

    def delegated_grants(
        self, principal: Observed[EnterpriseApplication | Absent]
    ) -> Observed[tuple[DelegatedGrant, ...]]:
        """Return the delegated permissions that were consented to; needs Directory.Read.All, more than the others."""
        if not isinstance(principal, EnterpriseApplication):
            return _blocked(principal)
        wanted = quote(f"clientId eq '{principal.object_id}'", safe="")
        return self._list(f"oauth2PermissionGrants?$filter={wanted}", grant)

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
                try:
                    return directory_object(unknown, kind, answer)
                except Misshapen:
                    return None
            open_question = open_question or isinstance(answer, Unavailable)
        if open_question:
            return None
        here = Provenance(Source.GRAPH, "GET applications, servicePrincipals and directory/deletedItems by id", _now())
        return DirectoryObject(unknown, DirectoryObjectKind.NOTHING, here)

    def _list(self, path: str, row: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...] | Unavailable:
        """Return every row of a list; a page or a row that cannot be read makes the whole list `Unavailable`."""
        rows: list[T] = []
        following: str | None = path
        for _ in range(_MOST_PAGES):
            if following is None:
                return tuple(rows)
            answer = self._get(following)
            if not isinstance(answer, Answer):
                return _no_list(answer)
            if not isinstance(answer.body.get("value"), list):
                reason = f"Graph at {answer.host} answered without a list"
                return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)
            try:
                rows += map(row, listed(answer.body, "value"))
                following = text(answer.body, "@odata.nextLink") or None
            except Misshapen as problem:
                return problem.said(answer)
            if following is not None and not same_origin(following, self._base):
                place = safe(host_of(following)) or "at no address"
                reason = f"Graph's next page is on another server, {place}: not asked"
                return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)
        return Unavailable(f"Graph's list has more than {_MOST_PAGES} pages", Missing.UNEXPECTED)


def _refusal(answer: Answer) -> Absent | Unavailable:
    error = answer.body.get("error")
    error = error if isinstance(error, Mapping) else {}
    code, message = word(error, "code"), shortened(safe(word(error, "message")), 300)
    what = f"{safe(code)}: {message}" if code else f"HTTP {answer.status}"
    match answer.status:
        case 404 if code == _NOT_FOUND:
            return Absent(message or "it does not exist", answer.provenance)
        case 404:
            reason = f"{answer.host} answered HTTP 404 in a way that is not Graph's ({what})"
            return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)
        case 400 if code == "Request_BadRequest" and "Invalid object identifier" in message:
            return Absent(message, answer.provenance)
        case 401:
            hint = f"Sign in again; Graph needs a token of its own, for the audience {GLOBAL.graph}."
            return Unavailable(
                f"Graph does not accept the operator's token ({what})", Missing.NOT_SIGNED_IN, answer.provenance, hint
            )
        case 403:
            hint = "Give the operator Application.Read.All on Microsoft Graph; Directory.Read.All for delegated grants."
            return Unavailable(
                f"the operator may not ask Graph this ({what})", Missing.NO_RIGHTS, answer.provenance, hint
            )
        case _:
            return Unavailable(f"Graph at {answer.host} answered {what}", Missing.REMOTE_ERROR, answer.provenance)


def _no_list(answer: Absent | Unavailable) -> Unavailable:
    if isinstance(answer, Unavailable):
        return answer
    return Unavailable(f"Graph no longer knows the object ({answer.absent})", Missing.REMOTE_ERROR, answer.provenance)


def _blocked(principal: Absent | Unavailable) -> Unavailable:
    if isinstance(principal, Unavailable):
        return principal
    reason = "there is no enterprise application, so it has no permissions to list"
    return Unavailable(reason, Missing.BLOCKED, principal.provenance)


def _key(value: str) -> str:
    """Return a value fit for a path segment or an OData key: nothing in it can end the one or the other."""
    return quote(value.replace("'", "''"), safe="")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
