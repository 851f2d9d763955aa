"""Rows of the Exchange cmdlets as evidence; pure.

Property names are compared without case, values may be text (`"True"`, `{SMTP:a@b, smtp:c@d}`) or typed, and dates may
be ISO 8601, Windows PowerShell's `/Date(…)/` or what .NET prints. A row that lacks what every row of its cmdlet has, or
has something else in its place, is `NotUnderstood`: nothing may be concluded from it, least of all that something is
missing.
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
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, Sid

Row = Mapping[str, object]

_MILLISECONDS = re.compile(r"^\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/$")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_TRUE = {"true", "yes", "$true", "1"}
_FALSE = {"false", "no", "$false", "0"}


class NotUnderstood(ValueError):
    """A row that is not what its cmdlet returns; the words name the property and what is wrong, never the value."""


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


def needed(row: Row, *names: str) -> str:
    """Return a property that every row has, as text. Raises NotUnderstood."""
    value = field(row, *names)
    if not isinstance(value, str | Mapping):
        raise NotUnderstood(f"{names[0]} is {_kind(row, value, names)}")
    written = text(row, *names)
    if not written:
        raise NotUnderstood(f"{names[0]} is {'empty' if isinstance(value, str) else 'an object without a name'}")
    return written


def identifier(row: Row, *names: str) -> str:
    """Return an id that every row has; it is never an object, and whole text. Raises NotUnderstood."""
    if isinstance(field(row, *names), Mapping):
        raise NotUnderstood(f"{names[0]} is an object")
    written = needed(row, *names)
    if any("\ud800" <= character <= "\udfff" for character in written):
        raise NotUnderstood(f"{names[0]} has half of a character in it")
    return written


def optional(row: Row, *names: str) -> str:
    """Return a property that may be missing, null or blank, as text. Raises NotUnderstood when it is no text."""
    value = field(row, *names)
    if value is not None and not isinstance(value, str | Mapping):
        raise NotUnderstood(f"{names[0]} is {_kind(row, value, names)}")
    return text(row, *names)


def needed_flag(row: Row, name: str) -> bool:
    """Return a boolean property that every row has. Raises NotUnderstood."""
    value = flag(row, name)
    if value is None:
        given = field(row, name)
        raise NotUnderstood(f"{name} is {'neither true nor false' if given is not None else _kind(row, None, (name,))}")
    return value


def _kind(row: Row, value: object, names: Sequence[str]) -> str:
    if value is None:
        return "null" if any(has_field(row, name) for name in names) else "missing"
    return "a list" if isinstance(value, list | tuple) else "a number" if isinstance(value, int | float) else "no text"


def flag(row: Row, *names: str) -> bool | None:
    """Return a boolean property; None when the row does not say."""
    value = field(row, *names)
    if isinstance(value, bool):
        return value
    word = "" if value is None else str(value).strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def words(row: Row, *names: str) -> tuple[str, ...]:
    """Return a list property, split at commas: `["FullAccess, ReadPermission"]`, `{FullAccess}` and `FullAccess` alike.

    Raises NotUnderstood when something other than text is in it.
    """
    value = field(row, *names)
    items: Sequence[object] = value if isinstance(value, list | tuple) else [] if value is None else [value]
    if not all(isinstance(item, str) for item in items):
        raise NotUnderstood(f"{names[0]} holds something that is no text")
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
    """Read a row of Get-ServicePrincipal; ServiceId is the old name of ObjectId. Raises NotUnderstood."""
    return ExchangeServicePrincipal(
        app_id=ApplicationId(identifier(row, "AppId")),
        object_id=EnterpriseAppObjectId(identifier(row, "ObjectId", "ServiceId")),
        display_name=optional(row, "DisplayName"),
        provenance=provenance,
        sid=Sid(optional(row, "Sid")),
        identity=optional(row, "Identity"),
        changed_at=moment(row, "WhenChangedUTC", "WhenChanged"),
        names_service_id=has_field(row, "ServiceId") and not text(row, "ObjectId"),
    )


def mailbox_permission(row: Row, provenance: Provenance) -> MailboxPermission:
    """Read a row of Get-MailboxPermission; AccessRights may be joined with commas in one string. Raises NotUnderstood."""
    rights = words(row, "AccessRights")
    if not rights:
        raise NotUnderstood("AccessRights is empty")
    return MailboxPermission(
        user=needed(row, "User"),
        rights=rights,
        provenance=provenance,
        user_sid=Sid(optional(row, "UserSid")),
        deny=needed_flag(row, "Deny"),
        inherited=needed_flag(row, "IsInherited"),
        identity=optional(row, "Identity"),
    )


def recipient(row: Row, provenance: Provenance) -> Recipient:
    """Read a row of Get-Recipient, Get-Mailbox or their Get-EXO forms; only mailboxes have a UserPrincipalName.

    Raises NotUnderstood.
    """
    addresses = words(row, "EmailAddresses")
    primary = optional(row, "PrimarySmtpAddress", "WindowsEmailAddress")
    marked = next((address[5:] for address in addresses if address.startswith("SMTP:")), "")
    return Recipient(
        primary_address=primary or marked,
        type_details=identifier(row, "RecipientTypeDetails", "RecipientType"),
        provenance=provenance,
        identity=optional(row, "Identity", "Name"),
        user_principal_name=optional(row, "UserPrincipalName"),
        addresses=tuple(address[5:] for address in addresses if address.casefold().startswith("smtp:")),
        external_directory_object_id=optional(row, "ExternalDirectoryObjectId"),
        display_name=optional(row, "DisplayName"),
        changed_at=moment(row, "WhenChangedUTC", "WhenChanged"),
    )


def access_policy(row: Row, provenance: Provenance) -> AccessPolicy:
    """Read a row of Get-ApplicationAccessPolicy. Raises NotUnderstood."""
    return AccessPolicy(ApplicationId(identifier(row, "AppId")), optional(row, "AccessRight"), provenance)


def role_assignment(row: Row, provenance: Provenance) -> RoleAssignment:
    """Read a row of Get-ManagementRoleAssignment. Raises NotUnderstood."""
    return RoleAssignment(needed(row, "Role"), optional(row, "RoleAssignee", "RoleAssigneeName"), provenance)


def cas_mailbox(row: Row, provenance: Provenance) -> CasMailbox:
    """Read a row of Get-CASMailbox; SmtpClientAuthenticationDisabled empty means: as the organisation has it."""
    return CasMailbox(
        provenance=provenance,
        imap_enabled=flag(row, "ImapEnabled"),
        pop_enabled=flag(row, "PopEnabled"),
        smtp_client_authentication_disabled=flag(row, "SmtpClientAuthenticationDisabled"),
    )
