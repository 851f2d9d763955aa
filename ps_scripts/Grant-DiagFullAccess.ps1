<#
.SYNOPSIS
    Gives an application FullAccess on mailboxes, which it needs to read them over IMAP.

.DESCRIPTION
    Uses the connection of this session. Makes sure that the connection is to the tenant that is meant and that the application
    is registered in Exchange with both ids; then, for each mailbox, looks whether the application has FullAccess already,
    asks for confirmation, runs Add-MailboxPermission, and reads the permissions back. An entry is the application's when
    its SID or ObjectId is; a name proves nothing. An error for one mailbox does not keep the others from their turn.

    Runs unchanged in Windows PowerShell 5.1 and in PowerShell 7.

.PARAMETER TenantId
    Directory (tenant) ID of the tenant that is meant; any other one is refused.

.PARAMETER Mailbox
    Addresses of the mailboxes.

.PARAMETER ApplicationId
    Application (client) ID of the application.

.PARAMETER EnterpriseApplicationObjectId
    Object ID of the Enterprise Application. The App registration's Object ID is another one and does not work.

.EXAMPLE
    .\Grant-DiagFullAccess.ps1 -TenantId $tenant -Mailbox erp@contoso.com -ApplicationId $application -EnterpriseApplicationObjectId $object -WhatIf

    Looks at everything and says what would be changed.

.EXAMPLE
    .\Grant-DiagFullAccess.ps1 -TenantId $tenant -Mailbox erp@contoso.com -ApplicationId $application -EnterpriseApplicationObjectId $object -Confirm:$false

    Grants without asking.

.NOTES
    FullAccess opens everything in a mailbox, items marked private included, and cannot be narrowed to reading.

    It may take Exchange an hour or more until IMAP honours a new permission.

    Needs the role Exchange Administrator, or Mail Recipients. Connect-DiagExchange.ps1 makes the connection.

.OUTPUTS
    One object for each mailbox: Mailbox, Outcome (Granted, AlreadyThere, NotDone, Unconfirmed or Failed), Message.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory = $true)] [guid] $TenantId,
    [Parameter(Mandatory = $true)] [ValidatePattern('\S')] [string[]] $Mailbox,
    [Parameter(Mandatory = $true)] [guid] $ApplicationId,
    [Parameter(Mandatory = $true)] [guid] $EnterpriseApplicationObjectId
)

Set-StrictMode -Version Latest
$callersPreference = $ErrorActionPreference
$ErrorActionPreference = 'Stop'

function New-Problem {
    # Returns an error record to throw; its id stays the same in every release, so that callers may compare it.
    param([string] $Id, [string] $Message)
    [System.Management.Automation.ErrorRecord]::new([System.InvalidOperationException]::new($Message), $Id, 'InvalidOperation', $null)
}

function Get-Property {
    # Returns the value of a property, and nothing where the object has no such property; a list arrives item by item.
    param([object] $InputObject, [string] $Name)
    $property = $InputObject.PSObject.Properties[$Name]
    if ($null -ne $property) { $property.Value }
}

function Get-Connection {
    # Returns this session's connections to Exchange Online; those to Security & Compliance are not meant.
    if (-not (Get-Module -Name 'ExchangeOnlineManagement')) { return }
    foreach ($connection in @(Get-ConnectionInformation -ErrorAction Stop)) {
        if ("$(Get-Property $connection 'IsEopSession')" -ne 'True') { $connection }
    }
}

function Assert-Tenant {
    # Refuses to go on unless there are connections, and all of them to one tenant: the one that is meant, when it is named.
    param([object[]] $Connections, [string] $TenantId)
    if ($Connections.Count -eq 0) {
        throw (New-Problem 'DiagNotConnected' 'This session is not connected to Exchange Online. Run Connect-DiagExchange.ps1 or Connect-ExchangeOnline first.')
    }
    $expected = $TenantId
    if (-not $expected) { $expected = "$(Get-Property $Connections[0] 'TenantID')" }
    foreach ($connection in $Connections) {
        $actual = "$(Get-Property $connection 'TenantID')"
        if ($actual -ne $expected) {
            throw (New-Problem 'DiagForeignTenant' ("This session is connected to tenant '$actual' and not to '$expected'. " +
                'Nothing was asked or changed there. Run Disconnect-ExchangeOnline, then sign in to the tenant that is meant.'))
        }
    }
}

