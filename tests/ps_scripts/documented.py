"""Which parameters Microsoft documents for the cmdlets that diag uses, and on which page.

Exchange: office-docs-powershell, exchange/exchange-ps/ExchangePowerShell/<Cmdlet>.md, only what applies to Exchange
Online; `…` in a source means that the page has more parameters than are listed. PowerShell: PowerShell-Docs,
reference/5.1, which is the older of the two that the scripts run in.
"""

from __future__ import annotations

from dataclasses import dataclass

COMMON = frozenset({"Debug", "ErrorAction", "ErrorVariable", "Verbose", "WarningAction", "WarningVariable"})
"""about_CommonParameters, as far as anybody here uses them."""


@dataclass(frozen=True)
class Page:
    """`commit` is the state of the page that was read."""

    commit: str
    parameters: frozenset[str]


def _page(commit: str, parameters: str) -> Page:
    return Page(commit, frozenset(parameters.split()))


EXCHANGE = {
    "Connect-ExchangeOnline": _page(
        "0c37c33a",
        "ConnectionUri AzureADAuthorizationEndpointUri ExchangeEnvironmentName PSSessionOption DelegatedOrganization "
        "Prefix CommandName FormatTypeName AccessToken AppId BypassMailboxAnchoring Certificate CertificateFilePath "
        "CertificatePassword CertificateThumbprint Credential Device DisableWAM EnableErrorReporting EXOModuleBasePath "
        "InlineCredential LoadCmdletHelp LogDirectoryPath LogLevel ManagedIdentity ManagedIdentityAccountId "
        "Organization PageSize ShowBanner ShowProgress SigningCertificate SkipLoadingCmdletHelp SkipLoadingFormatData "
        "TrackPerformance UseMultithreading UserPrincipalName UseRPSSession",
    ),
    "Get-ConnectionInformation": _page("2f1c3612", "ConnectionId ModulePrefix"),
    "Disconnect-ExchangeOnline": _page("60a472a9", "Confirm ConnectionId ModulePrefix WhatIf"),
    "Get-ServicePrincipal": _page("10589104", "Identity Organization"),
    "New-ServicePrincipal": _page("168eeac1", "AppId ObjectId ServiceId Confirm DisplayName Organization WhatIf"),
    "Remove-ServicePrincipal": _page("07b13a5e", "Identity Confirm WhatIf"),
    "Get-Recipient": _page(
        "07b13a5e",
        "Identity Anr AuthenticationType Capabilities Filter IncludeManagerWithDisplayName "
        "IncludeSoftDeletedRecipients OrganizationalUnit Properties RecipientPreviewFilter RecipientType "
        "RecipientTypeDetails ResultSize SortBy",
    ),
    "Get-Mailbox": _page(
        "2d7728b4",
        "Identity Anr Archive Filter GroupMailbox InactiveMailboxOnly IncludeInactiveMailbox MailboxPlan Migration "
        "OrganizationalUnit PublicFolder RecipientTypeDetails ResultSize SoftDeletedMailbox SortBy",
    ),
    "Get-MailboxPermission": _page(
        "21476116",
        "Identity Credential GroupMailbox IncludeSoftDeletedUserPermissions IncludeUnresolvedPermissions "
        "IncludeUserWithDisplayName Owner ReadFromDomainController ResultSize SoftDeletedMailbox UseCustomRouting User",
    ),
    "Add-MailboxPermission": _page(
        "1a58ae88",
        "Identity AccessRights Owner User AutoMapping Confirm Deny GroupMailbox IgnoreDefaultScope InheritanceType "
        "WhatIf",
    ),
    "Remove-MailboxPermission": _page(
        "5137565d",
        "Identity AccessRights User ClearAutoMapping ResetDefault BypassMasterAccountSid Confirm Deny GroupMailbox "
        "IgnoreDefaultScope InheritanceType SoftDeletedMailbox WhatIf",
    ),
    "Get-CASMailbox": _page(
        "21476116",
        "Identity ActiveSyncDebugLogging ActiveSyncSuppressReadReceipt Anr Credential Filter IgnoreDefaultScope "
        "OrganizationalUnit ProtocolSettings ReadIsOptimizedForAccessibility "
        "RecalculateHasActiveSyncDevicePartnership RecipientTypeDetails ResultSize",
    ),
    "Set-CASMailbox": _page(
        "197cedf0", "Identity Confirm ImapEnabled PopEnabled SmtpClientAuthenticationDisabled WhatIf"
    ),
    "Get-ApplicationAccessPolicy": _page("251d55c1", "Identity"),
    "Get-ManagementRoleAssignment": _page(
        "08e4ded1",
        "Identity AssignmentMethod Role ConfigWriteScope CustomRecipientWriteScope Delegating Enabled Exclusive "
        "ExclusiveRecipientWriteScope GetEffectiveUsers RecipientAdministrativeUnitScope RecipientGroupScope "
        "RecipientOrganizationalUnitScope RecipientWriteScope RoleAssignee RoleAssigneeType WritableRecipient",
    ),
}

