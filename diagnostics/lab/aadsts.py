"""The errors of Entra's token endpoint: code, OAuth error, HTTP status, text, and where the text was recorded.

Texts keep the contractions of their source. `invented` marks what no record shows: mostly the HTTP status or the OAuth
error of a code that is known from Microsoft's reference page (entra-docs reference-error-codes.md) only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from diagnostics.lab.https import Response
from diagnostics.lab.tokens import new_trace


@dataclass(frozen=True)
class EntraError:
    """One row of the table; `text` has the placeholders of `str.format`."""

    code: int
    error: str
    status: int
    text: str
    source: str


_ROWS = (
    EntraError(
        90002,
        "invalid_tenant",
        400,
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
        "james-gould/azure-keyvault-emulator issue 324",
    ),
    EntraError(
        900023,
        "invalid_request",
        400,
        "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
        "microsoftgraph/microsoft-graph-docs issue 13158",
    ),
    EntraError(
        900432,
        "invalid_request",
        400,
        "Confidential Client is not supported in Cross Cloud request.",
        "entra-docs reference-error-codes.md; OAuth error and status invented",
    ),
    EntraError(
        900144,
        "invalid_request",
        400,
        "The request body must contain the following parameter: '{parameter}'.",
        "n8n-io/n8n issue 33881",
    ),
    EntraError(
        900561,
        "invalid_request",
        400,
        "The endpoint only accepts POST requests. Received a {method} request.",
        "entra-docs reference-error-codes.md and notes of many who browsed there; OAuth error and status invented",
    ),
    EntraError(
        9002313,
        "invalid_grant",
        400,
        "Invalid request. Request is malformed or invalid.",
        "MicrosoftDocs/azure-docs issue 63819 (a refresh token); azure-activedirectory-library-for-nodejs issue 219 (a code)",
    ),
    EntraError(
        70003,
        "unsupported_grant_type",
        400,
        "The app requested an unsupported grant type '{grant_type}'.",
        "entra-docs reference-error-codes.md; wording invented",
    ),
    EntraError(
        9001023,
        "invalid_request",
        400,
        "The grant type isn't supported over the /common or /consumers endpoints. Please use the /organizations or "
        "tenant-specific endpoint.",
        "entra-docs reference-error-codes.md; OAuth error and status invented",
    ),
    EntraError(
        50194,
        "invalid_request",
        400,
        "Application '{app_id}'({name}) isn't configured as a multitenant application. Usage of the /common endpoint "
        "isn't supported for such applications created after '10/15/2018'. Use a tenant-specific endpoint or configure "
        "the application to be multitenant.",
        "entra-docs reference-error-codes.md; OAuth error and status invented",
    ),
    EntraError(
        700016,
        "unauthorized_client",
        400,
        "Application with identifier '{app_id}' was not found in the directory '{tenant}'. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant.",
        "12Knocksinna/Office365itpros issue 23",
    ),
    EntraError(
        7000229,
        "invalid_client",
        401,
        "The client application {app_id} is missing service principal in the tenant {tenant}. See instructions here: "
        "https://go.microsoft.com/fwlink/?linkid=2225119",
        "Azure/Commercial-Marketplace-SaaS-Accelerator issue 830; status invented",
    ),
    EntraError(
        7000112,
        "unauthorized_client",
        400,
        "Application '{app_id}'({name}) is disabled.",
        "Worklytics/psoxy pull 74; status invented",
    ),
    EntraError(
        7000215,
        "invalid_client",
        401,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        "the client secret ID, for a secret added to app '{app_id}'.",
        "OfficeDev/microsoft-365-agents-toolkit issue 8621",
    ),
    EntraError(
        7000218,
        "invalid_client",
        401,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        "Azure/azure-sdk-for-go issue 22386",
    ),
    EntraError(
        7000222,
        "invalid_client",
        401,
        "The provided client secret keys for app '{app_id}' are expired. Visit the Azure portal to create new keys for "
        "your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
        "liprec/vsts-release-aas issue 119",
    ),
    EntraError(
        50027,
        "invalid_request",
        400,
        "JWT token is invalid or malformed.",
        "PSAuthClient changelog 2023-10-13; GitLab runner issue 424746 (status); OAuth error invented",
    ),
    EntraError(
        700021,
        "invalid_client",
        401,
        "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at "
        "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
        "azure-sdk-for-python, azure-identity TROUBLESHOOTING.md; OAuth error: tests of microsoft-identity-web; status invented",
    ),
    EntraError(
        700023,
        "invalid_client",
        401,
        "Client assertion audience claim does not match Realm issuer. Review the documentation at "
        "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
        "AzureAD/microsoft-authentication-library-for-dotnet issue 2746; status invented",
    ),
    EntraError(
        700024,
        "invalid_client",
        401,
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {begins}, "
        "expiry time of assertion {ends}. Review the documentation at "
        "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
        "AzureAD/microsoft-authentication-library-for-java issue 984; status invented",
    ),
    EntraError(
        700027,
        "invalid_client",
        401,
        "Client assertion contains an invalid signature. [Reason - The key was not found., Thumbprint of key used by "
        "client: '{thumbprint}']",
        "microsoft-authentication-library-for-dotnet, msal-net-migration (with the reason alone: azure-docs); status invented",
    ),
    EntraError(
        1002012,
        "invalid_scope",
        400,
        "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
        "microsoftgraph/msgraph-sdk-python issue 181",
    ),
    EntraError(
        70011,
        "invalid_scope",
        400,
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
        "'scope' is not valid. The scope {scope} is not valid.",
        "vgrem/office365-rest-python-client issue 751",
    ),
    EntraError(
        500011,
        "invalid_resource",
        400,
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
        "simonrob/email-oauth2-proxy issue 389",
    ),
    EntraError(
        500014,
        "invalid_resource",
        400,
        "The service principal for resource '{resource}' is disabled. This indicate that a subscription within the "
        "tenant has lapsed, or that the administrator for this tenant has disabled the application, preventing tokens "
        "from being issued for it.",
        "Cloud-Architekt/AzureAD-Attack-Defense issue 43; status invented",
    ),
    EntraError(
        501051,
        "invalid_grant",
        400,
        "Application '{app_id}'({name}) isn't assigned to a role for the application '{resource}'({resource_name}).",
        "entra-docs reference-error-codes.md; OAuth error and status invented",
    ),
    EntraError(
        53003,
        "access_denied",
        400,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        "entra-docs reference-error-codes.md; OAuth error and status invented",
    ),
)
ERRORS = {row.code: row for row in _ROWS}


class Refused(Exception):
    """The token endpoint refuses; `code` is a row of the table, `values` fill its text."""

    def __init__(self, code: int, **values: str) -> None:
        super().__init__(code)
        self.row = ERRORS[code]
        self.values = values

    def response(self, login: str) -> Response:
        """Return the error as Entra writes it; `login` is the base of `error_uri`."""
        trace = new_trace()
        timestamp = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{self.row.code}: {self.row.text.format(**self.values)}\r\nTrace ID: {trace['trace_id']}"
            f"\r\nCorrelation ID: {trace['correlation_id']}\r\nTimestamp: {timestamp}"
        )
        body = {
            "error": self.row.error,
            "error_description": description,
            "error_codes": [self.row.code],
            "timestamp": timestamp,
            **trace,
            "error_uri": f"{login}/error?code={self.row.code}",
        }
        return Response.from_json(body, self.row.status, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})
