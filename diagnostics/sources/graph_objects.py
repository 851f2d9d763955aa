"""What Graph's JSON says, by the types of Graph's reference; a value of another type is not understood, never absent."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from diagnostics.clouds import EXCHANGE_ONLINE
from diagnostics.evidence import (
    Absent,
    AppRegistration,
    AppRegistrationObjectId,
    AppRoleAssignment,
    DelegatedGrant,
    DirectoryObject,
    DirectoryObjectKind,
    EnterpriseApplication,
    EnterpriseAppObjectId,
    KeyCredential,
    Missing,
    PasswordCredential,
    PublishedPermission,
    RequiredPermission,
    Unavailable,
)
from diagnostics.ids import ApplicationId, TenantId
from diagnostics.net.answers import Answer

_SHA1_BYTES = 20
T = TypeVar("T")


class Misshapen(Exception):
    """A property of another type than Graph's reference gives it."""

    def said(self, answer: Answer) -> Unavailable:
        """Return what that makes of an answer."""
        reason = f"Graph at {answer.host} answered with something that is not understood as {self}"
        return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)


def one(
    answer: Answer | Absent | Unavailable, build: Callable[[Answer], T], application_id: ApplicationId
) -> T | Absent | Unavailable:
    """Return the object that was asked for; one of another application, or that cannot be read, is `Unavailable`."""
    if not isinstance(answer, Answer):
        return answer
    try:
        if not text(answer.body, "id"):
            reason = f"Graph at {answer.host} answered without an object id"
            return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)
        if text(answer.body, "appId").lower() != application_id.lower():
            reason = f"Graph at {answer.host} answered with another application than the one asked for"
            return Unavailable(reason, Missing.UNEXPECTED, answer.provenance)
        return build(answer)
    except Misshapen as problem:
        return problem.said(answer)


def assignment(row: Mapping[str, Any]) -> AppRoleAssignment:
    """Return an application permission that was consented to. Raises Misshapen."""
    return AppRoleAssignment(
        _needed(row, "appRoleId"),
        _needed(row, "resourceId"),
        _moment(row, "createdDateTime"),
        text(row, "resourceDisplayName"),
    )


def grant(row: Mapping[str, Any]) -> DelegatedGrant:
    """Return delegated permissions that were consented to. Raises Misshapen."""
    return DelegatedGrant(_needed(row, "resourceId"), tuple(text(row, "scope").split()), _needed(row, "consentType"))


def enterprise_application(answer: Answer) -> EnterpriseApplication:
    """Return an enterprise application. Raises Misshapen."""
    body = answer.body
    roles = (PublishedPermission(text(row, "id"), text(row, "value"), "Role") for row in listed(body, "appRoles"))
    scopes = (
        PublishedPermission(text(row, "id"), text(row, "value"), "Scope")
        for row in listed(body, "oauth2PermissionScopes")
    )
    return EnterpriseApplication(
        EnterpriseAppObjectId(text(body, "id")),
        ApplicationId(text(body, "appId")),
        text(body, "displayName"),
        answer.provenance,
        account_enabled=_bool(body, "accountEnabled"),
        owner_tenant_id=TenantId(text(body, "appOwnerOrganizationId")),
        disabled_by_microsoft_status=text(body, "disabledByMicrosoftStatus"),
        service_principal_type=text(body, "servicePrincipalType"),
        assignment_required=_bool(body, "appRoleAssignmentRequired"),
        permissions=(*roles, *scopes),
    )


def registration(answer: Answer) -> AppRegistration:
    """Return an app registration. Raises Misshapen."""
    body = answer.body
    return AppRegistration(
        AppRegistrationObjectId(text(body, "id")),
        ApplicationId(text(body, "appId")),
        text(body, "displayName"),
        answer.provenance,
        sign_in_audience=text(body, "signInAudience"),
        password_credentials=tuple(
            PasswordCredential(
                text(row, "keyId"), text(row, "hint"), _moment(row, "endDateTime"), text(row, "displayName")
            )
            for row in listed(body, "passwordCredentials")
        ),
        key_credentials=tuple(
            KeyCredential(
                text(row, "keyId"),
                _thumbprint(text(row, "customKeyIdentifier")),
                _moment(row, "endDateTime"),
                text(row, "displayName"),
            )
            for row in listed(body, "keyCredentials")
        ),
        required_permissions=tuple(
            RequiredPermission(ApplicationId(text(resource, "resourceAppId")), text(row, "id"), text(row, "type"))
            for resource in listed(body, "requiredResourceAccess")
            for row in listed(resource, "resourceAccess")
        ),
        is_fallback_public_client=_bool(body, "isFallbackPublicClient"),
        redirect_uris=tuple(_redirect_uris(body)),
    )


def _redirect_uris(body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for platform in ("web", "spa", "publicClient"):
        section = _typed(body, platform, dict) or {}
        for uri in _typed(section, "redirectUris", list) or ():
            if not isinstance(uri, str):
                raise Misshapen("redirectUris")
            yield platform, uri


def directory_object(unknown: str, kind: DirectoryObjectKind, answer: Answer) -> DirectoryObject | None:
    """Return what an id is; None of a deleted object of another kind. Raises Misshapen."""
    body = answer.body
    if text(body, "id").lower() != unknown.lower():
        raise Misshapen("id")
    application_id = ApplicationId(text(body, "appId"))
    if kind is DirectoryObjectKind.ENTERPRISE_APPLICATION and application_id.lower() == EXCHANGE_ONLINE:
        kind = DirectoryObjectKind.EXCHANGE_ONLINE
    deleted = kind is DirectoryObjectKind.DELETED_ENTERPRISE_APPLICATION
    if deleted and not text(body, "@odata.type").endswith("servicePrincipal"):
        return None
    return DirectoryObject(unknown, kind, answer.provenance, application_id, text(body, "displayName"))


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


def word(row: Mapping[str, Any], name: str) -> str:
    """Return a text, empty where it is none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _typed(row: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """Return a property, None where it is absent or null. Raises _Misshapen."""
    value = row.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise Misshapen(name)


def text(row: Mapping[str, Any], name: str) -> str:
    """Return a text, empty where it is absent or null. Raises Misshapen."""
    return _typed(row, name, str) or ""


def _needed(row: Mapping[str, Any], name: str) -> str:
    value = text(row, name)
    if not value:
        raise Misshapen(name)
    return value


def _bool(row: Mapping[str, Any], name: str) -> bool | None:
    return _typed(row, name, bool)


def listed(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, none where it is absent or null. Raises Misshapen."""
    rows = _typed(body, name, list) or []
    if not all(isinstance(row, dict) for row in rows):
        raise Misshapen(name)
    return rows


def _moment(row: Mapping[str, Any], name: str) -> dt.datetime | None:
    """Read Graph's times (UTC, up to seven decimals). Raises _Misshapen."""
    value = text(row, name)
    if not value:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        raise Misshapen(name) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
