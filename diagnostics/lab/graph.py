"""The subset of Microsoft Graph that a permission check needs, read from the World, with Graph's own refusals.

Which permission each call wants is Microsoft's "least privileged" column (microsoft-graph-docs-contrib); the messages
of 401, 403 and 404 are Graph's as these documents and common logs show them; that of /me is in msgraph-sdk-php issue 1163.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from diagnostics.lab import graph_objects as show
from diagnostics.lab import odata
from diagnostics.lab.https import HttpsEndpoint, Request, Response
from diagnostics.lab.odata_filter import BadQuery
from diagnostics.lab.state import EnterpriseApplication, Tenant, World, new_id
from diagnostics.lab.tokens import InvalidToken, TokenAuthority

READ_APPLICATIONS = frozenset(
    {"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)
READ_DIRECTORY = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
READ_USERS = frozenset({"User.Read.All", "User.ReadWrite.All"}) | READ_DIRECTORY
READ_ORGANISATION = frozenset({"Organization.Read.All"}) | READ_DIRECTORY

GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
KEY = r"\(appId='(?P<app_id>[^']*)'\)|/(?P<id>[^/()]+)"


class GraphError(Exception):
    """An error in Graph's JSON: HTTP status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Call:
    """One call on its way: the caller's tenant, the request, and what the path named."""

    tenant: Tenant
    request: Request
    app_id: str | None = None
    id: str | None = None
    tail: str | None = None


def _missing(name: str) -> GraphError:
    text = f"Resource '{name}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", text)


