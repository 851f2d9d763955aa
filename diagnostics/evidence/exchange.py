"""What Exchange PowerShell says of the organisation and of single mailboxes."""

from __future__ import annotations

import datetime as dt
import enum
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


class ErrorKind(enum.StrEnum):
    """What a refusal means for the operator, whether it came over the bridge or stands in a pasted text."""

    NOT_FOUND = "not found"  # ManagementObjectNotFoundException, Ex6F9304
    PRINCIPAL_NOT_FOUND = "principal not found"  # Ex94914C, Couldn't find object "…"
    NO_RIGHTS = "no rights"
    COMMAND_NOT_FOUND = "command not found"  # a missing Exchange role, not a missing module, once connected
    PARAMETER = "parameter"
    NOT_SIGNED_IN = "not signed in"
    LIMIT = "limit"  # 500 access control entries
    ENTRY_ABSENT = "entry absent"  # Can't remove the access control entry … doesn't exist
    THROTTLED = "throttled"
    TIMED_OUT = "timed out"
    CONNECTION = "connection"  # the channel broke; whether the call ran is not known
    NOT_REACHED = "not reached"  # an earlier statement of the batch ended it
    PROMPT = "prompt"  # the cmdlet asked a question that nobody could answer
    OTHER = "other"
    # The way to Exchange PowerShell itself:
    NO_POWERSHELL = "no PowerShell"
    MODULE_MISSING = "module missing"  # none, or none that goes with this PowerShell
    MODULE_CONFLICT = "module conflict"  # two versions of one assembly in one session
    NEEDS_WINDOW = "needs a window"  # the sign-in broker, in a session that has none
    APP_LACKS_ROLE = "application lacks a role"  # signed in as an application, without a right in Exchange
    CERTIFICATE_UNUSABLE = "certificate unusable"
    BASIC_OFF = "basic off"  # an old module, whose remote PowerShell needs WinRM Basic
    HOST_REFUSED = "management host refused"


@dataclass(frozen=True, slots=True)
class CmdletError:
    """An error record of a cmdlet, or of a step on the way to it, from the bridge or from a pasted text.

    `kind` is `None` in reports of older versions. `in_context`: it is known to be about Exchange PowerShell; a pasted
    sentence that other programs write, too, needs something beside it that shows that.
    """

    cmdlet: str
    message: str
    provenance: Provenance
    error_id: str = ""
    category: str = ""
    kind: ErrorKind | None = None
    in_context: bool = True


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
