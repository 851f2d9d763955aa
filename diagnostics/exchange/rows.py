"""Rows of the Exchange cmdlets as evidence, from the bridge, a collector's file and pasted texts alike; pure.

Property names are compared without case, values may be text (`"True"`, `{SMTP:a@b, smtp:c@d}`) or typed, and dates may
be ISO 8601, Windows PowerShell's `/Date(…)/` or what .NET prints. A row that lacks what every row of its cmdlet has, or
has something else in its place, is `NotUnderstood`: nothing may be concluded from it, least of all that something is
missing. Whoever pastes shows the columns of a choice: `partial` lets those that are not shown be as they usually are, and
what is shown has to be readable all the same.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

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
from diagnostics.redaction import safe

Row = Mapping[str, object]

_MILLISECONDS = re.compile(r"^\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/$")
_RIGHT = re.compile(r"[A-Za-z]+", re.ASCII)
_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d|^\\?/Date\(.*)$", re.ASCII)
_FRACTION = re.compile(r"(\.\d{6})\d+")
_AROUND_WORDS = " \t\r\n{}[]'\""
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
    return tuple(word for part in joined.split(",") if (word := part.strip(_AROUND_WORDS)))


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


def changed_at(row: Row) -> dt.datetime | None:
    """Return when an object was changed; WhenChanged is local time, and counts only where it names its zone."""
    local = field(row, "WhenChanged")
    zoned = isinstance(local, dt.datetime | Mapping) or _ZONE.search(str(local or "").strip())
    return moment(row, "WhenChangedUTC") or (moment(row, "WhenChanged") if zoned else None)


def service_principal(row: Row, provenance: Provenance, *, partial: bool = False) -> ExchangeServicePrincipal:
    """Read a row of Get-ServicePrincipal; ServiceId is the old name of ObjectId. Raises NotUnderstood."""
    ids = optional if partial else identifier
    return ExchangeServicePrincipal(
        app_id=ApplicationId(ids(row, "AppId")),
        object_id=EnterpriseAppObjectId(ids(row, "ObjectId", "ServiceId")),
        display_name=optional(row, "DisplayName"),
        provenance=provenance,
        sid=Sid(optional(row, "Sid")),
        identity=optional(row, "Identity"),
        changed_at=changed_at(row),
        names_service_id=has_field(row, "ServiceId") and not text(row, "ObjectId"),
    )


def mailbox_permission(row: Row, provenance: Provenance, *, partial: bool = False) -> MailboxPermission:
    """Read a row of Get-MailboxPermission; AccessRights may be joined with commas in one string. Raises NotUnderstood.

    Rights of which a part cannot be read, as where Format-Table cut them off or Export-Csv wrote the list's type, are none,
    unless FullAccess is among the rest.
    """
    shown = words(row, "AccessRights")
    rights = tuple(right for right in shown if _RIGHT.fullmatch(right))
    if len(rights) < len(shown) and not any(right.casefold() == "fullaccess" for right in rights):
        rights = ()
    if not rights and not partial:
        raise NotUnderstood("AccessRights is not readable" if shown else "AccessRights is empty")
    return MailboxPermission(
        user=needed(row, "User"),
        rights=rights,
        provenance=provenance,
        user_sid=Sid(optional(row, "UserSid")),
        deny=_flag_of_row(row, "Deny", partial=partial),
        inherited=_flag_of_row(row, "IsInherited", partial=partial),
        identity=optional(row, "Identity"),
    )


def _flag_of_row(row: Row, name: str, *, partial: bool) -> bool:
    return False if partial and not text(row, name) else needed_flag(row, name)


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
        changed_at=changed_at(row),
    )


def access_policy(row: Row, provenance: Provenance, *, partial: bool = False) -> AccessPolicy:
    """Read a row of Get-ApplicationAccessPolicy. Raises NotUnderstood."""
    app_id = optional(row, "AppId") if partial else identifier(row, "AppId")
    return AccessPolicy(ApplicationId(app_id), optional(row, "AccessRight"), provenance)


def role_assignment(row: Row, provenance: Provenance) -> RoleAssignment:
    """Read a row of Get-ManagementRoleAssignment. Raises NotUnderstood."""
    assignee = optional(row, "RoleAssignee", "RoleAssigneeName", "EffectiveUserName")
    return RoleAssignment(needed(row, "Role"), assignee, provenance)


def cas_mailbox(row: Row, provenance: Provenance) -> CasMailbox:
    """Read a row of Get-CASMailbox; SmtpClientAuthenticationDisabled empty means: as the organisation has it."""
    return CasMailbox(
        provenance=provenance,
        imap_enabled=flag(row, "ImapEnabled"),
        pop_enabled=flag(row, "PopEnabled"),
        smtp_client_authentication_disabled=flag(row, "SmtpClientAuthenticationDisabled"),
    )


def connection(row: Row, provenance: Provenance) -> ExchangeConnection:
    """Read a row of Get-ConnectionInformation; whatever it holds is shown and compared, and nothing concluded from a gap."""
    return ExchangeConnection(
        tenant_id=TenantId(safe(text(row, "TenantID")).lower()),
        organization=safe(text(row, "Organization") or text(row, "DelegatedOrganization")),
        provenance=provenance,
        user_principal_name=safe(text(row, "UserPrincipalName")),
        application_id=ApplicationId(safe(text(row, "AppId")).lower()),
    )
