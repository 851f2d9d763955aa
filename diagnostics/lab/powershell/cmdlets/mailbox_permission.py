"""Get-, Add- and Remove-MailboxPermission, and Get-EXOMailboxPermission.

Sources: office-docs-powershell, pages of the cmdlets; AccessRights as one comma-joined string per entry is how the REST
answers were recorded; the principal shows by its object id, as in the administrators' guide.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.lab.powershell.cmdlets.common import (
    IDENTITY,
    OTHER_IDENTITIES,
    RESULT_SIZE,
    distinguished_name,
    exchange_cmdlet,
    identity_of,
    mailbox_named,
    row,
)
from diagnostics.lab.powershell.cmdlets.exchange_errors import (
    TOO_MANY_ENTRIES,
    UNKNOWN_PRINCIPAL,
    WARNING_ALREADY_PRESENT,
    WARNING_NO_ENTRY,
    CmdletRefused,
)
from diagnostics.lab.powershell.cmdlets.service_principal import matching
from diagnostics.lab.powershell.declaration import Call, Kind, Parameter
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.state import SELF, SELF_SID, PermissionEntry, Recipient, Tenant, utc_now

MAXIMUM_ENTRIES = 500
RIGHTS = ("ChangeOwner", "ChangePermission", "DeleteItem", "ExternalAccount", "FullAccess", "ReadPermission")
INHERITANCE = ("None", "All", "Children", "Descendents", "SelfAndChildren")


@dataclass(frozen=True)
class Principal:
    """Who gets a permission: how Exchange shows it, its SID, and every name it answers to."""

    shown: str
    sid: str
    address: str
    names: frozenset[str]


def resolve(tenant: Tenant, identity: str) -> Principal:
    """Return the principal that `identity` names; raise CmdletRefused when Exchange finds none.

    Any unique name will do: object id, AppId, SID or display name of a service principal; address, UPN, alias or
    GUID of a user. Groups count as principals too (Add-MailboxPermission.md: security groups).
    """
    if identity.casefold() in {SELF.casefold(), SELF_SID.casefold()}:
        return Principal(SELF, SELF_SID, "", frozenset({SELF.casefold(), SELF_SID.casefold()}))
    found = matching(tenant, identity)
    if found:
        principal = found[0]
        names = (principal.object_id, principal.app_id, principal.sid, principal.display_name, principal.guid)
        return Principal(principal.object_id, principal.sid, "", _folded(names))
    recipient = tenant.recipient(identity) or _by_sid(tenant, identity)
    if recipient is None:
        raise CmdletRefused(UNKNOWN_PRINCIPAL, identity=identity)
    shown = recipient.user_principal_name or recipient.primary_smtp_address
    names = (shown, recipient.primary_smtp_address, recipient.sid, recipient.alias, recipient.display_name)
    return Principal(shown, recipient.sid, recipient.primary_smtp_address, _folded(names))


def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names if name)


def _entry_holder(tenant: Tenant, mailbox: Recipient, identity: str) -> Principal:
    """Return who `identity` names; an entry of somebody who is gone is still named by its own User or SID."""
    try:
        return resolve(tenant, identity)
    except CmdletRefused:
        wanted = identity.casefold()
        for entry in mailbox.permissions:
            shown = _shown(entry, tenant)
            if wanted in {shown.casefold(), entry.user_sid.casefold()}:
                return Principal(shown, entry.user_sid, "", _folded((shown, entry.user_sid)))
        raise


def _is_of(entry: PermissionEntry, principal: Principal) -> bool:
    """Say whether an entry is a principal's: by SID; by name only where an entry has none."""
    return entry.user_sid == principal.sid if entry.user_sid else entry.user.casefold() in principal.names


def _shown(entry: PermissionEntry, tenant: Tenant) -> str:
    return entry.user_sid if _unresolved(entry, tenant) else entry.user


def _by_sid(tenant: Tenant, identity: str) -> Recipient | None:
    wanted = identity.casefold()
    return next((recipient for recipient in tenant.recipients if recipient.sid.casefold() == wanted), None)