function Invoke-Call {
    # Runs one call and returns its rows, errors and warnings apart from each other, whatever the session's preferences are.
    param([scriptblock] $Call)
    $rows = [System.Collections.ArrayList]::new()
    $problems = [System.Collections.ArrayList]::new()
    $warnings = [System.Collections.ArrayList]::new()
    $started = [DateTime]::UtcNow
    $finished = $true
    try {
        & $Call 2>&1 3>&1 | ForEach-Object -Process {
            if ($_ -is [System.Management.Automation.ErrorRecord]) { [void] $problems.Add($_) }
            elseif ($_ -is [System.Management.Automation.WarningRecord]) { [void] $warnings.Add($_.Message) }
            elseif ($null -ne $_) { [void] $rows.Add($_) }
        }
    }
    catch {
        [void] $problems.Add($_)
        $finished = $false
    }
    [pscustomobject] @{
        Rows = $rows.ToArray(); Problems = $problems.ToArray(); Warnings = $warnings.ToArray(); Finished = $finished
        Started = $started; Milliseconds = [int] ([DateTime]::UtcNow - $started).TotalMilliseconds
    }
}

function Test-CutOff {
    # Says whether Exchange had more rows than it returned; such a list cannot show that something is missing.
    param([object] $Result)
    @($Result.Warnings | Where-Object -FilterScript { $_ -like 'There are more results available*' }).Count -gt 0
}

function Get-Principal {
    # Returns the service principals of Exchange with their ids as texts; ServiceId is the older name of ObjectId. All are asked
    # for, since with an unknown -Identity all come anyway; the one that is meant is looked for in what came.
    param([string] $ApplicationId)
    $result = Invoke-Call { Get-ServicePrincipal -ErrorAction Continue -WarningAction Continue }
    $rows = @($result.Rows)
    $complete = -not (Test-CutOff $result)
    if (-not $complete -and $result.Problems.Count -eq 0) {
        $result = Invoke-Call { Get-ServicePrincipal -Identity $ApplicationId -ErrorAction Continue -WarningAction Continue }
        $rows = @($result.Rows) + $rows
    }
    if ($result.Problems.Count -gt 0) { throw $result.Problems[0] }
    if (-not $complete -and @($rows | Where-Object -FilterScript { "$(Get-Property $_ 'AppId')" -eq $ApplicationId }).Count -eq 0) {
        throw (New-Problem 'DiagCutOff' "Exchange returned only a part of its service principals, and AppId $ApplicationId is not among them.")
    }
    foreach ($row in $rows) {
        $objectId = "$(Get-Property $row 'ObjectId')"
        if (-not $objectId) { $objectId = "$(Get-Property $row 'ServiceId')" }
        [pscustomobject] @{
            AppId = "$(Get-Property $row 'AppId')"; ObjectId = $objectId; Sid = "$(Get-Property $row 'Sid')"
            DisplayName = "$(Get-Property $row 'DisplayName')"
        }
    }
}

function Get-Registration {
    # Returns the application's row in Exchange, the one with both its ids; refuses to go on without it.
    param([string] $ApplicationId, [string] $ObjectId)
    $other = ''
    foreach ($principal in @(Get-Principal $ApplicationId)) {
        if ($principal.AppId -ne $ApplicationId) { continue }
        if ($principal.ObjectId -eq $ObjectId) { return $principal }
        $other = " It is registered with ObjectId $($principal.ObjectId), which is another one."
    }
    throw (New-Problem 'DiagNotRegistered' ("Exchange has no service principal with AppId $ApplicationId and ObjectId $ObjectId." +
        "$other Run Register-DiagServicePrincipal.ps1 first."))
}

function Get-Reason {
    # Returns what an error says, without the id and the type that Exchange puts before it.
    param([System.Management.Automation.ErrorRecord] $Problem)
    $Problem.Exception.Message -replace '^[^|]*\|[^|]*\|', ''
}

function Get-Right {
    # Returns the rights of a permission row, one by one; Exchange may join them with commas in one text.
    param([object] $Row)
    foreach ($part in @(Get-Property $Row 'AccessRights')) {
        foreach ($word in ("$part" -split ',')) { if ($word.Trim()) { $word.Trim() } }
    }
}