WINDOWS_POWERSHELL = {
    "ConvertTo-Json": _page("0f74d627", "InputObject Depth Compress"),
    "ForEach-Object": _page("5.1", "Begin End InputObject MemberName Process RemainingScripts"),
    "Get-Command": _page("5.1", "Name Verb Noun Module CommandType All ListImported"),
    "Get-Module": _page("5.1", "Name All ListAvailable FullyQualifiedName Refresh"),
    "Import-Module": _page("5.1", "Name RequiredVersion MinimumVersion MaximumVersion Force Global PassThru Scope"),
    "Set-StrictMode": _page("5.1", "Off Version"),
    "Start-Sleep": _page("231c17fc", "Seconds Milliseconds"),
    "Where-Object": _page("5.1", "FilterScript InputObject Property Value EQ"),
    "Write-Error": _page("046007b5", "Message Category ErrorId TargetObject RecommendedAction Exception ErrorRecord"),
    "Write-Progress": _page(
        "0bec9cb7", "Activity Status Id PercentComplete SecondsRemaining CurrentOperation Completed"
    ),
    "Get-Variable": _page("5.1", "Name ValueOnly"),
    "Write-Output": _page("5.1", "InputObject NoEnumerate"),
}
"""Cmdlets and parameters that exist in Windows PowerShell 5.1, as far as anybody here uses them."""

TYPES = frozenset(
    {
        "array", "bool", "CmdletBinding", "DateTime", "DateTimeKind", "guid", "int", "object", "object[]", "ordered",
        "pscustomobject", "scriptblock", "string", "string[]", "switch", "System.Collections.ArrayList",
        "System.Collections.IDictionary", "System.Globalization.CultureInfo", "System.InvalidOperationException",
        "System.IO.File", "System.Management.Automation.ErrorRecord", "System.Management.Automation.WarningRecord",
        "System.Text.UTF8Encoding", "version", "void", "type", "System.IO.FileAccess", "System.IO.FileInfo",
        "System.IO.FileMode", "System.IO.FileOptions", "System.IO.FileShare", "System.IO.FileStream", "System.IO.Path",
        "System.Security.AccessControl.FileSecurity", "System.Security.AccessControl.FileSystemAccessRule",
        "System.Security.AccessControl.FileSystemRights", "System.Security.Principal.WindowsIdentity",
    }
)  # fmt: skip
""".NET Framework 4.5 and System.Management.Automation 5.1 have them."""

GUARDED_TYPES = {
    "System.IO.FileStreamOptions": "Linux and macOS",
    "System.IO.UnixFileMode": "Linux and macOS",
    "System.IO.FileSystemAclExtensions": "PowerShell 7 on Windows",
}
"""Types that .NET Framework does not have, and where alone a script comes to them; a type is looked up when it is used."""

MEMBERS = frozenset(
    {
        "Add", "ContainsKey", "Exists", "GetType", "GetUnresolvedProviderPathFromPSPath", "new", "Reverse",
        "ShouldProcess", "Sort", "SpecifyKind", "ToArray", "ToString", "ToUniversalTime", "Trim", "Combine", "Create",
        "Delete", "Dispose", "GetBytes", "GetCurrent", "GetDirectoryName", "GetFileName", "Move", "NewGuid",
        "SetAccessRule", "SetAccessRuleProtection", "Write",
    }
)  # fmt: skip
"""Methods of those types, with the arguments that the scripts give, in .NET Framework 4.5; `new` is of PowerShell 5.0."""

NEWER_VARIABLES = frozenset({"iswindows", "islinux", "ismacos", "iscoreclr", "psstyle", "enabledexperimentalfeatures"})
"""Automatic variables that Windows PowerShell 5.1 does not have; under strict mode reading them is an error."""