def entries_of(mailbox: Recipient) -> list[PermissionEntry]:
    """Return a mailbox's entries, its owner's first, as Get-MailboxPermission lists them."""
    if any(entry.user_sid == SELF_SID for entry in mailbox.permissions):
        return list(mailbox.permissions)
    return [PermissionEntry(SELF, SELF_SID, ("FullAccess", "ReadPermission")), *mailbox.permissions]


def _unresolved(entry: PermissionEntry, tenant: Tenant) -> bool:
    """Say whether nobody answers to an entry's SID any more: such entries show as a bare SID or not at all.

    What an entry says about itself is kept for those whom the lab does not have: groups above the mailbox, and users who
    were never among its recipients. A GUID can only be a service principal's ObjectId, and those are all here.
    """
    if entry.user_sid == SELF_SID or entry.is_inherited:
        return False
    known = {principal.sid for principal in tenant.exchange_service_principals}
    known |= {recipient.sid for recipient in tenant.recipients}
    return entry.user_sid not in known and (entry.user == entry.user_sid or _is_guid(entry.user))


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _as_row(entry: PermissionEntry, mailbox: Recipient, tenant: Tenant) -> Row:
    address = next(
        (recipient.primary_smtp_address for recipient in tenant.recipients if recipient.sid == entry.user_sid), ""
    )
    return row(
        "MailboxPermission",
        {
            "Identity": mailbox.alias,
            "User": _shown(entry, tenant),
            "AccessRights": [", ".join(entry.access_rights)],
            "IsInherited": entry.is_inherited,
            "Deny": entry.deny,
            "InheritanceType": entry.inheritance_type,
            "UserSid": entry.user_sid,
            "PrimarySmtpAddress": address,
            "IsValid": True,
            "ObjectState": "Unchanged",
        },
    )


def _get(call: Call, tenant: Tenant) -> Iterator[Any]:
    mailbox = mailbox_named(tenant, identity_of(call))
    entries = entries_of(mailbox)
    if not call.get("IncludeUnresolvedPermissions"):
        entries = [entry for entry in entries if not _unresolved(entry, tenant)]
    if call.get("Owner"):
        yield row("MailboxOwner", {"Identity": mailbox.alias, "Owner": SELF})
        return
    if call.has("User"):
        principal = _entry_holder(tenant, mailbox, call.text("User"))
        entries = [entry for entry in entries if _is_of(entry, principal)]
    for entry in entries:
        yield _as_row(entry, mailbox, tenant)


def _rights(call: Call) -> tuple[str, ...]:
    """Return -AccessRights in Exchange's spelling; a list and a comma-joined string mean the same."""
    spelled = {right.casefold(): right for right in (*RIGHTS, "SendAs")}
    parts = (part.strip() for item in call.get("AccessRights", []) for part in item.split(","))
    return tuple(dict.fromkeys(spelled[part.casefold()] for part in parts if part))


def _add(call: Call, tenant: Tenant) -> Iterator[Any]:
    mailbox = mailbox_named(tenant, call.text("Identity"))
    principal = resolve(tenant, call.text("User"))
    rights, deny = _rights(call), bool(call.get("Deny"))
    made = (entry for entry in mailbox.permissions if not entry.is_inherited)
    same = next((entry for entry in made if entry.user_sid == principal.sid and entry.deny == deny), None)
    if same is not None and set(rights) <= set(same.access_rights):
        call.write_warning(
            WARNING_ALREADY_PRESENT.format(object=distinguished_name(mailbox, tenant), account=principal.shown)
        )
        yield _as_row(same, mailbox, tenant)
        return
    if same is None and len(entries_of(mailbox)) >= MAXIMUM_ENTRIES:
        raise CmdletRefused(TOO_MANY_ENTRIES, guid=mailbox.guid)
    if not call.should_process(mailbox.alias, "Add-MailboxPermission"):
        return
    entry = same or PermissionEntry(principal.shown, principal.sid, ())
    entry.access_rights = tuple(right for right in RIGHTS if right in (*entry.access_rights, *rights))
    entry.deny = deny
    entry.inheritance_type = _inheritance(call)
    entry.auto_mapping = bool(call.get("AutoMapping", True))
    if same is None:
        mailbox.permissions.append(entry)
    mailbox.when_changed = utc_now()
    yield _as_row(entry, mailbox, tenant)


