"""Cmdlets that a real PowerShell or Exchange Online has and the lab has not, with the aliases of both kinds.

Whoever asks for one is told so. "The term is not recognized" would be a lie about the tenant: it is how a missing role
shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnostics.lab.powershell.errors import RUNTIME_EXCEPTION, ErrorData

if TYPE_CHECKING:
    from diagnostics.lab.powershell.session import RunspaceState

_ENGINE = """
    Add-Content Add-Member Add-Type Clear-Content Clear-Host Clear-Item Clear-Variable Compare-Object Convert-Path
    ConvertFrom-Csv ConvertFrom-Json ConvertFrom-StringData ConvertTo-Csv ConvertTo-Html ConvertTo-SecureString
    ConvertTo-Xml Copy-Item Enter-PSSession Exit-PSSession Export-Clixml Export-Csv ForEach-Object Format-Custom
    Format-List Format-Table Format-Wide Get-Alias Get-ChildItem Get-Content Get-Credential Get-Culture Get-Date
    Get-Error Get-ExecutionPolicy Get-Help Get-History Get-Host Get-Item Get-ItemProperty Get-Job Get-Location
    Get-Member Get-Package Get-Process Get-PSSession Get-Random Get-Service Get-Unique Group-Object Import-Clixml
    Import-Csv Import-PSSession Install-Module Invoke-Command Invoke-Expression Invoke-RestMethod Invoke-WebRequest
    Join-Path Measure-Command New-Item New-Module New-Object New-PSSession New-TimeSpan New-Variable Out-Default
    Out-File Out-GridView Out-Host Out-Null Out-String Read-Host Receive-Job Remove-Item Remove-Module Remove-PSSession
    Remove-Variable Resolve-Path Select-String Select-Xml Set-Content Set-ExecutionPolicy Set-Item Set-Location
    Set-Variable Sort-Object Split-Path Start-Job Start-Process Start-Transcript Stop-Job Stop-Transcript Tee-Object
    Test-Path Trace-Command Update-Module Wait-Job Where-Object Write-Debug Write-Host
"""
_EXCHANGE = """
    Add-DistributionGroupMember Add-MailboxFolderPermission Add-RecipientPermission Get-AcceptedDomain
    Get-AuthenticationPolicy Get-CASMailboxPlan Get-ClientAccessRule Get-Contact Get-DistributionGroup
    Get-DistributionGroupMember Get-DynamicDistributionGroup Get-EXOMailboxFolderPermission
    Get-EXOMailboxFolderStatistics Get-EXOMailboxStatistics Get-EXOMobileDeviceStatistics Get-EXORecipientPermission
    Get-Group Get-InboxRule Get-MailContact Get-MailUser Get-MailboxFolderPermission Get-MailboxFolderStatistics
    Get-MailboxPlan Get-MailboxStatistics Get-ManagementRole Get-ManagementRoleEntry Get-ManagementScope
    Get-MessageTraceV2 Get-OrganizationConfig Get-RecipientPermission Get-RoleGroup Get-RoleGroupMember
    Get-TransportConfig Get-TransportRule Get-UnifiedGroup Get-User New-ApplicationAccessPolicy
    New-AuthenticationPolicy New-Mailbox New-ManagementRoleAssignment New-ManagementScope
    Remove-ApplicationAccessPolicy Remove-Mailbox Remove-ManagementRoleAssignment Remove-ManagementScope
    Remove-RecipientPermission Search-UnifiedAuditLog Set-AuthenticationPolicy Set-CASMailboxPlan Set-Mailbox
    Set-ManagementRoleAssignment Set-OrganizationConfig Set-TransportConfig Set-User Test-ApplicationAccessPolicy
    Test-ServicePrincipalAuthorization
"""


def _names(text: str) -> dict[str, str]:
    return {name.casefold(): name for name in text.split()}


ENGINE = _names(_ENGINE)
"""Cmdlets of PowerShell 7's own modules, those that people put into pipelines."""

EXCHANGE = _names(_EXCHANGE)
"""Cmdlets of Exchange Online that administrators use on applications, mailboxes and protocols."""

ALIASES = {
    "%": "ForEach-Object",
    "?": "Where-Object",
    "fl": "Format-List",
    "foreach": "ForEach-Object",
    "ft": "Format-Table",
    "gcm": "Get-Command",
    "gm": "Get-Member",
    "gmo": "Get-Module",
    "group": "Group-Object",
    "gv": "Get-Variable",
    "icm": "Invoke-Command",
    "iex": "Invoke-Expression",
    "ipmo": "Import-Module",
    "measure": "Measure-Object",
    "select": "Select-Object",
    "sleep": "Start-Sleep",
    "sort": "Sort-Object",
    "tee": "Tee-Object",
    "where": "Where-Object",
    "write": "Write-Output",
}
"""Aliases of PowerShell 7 on Windows (about_Aliases), for cmdlets that the lab has and for those that it has not."""


def known(name: str, runspace: RunspaceState) -> str | None:
    """Return the right spelling of a cmdlet that a real host would have here, or None for one that it would not."""
    plain = name.rpartition("\\")[2].casefold()
    plain = ALIASES.get(plain, plain).casefold()
    if plain in ENGINE:
        return ENGINE[plain]
    connection = runspace.connection
    found = EXCHANGE.get(plain)
    wanted = connection is not None and (connection.command_names is None or plain in connection.command_names)
    return found if found and connection is not None and wanted and connection.operator.allows(found) else None


def refusal(name: str, parameter: str = "") -> ErrorData:
    """Return the lab's own answer to a cmdlet, or a parameter of one, that it lacks; no PowerShell says it: invented."""
    what = f"there is -{parameter} of {name}" if parameter else f"there is a cmdlet {name}"
    return ErrorData(
        message=f"This simulated PowerShell knows that {what}, but {f'-{parameter}' if parameter else name} is not simulated.",
        error_id="ParameterNotSimulated" if parameter else "CmdletNotSimulated",
        category="NotImplemented",
        activity=name,
        target=name,
        target_name=name,
        target_type="String",
        exception_types=("System.NotImplementedException", *RUNTIME_EXCEPTION[1:]),
    )
