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
    OTHER_IDENTITIES,
    RESULT_SIZE,
    TYPE_DETAILS,
    distinguished_name,
    exchange_cmdlet,
    identity_of,
    mailbox_named,
    recipient_named,
    row,
    wanted_types,
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


def _get_recipient(call: Call, tenant: Tenant) -> Iterator[Any]:
    wanted = wanted_types(call)
    identity = identity_of(call)
    named = [recipient_named(tenant, identity)] if identity else present(tenant)
    for recipient in named:
        if not wanted or recipient.recipient_type_details.casefold() in wanted:
            yield _recipient_row(recipient, tenant)


def _get_mailbox(call: Call, tenant: Tenant) -> Iterator[Any]:
    wanted = wanted_types(call)
    identity = identity_of(call)
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


_PROPERTIES = (Parameter("Properties", Kind.STRINGS), Parameter("PropertySets", Kind.STRINGS))
_SOFT_DELETED = Parameter("SoftDeletedMailbox", Kind.SWITCH)
_UNSIMULATED_MAILBOX = (
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
)
_UNSIMULATED_RECIPIENT = (
    "Anr",
    "Filter",
    "IncludeSoftDeletedRecipients",
    "OrganizationalUnit",
    "RecipientPreviewFilter",
    "RecipientType",
)

CMDLETS = (
    exchange_cmdlet(
        "Get-Recipient",
        _get_recipient,
        (OPTIONAL_IDENTITY, RESULT_SIZE, TYPE_DETAILS),
        unsimulated=(
            *_UNSIMULATED_RECIPIENT,
            "AuthenticationType",
            "BookmarkDisplayName",
            "Capabilities",
            "IncludeBookmarkObject",
            "IncludeManagerWithDisplayName",
            "Properties",
            "PropertySet",
            "SortBy",
        ),
    ),
    exchange_cmdlet(
        "Get-Mailbox",
        _get_mailbox,
        (OPTIONAL_IDENTITY, RESULT_SIZE, TYPE_DETAILS, _SOFT_DELETED),
        unsimulated=(
            *_UNSIMULATED_MAILBOX,
            "IncludeAcceptMessagesOnlyFromDLMembersWithDisplayNames",
            "IncludeAcceptMessagesOnlyFromSendersOrMembersWithDisplayNames",
            "IncludeAcceptMessagesOnlyFromWithDisplayNames",
            "IncludeEmailAddressDisplayNames",
            "IncludeForwardingAddressWithDisplayNames",
            "IncludeGrantSendOnBehalfToWithDisplayNames",
            "SortBy",
        ),
    ),
)

MODULE_CMDLETS = (
    exchange_cmdlet(
        "Get-EXORecipient",
        _get_recipient,
        (OPTIONAL_IDENTITY, RESULT_SIZE, TYPE_DETAILS, *_PROPERTIES, *OTHER_IDENTITIES),
        unsimulated=_UNSIMULATED_RECIPIENT,
    ),
    exchange_cmdlet(
        "Get-EXOMailbox",
        _get_mailbox,
        (OPTIONAL_IDENTITY, RESULT_SIZE, TYPE_DETAILS, _SOFT_DELETED, *_PROPERTIES, *OTHER_IDENTITIES),
        unsimulated=_UNSIMULATED_MAILBOX,
    ),
)
