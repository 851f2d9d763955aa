# How both halves of the stand-in call the lab's admin REST endpoint. Dot-sourced; ASCII only.

function New-AdminApiClient {
    # An HttpClient that trusts the lab's certificate authority and nothing else.
    param([string] $CaFile)
    $handler = [System.Net.Http.SocketsHttpHandler]::new()
    $handler.UseProxy = $false
    $handler.AllowAutoRedirect = $false
    if ($CaFile) {
        $authority = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem([System.IO.File]::ReadAllText($CaFile))
        $policy = [System.Security.Cryptography.X509Certificates.X509ChainPolicy]::new()
        $policy.TrustMode = [System.Security.Cryptography.X509Certificates.X509ChainTrustMode]::CustomRootTrust
        $policy.RevocationMode = [System.Security.Cryptography.X509Certificates.X509RevocationMode]::NoCheck
        [void] $policy.CustomTrustStore.Add($authority)
        $handler.SslOptions.CertificateChainPolicy = $policy
    }
    $client = [System.Net.Http.HttpClient]::new($handler)
    $client.Timeout = [System.TimeSpan]::FromMinutes(10)
    $client
}

function Send-AdminApiRequest {
    # Posts one cmdlet and returns status, headers and body; the wait can be stopped.
    param([object] $Connection, [string] $Uri, [string] $CmdletName, [string] $Body)
    $request = [System.Net.Http.HttpRequestMessage]::new([System.Net.Http.HttpMethod]::Post, $Uri)
    $request.Headers.Authorization = [System.Net.Http.Headers.AuthenticationHeaderValue]::new('Bearer', $Connection.AccessToken)
    [void] $request.Headers.TryAddWithoutValidation('X-CmdletName', $CmdletName)
    [void] $request.Headers.TryAddWithoutValidation('X-ResponseFormat', 'json')
    [void] $request.Headers.TryAddWithoutValidation('X-AnchorMailbox', "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@$($Connection.TenantId)")
    [void] $request.Headers.TryAddWithoutValidation('Prefer', "odata.maxpagesize=$($Connection.PageSize)")
    [void] $request.Headers.TryAddWithoutValidation('connection-id', $Connection.Id)
    [void] $request.Headers.TryAddWithoutValidation('client-request-id', [guid]::NewGuid().ToString())
    $request.Content = [System.Net.Http.StringContent]::new($Body, [System.Text.Encoding]::UTF8, 'application/json')
    $source = [System.Threading.CancellationTokenSource]::new()
    try {
        $sending = $Connection.Client.SendAsync($request, $source.Token)
        while (-not $sending.Wait(50)) { }
        $response = $sending.Result
        $reading = $response.Content.ReadAsStringAsync($source.Token)
        while (-not $reading.Wait(50)) { }
        $diagnostics = ''
        $values = $null
        if ($response.Headers.TryGetValues('x-ms-diagnostics', [ref] $values)) { $diagnostics = @($values)[0] }
        @{ Status = [int] $response.StatusCode; Body = $reading.Result; Diagnostics = $diagnostics }
    }
    finally {
        $source.Cancel()
        $request.Dispose()
    }
}

function Get-AdminApiMessage {
    # The text of an error, from the three shapes it comes in, or from the header of a refusal without a body.
    param([object] $Reply)
    $text = $Reply.Body.Trim([char] 0, ' ', "`r", "`n")
    if ($text.StartsWith('{')) {
        $problem = (ConvertFrom-Json -InputObject $text -AsHashtable)['error']
        if ($problem) {
            if ($problem.ContainsKey('innererror') -and $problem['innererror'].ContainsKey('internalexception')) {
                return $problem['innererror']['internalexception']['message']
            }
            if ($problem.ContainsKey('details') -and @($problem['details']).Count -gt 0) {
                return @($problem['details'])[0]['message']
            }
            return $problem['message']
        }
    }
    elseif ($text) { return $text }
    if ($Reply.Diagnostics -match 'reason="([^"]*)"') { return $Matches[1] }
    "The remote server returned an error: ($($Reply.Status))."
}