def _inheritance(call: Call) -> str:
    wanted = str(call.get("InheritanceType", "All")).casefold()
    return next(name for name in INHERITANCE if name.casefold() == wanted)


def _remove(call: Call, tenant: Tenant) -> Iterator[Any]:
    mailbox = mailbox_named(tenant, call.text("Identity"))
    principal = _entry_holder(tenant, mailbox, call.text("User"))
    rights, deny = set(_rights(call)), bool(call.get("Deny"))
    found = [
        entry
        for entry in mailbox.permissions
        if _is_of(entry, principal)
        and entry.deny == deny
        and not entry.is_inherited
        and rights & set(entry.access_rights)
    ]
    if not found:
        call.write_warning(WARNING_NO_ENTRY.format(object=distinguished_name(mailbox, tenant), account=principal.shown))
        return
    if not call.should_process(mailbox.alias, "Remove-MailboxPermission", confirms=True):
        return
    for entry in found:
        entry.access_rights = tuple(right for right in entry.access_rights if right not in rights)
        if not entry.access_rights:
            mailbox.permissions.remove(entry)
    mailbox.when_changed = utc_now()
    yield from ()


_USER = Parameter("User", mandatory=True)
_ACCESS_RIGHTS = Parameter("AccessRights", Kind.STRINGS, mandatory=True, allowed=RIGHTS)
_REMOVED_RIGHTS = Parameter("AccessRights", Kind.STRINGS, mandatory=True, allowed=(*RIGHTS, "SendAs"))
_INHERITANCE = Parameter("InheritanceType", allowed=INHERITANCE)
_GET_PARAMETERS = (
    IDENTITY,
    Parameter("User"),
    Parameter("Owner", Kind.SWITCH),
    Parameter("IncludeUnresolvedPermissions", Kind.SWITCH),
    Parameter("IncludeSoftDeletedUserPermissions", Kind.SWITCH),
    Parameter("IncludeUserWithDisplayName", Kind.SWITCH),
    Parameter("UseCustomRouting", Kind.SWITCH),
    RESULT_SIZE,
)

CMDLETS = (
    exchange_cmdlet(
        "Get-MailboxPermission",
        _get,
        _GET_PARAMETERS,
        unsimulated=(
            "Credential",
            "GroupMailbox",
            "ReadFromDomainController",
            "SoftDeletedMailbox",
        ),
    ),
    exchange_cmdlet(
        "Add-MailboxPermission",
        _add,
        (
            IDENTITY,
            _USER,
            _ACCESS_RIGHTS,
            _INHERITANCE,
            Parameter("AutoMapping", Kind.BOOL),
            Parameter("Deny", Kind.SWITCH),
        ),
        unsimulated=("Owner", "GroupMailbox", "IgnoreDefaultScope"),
        writes=True,
    ),
    exchange_cmdlet(
        "Remove-MailboxPermission",
        _remove,
        (IDENTITY, _USER, _REMOVED_RIGHTS, _INHERITANCE, Parameter("Deny", Kind.SWITCH)),
        unsimulated=(
            "BypassMasterAccountSid",
            "ClearAutoMapping",
            "GroupMailbox",
            "IgnoreDefaultScope",
            "ResetDefault",
            "SoftDeletedMailbox",
        ),
        writes=True,
    ),
)

MODULE_CMDLETS = (
    exchange_cmdlet(
        "Get-EXOMailboxPermission",
        _get,
        (Parameter("Identity", pipeline="both"), *OTHER_IDENTITIES, Parameter("User"), RESULT_SIZE),
        unsimulated=("Owner", "SoftDeletedMailbox"),
    ),
)
