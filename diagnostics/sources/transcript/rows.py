"""Rows of cmdlets to evidence: which cmdlet a row came from is told by its properties, not by the prompt above it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from diagnostics.evidence import (
    AccessPolicy,
    CasMailbox,
    ExchangeConnection,
    ExchangeServicePrincipal,
    MailboxPermission,
    Provenance,
    Recipient,
    RoleAssignment,
)
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, Sid, TenantId

Fields = Mapping[str, Any]


def text(fields: Fields, *names: str) -> str:
    """Return the first property that is there as text."""
    for name in names:
        value = fields.get(name)
        if value not in (None, "", []):
            return _unwrapped(", ".join(map(str, value)) if isinstance(value, list) else str(value))
    return ""


def _unwrapped(value: str) -> str:
    """Take the line ends out that a terminal put into a value: an id has none."""
    whole = re.sub(r"\s+", lambda blanks: "" if "\n" in blanks[0] else blanks[0], value)
    return (
        whole
        if re.fullmatch(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", whole)
        else " ".join(value.split("\n"))
    )


def flag(fields: Fields, name: str) -> bool | None:
    """Return a switch; `None` where the row does not show it or shows nothing (`$null`)."""
    value = fields.get(name)
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "$true": True, "$false": False}.get(str(value).strip().lower())


def names(value: object) -> tuple[str, ...]:
    """Split what Exchange joins: a list, `{A, B}`, `A, B`, or a list whose one element is `A, B`."""
    items = value if isinstance(value, list) else [value]
    found: list[str] = []
    for item in items:
        found += [part.strip(" {}[]'\"") for part in str(item or "").split(",")]
    return tuple(part for part in found if part)


def moment(value: str) -> dt.datetime | None:
    """Return a time that names its zone or comes from a property in UTC; other forms are not guessed."""
    match = re.match(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)", value)
    if match is None:
        return None
    try:
        return dt.datetime(*(int(part) for part in match.groups()), tzinfo=dt.UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def service_principal(fields: Fields, where: Provenance) -> ExchangeServicePrincipal | None:
    """Return a row of Get-ServicePrincipal (Exchange's, not Entra's)."""
    if not (fields.keys() & {"ObjectId", "ServiceId"}) or "AppId" not in fields or "appId" in fields:
        return None
    app_id, object_id = text(fields, "AppId"), text(fields, "ObjectId", "ServiceId")
    if not (app_id or object_id) or fields.keys() & {
        "ServicePrincipalType",
        "AppDisplayName",
        "ServicePrincipalNames",
        "AccountEnabled",
    }:
        return None
    return ExchangeServicePrincipal(
        app_id=ApplicationId(app_id),
        object_id=EnterpriseAppObjectId(object_id),
        display_name=text(fields, "DisplayName"),
        provenance=where,
        sid=Sid(text(fields, "Sid")),
        identity=text(fields, "Identity"),
        changed_at=moment(text(fields, "WhenChangedUTC")),
        names_service_id="ServiceId" in fields and "ObjectId" not in fields,
    )


def permission(fields: Fields, where: Provenance) -> MailboxPermission | None:
    """Return a row of Get-MailboxPermission."""
    if "AccessRights" not in fields or not text(fields, "User"):
        return None
    return MailboxPermission(
        user=text(fields, "User"),
        rights=names(fields.get("AccessRights")),
        provenance=where,
        user_sid=Sid(text(fields, "UserSid")),
        deny=bool(flag(fields, "Deny")),
        inherited=bool(flag(fields, "IsInherited")),
        identity=text(fields, "Identity"),
    )


def cas_mailbox(fields: Fields, where: Provenance) -> CasMailbox | None:
    """Return a row of Get-CASMailbox."""
    if flag(fields, "ImapEnabled") is None and flag(fields, "PopEnabled") is None:
        return None
    return CasMailbox(
        provenance=where,
        imap_enabled=flag(fields, "ImapEnabled"),
        pop_enabled=flag(fields, "PopEnabled"),
        smtp_client_authentication_disabled=flag(fields, "SmtpClientAuthenticationDisabled"),
    )


def recipient(fields: Fields, where: Provenance) -> Recipient | None:
    """Return a row of Get-Recipient or Get-Mailbox."""
    details = text(fields, "RecipientTypeDetails")
    address = text(fields, "PrimarySmtpAddress", "WindowsEmailAddress")
    if not details or ":" in details:
        return None
    return Recipient(
        primary_address=address,
        type_details=details,
        provenance=where,
        identity=text(fields, "Identity", "Name", "DisplayName"),
        user_principal_name=text(fields, "UserPrincipalName"),
        addresses=tuple(
            re.sub(r"(?i)^smtp:", "", a) for a in names(fields.get("EmailAddresses")) if a.lower().startswith("smtp:")
        ),
        external_directory_object_id=text(fields, "ExternalDirectoryObjectId"),
        display_name=text(fields, "DisplayName"),
        changed_at=moment(text(fields, "WhenChangedUTC")),
    )


def access_policy(fields: Fields, where: Provenance) -> AccessPolicy | None:
    """Return a row of Get-ApplicationAccessPolicy."""
    if "AccessRight" not in fields or "AppId" not in fields:
        return None
    return AccessPolicy(ApplicationId(text(fields, "AppId")), text(fields, "AccessRight"), where)


def role_assignment(fields: Fields, where: Provenance) -> RoleAssignment | None:
    """Return a row of Get-ManagementRoleAssignment that concerns an application role."""
    role = text(fields, "Role")
    if not role or not fields.keys() & {"RoleAssignee", "RoleAssigneeName", "EffectiveUserName"}:
        return None
    return RoleAssignment(role, text(fields, "RoleAssigneeName", "RoleAssignee", "EffectiveUserName"), where)


def connection(fields: Fields, where: Provenance) -> ExchangeConnection | None:
    """Return a row of Get-ConnectionInformation."""
    if "TenantID" not in fields or not fields.keys() & {"ConnectionId", "ConnectionUri", "TokenStatus", "State"}:
        return None
    return ExchangeConnection(
        tenant_id=TenantId(text(fields, "TenantID").lower()),
        organization=text(fields, "Organization", "DelegatedOrganization"),
        provenance=where,
        user_principal_name=text(fields, "UserPrincipalName"),
        application_id=ApplicationId(text(fields, "AppId")),
    )
