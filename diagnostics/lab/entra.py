"""Entra's sign-in endpoint: OIDC discovery, the key set, and tokens by client credentials.

What it judges, in this order: the request's parameters, the tenant, the application and its service principal, the
scope's form, the credential, the resource, the policies. The recorded threads show each error alone; that they come in
this order is invented.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re
import ssl
import urllib.parse
import uuid

from diagnostics.lab import assertion
from diagnostics.lab.aadsts import Refused
from diagnostics.lab.https import HttpsEndpoint, Request, Response
from diagnostics.lab.state import AppRegistration, EnterpriseApplication, Tenant, World, utc_now
from diagnostics.lab.tokens import APP_ONLY_LIFETIME, TokenAuthority, same_audience

MULTI_TENANT = {"common", "consumers", "organizations"}
DNS_NAME = re.compile(r"^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", re.IGNORECASE)
PATH = re.compile(
    r"^/(?:.*?/)??(?P<tenant>[^/]+)/"
    r"(?P<rest>(?:v2\.0/)?\.well-known/openid-configuration|discovery/(?:v2\.0/)?keys|oauth2/(?:v2\.0/)?token)$"
)
"""The segment before a known path is read as the tenant, also when a whole URL precedes it (Analysis-Services 194)."""
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEFAULT = "/.default"
OF_A_PERSON = {"authorization_code", "refresh_token"}
"""Grants that redeem what a person's sign-in gave."""


