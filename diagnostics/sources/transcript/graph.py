"""Objects of Microsoft Graph that somebody pasted as JSON: application, service principal, grants."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from diagnostics.evidence import (
    ApplicationId,
    AppRegistration,
    AppRegistrationObjectId,
    AppRoleAssignment,
    DelegatedGrant,
    EnterpriseApplication,
    EnterpriseAppObjectId,
    KeyCredential,
    PasswordCredential,
    Provenance,
    PublishedPermission,
    RequiredPermission,
    TenantDiscovery,
    TenantId,
)
from diagnostics.net.urls import split

Fields = Mapping[str, Any]
_SHA1_HEX = 40


def app_registration(fields: Fields, where: Provenance) -> AppRegistration | None:
    """Return an `application` object, as Graph, `az ad app show` and the portal's manifest give it."""
    if "appId" not in fields or not fields.keys() & {"requiredResourceAccess", "passwordCredentials", "signInAudience"}:
        return None
    if fields.keys() & {"servicePrincipalType", "appOwnerOrganizationId", "appRoleAssignmentRequired"}:
        return None
    return AppRegistration(
        object_id=AppRegistrationObjectId(_text(fields, "id", "objectId")),
        application_id=ApplicationId(_text(fields, "appId")),
        display_name=_text(fields, "displayName", "name"),
        provenance=where,
        sign_in_audience=_text(fields, "signInAudience"),
        password_credentials=tuple(_password(item) for item in _objects(fields, "passwordCredentials")),
        key_credentials=tuple(_key(item) for item in _objects(fields, "keyCredentials")),
        required_permissions=required_permissions(fields),
        is_fallback_public_client=_flag(fields, "isFallbackPublicClient", "allowPublicClient"),
        redirect_uris=_redirect_uris(fields),
    )


def required_permissions(fields: Fields) -> tuple[RequiredPermission, ...]:
    """Return what an app registration asks for."""
    return tuple(
        RequiredPermission(ApplicationId(_text(resource, "resourceAppId")), _text(access, "id"), _text(access, "type"))
        for resource in _objects(fields, "requiredResourceAccess")
        for access in _objects(resource, "resourceAccess")
    )


def resource_permissions(fields: Fields) -> tuple[RequiredPermission, ...]:
    """Return the permissions of one resource, as a part of a manifest shows them without the application around them."""
    return required_permissions({"requiredResourceAccess": [fields]}) if "resourceAppId" in fields else ()


def enterprise_application(fields: Fields, where: Provenance) -> EnterpriseApplication | None:
    """Return a `servicePrincipal` object."""
    signs = {
        "servicePrincipalType",
        "appOwnerOrganizationId",
        "appRoleAssignmentRequired",
        "servicePrincipalNames",
        "accountEnabled",
    }
    if "appId" not in fields or not fields.keys() & signs:
        return None
    published = [
        PublishedPermission(_text(item, "id"), _text(item, "value"), kind)
        for name, kind in (("appRoles", "Role"), ("oauth2PermissionScopes", "Scope"), ("oauth2Permissions", "Scope"))
        for item in _objects(fields, name)
    ]
    return EnterpriseApplication(
        object_id=EnterpriseAppObjectId(_text(fields, "id", "objectId")),
        application_id=ApplicationId(_text(fields, "appId")),
        display_name=_text(fields, "displayName", "appDisplayName"),
        provenance=where,
        account_enabled=_flag(fields, "accountEnabled"),
        owner_tenant_id=TenantId(_text(fields, "appOwnerOrganizationId")),
        disabled_by_microsoft_status=_text(fields, "disabledByMicrosoftStatus"),
        service_principal_type=_text(fields, "servicePrincipalType"),
        assignment_required=_flag(fields, "appRoleAssignmentRequired"),
        permissions=tuple(published),
    )


def discovery(fields: Fields, where: Provenance) -> TenantDiscovery | None:
    """Return what an openid-configuration says of a tenant; it names the tenant's id in its issuer."""
    issuer, endpoint = _text(fields, "issuer"), _text(fields, "token_endpoint")
    tenant = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", issuer)
    if not endpoint or tenant is None:
        return None
    parts = split(endpoint)
    if not parts.netloc:
        return None
    return TenantDiscovery(
        asked=parts.path.strip("/").split("/", 1)[0],
        login=f"{parts.scheme}://{parts.netloc}",
        provenance=where,
        tenant_id=TenantId(tenant[0]),
        region_scope=_text(fields, "tenant_region_scope"),
        region_sub_scope=_text(fields, "tenant_region_sub_scope"),
        cloud_instance=_text(fields, "cloud_instance_name"),
        graph_host=_text(fields, "msgraph_host"),
    )


def role_assignment(fields: Fields) -> AppRoleAssignment | None:
    """Return an `appRoleAssignment` object."""
    if "appRoleId" not in fields or "resourceId" not in fields:
        return None
    return AppRoleAssignment(
        _text(fields, "appRoleId"),
        _text(fields, "resourceId"),
        _moment(fields, "createdDateTime"),
        _text(fields, "resourceDisplayName"),
    )


def delegated_grant(fields: Fields) -> DelegatedGrant | None:
    """Return an `oauth2PermissionGrant` object."""
    if "consentType" not in fields or "scope" not in fields or "resourceId" not in fields:
        return None
    return DelegatedGrant(
        _text(fields, "resourceId"), tuple(_text(fields, "scope").split()), _text(fields, "consentType")
    )


def _password(item: Fields) -> PasswordCredential:
    return PasswordCredential(
        _text(item, "keyId"), _text(item, "hint"), _moment(item, "endDateTime", "endDate"), _text(item, "displayName")
    )


def _key(item: Fields) -> KeyCredential:
    thumbprint = _text(item, "customKeyIdentifier")
    if len(thumbprint) != _SHA1_HEX:
        try:
            thumbprint = base64.b64decode(thumbprint).hex()
        except (binascii.Error, ValueError):
            thumbprint = ""
    return KeyCredential(
        _text(item, "keyId"), thumbprint.upper(), _moment(item, "endDateTime", "endDate"), _text(item, "displayName")
    )


def _redirect_uris(fields: Fields) -> tuple[tuple[str, str], ...]:
    found = []
    for platform in ("web", "spa", "publicClient"):
        inner = fields.get(platform)
        if isinstance(inner, Mapping):
            found += [(platform, uri) for uri in inner.get("redirectUris") or () if isinstance(uri, str)]
    kinds = {"Web": "web", "Spa": "spa", "InstalledClient": "publicClient"}
    for item in _objects(fields, "replyUrlsWithType"):
        found.append((kinds.get(_text(item, "type"), "web"), _text(item, "url")))
    return tuple(found)


def _objects(fields: Fields, name: str) -> list[Fields]:
    value = fields.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(fields: Fields, *names: str) -> str:
    return next((str(fields[name]) for name in names if isinstance(fields.get(name), str)), "")


def _flag(fields: Fields, *names: str) -> bool | None:
    return next((fields[name] for name in names if isinstance(fields.get(name), bool)), None)


def _moment(fields: Fields, *names: str) -> dt.datetime | None:
    text = _text(fields, *names)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
