<#
.SYNOPSIS
    Signs in to Exchange Online and makes sure that it is the tenant that is meant.

.DESCRIPTION
    Checks first whether the installed ExchangeOnlineManagement module goes with this PowerShell, and loads the newest one that
    does. Then signs in, loads only the cmdlets that the other scripts of this folder need, and compares the tenant of the
    connection with -TenantId. A connection to any other tenant is closed again and refused.

    With -AccessToken nobody is asked anything. Without it a window opens for signing in, or, with -Device, a code is shown
    that is entered in a browser on another machine.

    Runs unchanged in Windows PowerShell 5.1 and in PowerShell 7.

.PARAMETER TenantId
    Directory (tenant) ID of the tenant that is meant.

.PARAMETER AccessToken
    The operator's access token for https://outlook.office365.com. It is a String, because Connect-ExchangeOnline takes a
    String. Hand it over in a variable, never as text on the command line. See the notes.

.PARAMETER Organization
    The primary .onmicrosoft.com domain. Goes with the access token of an application.

.PARAMETER UserPrincipalName
    The account of the operator. Goes with the access token of a person; without a token it fills in the sign-in window.

.PARAMETER Device
    Shows a code for signing in with a browser on another machine. Needs PowerShell 7.

.PARAMETER DisableWAM
    Signs in without the Web Account Manager of Windows. Needs module 3.7.2 or later.

.PARAMETER ExchangeEnvironmentName
    The cloud, as Connect-ExchangeOnline names it.

.PARAMETER CommandName
    The cmdlets to load. The default is what the scripts of this folder use.

.EXAMPLE
    .\Connect-DiagExchange.ps1 -TenantId 11111111-2222-3333-4444-555555555555 -UserPrincipalName admin@contoso.com

    Opens a window for signing in.

.EXAMPLE
    .\Connect-DiagExchange.ps1 -TenantId 11111111-2222-3333-4444-555555555555 -AccessToken $token -Organization contoso.onmicrosoft.com

    Signs in with the token of an application that has the app role Exchange.ManageAsApp and a directory role.

.NOTES
    Security: the access token is a String from end to end. Where module logging (event 4103), script block logging or
    transcription is on, that machine records it; a token is good for about an hour. The script itself writes it nowhere.

    The connection belongs to this session. Disconnect-ExchangeOnline ends it.

.OUTPUTS
    One object: TenantId, Organization, UserPrincipalName, AppId, PowerShellVersion, ModuleVersion.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [guid] $TenantId,
    [string] $AccessToken = '',
    [string] $Organization = '',
    [string] $UserPrincipalName = '',
    [switch] $Device,
    [switch] $DisableWAM,
    [ValidateSet('O365Default', 'O365China', 'O365USGovGCCHigh', 'O365USGovDoD')] [string] $ExchangeEnvironmentName = 'O365Default',
    [string[]] $CommandName = @(
        'Get-ServicePrincipal', 'Get-Recipient', 'Get-Mailbox', 'Get-MailboxPermission', 'Get-CASMailbox',
        'Get-ApplicationAccessPolicy', 'Get-ManagementRoleAssignment',
        'New-ServicePrincipal', 'Remove-ServicePrincipal', 'Add-MailboxPermission', 'Remove-MailboxPermission'
    )
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

function ConvertTo-Version {
    # Returns the numbers of a version without its preview label.
    param([string] $Text)
    [version] ($Text -split '[-+ ]')[0]
}

function Get-PairProblem {
    # Says why this module cannot be used with this PowerShell, and nothing when it can. Source: Microsoft's page "About the
    # Exchange Online PowerShell module"; a wrong pair fails inside the module with an assembly error that names neither.
    param([version] $PowerShell, [version] $Module, [bool] $WithToken)
    if ($Module -lt [version] '3.0.0') { return "ExchangeOnlineManagement $Module is too old; 3.0.0 is the first that does without remote PowerShell." }
    if ($WithToken -and $Module -lt [version] '3.1.0') { return "ExchangeOnlineManagement $Module cannot take an access token, which came with 3.1.0." }
    if ($PowerShell.Major -lt 6) {
        if ($PowerShell -lt [version] '5.1') { return "ExchangeOnlineManagement $Module needs Windows PowerShell 5.1; this is $PowerShell." }
        return
    }
    $needed = [version] '7.2.0'
    if ($Module -ge [version] '3.5.0') { $needed = [version] '7.4.0' }
    if ($Module -ge [version] '3.10.0') { $needed = [version] '7.6.0' }
    if ($PowerShell -lt $needed) { "ExchangeOnlineManagement $Module needs PowerShell $needed or later; this is $PowerShell." }
}

