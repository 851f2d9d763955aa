"""What Exchange PowerShell says of the organisation and of single mailboxes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from diagnostics.evidence.base import NOT_COLLECTED, Observed, Provenance
from diagnostics.ids import NO_APPLICATION_ID, NO_SID, ApplicationId, EnterpriseAppObjectId, Sid, TenantId


@dataclass(frozen=True, slots=True)
class ExchangeConnection:
    """What Connect-ExchangeOnline led to, by Get-ConnectionInformation, once per run."""

    tenant_id: TenantId
    organization: str
    provenance: Provenance
    user_principal_name: str = ""
    application_id: ApplicationId = NO_APPLICATION_ID
    transport: str = ""
    powershell_version: str = ""
    module_version: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeServicePrincipal:
    """A row of Get-ServicePrincipal. The ids are what Exchange holds, which is what has to be judged.

    A value that ends in `...` or `…` was cut off by Format-Table: it can confirm a mismatch, never a match.
    """

    app_id: ApplicationId
    object_id: EnterpriseAppObjectId
    display_name: str
    provenance: Provenance
    sid: Sid = NO_SID
    identity: str = ""
    changed_at: dt.datetime | None = None
    names_service_id: bool = False  # the column was called ServiceId, as older modules do


@dataclass(frozen=True, slots=True)
class CmdletError:
    """An error record of a cmdlet, from the bridge or from a pasted text."""

    cmdlet: str
    message: str
    provenance: Provenance
    error_id: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """A row of Get-ApplicationAccessPolicy; it restricts Graph and EWS and never grants IMAP."""

    app_id: ApplicationId
    access_right: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """A row of Get-ManagementRoleAssignment for the application (RBAC for Applications)."""

    role: str
    assignee: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ExchangeEvidence:
    """What Exchange Online says about the whole organisation."""

    connection: Observed[ExchangeConnection] = NOT_COLLECTED
    service_principals: Observed[tuple[ExchangeServicePrincipal, ...]] = NOT_COLLECTED
    access_policies: Observed[tuple[AccessPolicy, ...]] = NOT_COLLECTED
    role_assignments: Observed[tuple[RoleAssignment, ...]] = NOT_COLLECTED
    errors: tuple[CmdletError, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """A row of Get-Recipient or Get-Mailbox: what an address is."""

    primary_address: str
    type_details: str
    provenance: Provenance
    identity: str = ""
    user_principal_name: str = ""
    addresses: tuple[str, ...] = ()  # without the SMTP: prefix
    external_directory_object_id: str = ""
    display_name: str = ""
    changed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class MailboxPermission:
    """A row of Get-MailboxPermission. `rights` are split: Exchange may join them with commas in one string."""

    user: str
    rights: tuple[str, ...]
    provenance: Provenance
    user_sid: Sid = NO_SID
    deny: bool = False
    inherited: bool = False
    identity: str = ""

    def has_full_access(self) -> bool:
        """Whether FullAccess is among the rights, in any spelling of case."""
        return any(right.casefold() == "fullaccess" for right in self.rights)


@dataclass(frozen=True, slots=True)
class CasMailbox:
    """A row of Get-CASMailbox: which protocols are on. `None`: the row did not say."""

    provenance: Provenance
    imap_enabled: bool | None = None
    pop_enabled: bool | None = None
    smtp_client_authentication_disabled: bool | None = None
