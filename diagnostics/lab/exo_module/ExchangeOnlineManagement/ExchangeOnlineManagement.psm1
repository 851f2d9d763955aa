# The part of the stand-in that exists before anybody connects. ASCII only; needs PowerShell 7.4.
Set-StrictMode -Version Latest
. (Join-Path $PSScriptRoot 'AdminApi.ps1')

$script:Connections = [System.Collections.Generic.List[object]]::new()
$script:Environments = @{
    O365Default      = 'https://outlook.office365.com'
    O365China        = 'https://partner.outlook.cn'
    O365USGovGCCHigh = 'https://outlook.office365.us'
    O365USGovDoD     = 'https://webmail.apps.mil'
}

function Get-LabEndpoint {
    # Base address and CA of the lab: from the file that diag lab serve --ready-file writes.
    param([string] $ConnectionUri)
    $ready = [Environment]::GetEnvironmentVariable('DIAG_LAB_READY_FILE')
    if (-not $ready) {
        throw 'This is the stand-in of diag lab. Set DIAG_LAB_READY_FILE to the file that diag lab serve --ready-file wrote.'
    }
    $lab = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($ready)) -AsHashtable
    $base = $lab['endpoints']['exchange']
    if ($ConnectionUri) { $base = $ConnectionUri }
    @{ Base = $base.TrimEnd('/'); CaFile = $lab['ca_file'] }
}

function ConvertFrom-AccessToken {
    # The claims of a token. Whether they are true is for the endpoint to judge.
    param([string] $AccessToken)
    $parts = $AccessToken.Split('.')
    if ($parts.Count -ne 3) { throw [System.ArgumentException]::new('The access token is not a JSON Web Token.') }
    $payload = $parts[1].Replace('-', '+').Replace('_', '/')
    $payload = $payload.PadRight($payload.Length + (4 - $payload.Length % 4) % 4, '=')
    ConvertFrom-Json -InputObject ([System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($payload))) -AsHashtable
}

<#
.SYNOPSIS
    Signs in to the lab's simulated Exchange with an access token (stand-in for Microsoft's cmdlet).
.DESCRIPTION
    Parameters are a subset of office-docs-powershell, Connect-ExchangeOnline.md. The cmdlets of Exchange exist in this
    session afterwards, as far as CommandName names them.
#>
function Connect-ExchangeOnline {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] [string] $ConnectionUri,
        [Parameter(Position = 2)] [ValidateSet('O365Default', 'O365China', 'O365USGovGCCHigh', 'O365USGovDoD')] [string] $ExchangeEnvironmentName = 'O365Default',
        [Parameter(Position = 4)] [string] $DelegatedOrganization,
        [Parameter(Position = 6)] [string[]] $CommandName,
        [string] $AccessToken,
        [string] $Organization,
        [string] $UserPrincipalName,
        [uint32] $PageSize = 1000,
        [switch] $ShowBanner,
        [switch] $SkipLoadingFormatData,
        [switch] $SkipLoadingCmdletHelp,
        [switch] $DisableWAM
    )
    if (-not $AccessToken) { throw 'This stand-in signs in with -AccessToken only.' }
    if (-not ($Organization -or $UserPrincipalName -or $DelegatedOrganization)) {
        throw '-AccessToken needs -Organization, -UserPrincipalName or -DelegatedOrganization.'
    }
    $claims = ConvertFrom-AccessToken $AccessToken
    $lab = Get-LabEndpoint $ConnectionUri
    $connection = [pscustomobject] @{
        Id = [guid]::NewGuid().ToString(); Base = $lab.Base; TenantId = $claims['tid']; AccessToken = $AccessToken
        Client = New-AdminApiClient $lab.CaFile; PageSize = $PageSize; Organization = $Organization
        DelegatedOrganization = $DelegatedOrganization; UserPrincipalName = $UserPrincipalName
        AppId = $(if ($claims.ContainsKey('appid')) { $claims['appid'] } else { '' })
        Expires = [DateTimeOffset]::FromUnixTimeSeconds($claims['exp']).UtcDateTime
        Environment = $script:Environments[$ExchangeEnvironmentName]; Module = $null
    }
    $body = '{"CmdletInput":{"CmdletName":"Get-Recipient","Parameters":{"ResultSize":1}}}'
    $uri = "$($connection.Base)/adminapi/beta/$($connection.TenantId)/InvokeCommand"
    $reply = Send-AdminApiRequest -Connection $connection -Uri $uri -CmdletName 'Get-Recipient' -Body $body
    if ($reply.Status -eq 401) { throw [System.UnauthorizedAccessException]::new('UnAuthorized') }
    if ($reply.Status -ne 200) { throw [System.UnauthorizedAccessException]::new((Get-AdminApiMessage $reply)) }
    $wanted = '*'
    if ($CommandName) { $wanted = $CommandName }
    $cmdlets = Join-Path $PSScriptRoot 'ExchangeCmdlets.psm1'
    $connection.Module = Import-Module $cmdlets -ArgumentList $connection -Function $wanted -Global -Force -PassThru -DisableNameChecking
    $script:Connections.Add($connection)
    if ($ShowBanner -or -not $PSBoundParameters.ContainsKey('ShowBanner')) {
        Write-Host 'This is the stand-in ExchangeOnlineManagement module of diag lab. It talks to a tenant that does not exist.'
    }
}

<#
.SYNOPSIS
    Says which simulated tenant this session is connected to (stand-in for Microsoft's cmdlet).
#>
function Get-ConnectionInformation {
    [CmdletBinding()]
    param([string[]] $ConnectionId, [string[]] $ModulePrefix)
    foreach ($connection in $script:Connections) {
        if ($ConnectionId -and $ConnectionId -notcontains $connection.Id) { continue }
        $active = $connection.Expires -gt [DateTime]::UtcNow
        [pscustomobject] @{
            ConnectionId = [guid] $connection.Id; State = 'Connected'; UserPrincipalName = $connection.UserPrincipalName
            ConnectionUri = $connection.Environment; TokenExpiryTimeUTC = $connection.Expires
            CertificateAuthentication = $false; Organization = $connection.Organization
            DelegatedOrganization = $connection.DelegatedOrganization; AppId = $connection.AppId
            PageSize = $connection.PageSize; TenantID = $connection.TenantId
            TokenStatus = $(if ($active) { 'Active' } else { 'Expired' })
        }
    }
}

<#
.SYNOPSIS
    Forgets the connections of this session (stand-in for Microsoft's cmdlet).
#>
function Disconnect-ExchangeOnline {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param([string[]] $ConnectionId, [string[]] $ModulePrefix)
    if (-not $PSCmdlet.ShouldProcess('Running this cmdlet clears all active sessions created using Connect-ExchangeOnline.', 'Disconnect-ExchangeOnline')) { return }
    foreach ($connection in @($script:Connections)) {
        if ($ConnectionId -and $ConnectionId -notcontains $connection.Id) { continue }
        [void] $script:Connections.Remove($connection)
        $connection.Client.Dispose()
        if ($script:Connections.Count -eq 0) { Remove-Module $connection.Module -Force }
    }
}

Export-ModuleMember -Function Connect-ExchangeOnline, Get-ConnectionInformation, Disconnect-ExchangeOnline
