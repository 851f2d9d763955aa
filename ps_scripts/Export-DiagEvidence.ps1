<#
.SYNOPSIS
    Writes a file with what Exchange Online holds about an application and its mailboxes, for "diag analyze".

.DESCRIPTION
    For administrators who have no Python: this one file is all that is needed, beside the ExchangeOnlineManagement module.
    It signs in (unless this session is connected already), reads, writes one JSON file, and changes nothing in Exchange.

    Asks for all service principals and all application access policies, for each mailbox what it is, who may open it and
    which protocols are on, and for the roles of the application. Each call is recorded with its rows, warnings and errors,
    so that an error for one mailbox spoils no other, and "could not look" is never taken for "nothing there".

    Runs unchanged in Windows PowerShell 5.1 and in PowerShell 7. The file is UTF-8 with the schema diag/collected/1.

.PARAMETER Mailbox
    Addresses of the mailboxes that the application must read.

.PARAMETER ApplicationId
    Application (client) ID of the application. With it the application's roles in Exchange are read too.

.PARAMETER TenantId
    Directory (tenant) ID of the tenant that is meant; any other one is refused. Without it, it is the one signed in to.

.PARAMETER Path
    The file to write; diag-evidence.json in the current folder unless told otherwise.

.PARAMETER Force
    Writes over a file that exists.

.PARAMETER AccessToken
    The operator's access token for https://outlook.office365.com. It is a String, because Connect-ExchangeOnline takes a
    String. Hand it over in a variable, never as text on the command line. See the notes. Without it a window opens for
    signing in.

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

.EXAMPLE
    .\Export-DiagEvidence.ps1 -Mailbox erp@contoso.com -ApplicationId 66666666-7777-8888-9999-000000000000

    Opens a window for signing in and writes diag-evidence.json.

.EXAMPLE
    .\Export-DiagEvidence.ps1 -Mailbox erp@contoso.com, invoices@contoso.com -Path C:\Temp\evidence.json -Device

    Shows a code for signing in on another machine, and writes evidence on two mailboxes.

.NOTES
    Security: the file holds addresses, names, ids and permissions, and no secret, token or message. It is made readable by
    you alone, before anything is in it. Look through it before you hand it on.

    The access token is a String from end to end. Where module logging (event 4103), script block logging or transcription
    is on, that machine records it; a token is good for about an hour. The script itself writes it nowhere.

    Needs a role that can read: Global Reader, or Exchange Administrator.

.OUTPUTS
    One object: Path, Mailboxes, Calls, Failed (how many calls of them failed).
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('\S')] [string[]] $Mailbox,
    [guid] $ApplicationId = [guid]::Empty,
    [guid] $TenantId = [guid]::Empty,
    [ValidateNotNullOrEmpty()] [string] $Path = 'diag-evidence.json',
    [switch] $Force,
    [string] $AccessToken = '',
    [string] $Organization = '',
    [string] $UserPrincipalName = '',
    [switch] $Device,
    [switch] $DisableWAM,
    [ValidateSet('O365Default', 'O365China', 'O365USGovGCCHigh', 'O365USGovDoD')] [string] $ExchangeEnvironmentName = 'O365Default'
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

function ConvertTo-Text {
    # Returns a value as plain text: a time in UTC as ISO 8601, nothing as an empty text, and no access token ever.
    param([object] $Value)
    if ($null -eq $Value) { return '' }
    if ($Value -is [DateTime]) {
        $moment = [DateTime] $Value
        if ($moment.Kind -eq [DateTimeKind]::Unspecified) { $moment = [DateTime]::SpecifyKind($moment, [DateTimeKind]::Utc) }
        return $moment.ToUniversalTime().ToString('o', [System.Globalization.CultureInfo]::InvariantCulture)
    }
    ([string] $Value) -replace 'eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}', '***'
}

function ConvertTo-Row {
    # Returns the named properties of an object as texts, lists of texts and booleans; one that it lacks is left out.
    param([object] $InputObject, [string[]] $Text, [string[]] $List = @(), [string[]] $Flag = @())
    $row = [ordered] @{}
    foreach ($property in $InputObject.PSObject.Properties) {
        if ($Text -contains $property.Name) { $row[$property.Name] = [string] (ConvertTo-Text $property.Value) }
        elseif ($List -contains $property.Name) {
            $row[$property.Name] = [string[]] @(foreach ($item in @($property.Value)) { if ($null -ne $item) { ConvertTo-Text $item } })
        }
        elseif ($Flag -contains $property.Name) {
            $word = ConvertTo-Text $property.Value
            if ($word -eq 'True') { $row[$property.Name] = $true }
            elseif ($word -eq 'False') { $row[$property.Name] = $false }
            else { $row[$property.Name] = $null }
        }
    }
    $row
}

