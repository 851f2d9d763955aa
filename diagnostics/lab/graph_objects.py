"""How Graph shows what the World holds: property names and shapes of Microsoft Graph v1.0."""

from __future__ import annotations

import datetime as dt
from typing import Any

from diagnostics.lab.state import (
    AppRegistration,
    AppRoleAssignment,
    EnterpriseApplication,
    PasswordCredential,
    Recipient,
    Tenant,
)

EXCHANGE_PLAN = "efb87545-963c-4e0d-99df-69c6916d9eb0"
"""Service plan of Exchange Online (Plan 2), from Microsoft's licensing reference."""


def moment(value: dt.datetime) -> str:
    """Return a time as Graph writes it."""
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def password(credential: PasswordCredential) -> dict[str, Any]:
    """Return a client secret as Graph shows it: the hint, never the value (passwordcredential.md)."""
    return {
        "customKeyIdentifier": None,
        "displayName": credential.display_name,
        "endDateTime": moment(credential.end),
        "hint": credential.hint,
        "keyId": credential.key_id,
        "secretText": None,
        "startDateTime": moment(credential.start),
    }


def application(registration: AppRegistration) -> dict[str, Any]:
    """Return an `application`."""
    uris = registration.redirect_uris
    return {
        "id": registration.object_id,
        "appId": registration.app_id,
        "displayName": registration.display_name,
        "signInAudience": registration.sign_in_audience,
        "disabledByMicrosoftStatus": None,
        "identifierUris": [],
        "passwordCredentials": [password(credential) for credential in registration.password_credentials],
        "keyCredentials": [{**credential, "key": None} for credential in registration.key_credentials],
        "requiredResourceAccess": registration.required_resource_access,
        "isFallbackPublicClient": registration.is_fallback_public_client,
        "web": {"redirectUris": uris.get("web", []), "homePageUrl": None, "logoutUrl": None},
        "spa": {"redirectUris": uris.get("spa", [])},
        "publicClient": {"redirectUris": uris.get("publicClient", [])},
    }


def service_principal(principal: EnterpriseApplication) -> dict[str, Any]:
    """Return a `servicePrincipal`."""
    return {
        "id": principal.object_id,
        "appId": principal.app_id,
        "displayName": principal.display_name,
        "appDisplayName": principal.display_name,
        "accountEnabled": principal.account_enabled,
        "appOwnerOrganizationId": principal.owner_tenant_id,
        "appRoleAssignmentRequired": principal.app_role_assignment_required,
        "disabledByMicrosoftStatus": principal.disabled_by_microsoft_status,
        "servicePrincipalType": principal.service_principal_type,
        "servicePrincipalNames": [principal.app_id],
        "appRoles": principal.app_roles,
        "oauth2PermissionScopes": principal.oauth2_permission_scopes,
        "passwordCredentials": [],
        "keyCredentials": [],
        "tags": []
        if principal.service_principal_type != "Application"
        else ["WindowsAzureActiveDirectoryIntegratedApp"],
    }


def app_role_assignment(tenant: Tenant, grant: AppRoleAssignment) -> dict[str, Any]:
    """Return an `appRoleAssignment`, with the display names of both ends."""
    principal = tenant.service_principal(grant.principal_id)
    resource = tenant.service_principal(grant.resource_id)
    return {
        "id": grant.id,
        "deletedDateTime": None,
        "appRoleId": grant.app_role_id,
        "createdDateTime": moment(grant.created),
        "principalDisplayName": principal.display_name if principal else None,
        "principalId": grant.principal_id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": resource.display_name if resource else None,
        "resourceId": grant.resource_id,
    }


def user(recipient: Recipient) -> dict[str, Any]:
    """Return the `user` behind a recipient."""
    plan = {
        "assignedDateTime": moment(recipient.when_changed),
        "capabilityStatus": "Enabled" if recipient.licensed else "Deleted",
        "service": "exchange",
        "servicePlanId": EXCHANGE_PLAN,
    }
    return {
        "id": recipient.external_directory_object_id,
        "userPrincipalName": recipient.user_principal_name,
        "displayName": recipient.display_name,
        "mail": recipient.primary_smtp_address,
        "mailNickname": recipient.alias,
        "proxyAddresses": recipient.addresses,
        "accountEnabled": recipient.account_enabled,
        "userType": "Member",
        "assignedPlans": [plan],
    }