class GraphEndpoint(HttpsEndpoint):
    """Answers GET requests of v1.0 and beta, after it has verified the token and its roles."""

    def __init__(self, world: World, tokens: TokenAuthority, tls_context: ssl.SSLContext) -> None:
        super().__init__(tls_context, faults=world.faults.graph)
        self.world = world
        self.tokens = tokens
        self._routes: tuple[tuple[re.Pattern[str], frozenset[str], Callable[[Call], Any]], ...] = tuple(
            (re.compile(rf"^/(v1\.0|beta){pattern}$"), roles, handler)
            for pattern, roles, handler in (
                (r"/servicePrincipals", READ_APPLICATIONS, self._service_principals),
                (rf"/servicePrincipals(?:{KEY})", READ_APPLICATIONS, self._service_principal),
                (rf"/servicePrincipals(?:{KEY})/(?P<tail>appRoleAssignments)", READ_APPLICATIONS, self._assignments),
                (rf"/servicePrincipals(?:{KEY})/(?P<tail>appRoleAssignedTo)", READ_APPLICATIONS, self._assigned_to),
                (rf"/servicePrincipals(?:{KEY})/oauth2PermissionGrants", READ_DIRECTORY, self._own_grants),
                (r"/applications", READ_APPLICATIONS, self._applications),
                (rf"/applications(?:{KEY})", READ_APPLICATIONS, self._application),
                (r"/oauth2PermissionGrants", READ_DIRECTORY, self._grants),
                (r"/directory/deletedItems/microsoft\.graph\.(?P<tail>\w+)", READ_APPLICATIONS, self._deleted_items),
                (r"/directory/deletedItems/(?P<id>[^/]+)", READ_APPLICATIONS, self._deleted_item),
                (r"/users", READ_USERS, self._users),
                (r"/users/(?P<id>[^/]+)", READ_USERS, self._user),
                (r"/organization", READ_ORGANISATION, self._organisation),
            )
        )

    def handle(self, request: Request) -> Response:
        """Answer one request with Graph's JSON."""
        try:
            with self.world.lock:
                value = self._dispatch(request)
        except BadQuery as problem:
            return self._error(GraphError(400, problem.code, str(problem)))
        except GraphError as error:
            return self._error(error)
        return Response.from_json(value, headers={"request-id": new_id(), "OData-Version": "4.0"})

    def _dispatch(self, request: Request) -> Any:
        tenant, claimed = self._caller(request)
        last = request.path.rpartition("/")[2]
        if last.startswith("$"):  # recorded of $count: microsoft-graph-docs issue 9254
            raise GraphError(400, "Request_BadRequest", f"{last} is not currently supported.")
        for pattern, roles, handler in self._routes:
            match = pattern.match(request.path)
            if match is None:
                continue
            if request.method != "GET":
                raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the target.")
            if not roles & claimed:
                text = "Insufficient privileges to complete the operation."
                raise GraphError(403, "Authorization_RequestDenied", text)
            odata.refuse_unknown(request)
            named = match.groupdict()
            return handler(Call(tenant, request, named.get("app_id"), named.get("id"), named.get("tail")))
        segment = request.path.split("/")[2] if request.path.count("/") > 1 else ""
        if segment == "me":
            raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")

    def _caller(self, request: Request) -> tuple[Tenant, frozenset[str]]:
        """Return the tenant that the token names and the roles in it: what was granted since needs a new token."""
        if request.bearer_token is None:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
        try:
            claims = self.tokens.verify(request.bearer_token, self.world.cloud.graph_audiences)
        except InvalidToken as problem:
            raise GraphError(401, "InvalidAuthenticationToken", _TOKEN_MESSAGES[problem.reason]) from None
        tenant = self.world.tenant(claims.tenant_id)
        if tenant is None or tenant.service_principal(claims.object_id) is None:
            text = "The identity of the calling application could not be established."
            raise GraphError(401, "Authorization_IdentityNotFound", text)
        return tenant, claims.roles

    def _error(self, error: GraphError) -> Response:
        inner = {
            "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": new_id(),
            "client-request-id": new_id(),
        }
        body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
        return Response.from_json(body, error.status)

    def _list(self, call: Call, kind: str, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
        fitting = odata.fitting(items, call.request)
        found, link = odata.page(fitting, call.request, f"https://{call.request.headers.get('Host')}")
        context = f"{self.world.cloud.graph}/v1.0/$metadata#{kind}s"
        answer = {"@odata.context": context, "value": [odata.select(item, call.request, kind) for item in found]}
        return {**answer, "@odata.nextLink": link} if link else answer

    def _one(self, call: Call, kind: str, item: dict[str, Any]) -> dict[str, Any]:
        odata.refuse_of_one(call.request)
        context = f"{self.world.cloud.graph}/v1.0/$metadata#{kind}s/$entity"
        return {"@odata.context": context, **odata.select(item, call.request, kind)}

    def _principal(self, call: Call) -> EnterpriseApplication:
        found = (
            call.tenant.enterprise_application(call.app_id)
            if call.app_id is not None
            else call.tenant.service_principal(call.id or "")
        )
        if found is None:
            raise _missing(call.app_id or call.id or "")
        return found

    def _service_principals(self, call: Call) -> Any:
        return self._list(call, "servicePrincipal", map(show.service_principal, call.tenant.enterprise_applications))

    def _service_principal(self, call: Call) -> Any:
        return self._one(call, "servicePrincipal", show.service_principal(self._principal(call)))

    def _assignments(self, call: Call) -> Any:
        grants = self._principal(call).app_role_assignments
        return self._list(call, "appRoleAssignment", (show.app_role_assignment(call.tenant, grant) for grant in grants))

    def _assigned_to(self, call: Call) -> Any:
        resource = self._principal(call)
        grants = (
            grant
            for principal in call.tenant.enterprise_applications
            for grant in principal.app_role_assignments
            if grant.resource_id == resource.object_id
        )
        return self._list(call, "appRoleAssignment", (show.app_role_assignment(call.tenant, grant) for grant in grants))

    def _own_grants(self, call: Call) -> Any:
        return self._list(call, "oAuth2PermissionGrant", self._principal(call).oauth2_permission_grants)

    def _grants(self, call: Call) -> Any:
        principals = call.tenant.enterprise_applications
        grants = (grant for principal in principals for grant in principal.oauth2_permission_grants)
        return self._list(call, "oAuth2PermissionGrant", grants)

    def _applications(self, call: Call) -> Any:
        return self._list(call, "application", map(show.application, call.tenant.registrations))

    def _application(self, call: Call) -> Any:
        wanted = (call.app_id if call.app_id is not None else call.id or "").lower()
        for registration in call.tenant.registrations:
            if wanted == (registration.app_id if call.app_id is not None else registration.object_id):
                return self._one(call, "application", show.application(registration))
        raise _missing(wanted)

    def _deleted_items(self, call: Call) -> Any:
        deleted = call.tenant.deleted_service_principals if call.tail == "servicePrincipal" else []
        return self._list(call, "directoryObject", map(show.service_principal, deleted))

    def _deleted_item(self, call: Call) -> Any:
        for principal in call.tenant.deleted_service_principals:
            if principal.object_id == (call.id or "").lower():
                shown = {"@odata.type": "#microsoft.graph.servicePrincipal", **show.service_principal(principal)}
                return self._one(call, "directoryObject", shown)
        raise _missing(call.id or "")

    def _users(self, call: Call) -> Any:
        people = (recipient for recipient in call.tenant.recipients if recipient.user_principal_name)
        return self._list(call, "user", map(show.user, people))

    def _user(self, call: Call) -> Any:
        wanted = (call.id or "").casefold()
        for recipient in call.tenant.recipients:
            names = (recipient.user_principal_name or "", recipient.external_directory_object_id)
            if recipient.user_principal_name and wanted in (name.casefold() for name in names):
                return self._one(call, "user", show.user(recipient))
        raise _missing(call.id or "")

    def _organisation(self, call: Call) -> Any:
        domains = [
            {"name": name, "isInitial": name == call.tenant.initial_domain, "isDefault": name == call.tenant.domains[0]}
            for name in call.tenant.domains
        ]
        item = {"id": call.tenant.id, "displayName": call.tenant.display_name, "verifiedDomains": domains}
        return self._list(call, "organization", [item])


_TOKEN_MESSAGES = {
    "malformed": "CompactToken parsing failed with error code: 80049217",
    "signature": "Signing key is invalid.",
    "audience": "Access token validation failure. Invalid audience.",
    "expired": "Lifetime validation failed, the token is expired.",
    "not-yet-valid": "Lifetime validation failed, the token is not yet valid.",
}
