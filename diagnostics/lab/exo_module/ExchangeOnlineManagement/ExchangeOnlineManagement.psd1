@{
    RootModule        = 'ExchangeOnlineManagement.psm1'
    ModuleVersion     = '3.10.0'
    GUID              = '0d9c5d7e-4c1b-4f0e-9a55-2f6f3d0d7a11'
    Author            = 'diag'
    CompanyName       = 'diag'
    Copyright         = 'MIT'
    Description       = 'A stand-in for Microsoft''s ExchangeOnlineManagement, for use with diag lab only. It knows no tenant but the simulated one. It has the names and parameters that Microsoft documents for the few cmdlets that diag uses, and posts each call to the lab''s admin REST endpoint, as the real module posts to Exchange''s.'
    PowerShellVersion = '7.4'
    CompatiblePSEditions = @('Core')
    FunctionsToExport = @('Connect-ExchangeOnline', 'Disconnect-ExchangeOnline', 'Get-ConnectionInformation')
    CmdletsToExport   = @()
    VariablesToExport = @()
    AliasesToExport   = @()
    PrivateData       = @{ PSData = @{ Tags = @('stand-in', 'diag-lab') } }
}