function Test-Own {
    # Says whether a permission row is the application's: by SID where both have one, else by ObjectId, never by name. The SID
    # decides, since an application that was registered again has the ObjectId of its old entries and another SID.
    param([object] $Row, [object] $Principal)
    $sid = "$(Get-Property $Row 'UserSid')"
    if ($sid -and $Principal.Sid) { return $sid -eq $Principal.Sid }
    "$(Get-Property $Row 'User')" -eq $Principal.ObjectId
}

function Get-FullAccess {
    # Reads a mailbox and says whether the application has FullAccess there, whether it is denied, and what went wrong.
    param([string] $Address, [object] $Principal)
    $result = Invoke-Call { Get-MailboxPermission -Identity $Address -ErrorAction Continue -WarningAction Continue }
    $state = [pscustomobject] @{ Problem = ''; Allowed = $false; Denied = $false; DeniedAbove = $false; Inherited = $false }
    if ($result.Problems.Count -gt 0) { $state.Problem = Get-Reason $result.Problems[0] }
    elseif (Test-CutOff $result) { $state.Problem = 'Exchange returned only a part of the permissions.' }
    foreach ($row in $result.Rows) {
        if (-not (Test-Own $row $Principal) -or @(Get-Right $row) -notcontains 'FullAccess') { continue }
        $above = "$(Get-Property $row 'IsInherited')" -eq 'True'
        if ("$(Get-Property $row 'Deny')" -eq 'True') { if ($above) { $state.DeniedAbove = $true } else { $state.Denied = $true } }
        elseif ($above) { $state.Inherited = $true }
        else { $state.Allowed = $true }
    }
    $state
}

function Grant-One {
    # Does the work for one mailbox and returns its outcome and a message.
    param([string] $Address, [object] $Principal)
    $before = Get-FullAccess $Address $Principal
    if ($before.Problem) { return 'Failed', $before.Problem }
    $note = ''
    if ($before.Denied) { $note = 'Another entry denies it FullAccess, which typically wins. Remove that entry.' }
    elseif ($before.DeniedAbove) { $note = 'An inherited entry denies it FullAccess. That the one on the mailbox wins is not proven: try IMAP.' }
    if ($before.Allowed -or ($before.Inherited -and -not $before.DeniedAbove)) { return 'AlreadyThere', $note }
    $action = "Add-MailboxPermission -User $($Principal.ObjectId) -AccessRights FullAccess -InheritanceType All -AutoMapping `$false"
    if (-not $PSCmdlet.ShouldProcess($Address, $action)) {
        return 'NotDone', $note
    }
    $grant = @{
        Identity = $Address; User = $Principal.ObjectId; AccessRights = 'FullAccess'; InheritanceType = 'All'; AutoMapping = $false
        Confirm = $false; ErrorAction = 'Continue'; WarningAction = 'Continue'
    }
    $change = Invoke-Call { Add-MailboxPermission @grant }
    for ($attempt = 1; $attempt -le 3; $attempt++) {
        $after = Get-FullAccess $Address $Principal
        if ($after.Allowed) { return 'Granted', $note }
        if ($change.Problems.Count -gt 0 -and -not $after.Problem) { return 'Failed', (Get-Reason $change.Problems[0]) }
        if ($attempt -lt 3) { Start-Sleep -Seconds 2 }
    }
    if ($after.Problem) { return 'Unconfirmed', "It was sent, and what came of it could not be read back: $($after.Problem)" }
    'Unconfirmed', 'Exchange accepted it and does not show it yet. Run this again in a few minutes.'
}

Assert-Tenant @(Get-Connection) "$TenantId"
$principal = Get-Registration "$ApplicationId" "$EnterpriseApplicationObjectId"
foreach ($address in $Mailbox) {
    $outcome, $message = Grant-One $address $principal
    [pscustomobject] @{ Mailbox = $address; Outcome = $outcome; Message = $message }
    if ($outcome -eq 'Failed' -or $outcome -eq 'Unconfirmed') {
        Write-Error -Message "${address}: $message" -ErrorId "Diag$outcome" -TargetObject $address -ErrorAction $callersPreference
    }
}