function ConvertTo-Record {
    # Returns what one call gave as it goes into the evidence: what was asked, whether it worked, rows, errors, warnings.
    param([string] $Cmdlet, [System.Collections.IDictionary] $Parameters, [object] $Result, [scriptblock] $Row)
    [ordered] @{
        cmdlet = $Cmdlet
        parameters = $Parameters
        worked = [bool] ($Result.Finished -and $Result.Problems.Count -eq 0)
        finished = [bool] $Result.Finished
        at = [string] (ConvertTo-Text $Result.Started)
        milliseconds = [int] $Result.Milliseconds
        rows = @(foreach ($item in $Result.Rows) { & $Row $item })
        errors = @(foreach ($problem in $Result.Problems) {
            $message = $problem.Exception.Message
            if ($null -ne $problem.ErrorDetails -and $problem.ErrorDetails.Message) { $message = $problem.ErrorDetails.Message }
            [ordered] @{
                message = [string] (ConvertTo-Text $message)
                id = [string] (ConvertTo-Text $problem.FullyQualifiedErrorId)
                category = [string] $problem.CategoryInfo.Category
                type = [string] $problem.Exception.GetType().FullName
            }
        })
        warnings = [string[]] @(foreach ($warning in $Result.Warnings) { ConvertTo-Text $warning })
    }
}

function Test-Named {
    # Says whether an object answers to an address.
    param([object] $InputObject, [string] $Address)
    foreach ($name in 'PrimarySmtpAddress', 'UserPrincipalName', 'Alias', 'Name', 'Identity', 'DisplayName', 'Guid', 'ExternalDirectoryObjectId') {
        if ("$(Get-Property $InputObject $name)" -eq $Address) { return $true }
    }
    @(Get-Property $InputObject 'EmailAddresses') -contains "smtp:$Address"
}

function Get-OrganizationRecord {
    # Asks for all service principals, since one that is asked for by an unknown identity returns all of them anyway, and
    # for what restricts or allows the application elsewhere.
    param([string] $ApplicationId)
    $toRow = {
        param($item) ConvertTo-Row $item -Text 'AppId', 'ObjectId', 'ServiceId', 'DisplayName', 'Sid', 'Identity', 'WhenChangedUTC'
    }
    $result = Invoke-Call { Get-ServicePrincipal -ErrorAction Continue -WarningAction Continue }
    ConvertTo-Record 'Get-ServicePrincipal' @{} $result $toRow
    $found = @($result.Rows)
    if ($ApplicationId -and (Test-CutOff $result)) {
        $result = Invoke-Call { Get-ServicePrincipal -Identity $ApplicationId -ErrorAction Continue -WarningAction Continue }
        ConvertTo-Record 'Get-ServicePrincipal' @{ Identity = $ApplicationId } $result $toRow
        $found = @($result.Rows) + $found
    }
    $objectId = ''
    foreach ($item in $found) {
        if (-not $objectId -and $ApplicationId -and "$(Get-Property $item 'AppId')" -eq $ApplicationId) {
            $objectId = "$(Get-Property $item 'ObjectId')"
            if (-not $objectId) { $objectId = "$(Get-Property $item 'ServiceId')" }
        }
    }
    $result = Invoke-Call { Get-ApplicationAccessPolicy -ErrorAction Continue -WarningAction Continue }
    ConvertTo-Record 'Get-ApplicationAccessPolicy' @{} $result { param($item) ConvertTo-Row $item -Text 'Identity', 'AppId', 'AccessRight' }
    if ($objectId) {
        $result = Invoke-Call { Get-ManagementRoleAssignment -RoleAssignee $objectId -ErrorAction Continue -WarningAction Continue }
        ConvertTo-Record 'Get-ManagementRoleAssignment' @{ RoleAssignee = $objectId } $result {
            param($item) ConvertTo-Row $item -Text 'Name', 'Role', 'RoleAssignee', 'RoleAssigneeName'
        }
    }
}

