"""Rows of the Exchange cmdlets as evidence; pure, for the bridge and for pasted `| fl` output alike.

Property names are compared without case, values may be text (`"True"`, `{SMTP:a@b, smtp:c@d}`) or typed, and dates may
be ISO 8601, Windows PowerShell's `/Date(…)/` or what .NET prints.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from diagnostics.evidence import (
    AccessPolicy,
    CasMailbox,
    ExchangeServicePrincipal,
    MailboxPermission,
    Provenance,
    Recipient,
    RoleAssignment,
)

Row = Mapping[str, object]

_MILLISECONDS = re.compile(r"^\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/$")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_TRUE = {"true", "yes", "$true", "1"}
_FALSE = {"false", "no", "$false", "0"}


def field(row: Row, *names: str) -> object:
    """Return the first of `names` that the row has, in any case; None when it has none of them."""
    folded = {key.casefold(): value for key, value in row.items()}
    return next((folded[name.casefold()] for name in names if folded.get(name.casefold()) is not None), None)


def has_field(row: Row, name: str) -> bool:
    """Say whether the row has this property, whatever its value."""
    return any(key.casefold() == name.casefold() for key in row)


def text(row: Row, *names: str) -> str:
    """Return a property as text; an empty string when it is missing, null or blank."""
    value = field(row, *names)
    if value is None:
        return ""
    if isinstance(value, Mapping):  # an identity object that kept its parts: its name is what a person would see
        return text(value, "Name", "RawIdentity", "DisplayName", "Value")
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value).strip()


def flag(row: Row, *names: str) -> bool | None:
    """Return a boolean property; None when the row does not say."""
    value = field(row, *names)
    if isinstance(value, bool):
        return value
    word = "" if value is None else str(value).strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def words(row: Row, *names: str) -> tuple[str, ...]:
    """Return a list property, split at commas: `["FullAccess, ReadPermission"]`, `{FullAccess}` and `FullAccess` alike."""
    value = field(row, *names)
    items: Sequence[object] = value if isinstance(value, list | tuple) else [] if value is None else [value]
    joined = ",".join(str(item) for item in items)
    return tuple(word for part in joined.split(",") if (word := part.strip(" \t\r\n{}")))


def moment(row: Row, *names: str) -> dt.datetime | None:
    """Return a date property in UTC; None when it is missing or not a date. A date without a zone is taken as UTC."""
    value = field(row, *names)
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, Mapping):  # Windows PowerShell writes a date that carries extended properties as an object
        return moment(value, "value", "DateTime")
    written = "" if value is None else str(value).strip()
    if found := _MILLISECONDS.match(written):
        return dt.datetime.fromtimestamp(int(found[1]) / 1000, dt.UTC)
    try:
        parsed = dt.datetime.fromisoformat(_FRACTION.sub(r"\1", written))
    except ValueError:
        return _printed(written)
    return parsed.astimezone(dt.UTC) if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)


def _printed(written: str) -> dt.datetime | None:
    """Read a date as .NET prints it with en-US culture; other cultures are ambiguous and are not guessed."""
    for form in ("%m/%d/%Y %I:%M:%S %p", "%A, %B %d, %Y %I:%M:%S %p"):
        try:
            return dt.datetime.strptime(written, form).replace(tzinfo=dt.UTC)
        except ValueError:
            continue
    return None


def service_principal(row: Row, provenance: Provenance) -> ExchangeServicePrincipal:
    """Read a row of Get-ServicePrincipal; ServiceId is the old name of ObjectId."""
    return ExchangeServicePrincipal(
        app_id=text(row, "AppId"),
        object_id=text(row, "ObjectId", "ServiceId"),
        display_name=text(row, "DisplayName"),
        provenance=provenance,
        sid=text(row, "Sid"),
        identity=text(row, "Identity"),
        changed_at=moment(row, "WhenChangedUTC", "WhenChanged"),
        names_service_id=has_field(row, "ServiceId") and not text(row, "ObjectId"),
    )


def mailbox_permission(row: Row, provenance: Provenance) -> MailboxPermission:
    """Read a row of Get-MailboxPermission; AccessRights may be joined with commas in one string."""
    return MailboxPermission(
        user=text(row, "User"),
        rights=words(row, "AccessRights"),
        provenance=provenance,
        user_sid=text(row, "UserSid"),
        deny=flag(row, "Deny") or False,
        inherited=flag(row, "IsInherited") or False,
        identity=text(row, "Identity"),
    )


def recipient(row: Row, provenance: Provenance) -> Recipient:
    """Read a row of Get-Recipient, Get-Mailbox or their Get-EXO forms; only mailboxes have a UserPrincipalName."""
    addresses = words(row, "EmailAddresses")
    primary = text(row, "PrimarySmtpAddress", "WindowsEmailAddress")
    marked = next((address[5:] for address in addresses if address.startswith("SMTP:")), "")
    return Recipient(
        primary_address=primary or marked,
        type_details=text(row, "RecipientTypeDetails", "RecipientType"),
        provenance=provenance,
        identity=text(row, "Identity", "Name"),
        user_principal_name=text(row, "UserPrincipalName"),
        addresses=tuple(address[5:] for address in addresses if address.casefold().startswith("smtp:")),
        external_directory_object_id=text(row, "ExternalDirectoryObjectId"),
        display_name=text(row, "DisplayName"),
        changed_at=moment(row, "WhenChangedUTC", "WhenChanged"),
    )


def access_policy(row: Row, provenance: Provenance) -> AccessPolicy:
    """Read a row of Get-ApplicationAccessPolicy."""
    return AccessPolicy(text(row, "AppId"), text(row, "AccessRight"), provenance)


def role_assignment(row: Row, provenance: Provenance) -> RoleAssignment:
    """Read a row of Get-ManagementRoleAssignment."""
    return RoleAssignment(text(row, "Role"), text(row, "RoleAssignee", "RoleAssigneeName"), provenance)


def cas_mailbox(row: Row, provenance: Provenance) -> CasMailbox:
    """Read a row of Get-CASMailbox; SmtpClientAuthenticationDisabled empty means: as the organisation has it."""
    return CasMailbox(
        provenance=provenance,
        imap_enabled=flag(row, "ImapEnabled"),
        pop_enabled=flag(row, "PopEnabled"),
        smtp_client_authentication_disabled=flag(row, "SmtpClientAuthenticationDisabled"),
    )