function Import-ExchangeModule {
    # Loads the newest installed module that goes with this PowerShell, unless one is loaded; refuses before anybody signs in.
    param([bool] $WithToken)
    $name = 'ExchangeOnlineManagement'
    $powerShell = ConvertTo-Version "$($PSVersionTable.PSVersion)"
    $loaded = @(Get-Module -Name $name)
    if ($loaded.Count -gt 0) {
        $problem = Get-PairProblem $powerShell $loaded[0].Version $WithToken
        if ($problem) { throw (New-Problem 'DiagUnsupportedPair' $problem) }
        return
    }
    $versions = @(Get-Module -Name $name -ListAvailable | ForEach-Object -Process { $_.Version })
    if ($versions.Count -eq 0) {
        throw (New-Problem 'DiagNoModule' "$name is not installed here. Install it: Install-Module $name -Scope CurrentUser")
    }
    [array]::Sort($versions)
    [array]::Reverse($versions)
    foreach ($version in $versions) {
        if (-not (Get-PairProblem $powerShell $version $WithToken)) {
            Import-Module -Name $name -RequiredVersion $version -ErrorAction Stop
            return
        }
    }
    throw (New-Problem 'DiagUnsupportedPair' (Get-PairProblem $powerShell $versions[0] $WithToken))
}

function Connect-Tenant {
    # Signs in and returns the new connection. One to another tenant than the one that is meant is closed and refused, for
    # with a token and a delegated organization the module has silently used the partner's own tenant.
    param([System.Collections.IDictionary] $SignIn, [string] $TenantId)
    $before = @(Get-Connection)
    if ($before.Count -gt 0) { Assert-Tenant $before $TenantId }
    Connect-ExchangeOnline @SignIn -ErrorAction Stop
    $known = @($before | ForEach-Object -Process { "$(Get-Property $_ 'ConnectionId')" })
    $new = @(Get-Connection | Where-Object -FilterScript { $known -notcontains "$(Get-Property $_ 'ConnectionId')" })
    try { Assert-Tenant $new $TenantId }
    catch {
        $refused = $_
        $ids = [string[]] @($new | ForEach-Object -Process { "$(Get-Property $_ 'ConnectionId')" })
        if ($before.Count -gt 0 -and (Get-Command -Name 'Disconnect-ExchangeOnline').Parameters.ContainsKey('ConnectionId')) {
            Disconnect-ExchangeOnline -ConnectionId $ids -Confirm:$false
        }
        else { Disconnect-ExchangeOnline -Confirm:$false }
        throw $refused
    }
    $new[-1]
}

function Get-SignInProblem {
    # Says what does not go together among the ways to sign in.
    if ($AccessToken -and -not ($Organization -or $UserPrincipalName)) {
        return 'An access token needs -Organization (an application signed in) or -UserPrincipalName (a person did).'
    }
    if ($AccessToken -and $Device) { return 'Give either -AccessToken or -Device.' }
    if ($Organization -and -not $AccessToken) { return '-Organization goes with -AccessToken only.' }
    if ($Device -and $PSVersionTable.PSVersion.Major -lt 7) { return '-Device needs PowerShell 7; without it a window opens for signing in.' }
}

$problem = Get-SignInProblem
if ($problem) { throw (New-Problem 'DiagSignInUnclear' $problem) }
Import-ExchangeModule ([bool] $AccessToken)

$signIn = @{ CommandName = $CommandName; SkipLoadingFormatData = $true; ShowBanner = $false; ExchangeEnvironmentName = $ExchangeEnvironmentName }
if ($AccessToken) { $signIn['AccessToken'] = $AccessToken }
if ($Organization) { $signIn['Organization'] = $Organization }
if ($UserPrincipalName) { $signIn['UserPrincipalName'] = $UserPrincipalName }
if ($Device) { $signIn['Device'] = $true }
if ($DisableWAM) { $signIn['DisableWAM'] = $true }
$connection = Connect-Tenant $signIn "$TenantId"

[pscustomobject] @{
    TenantId = "$(Get-Property $connection 'TenantID')"
    Organization = "$(Get-Property $connection 'Organization')"
    UserPrincipalName = "$(Get-Property $connection 'UserPrincipalName')"
    AppId = "$(Get-Property $connection 'AppId')"
    PowerShellVersion = "$($PSVersionTable.PSVersion)"
    ModuleVersion = "$((Get-Module -Name 'ExchangeOnlineManagement').Version)"
}