function Get-MailboxRecord {
    # Asks what an address is, who may open it, which protocols are on, and, where there is no such recipient, whether it
    # was deleted. One call that fails leaves the others as they are.
    param([string] $Address)
    $toRow = {
        param($item) ConvertTo-Row $item -List 'EmailAddresses' -Text 'Identity', 'Name', 'DisplayName', 'PrimarySmtpAddress',
            'RecipientType', 'RecipientTypeDetails', 'UserPrincipalName', 'ExternalDirectoryObjectId', 'WhenChangedUTC'
    }
    $recipient = Invoke-Call { Get-Recipient -Identity $Address -ErrorAction Continue -WarningAction Continue }
    if ($recipient.Rows.Count -gt 1) {
        # Its documentation says that an identity that does not exist returns all objects; the others do not belong here.
        $recipient.Rows = @($recipient.Rows | Where-Object -FilterScript { Test-Named $_ $Address })
    }
    ConvertTo-Record 'Get-Recipient' @{ Identity = $Address } $recipient $toRow
    $result = Invoke-Call { Get-MailboxPermission -Identity $Address -IncludeUnresolvedPermissions -ErrorAction Continue -WarningAction Continue }
    ConvertTo-Record 'Get-MailboxPermission' ([ordered] @{ Identity = $Address; IncludeUnresolvedPermissions = $true }) $result {
        param($item) ConvertTo-Row $item -Text 'Identity', 'User', 'UserSid', 'InheritanceType' -List 'AccessRights' -Flag 'Deny', 'IsInherited'
    }
    $result = Invoke-Call { Get-CASMailbox -Identity $Address -ErrorAction Continue -WarningAction Continue }
    ConvertTo-Record 'Get-CASMailbox' @{ Identity = $Address } $result {
        param($item) ConvertTo-Row $item -Text 'Identity', 'PrimarySmtpAddress' -Flag 'ImapEnabled', 'PopEnabled', 'SmtpClientAuthenticationDisabled'
    }
    if ($recipient.Rows.Count -gt 0) {
        $result = Invoke-Call { Get-Mailbox -Identity $Address -ErrorAction Continue -WarningAction Continue }
        ConvertTo-Record 'Get-Mailbox' @{ Identity = $Address } $result $toRow
    }
    else {
        $result = Invoke-Call { Get-Mailbox -Identity $Address -SoftDeletedMailbox -ErrorAction Continue -WarningAction Continue }
        ConvertTo-Record 'Get-Mailbox' ([ordered] @{ Identity = $Address; SoftDeletedMailbox = $true }) $result $toRow
    }
}

function Get-Document {
    # Puts the evidence together. It holds no secret: of the connection only who is signed in where.
    param([object] $Connection, [string[]] $Addresses, [string] $ApplicationId)
    $calls = [System.Collections.ArrayList]::new()
    foreach ($record in @(Get-OrganizationRecord $ApplicationId)) { [void] $calls.Add($record) }
    $done = 0
    foreach ($address in $Addresses) {
        Write-Progress -Activity 'Collecting evidence' -Status $address -PercentComplete ([int] (100 * $done / $Addresses.Count))
        foreach ($record in @(Get-MailboxRecord $address)) { [void] $calls.Add($record) }
        $done++
    }
    Write-Progress -Activity 'Collecting evidence' -Status 'Done' -Completed
    [ordered] @{
        schema = 'diag/collected/1'
        collected_at = [string] (ConvertTo-Text ([DateTime]::UtcNow))
        powershell = [string] $PSVersionTable.PSVersion
        module = [string] (Get-Module -Name 'ExchangeOnlineManagement').Version
        application_id = $ApplicationId
        mailboxes = [string[]] $Addresses
        connection = ConvertTo-Row $Connection -Text 'TenantID', 'Organization', 'DelegatedOrganization', 'UserPrincipalName', 'AppId', 'State', 'TokenStatus'
        calls = $calls.ToArray()
    }
}

