# The cmdlets that Connect-ExchangeOnline brings. Names and parameters: office-docs-powershell, pages of the cmdlets;
# fewer than Microsoft's, none that Microsoft does not have. Each posts to the lab's admin REST endpoint. ASCII only.
param([Parameter(Mandatory)] [object] $Connection)
Set-StrictMode -Version Latest
. (Join-Path $PSScriptRoot 'AdminApi.ps1')
$script:Connection = $Connection
$script:Local = @('Verbose', 'Debug', 'ErrorAction', 'WarningAction', 'InformationAction', 'ProgressAction', 'ErrorVariable',
    'WarningVariable', 'InformationVariable', 'OutVariable', 'OutBuffer', 'PipelineVariable', 'Confirm', 'WhatIf')

function Write-ErrorMessage {
    # Reports an error as the real module's helper of this name does: non-terminating, with Exchange's text.
    param([string] $Message)
    $id = "[Server=,RequestId=$([guid]::NewGuid()),TimeStamp=$([DateTime]::UtcNow.ToString('R'))]"
    Write-Error -Message $Message -ErrorId $id
}

function ConvertTo-Row {
    # One object of an answer, without the annotations, with GUIDs and times as what the annotations say.
    param([System.Collections.IDictionary] $Item, [string] $Noun)
    $row = [ordered] @{}
    foreach ($name in $Item.Keys) {
        if ($name.Contains('@odata.')) { continue }
        $value = $Item[$name]
        $kind = $Item["$name@odata.type"]
        if ($value -and $kind -eq '#Guid') { $value = [guid] $value }
        elseif ($value -and $kind -eq '#DateTimeOffset') {
            $value = [DateTimeOffset]::Parse($value, [System.Globalization.CultureInfo]::InvariantCulture).UtcDateTime
        }
        $row[$name] = $value
    }
    $object = [pscustomobject] $row
    $object.PSTypeNames.Insert(0, "Deserialized.Microsoft.Exchange.Management.RestApiClient.$Noun")
    $object
}

function Invoke-ExchangeCmdlet {
    # Posts a cmdlet and writes its objects, page by page, its warnings and its error.
    param([string] $Name, [System.Collections.IDictionary] $Bound)
    $parameters = [ordered] @{}
    foreach ($key in $Bound.Keys) {
        if ($script:Local -contains $key) { continue }
        $value = $Bound[$key]
        if ($value -is [switch]) { $value = [bool] $value }
        $parameters[$key] = $value
    }
    $body = ConvertTo-Json -InputObject @{ CmdletInput = @{ CmdletName = $Name; Parameters = $parameters } } -Depth 6 -Compress
    $own = "$($script:Connection.Base)/adminapi/beta/$($script:Connection.TenantId)/InvokeCommand"
    $uri = $own
    while ($uri) {
        $reply = Send-AdminApiRequest -Connection $script:Connection -Uri $uri -CmdletName $Name -Body $body
        if ($reply.Status -ne 200) {
            Write-ErrorMessage (Get-AdminApiMessage $reply)
            return
        }
        $answer = ConvertFrom-Json -InputObject $reply.Body -AsHashtable
        foreach ($warning in @($answer['@adminapi.warnings'])) { if ($warning) { Write-Warning $warning } }
        foreach ($item in @($answer['value'])) { if ($null -ne $item) { ConvertTo-Row $item $Name.Split('-')[1] } }
        $uri = $answer['@odata.nextLink']
        if ($uri -and -not $uri.StartsWith("$($script:Connection.Base)/")) {
            Write-ErrorMessage 'The next page is said to be at another address.'
            return
        }
    }
}

function Get-ServicePrincipal {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity)
    process { Invoke-ExchangeCmdlet 'Get-ServicePrincipal' $PSBoundParameters }
}

