<#
.SYNOPSIS
    Makes an application known to Exchange Online, with the two ids that belong together.

.DESCRIPTION
    Uses the connection of this session. Makes sure that the connection is to the tenant that is meant, looks at all service
    principals that Exchange has, asks for confirmation, runs New-ServicePrincipal, and reads back.

    Exchange does not check the ids, and no cmdlet corrects them later. Where a row holds one of the ids with another one
    beside it, the script therefore stops and says so. With -Replace it removes that row first and registers again.

    Runs unchanged in Windows PowerShell 5.1 and in PowerShell 7.

.PARAMETER TenantId
    Directory (tenant) ID of the tenant that is meant; any other one is refused.

.PARAMETER ApplicationId
    Application (client) ID of the application.

.PARAMETER EnterpriseApplicationObjectId
    Object ID of the Enterprise Application; in an app-only token it is the claim oid. The App registration's Object ID is
    another one and does not work.

.PARAMETER DisplayName
    The name that Exchange shows.

.PARAMETER Replace
    Removes rows that hold one of the two ids with another one beside it. Mailboxes that were granted to such a row have to
    be granted again.

.EXAMPLE
    .\Register-DiagServicePrincipal.ps1 -TenantId $tenant -ApplicationId $application -EnterpriseApplicationObjectId $object -DisplayName 'ERP mail' -WhatIf

    Looks at everything and says what would be changed.

.EXAMPLE
    .\Register-DiagServicePrincipal.ps1 -TenantId $tenant -ApplicationId $application -EnterpriseApplicationObjectId $object -DisplayName 'ERP mail' -Replace

    Corrects a registration that was made with the App registration's Object ID.

.NOTES
    Needs the role Exchange Administrator, or Role Management. "The term 'New-ServicePrincipal' is not recognized" means that
    this role is missing, not the module. Connect-DiagExchange.ps1 makes the connection.

.OUTPUTS
    One object: AppId, ObjectId, DisplayName, Outcome (Registered, AlreadyThere or NotDone), Removed (rows taken out).
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory = $true)] [guid] $TenantId,
    [Parameter(Mandatory = $true)] [guid] $ApplicationId,
    [Parameter(Mandatory = $true)] [guid] $EnterpriseApplicationObjectId,
    [string] $DisplayName = '',
    [switch] $Replace
)

Set-StrictMode -Version Latest
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

function Remove-Row {
    # Removes one wrong row, by the one of its ids that names no other row, and makes sure that it is gone.
    param([object] $Wrong, [object[]] $All)
    $identity = ''
    foreach ($id in @($Wrong.ObjectId, $Wrong.AppId)) {
        $named = @($All | Where-Object -FilterScript { $_.AppId -eq $id -or $_.ObjectId -eq $id })
        if (-not $identity -and $id -and $named.Count -eq 1) { $identity = $id }
    }
    if (-not $identity) {
        throw (New-Problem 'DiagAmbiguousRow' ("The row with AppId $($Wrong.AppId) and ObjectId $($Wrong.ObjectId) " +
            'shares both ids with other rows; remove it by hand.'))
    }
    $result = Invoke-Call { Remove-ServicePrincipal -Identity $identity -Confirm:$false -ErrorAction Continue -WarningAction Continue }
    for ($attempt = 1; $attempt -le 3; $attempt++) {
        $left = @(Get-Principal "$ApplicationId" | Where-Object -FilterScript { $_.AppId -eq $Wrong.AppId -and $_.ObjectId -eq $Wrong.ObjectId })
        if ($left.Count -eq 0) { return }
        if ($result.Problems.Count -gt 0) { throw $result.Problems[0] }
        if ($attempt -lt 3) { Start-Sleep -Seconds 2 }
    }
    throw (New-Problem 'DiagUnconfirmed' ("Exchange accepted to remove the row with AppId $($Wrong.AppId) " +
        'and still shows it. Run this again in a few minutes.'))
}

function Find-Row {
    # Returns the row with exactly the application's two ids, if there is one.
    param([object[]] $All)
    $All | Where-Object -FilterScript { $_.AppId -eq "$ApplicationId" -and $_.ObjectId -eq "$EnterpriseApplicationObjectId" }
}

function Write-Outcome {
    # Returns what the script has to say in the end.
    param([string] $Outcome, [int] $Removed, [string] $Name)
    [pscustomobject] @{
        AppId = "$ApplicationId"; ObjectId = "$EnterpriseApplicationObjectId"; DisplayName = $Name; Outcome = $Outcome; Removed = $Removed
    }
}

if ($ApplicationId -eq $EnterpriseApplicationObjectId) {
    throw (New-Problem 'DiagSameIds' ('The Application ID and the Object ID are the same value; ' +
        'the Object ID is in Enterprise applications, under Object ID.'))
}
Assert-Tenant @(Get-Connection) "$TenantId"
$rows = @(Get-Principal "$ApplicationId")
$ids = @("$ApplicationId", "$EnterpriseApplicationObjectId")
$right = @(Find-Row $rows)
$wrong = @($rows | Where-Object -FilterScript {
    ($ids -contains $_.AppId -or $ids -contains $_.ObjectId) -and
    -not ($_.AppId -eq "$ApplicationId" -and $_.ObjectId -eq "$EnterpriseApplicationObjectId")
})
if ($wrong.Count -gt 0 -and -not $Replace) {
    throw (New-Problem 'DiagWrongRow' ("Exchange has a row with AppId $($wrong[0].AppId) and ObjectId $($wrong[0].ObjectId), " +
        'which do not belong together. Run this with -Replace to remove it first.'))
}
if ($right.Count -gt 0 -and $wrong.Count -eq 0) { return (Write-Outcome 'AlreadyThere' 0 $right[0].DisplayName) }

$removed = 0
foreach ($row in $wrong) {
    if ($PSCmdlet.ShouldProcess("AppId $($row.AppId), ObjectId $($row.ObjectId)", 'Remove-ServicePrincipal')) {
        Remove-Row $row $rows
        $removed++
        $rows = @(Get-Principal "$ApplicationId")
    }
}
if ($removed -lt $wrong.Count -and -not $WhatIfPreference) { return (Write-Outcome 'NotDone' $removed $DisplayName) }
if ($right.Count -gt 0) { return (Write-Outcome 'AlreadyThere' $removed $right[0].DisplayName) }
if (-not $PSCmdlet.ShouldProcess("AppId $ApplicationId, ObjectId $EnterpriseApplicationObjectId", 'New-ServicePrincipal')) {
    return (Write-Outcome 'NotDone' $removed $DisplayName)
}

$new = @{ AppId = "$ApplicationId" }
if ((Get-Command -Name 'New-ServicePrincipal').Parameters.ContainsKey('ObjectId')) { $new['ObjectId'] = "$EnterpriseApplicationObjectId" }
else { $new['ServiceId'] = "$EnterpriseApplicationObjectId" }
if ($DisplayName) { $new['DisplayName'] = $DisplayName }
$result = Invoke-Call { New-ServicePrincipal @new -Confirm:$false -ErrorAction Continue -WarningAction Continue }
for ($attempt = 1; $attempt -le 3; $attempt++) {
    $found = @(Find-Row @(Get-Principal "$ApplicationId"))
    if ($found.Count -gt 0) { return (Write-Outcome 'Registered' $removed $found[0].DisplayName) }
    if ($result.Problems.Count -gt 0) { throw $result.Problems[0] }
    if ($attempt -lt 3) { Start-Sleep -Seconds 2 }
}
throw (New-Problem 'DiagUnconfirmed' 'Exchange accepted it and does not show it yet. Run this again in a few minutes.')