class EntraEndpoint(HttpsEndpoint):
    """Signs applications in, as login.microsoftonline.com does, from what the World holds at that moment."""

    def __init__(
        self,
        world: World,
        tokens: TokenAuthority,
        tls_context: ssl.SSLContext,
        foreign_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls_context, faults=world.faults.login)
        self.world = world
        self.tokens = tokens
        self._foreign_context = foreign_context

    def context(self) -> ssl.SSLContext | None:
        """Choose the certificate to show: the lab's own, or one of an authority that nobody here trusts."""
        foreign = self.world.login_certificate == "foreign" and self._foreign_context is not None
        return self._foreign_context if foreign else super().context()

    def handle(self, request: Request) -> Response:
        """Answer discovery, keys and token requests; anything else is 404."""
        match = PATH.match(request.path)
        if match is None:
            return Response(404)
        name, rest = match["tenant"], match["rest"]
        try:
            with self.world.lock:
                if rest.endswith("openid-configuration"):
                    return self._discovery(name, request, version="v2.0/" if rest.startswith("v2.0/") else "")
                if rest.endswith("keys"):
                    return Response.from_json(self.tokens.jwks())
                return self._token(name, request, version=2 if "v2.0" in rest else 1)
        except Refused as refusal:
            return refusal.response(self.world.cloud.login)

    def _tenant(self, name: str) -> Tenant:
        tenant = self.world.tenant(name)
        if tenant is not None:
            return tenant
        if _is_guid(name) or DNS_NAME.match(name):
            raise Refused(90002, tenant=name)
        raise Refused(900023, tenant=name)

    def _discovery(self, name: str, request: Request, version: str) -> Response:
        """Answer with the document of the endpoint that was asked: the older one names the older endpoints."""
        base = f"https://{request.headers.get('Host') or self.url.removeprefix('https://')}"
        if name in MULTI_TENANT:
            tenant_id, cloud = "{tenantid}", self.world.cloud
        else:
            tenant = self._tenant(name)
            tenant_id, cloud = tenant.id, tenant.cloud
        segment = tenant_id if name not in MULTI_TENANT else name
        document = {
            "token_endpoint": f"{base}/{segment}/oauth2/{version}token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/{segment}/discovery/{version}keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{cloud.login}/{tenant_id}/v2.0" if version else f"{cloud.issuer}/{tenant_id}/",
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": f"{cloud.graph}/oidc/userinfo",
            "authorization_endpoint": f"{base}/{segment}/oauth2/{version}authorize",
            "device_authorization_endpoint": f"{base}/{segment}/oauth2/{version}devicecode",
            "tenant_region_scope": None if name in MULTI_TENANT else cloud.region_scope,
            "cloud_instance_name": cloud.instance_name,
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": cloud.graph.removeprefix("https://"),
            "rbac_url": "https://pas.windows.net",
        }
        if cloud.region_sub_scope and name not in MULTI_TENANT:
            document["tenant_region_sub_scope"] = cloud.region_sub_scope
        return Response.from_json(document)

    def _token(self, name: str, request: Request, version: int) -> Response:
        if request.method != "POST":
            raise Refused(900561, method=request.method)
        form = {**_basic(request), **request.form()}
        resource_parameter = "scope" if version == 2 else "resource"  # noqa: PLR2004 - the two versions of the endpoint
        of_a_person = form.get("grant_type") in OF_A_PERSON
        for parameter in ("grant_type", "client_id", *(() if of_a_person else (resource_parameter,))):
            if not form.get(parameter):
                raise Refused(900144, parameter=parameter)
        if of_a_person:  # nobody has signed in here, so no code and no refresh token is one of the lab's
            raise Refused(9002313)
        if form["grant_type"] != "client_credentials":
            raise Refused(70003, grant_type=form["grant_type"])
        client_id = form["client_id"]
        tenant = self._client_tenant(name, client_id)
        registration, principal = self._application(tenant, client_id)
        audience = form["resource"] if version == 1 else _audience(form["scope"])
        credential = self._credential(tenant, registration, principal, form, request)
        resource = self._resource(tenant, audience)
        self._policies(tenant, principal, resource)
        return self._issue(tenant, principal, resource, audience, credential)

    def _client_tenant(self, name: str, client_id: str) -> Tenant:
        if name == "organizations":
            home = self._registration(client_id)
            if home is not None:
                raise Refused(50194, app_id=home.app_id, name=home.display_name)
        if name in MULTI_TENANT:
            raise Refused(9001023)
        tenant = self._tenant(name)
        if tenant.cloud is not self.world.cloud:
            raise Refused(900432)
        return tenant

    def _registration(self, client_id: str) -> AppRegistration | None:
        found = (tenant.registration(client_id) for tenant in self.world.tenants)
        return next((registration for registration in found if registration is not None), None)

    def _application(self, tenant: Tenant, client_id: str) -> tuple[AppRegistration | None, EnterpriseApplication]:
        principal = tenant.enterprise_application(client_id)
        if principal is None:
            if tenant.registration(client_id) is not None:
                raise Refused(7000229, app_id=client_id, tenant=tenant.id)
            raise Refused(700016, app_id=client_id, tenant=tenant.display_name)
        if not principal.account_enabled or principal.disabled_by_microsoft_status:
            raise Refused(7000112, app_id=principal.app_id, name=principal.display_name)
        return self._registration(client_id), principal

    def _credential(
        self,
        tenant: Tenant,
        registration: AppRegistration | None,
        principal: EnterpriseApplication,
        form: dict[str, str],
        request: Request,
    ) -> str:
        """Return the token's `appidacr`: 1 for a secret, 2 for a certificate."""
        if form.get("client_assertion_type") == JWT_BEARER and form.get("client_assertion"):
            host = request.headers.get("Host") or ""
            known = registration.key_credentials if registration else []
            now = dt.datetime.now(dt.UTC) + self.world.login_clock
            assertion.judge(form["client_assertion"], principal.app_id, known, (tenant, host), now)
            return "2"
        secret = form.get("client_secret")
        if not secret:
            raise Refused(7000218)
        for held in registration.password_credentials if registration else []:
            if hmac.compare_digest(held.secret.encode(), secret.encode()):
                if held.end <= utc_now():
                    raise Refused(7000222, app_id=principal.app_id)
                return "1"
        raise Refused(7000215, app_id=principal.app_id)

    def _resource(self, tenant: Tenant, audience: str) -> EnterpriseApplication:
        cloud = self.world.cloud
        for app_id, audiences in (
            (cloud.exchange_audiences[-1], cloud.exchange_audiences),
            (cloud.graph_audiences[-1], cloud.graph_audiences),
        ):
            if any(same_audience(audience, known) for known in audiences):
                resource = tenant.enterprise_application(app_id)
                break
        else:
            resource = tenant.enterprise_application(audience)
        if resource is None:
            raise Refused(500011, resource=audience, tenant=tenant.display_name)
        if not resource.account_enabled:
            raise Refused(500014, resource=resource.app_id)
        return resource

    def _policies(self, tenant: Tenant, principal: EnterpriseApplication, resource: EnterpriseApplication) -> None:
        if resource.app_role_assignment_required and not tenant.granted_roles(principal, resource.app_id):
            raise Refused(
                501051,
                app_id=principal.app_id,
                name=principal.display_name,
                resource=resource.app_id,
                resource_name=resource.display_name,
            )
        if principal.app_id in tenant.blocked_by_conditional_access:
            raise Refused(53003)

    def _issue(
        self,
        tenant: Tenant,
        principal: EnterpriseApplication,
        resource: EnterpriseApplication,
        audience: str,
        credential: str,
    ) -> Response:
        """Answer with a token; its roles are those that were granted when it was issued."""
        issued_at = int(self.tokens.clock()) - self.world.token_ages.get(principal.app_id, 0)
        moment = dt.datetime.fromtimestamp(issued_at, dt.UTC)
        token = self.tokens.issue(
            tenant=tenant,
            application=principal,
            audience=audience,
            roles=tenant.granted_roles(principal, resource.app_id, moment),
            credential=credential,
            issued_at=issued_at,
            issuer=self.world.cloud.issuer,
        )
        seconds = APP_ONLY_LIFETIME - 1
        return Response.from_json(
            {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token},
            headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"},
        )


def _basic(request: Request) -> dict[str, str]:
    """Return the client's id and secret from an Authorization header: RFC 6749, 2.3.1, each of them form-urlencoded.

    Entra takes them encoded only (Azure/api-management-developer-portal issue 1432). That the body wins where it names
    them, too, is invented; requests-oauthlib sends the id in both places.
    """
    scheme, _, encoded = (request.headers.get("Authorization") or "").strip().partition(" ")
    if scheme.casefold() != "basic":
        return {}
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return {}
    fields = {"client_id": name, "client_secret": secret} if colon else {}
    return {field: urllib.parse.unquote_plus(value) for field, value in fields.items() if value}


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _audience(scope: str) -> str:
    """Return the resource that a scope names: everything before `/.default`, a second slash included."""
    scopes = [part for part in scope.split() if part not in {"openid", "profile", "offline_access", "email"}]
    if len(scopes) != 1:
        raise Refused(70011, scope=scope)
    only = scopes[0]
    if only == DEFAULT:
        raise Refused(70011, scope=scope)
    if not only.endswith(DEFAULT):
        raise Refused(1002012, scope=scope)
    return only.removesuffix(DEFAULT)
