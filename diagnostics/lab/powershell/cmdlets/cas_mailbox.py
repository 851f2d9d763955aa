"""Get- and Set-CASMailbox, and Get-EXOCasMailbox: which protocols a mailbox may use.

Sources: office-docs-powershell, Get-CASMailbox.md and Set-CASMailbox.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from diagnostics.lab.powershell.cmdlets.common import (
    IDENTITY,
    OPTIONAL_IDENTITY,
    OTHER_IDENTITIES,
    RESULT_SIZE,
    TYPE_DETAILS,
    exchange_cmdlet,
    identity_of,
    mailbox_named,
    row,
    wanted_types,
)
from diagnostics.lab.powershell.declaration import Call, Kind, Parameter
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.state import Recipient, Tenant, utc_now

SWITCHES = {
    "ImapEnabled": "imap_enabled",
    "PopEnabled": "pop_enabled",
    "SmtpClientAuthenticationDisabled": "smtp_client_authentication_disabled",
}
"""Parameter of Set-CASMailbox, and the attribute of the model that it changes."""


def _as_row(mailbox: Recipient) -> Row:
    return row(
        "CASMailbox",
        {
            "Identity": mailbox.alias,
            "Name": mailbox.alias,
            "DisplayName": mailbox.display_name or mailbox.alias,
            "PrimarySmtpAddress": mailbox.primary_smtp_address,
            "ImapEnabled": mailbox.imap_enabled,
            "PopEnabled": mailbox.pop_enabled,
            "SmtpClientAuthenticationDisabled": mailbox.smtp_client_authentication_disabled,
            "ActiveSyncEnabled": True,
            "EwsEnabled": None,
            "MAPIEnabled": True,
            "OWAEnabled": True,
            "ExternalDirectoryObjectId": mailbox.external_directory_object_id,
            "Guid": uuid.UUID(mailbox.guid),
            "WhenChangedUTC": mailbox.when_changed,
        },
    )


def _get(call: Call, tenant: Tenant) -> Iterator[Any]:
    identity, wanted = identity_of(call), wanted_types(call)
    if identity:
        named = [mailbox_named(tenant, identity)]
    else:
        named = [item for item in tenant.recipients if item.is_mailbox and not item.soft_deleted]
    for recipient in named:
        if not wanted or recipient.recipient_type_details.casefold() in wanted:
            yield _as_row(recipient)


def _set(call: Call, tenant: Tenant) -> Iterator[Any]:
    mailbox = mailbox_named(tenant, call.text("Identity"))
    wanted = {name: call.get(name) for name in SWITCHES if call.has(name)}
    if all(getattr(mailbox, SWITCHES[name]) == value for name, value in wanted.items()):
        # Recorded in many transcripts: the cmdlet completes and says that nothing changed.
        call.write_warning(
            f"The command completed successfully but no settings of '{mailbox.alias}' have been modified."
        )
        return
    if not call.should_process(mailbox.alias, "Set-CASMailbox"):
        return
    for name, value in wanted.items():
        setattr(mailbox, SWITCHES[name], value)
    mailbox.when_changed = utc_now()
    yield from ()


_UNSIMULATED_SET = (
    "ActiveSyncAllowedDeviceIDs",
    "ActiveSyncBlockedDeviceIDs",
    "ActiveSyncDebugLogging",
    "ActiveSyncEnabled",
    "ActiveSyncMailboxPolicy",
    "ActiveSyncSuppressReadReceipt",
    "EwsAllowEntourage",
    "EwsAllowList",
    "EwsAllowMacOutlook",
    "EwsAllowOutlook",
    "EwsApplicationAccessPolicy",
    "EwsBlockList",
    "EwsEnabled",
    "ImapForceICalForCalendarRetrievalOption",
    "ImapMessagesRetrievalMimeFormat",
    "ImapSuppressReadReceipt",
    "ImapUseProtocolDefaults",
    "IsOptimizedForAccessibility",
    "MacOutlookEnabled",
    "MAPIEnabled",
    "OneWinNativeOutlookEnabled",
    "OutlookMobileEnabled",
    "OWAEnabled",
    "OWAforDevicesEnabled",
    "OwaMailboxPolicy",
    "PopForceICalForCalendarRetrievalOption",
    "PopMessagesRetrievalMimeFormat",
    "PopSuppressReadReceipt",
    "PopUseProtocolDefaults",
    "PublicFolderClientAccess",
    "ShowGalAsDefaultView",
    "UniversalOutlookEnabled",
)

CMDLETS = (
    exchange_cmdlet(
        "Get-CASMailbox",
        _get,
        (OPTIONAL_IDENTITY, RESULT_SIZE, Parameter("ProtocolSettings", Kind.SWITCH), TYPE_DETAILS),
        unsimulated=(
            "ActiveSyncDebugLogging",
            "ActiveSyncSuppressReadReceipt",
            "Anr",
            "Credential",
            "Filter",
            "IgnoreDefaultScope",
            "OrganizationalUnit",
            "ReadIsOptimizedForAccessibility",
            "RecalculateHasActiveSyncDevicePartnership",
            "SortBy",
        ),
    ),
    exchange_cmdlet(
        "Set-CASMailbox",
        _set,
        (IDENTITY, *(Parameter(name, Kind.BOOL) for name in SWITCHES)),
        unsimulated=_UNSIMULATED_SET,
        writes=True,
    ),
)

MODULE_CMDLETS = (
    exchange_cmdlet(
        "Get-EXOCasMailbox",
        _get,
        (
            OPTIONAL_IDENTITY,
            RESULT_SIZE,
            Parameter("Properties", Kind.STRINGS),
            Parameter("PropertySets", Kind.STRINGS),
            Parameter("ProtocolSettings", Kind.SWITCH),
            *OTHER_IDENTITIES,
        ),
        unsimulated=(
            "ActiveSyncDebugLogging",
            "Anr",
            "Filter",
            "GetImapProtocolLog",
            "GetPopProtocolLog",
            "IgnoreDefaultScope",
            "OrganizationalUnit",
            "ReadIsOptimizedForAccessibility",
            "SendLogsTo",
        ),
    ),
)
