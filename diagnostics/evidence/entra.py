"""What the sign-in host, the token and Microsoft Graph say."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from diagnostics.evidence.base import NOT_COLLECTED, Absent, Observed, Provenance
from diagnostics.ids import (
    NO_APPLICATION_ID,
    NO_ENTERPRISE_APP_OBJECT_ID,
    NO_TENANT_ID,
    ApplicationId,
    AppRegistrationObjectId,
    EnterpriseAppObjectId,
    TenantId,
)


@dataclass(frozen=True, slots=True)
class TenantDiscovery:
    """What OIDC discovery says about a tenant id or domain; needs no credentials.

    `asked` is the tenant or domain, `login` the authority host asked. Without a tenant, `tenant_id` is `None` and
    `error_codes` says why (90002: no such tenant in this cloud).
    """

    asked: str
    login: str
    provenance: Provenance
    tenant_id: TenantId | None = None
    region_scope: str = ""
    region_sub_scope: str = ""
    cloud_instance: str = ""
    graph_host: str = ""
    error: str = ""
    error_codes: tuple[int, ...] = ()
    for_mailbox_domain: bool = False


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What was asked of the token endpoint, as far as it is known."""

    provenance: Provenance
    grant_type: str = ""
    scopes: tuple[str, ...] = ()
    authority_tenant: str = ""
    login: str = ""
    application_id: ApplicationId = NO_APPLICATION_ID
    redirect_uri: str = ""


@dataclass(frozen=True, slots=True)
class EntraError:
    """A refusal of Entra: the numbers first, since its texts change (entra-docs reference-error-codes.md)."""

    codes: tuple[int, ...]
    description: str
    provenance: Provenance
    error: str = ""
    suberror: str = ""
    timestamp: str = ""
    trace_id: str = ""
    correlation_id: str = ""
    grant_type: str = ""  # of the request that was refused, where it is known: client_credentials, password, …


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What an access token says; never the token itself.

    Times are UTC. `roles` and `scopes` are `None` when the claim is absent: Entra leaves `roles` out instead of sending
    an empty list. `complete` is false when the payload was cut, so that an absent claim proves nothing. `opaque` tokens
    (personal accounts, `EwB…`) have no claims. `object_id` is `oid`; in an app-only token it is the Enterprise
    Application's Object ID (azure-docs: "In app-only tokens, this is the object ID of the calling service principal").
    """

    provenance: Provenance
    audience: str = ""
    issuer: str = ""
    tenant_id: TenantId = NO_TENANT_ID
    application_id: ApplicationId = NO_APPLICATION_ID
    object_id: EnterpriseAppObjectId = NO_ENTERPRISE_APP_OBJECT_ID
    roles: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    issued_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    identity_type: str = ""  # idtyp: "app" or "user"
    user_principal_name: str = ""
    identity_provider: str = ""
    app_display_name: str = ""
    version: str = ""
    complete: bool = True
    opaque: bool = False
    valid_signature: bool | None = None

    @property
    def is_app_only(self) -> bool:
        """Whether the token speaks for an application and not for a signed-in user."""
        if self.opaque:
            return False
        return self.identity_type == "app" or (self.scopes is None and not self.user_principal_name)


@dataclass(frozen=True, slots=True)
class PasswordCredential:
    """A client secret as Graph shows it: `hint` is its first three characters, `key_id` the portal's Secret ID."""

    key_id: str
    hint: str
    ends_at: dt.datetime | None
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class KeyCredential:
    """A certificate of an app registration; `thumbprint` is hexadecimal SHA-1 (customKeyIdentifier), upper case."""

    key_id: str
    thumbprint: str
    ends_at: dt.datetime | None
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """A permission that an app registration asks for: declared, which is not granted."""

    resource_app_id: ApplicationId
    id: str
    type: str  # "Role" (application) or "Scope" (delegated)


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """The application object: `applications` in Graph, App registrations in the portal."""

    object_id: AppRegistrationObjectId
    application_id: ApplicationId
    display_name: str
    provenance: Provenance
    sign_in_audience: str = ""
    password_credentials: tuple[PasswordCredential, ...] = ()
    key_credentials: tuple[KeyCredential, ...] = ()
    required_permissions: tuple[RequiredPermission, ...] = ()
    is_fallback_public_client: bool | None = None
    redirect_uris: tuple[tuple[str, str], ...] = ()  # (platform: web | spa | publicClient, URI)


@dataclass(frozen=True, slots=True)
class PublishedPermission:
    """A permission that a resource publishes: an app role (`Role`) or a delegated scope (`Scope`)."""

    id: str
    value: str
    type: str


@dataclass(frozen=True, slots=True)
class EnterpriseApplication:
    """The service principal: `servicePrincipals` in Graph, Enterprise applications in the portal."""

    object_id: EnterpriseAppObjectId
    application_id: ApplicationId
    display_name: str
    provenance: Provenance
    account_enabled: bool | None = None
    owner_tenant_id: TenantId = NO_TENANT_ID
    disabled_by_microsoft_status: str = ""
    service_principal_type: str = ""
    assignment_required: bool | None = None
    permissions: tuple[PublishedPermission, ...] = ()


@dataclass(frozen=True, slots=True)
class AppRoleAssignment:
    """An application permission that was consented to. `created_at` is UTC."""

    app_role_id: str
    resource_id: str
    created_at: dt.datetime | None = None
    resource_display_name: str = ""


@dataclass(frozen=True, slots=True)
class DelegatedGrant:
    """A delegated permission that was consented to (oauth2PermissionGrants)."""

    resource_id: str
    scopes: tuple[str, ...]
    consent_type: str = ""


class DirectoryObjectKind(enum.StrEnum):
    """What Graph says an id is."""

    APP_REGISTRATION = "app registration"
    ENTERPRISE_APPLICATION = "enterprise application"
    DELETED_ENTERPRISE_APPLICATION = "deleted enterprise application"
    EXCHANGE_ONLINE = "the Office 365 Exchange Online enterprise application"
    NOTHING = "nothing in this directory"


@dataclass(frozen=True, slots=True)
class DirectoryObject:
    """What an id that was found somewhere turns out to be."""

    id: str
    kind: DirectoryObjectKind
    provenance: Provenance
    application_id: ApplicationId = NO_APPLICATION_ID
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class GraphEvidence:
    """What Microsoft Graph says, where the operator may ask it; none of it is required for a verdict."""

    enterprise_application: Observed[EnterpriseApplication | Absent] = NOT_COLLECTED
    registration: Observed[AppRegistration | Absent] = NOT_COLLECTED
    exchange_online: Observed[EnterpriseApplication | Absent] = NOT_COLLECTED
    role_assignments: Observed[tuple[AppRoleAssignment, ...]] = NOT_COLLECTED
    delegated_grants: Observed[tuple[DelegatedGrant, ...]] = NOT_COLLECTED
    objects: tuple[DirectoryObject, ...] = ()
