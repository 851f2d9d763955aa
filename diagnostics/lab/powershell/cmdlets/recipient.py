"""Get-Recipient and Get-Mailbox, and their module siblings Get-EXORecipient and Get-EXOMailbox.

Sources: office-docs-powershell, pages of the cmdlets. RecipientTypeDetails as in Get-Recipient.md; UserPrincipalName
belongs to mailboxes only, Get-Recipient does not show it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from diagnostics.lab.powershell.cmdlets.common import (
    OPTIONAL_IDENTITY,
    RESULT_SIZE,
    distinguished_name,
    exchange_cmdlet,
    mailbox_named,
    recipient_named,
    row,
)
from diagnostics.lab.powershell.cmdlets.exchange_errors import NOT_FOUND, CmdletRefused
from diagnostics.lab.powershell.declaration import Call, Kind, Parameter
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.state import Recipient, Tenant

RECIPIENT_TYPES = {
    "UserMailbox": "UserMailbox",
    "SharedMailbox": "UserMailbox",
    "RoomMailbox": "UserMailbox",
    "EquipmentMailbox": "UserMailbox",
    "MailUser": "MailUser",
    "GuestMailUser": "MailUser",
    "RemoteUserMailbox": "MailUser",
    "RemoteSharedMailbox": "MailUser",
    "MailContact": "MailContact",
    "GroupMailbox": "MailUniversalDistributionGroup",
    "MailUniversalDistributionGroup": "MailUniversalDistributionGroup",
    "MailUniversalSecurityGroup": "MailUniversalSecurityGroup",
    "PublicFolder": "PublicFolder",
}
"""RecipientTypeDetails, and the RecipientType that goes with it."""


def _shared(recipient: Recipient, tenant: Tenant) -> dict[str, Any]:
    return {
        "Identity": recipient.alias,
        "Alias": recipient.alias,
        "Name": recipient.alias,
        "DisplayName": recipient.display_name or recipient.alias,
        "PrimarySmtpAddress": recipient.primary_smtp_address,
        "EmailAddresses": recipient.addresses,
        "RecipientType": RECIPIENT_TYPES.get(recipient.recipient_type_details, recipient.recipient_type_details),
        "RecipientTypeDetails": recipient.recipient_type_details,
        "ExternalDirectoryObjectId": recipient.external_directory_object_id,
        "DistinguishedName": distinguished_name(recipient, tenant),
        "Guid": uuid.UUID(recipient.guid),
        "WhenChangedUTC": recipient.when_changed,
        "HiddenFromAddressListsEnabled": False,
        "IsValid": True,
        "ObjectState": "Unchanged",
    }


def _recipient_row(recipient: Recipient, tenant: Tenant) -> Row:
    # Get-Recipient shows a mail user's outside address as ExternalEmailAddress.
    external = f"SMTP:{recipient.primary_smtp_address}" if "MailUser" in recipient.recipient_type_details else None
    return row("Recipient", {**_shared(recipient, tenant), "ExternalEmailAddress": external})


def _mailbox_row(recipient: Recipient, tenant: Tenant) -> Row:
    properties = {
        **_shared(recipient, tenant),
        "UserPrincipalName": recipient.user_principal_name,
        "ExchangeGuid": uuid.UUID(recipient.guid),
        "IsMailboxEnabled": True,
        "IsShared": recipient.recipient_type_details == "SharedMailbox",
        "IsDirSynced": False,
    }
    return row("Mailbox", properties)


def present(tenant: Tenant) -> list[Recipient]:
    """Return the recipients that are not deleted."""
    return [recipient for recipient in tenant.recipients if not recipient.soft_deleted]


def _wanted(call: Call) -> set[str]:
    names = call.get("RecipientTypeDetails", [])
    return {part.strip().casefold() for name in names for part in name.split(",") if part.strip()}


def _get_recipient(call: Call, tenant: Tenant) -> Iterator[Any]:
    wanted = _wanted(call)
    named = [recipient_named(tenant, call.text("Identity"))] if call.text("Identity") else present(tenant)
    for recipient in named:
        if not wanted or recipient.recipient_type_details.casefold() in wanted:
            yield _recipient_row(recipient, tenant)


def _get_mailbox(call: Call, tenant: Tenant) -> Iterator[Any]:
    wanted = _wanted(call)
    identity = call.text("Identity")
    if call.get("SoftDeletedMailbox"):
        named = [
            item for item in tenant.recipients if item.soft_deleted and (not identity or item.answers_to(identity))
        ]
        if identity and not named:
            raise CmdletRefused(NOT_FOUND, identity=identity)
    else:
        named = [mailbox_named(tenant, identity)] if identity else [item for item in present(tenant) if item.is_mailbox]
    for recipient in named:
        if not wanted or recipient.recipient_type_details.casefold() in wanted:
            yield _mailbox_row(recipient, tenant)


_DETAILS = Parameter("RecipientTypeDetails", Kind.STRINGS)
_PROPERTIES = (Parameter("Properties", Kind.STRINGS), Parameter("PropertySets", Kind.STRINGS))
_EXO_ONLY = ("Anr", "ExternalDirectoryObjectId", "Filter", "PrimarySmtpAddress")

CMDLETS = (
    exchange_cmdlet(
        "Get-Recipient",
        _get_recipient,
        (OPTIONAL_IDENTITY, RESULT_SIZE, _DETAILS),
        unsimulated=(
            "Anr",
            "AuthenticationType",
            "Capabilities",
            "Filter",
            "IncludeSoftDeletedRecipients",
            "OrganizationalUnit",
            "Properties",
            "RecipientPreviewFilter",
            "RecipientType",
            "SortBy",
        ),
    ),
    exchange_cmdlet(
        "Get-Mailbox",
        _get_mailbox,
        (OPTIONAL_IDENTITY, RESULT_SIZE, _DETAILS, Parameter("SoftDeletedMailbox", Kind.SWITCH)),
        unsimulated=(
            "Anr",
            "Archive",
            "Async",
            "Filter",
            "GroupMailbox",
            "InactiveMailboxOnly",
            "IncludeInactiveMailbox",
            "MailboxPlan",
            "Migration",
            "OrganizationalUnit",
            "PublicFolder",
            "SortBy",
        ),
    ),
)

MODULE_CMDLETS = (
    exchange_cmdlet(
        "Get-EXORecipient",
        _get_recipient,
        (OPTIONAL_IDENTITY, RESULT_SIZE, _DETAILS, *_PROPERTIES),
        unsimulated=_EXO_ONLY,
    ),
    exchange_cmdlet(
        "Get-EXOMailbox", _get_mailbox, (OPTIONAL_IDENTITY, RESULT_SIZE, _DETAILS, *_PROPERTIES), unsimulated=_EXO_ONLY
    ),
)
