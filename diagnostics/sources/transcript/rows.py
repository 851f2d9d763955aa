"""Rows of cmdlets in pasted texts: which cmdlet a row came from is told by its properties, not by the prompt above it.

What a row says is read by `diagnostics.exchange.rows`, as it is of the bridge; a text may show some of the columns only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from diagnostics.evidence import (
    AccessPolicy,
    CasMailbox,
    ExchangeConnection,
    ExchangeServicePrincipal,
    MailboxPermission,
    Missing,
    Observed,
    Provenance,
    Recipient,
    RoleAssignment,
    Unavailable,
)
from diagnostics.exchange import rows
from diagnostics.ids import is_guid

Fields = Mapping[str, Any]
T = TypeVar("T")

_WHOLE = "Print them whole: Get-MailboxPermission … | Format-List User,UserSid,AccessRights,Deny,IsInherited"


def text(fields: Fields, *names: str) -> str:
    """Return the first property that is there and not empty as text."""
    return next((found for name in names if (found := rows.text(_tidy(fields), name))), "")


def _tidy(fields: Fields) -> rows.Row:
    """Return a row without the line ends that a terminal put into its values."""
    return {name: _unwrapped(value) for name, value in fields.items()}


def _unwrapped(value: Any) -> Any:
    if isinstance(value, list):
        return [_unwrapped(item) if isinstance(item, str) else str(item) for item in value if item is not None]
    if isinstance(value, bool | Mapping) or value is None:
        return value
    whole = re.sub(r"\s+", lambda blanks: "" if "\n" in blanks[0] else blanks[0], str(value))
    return whole if is_guid(whole) else " ".join(str(value).split("\n"))


def _read(build: Callable[[rows.Row, Provenance], T], fields: Fields, where: Provenance) -> T | None:
    try:
        return build(_tidy(fields), where)
    except rows.NotUnderstood:
        return None


def service_principal(fields: Fields, where: Provenance) -> ExchangeServicePrincipal | None:
    """Return a row of Get-ServicePrincipal (Exchange's, not Entra's)."""
    if not (fields.keys() & {"ObjectId", "ServiceId"}) or "AppId" not in fields or "appId" in fields:
        return None
    if not text(fields, "AppId", "ObjectId", "ServiceId") or fields.keys() & {
        "ServicePrincipalType",
        "AppDisplayName",
        "ServicePrincipalNames",
        "AccountEnabled",
    }:
        return None
    return _read(lambda row, place: rows.service_principal(row, place, partial=True), fields, where)


def permission(fields: Fields, where: Provenance) -> Observed[MailboxPermission] | None:
    """Return a row of Get-MailboxPermission; one that is not understood could be anybody's, and may deny or allow."""
    if "AccessRights" not in fields or not text(fields, "User"):
        return None
    try:
        return rows.mailbox_permission(_tidy(fields), where, partial=True)
    except rows.NotUnderstood as odd:
        return Unavailable(f"a row of the permissions is not understood: {odd}", Missing.CUT_OFF, where, _WHOLE)


def cas_mailbox(fields: Fields, where: Provenance) -> CasMailbox | None:
    """Return a row of Get-CASMailbox."""
    found = rows.cas_mailbox(_tidy(fields), where)
    return None if found.imap_enabled is None and found.pop_enabled is None else found


def recipient(fields: Fields, where: Provenance) -> Recipient | None:
    """Return a row of Get-Recipient or Get-Mailbox."""
    details = text(fields, "RecipientTypeDetails")
    return _read(rows.recipient, fields, where) if details and ":" not in details else None


def access_policy(fields: Fields, where: Provenance) -> AccessPolicy | None:
    """Return a row of Get-ApplicationAccessPolicy."""
    if "AccessRight" not in fields or "AppId" not in fields:
        return None
    return _read(lambda row, place: rows.access_policy(row, place, partial=True), fields, where)


def role_assignment(fields: Fields, where: Provenance) -> RoleAssignment | None:
    """Return a row of Get-ManagementRoleAssignment that concerns an application role."""
    if not text(fields, "Role") or not fields.keys() & {"RoleAssignee", "RoleAssigneeName", "EffectiveUserName"}:
        return None
    return _read(rows.role_assignment, fields, where)


def connection(fields: Fields, where: Provenance) -> ExchangeConnection | None:
    """Return a row of Get-ConnectionInformation."""
    if "TenantID" not in fields or not fields.keys() & {"ConnectionId", "ConnectionUri", "TokenStatus", "State"}:
        return None
    return rows.connection(_tidy(fields), where)