function New-ServicePrincipal {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory)] [string] $AppId,
        [Alias('ServiceId')] [string] $ObjectId,
        [string] $DisplayName
    )
    if ($PSCmdlet.ShouldProcess($AppId, 'New-ServicePrincipal')) { Invoke-ExchangeCmdlet 'New-ServicePrincipal' $PSBoundParameters }
}

function Set-ServicePrincipal {
    [CmdletBinding(SupportsShouldProcess, PositionalBinding = $false)]
    param([Parameter(Mandatory)] [string] $Identity, [string] $DisplayName)
    if ($PSCmdlet.ShouldProcess($Identity, 'Set-ServicePrincipal')) { Invoke-ExchangeCmdlet 'Set-ServicePrincipal' $PSBoundParameters }
}

function Remove-ServicePrincipal {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity)
    process {
        if ($PSCmdlet.ShouldProcess($Identity, 'Remove-ServicePrincipal')) { Invoke-ExchangeCmdlet 'Remove-ServicePrincipal' $PSBoundParameters }
    }
}

function Get-Recipient {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string[]] $RecipientTypeDetails,
        [object] $ResultSize
    )
    process { Invoke-ExchangeCmdlet 'Get-Recipient' $PSBoundParameters }
}

function Get-Mailbox {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string[]] $RecipientTypeDetails,
        [object] $ResultSize,
        [switch] $SoftDeletedMailbox
    )
    process { Invoke-ExchangeCmdlet 'Get-Mailbox' $PSBoundParameters }
}

function Get-MailboxPermission {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $User,
        [object] $ResultSize,
        [switch] $IncludeUnresolvedPermissions,
        [switch] $UseCustomRouting
    )
    process { Invoke-ExchangeCmdlet 'Get-MailboxPermission' $PSBoundParameters }
}

function Add-MailboxPermission {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $User,
        [string[]] $AccessRights,
        [bool] $AutoMapping,
        [switch] $Deny,
        [string] $InheritanceType
    )
    process {
        if ($PSCmdlet.ShouldProcess($Identity, 'Add-MailboxPermission')) { Invoke-ExchangeCmdlet 'Add-MailboxPermission' $PSBoundParameters }
    }
}

function Remove-MailboxPermission {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $User,
        [string[]] $AccessRights,
        [switch] $Deny,
        [string] $InheritanceType
    )
    process {
        if ($PSCmdlet.ShouldProcess($Identity, 'Remove-MailboxPermission')) { Invoke-ExchangeCmdlet 'Remove-MailboxPermission' $PSBoundParameters }
    }
}

function Get-CASMailbox {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [object] $ResultSize,
        [switch] $ProtocolSettings
    )
    process { Invoke-ExchangeCmdlet 'Get-CASMailbox' $PSBoundParameters }
}

function Set-CASMailbox {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [bool] $ImapEnabled,
        [bool] $PopEnabled,
        [bool] $SmtpClientAuthenticationDisabled
    )
    process {
        if ($PSCmdlet.ShouldProcess($Identity, 'Set-CASMailbox')) { Invoke-ExchangeCmdlet 'Set-CASMailbox' $PSBoundParameters }
    }
}

function Get-ApplicationAccessPolicy {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity)
    process { Invoke-ExchangeCmdlet 'Get-ApplicationAccessPolicy' $PSBoundParameters }
}

function Get-ManagementRoleAssignment {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $Role,
        [string] $RoleAssignee
    )
    process { Invoke-ExchangeCmdlet 'Get-ManagementRoleAssignment' $PSBoundParameters }
}

Export-ModuleMember -Function Get-ApplicationAccessPolicy, Get-ManagementRoleAssignment, Get-ServicePrincipal, New-ServicePrincipal, Set-ServicePrincipal, Remove-ServicePrincipal, Get-Recipient, Get-Mailbox,
    Get-MailboxPermission, Add-MailboxPermission, Remove-MailboxPermission, Get-CASMailbox, Set-CASMailbox