function New-PrivateFile {
    # Opens a new file that its owner alone can read from its first moment on: no mode or list is changed afterwards.
    param([string] $Path)
    if ([System.IO.Path]::DirectorySeparatorChar -eq '/') {
        if (-not ('System.IO.UnixFileMode' -as [type])) {
            throw (New-Problem 'DiagShellTooOld' 'To write a file for you alone, this needs PowerShell 7.3 or later here.')
        }
        $options = [System.IO.FileStreamOptions]::new()
        $options.Mode = [System.IO.FileMode]::CreateNew
        $options.Access = [System.IO.FileAccess]::Write
        $options.Share = [System.IO.FileShare]::None
        $options.UnixCreateMode = [System.IO.UnixFileMode] 'UserRead, UserWrite'
        return [System.IO.FileStream]::new($Path, $options)
    }
    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent().User
    $security = [System.Security.AccessControl.FileSecurity]::new()
    $security.SetAccessRuleProtection($true, $false)
    $security.SetAccessRule([System.Security.AccessControl.FileSystemAccessRule]::new($user, 'FullControl', 'Allow'))
    $rights = [System.Security.AccessControl.FileSystemRights]::Write
    $mode, $share, $no = [System.IO.FileMode]::CreateNew, [System.IO.FileShare]::None, [System.IO.FileOptions]::None
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        return [System.IO.FileStream]::new($Path, $mode, $rights, $share, 4096, $no, $security)
    }
    [System.IO.FileSystemAclExtensions]::Create([System.IO.FileInfo]::new($Path), $mode, $rights, $share, 4096, $no, $security)
}

function Write-PrivateFile {
    # Writes a text beside its place and moves it there, so that it appears whole or not at all.
    param([string] $Path, [string] $Text, [bool] $Over)
    $name = '.{0}.{1}' -f [System.IO.Path]::GetFileName($Path), [guid]::NewGuid().ToString('N')
    $beside = [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName($Path), $name)
    $bytes = [System.Text.UTF8Encoding]::new($false).GetBytes($Text)
    try {
        $stream = New-PrivateFile $beside
        try { $stream.Write($bytes, 0, $bytes.Length) }
        finally { $stream.Dispose() }
        if ($Over) { [System.IO.File]::Delete($Path) }
        [System.IO.File]::Move($beside, $Path)
    }
    finally { [System.IO.File]::Delete($beside) }
}

$file = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
if ([System.IO.File]::Exists($file) -and -not $Force) {
    throw (New-Problem 'DiagFileExists' "$file exists. Give another -Path, or -Force to write over it.")
}
$expected = ''
if ($TenantId -ne [guid]::Empty) { $expected = "$TenantId" }
$application = ''
if ($ApplicationId -ne [guid]::Empty) { $application = "$ApplicationId" }
$problem = Get-SignInProblem
if ($problem) { throw (New-Problem 'DiagSignInUnclear' $problem) }

$connections = @(Get-Connection)
$connectedHere = $connections.Count -eq 0
if ($connectedHere) {
    Import-ExchangeModule ([bool] $AccessToken)
    $signIn = @{
        CommandName = @('Get-ServicePrincipal', 'Get-Recipient', 'Get-Mailbox', 'Get-MailboxPermission', 'Get-CASMailbox',
            'Get-ApplicationAccessPolicy', 'Get-ManagementRoleAssignment')
        SkipLoadingFormatData = $true; ShowBanner = $false; ExchangeEnvironmentName = $ExchangeEnvironmentName
    }
    if ($AccessToken) { $signIn['AccessToken'] = $AccessToken }
    if ($Organization) { $signIn['Organization'] = $Organization }
    if ($UserPrincipalName) { $signIn['UserPrincipalName'] = $UserPrincipalName }
    if ($Device) { $signIn['Device'] = $true }
    if ($DisableWAM) { $signIn['DisableWAM'] = $true }
    $connections = @(Connect-Tenant $signIn $expected)
}
Assert-Tenant $connections $expected

try {
    $document = Get-Document $connections[-1] $Mailbox $application
    $text = ConvertTo-Json -InputObject $document -Depth 8
    Write-PrivateFile $file ($text + "`n") ([bool] $Force)
}
finally {
    if ($connectedHere) { Disconnect-ExchangeOnline -Confirm:$false }
}

$failed = @($document['calls'] | Where-Object -FilterScript { -not $_['worked'] })
[pscustomobject] @{ Path = $file; Mailboxes = $Mailbox.Count; Calls = @($document['calls']).Count; Failed = $failed.Count }
