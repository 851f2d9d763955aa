"""Connect-ExchangeOnline, Disconnect-ExchangeOnline and Get-ConnectionInformation.

Sources: office-docs-powershell, pages of the cmdlets; issue 11332 (app role without directory role), issue 10378 (a
delegated organization with an access token silently works in the token's own tenant).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from diagnostics.lab.powershell.declaration import Call, Cmdlet, Kind, Parameter
from diagnostics.lab.powershell.errors import RUNTIME_EXCEPTION, ErrorData, StatementEnded
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.powershell.session import Connection, SignInRefused, sign_in

MODULE = "ExchangeOnlineManagement"
ENVIRONMENTS = {
    "O365Default": "https://outlook.office365.com",
    "O365China": "https://partner.outlook.cn",
    "O365GermanyCloud": "https://outlook.office.de",
    "O365USGovDoD": "https://webmail.apps.mil",
    "O365USGovGCCHigh": "https://outlook.office365.us",
}
"""-ExchangeEnvironmentName, and the ConnectionUri that goes with it."""

OTHER_SIGN_INS = (
    "AppId",
    "Certificate",
    "CertificateFilePath",
    "CertificatePassword",
    "CertificateThumbprint",
    "Credential",
    "Device",
    "InlineCredential",
    "ManagedIdentity",
    "ManagedIdentityAccountId",
    "SigningCertificate",
)
"""Documented ways to sign in that the lab knows and refuses: it takes an access token only."""


def _thrown(message: str, exception: str = "System.Exception") -> StatementEnded:
    """Return what `throw` in the module's script leaves: the message is also the id (seen in many issues)."""
    return StatementEnded(
        ErrorData(
            message=message,
            error_id=message,
            category="OperationStopped",
            exception_types=(exception, *RUNTIME_EXCEPTION[1:]),
        )
    )


def _connect(call: Call) -> Iterator[Any]:
    given = next((name for name in OTHER_SIGN_INS if call.has(name)), None)
    if given is not None or not call.text("AccessToken"):
        # Invented: the real module would open a browser or use the credential.
        raise _thrown(
            f"This simulated module signs in with -AccessToken only{f', not with -{given}' if given else ''}."
        )
    organization, delegated = call.text("Organization"), call.text("DelegatedOrganization")
    user = call.text("UserPrincipalName")
    if not (organization or delegated or user):
        # Invented wording; that one of the three is needed is documented with -AccessToken.
        raise _thrown("-AccessToken needs -Organization, -UserPrincipalName or -DelegatedOrganization.")
    runspace = call.runspace
    try:
        if runspace.remote is not None:
            operator = runspace.remote.sign_in(call.text("AccessToken"))
        else:
            operator = sign_in(runspace.world, runspace.tokens, call.text("AccessToken"))
    except SignInRefused as refused:
        call.write_verbose(f"Sign-in refused: {refused.reason}.")
        raise _thrown(refused.message, "System.UnauthorizedAccessException") from None
    if organization and runspace.remote is None and runspace.world.tenant(organization) is not operator.tenant:
        # Invented: what Exchange answers for a token of another organization is not recorded.
        raise _thrown("UnAuthorized", "System.UnauthorizedAccessException")
    names = call.get("CommandName")
    environment = call.text("ExchangeEnvironmentName").casefold()
    uris = {name.casefold(): uri for name, uri in ENVIRONMENTS.items()}
    runspace.connections.append(
        Connection(
            operator=operator,
            organization=organization,
            delegated_organization=delegated,
            user_principal_name=user,
            connection_uri=call.text("ConnectionUri") or uris.get(environment, runspace.world.cloud.exchange),
            command_names=frozenset(name.casefold() for name in names) if names else None,
            prefix=call.text("Prefix"),
            page_size=call.get("PageSize", 1000),
            token=call.text("AccessToken"),
        )
    )
    runspace.imported.add(MODULE)
    if call.get("ShowBanner", True):
        call.sink.information(_BANNER, "Write-Host")
    yield from ()


_BANNER = (
    "----------------------------------------------------------------------------------------\n"
    "This is a simulated ExchangeOnlineManagement module. It talks to a tenant that does not exist.\n"
    "----------------------------------------------------------------------------------------"
)


def _information(connection: Connection, *, now: float) -> Row:
    claims = connection.operator.claims
    active = claims.expires_at > now
    return Row(
        ("Microsoft.Exchange.Management.ExoPowershellSnapin.ConnectionInformation", "System.Object"),
        {
            "ConnectionId": uuid.UUID(connection.id),
            "State": "Connected",
            "Id": 1,
            "Name": f"ExchangeOnline_{connection.id[:8]}",
            "UserPrincipalName": connection.user_principal_name,
            "ConnectionUri": connection.connection_uri,
            "AzureAdAuthorizationEndpointUri": "https://login.microsoftonline.com",
            "TokenExpiryTimeUTC": connection.expires,
            "CertificateAuthentication": False,
            "ModuleName": connection.module_name,
            "ModulePrefix": connection.prefix,
            "Organization": connection.organization or connection.tenant.initial_domain,
            "DelegatedOrganization": connection.delegated_organization,
            "AppId": claims.app_id,
            "PageSize": connection.page_size,
            "TenantID": connection.tenant.id,
            "TokenStatus": "Active" if active else "Expired",
            "ConnectionUsedForInbuiltCmdlets": True,
            "IsEopSession": False,
        },
    )


def _chosen(call: Call) -> list[Connection]:
    """Return the connections that -ConnectionId or -ModulePrefix names, or all of them."""
    ids = {item.casefold() for item in call.get("ConnectionId", [])}
    prefixes = {item.casefold() for item in call.get("ModulePrefix", [])}
    return [
        connection
        for connection in call.runspace.connections
        if not (ids or prefixes) or connection.id in ids or (connection.prefix.casefold() or None) in prefixes
    ]


def _get_information(call: Call) -> Iterator[Any]:
    chosen = _chosen(call)
    for number, connection in enumerate(call.runspace.connections, 1):
        if connection in chosen:
            information = _information(connection, now=call.runspace.tokens.clock())
            information.properties["Id"] = number
            information.properties["Name"] = f"ExchangeOnline_{number}"
            yield information


def _disconnect(call: Call) -> Iterator[Any]:
    if not call.should_process(
        "Running this cmdlet clears all active sessions created using Connect-ExchangeOnline or Connect-IPPSSession.",
        "Disconnect-ExchangeOnline",
        confirms=True,
    ):
        return
    chosen = _chosen(call)
    call.runspace.connections[:] = [item for item in call.runspace.connections if item not in chosen]
    yield from ()


def _module_cmdlet(name: str, body: Any, parameters: tuple[Parameter, ...], *, confirms: bool = False) -> Cmdlet:
    return Cmdlet(name, body, parameters, module=MODULE, should_process=confirms, is_function=True)


CMDLETS = (
    _module_cmdlet(
        "Connect-ExchangeOnline",
        _connect,
        (
            Parameter("ConnectionUri", position=0),
            Parameter("AzureADAuthorizationEndpointUri", position=1),
            Parameter("ExchangeEnvironmentName", position=2, allowed=tuple(ENVIRONMENTS)),
            Parameter("PSSessionOption", Kind.ANY, position=3),
            Parameter("DelegatedOrganization", position=4),
            Parameter("Prefix", position=5),
            Parameter("CommandName", Kind.STRINGS, position=6),
            Parameter("FormatTypeName", Kind.STRINGS, position=7),
            Parameter("AccessToken"),
            Parameter("Organization"),
            Parameter("UserPrincipalName"),
            Parameter("PageSize", Kind.INT),
            Parameter("ShowBanner", Kind.SWITCH),
            Parameter("ShowProgress", Kind.BOOL),
            Parameter("SkipLoadingFormatData", Kind.SWITCH),
            Parameter("SkipLoadingCmdletHelp", Kind.SWITCH),
            Parameter("LoadCmdletHelp", Kind.SWITCH),
            Parameter("DisableWAM", Kind.SWITCH),
            Parameter("BypassMailboxAnchoring", Kind.SWITCH),
            Parameter("EnableErrorReporting", Kind.SWITCH),
            Parameter("EXOModuleBasePath"),
            Parameter("LogDirectoryPath"),
            Parameter("LogLevel", Kind.ANY),
            Parameter("TrackPerformance", Kind.BOOL),
            Parameter("UseMultithreading", Kind.BOOL),
            Parameter("UseRPSSession", Kind.SWITCH),
            Parameter("Credential", Kind.ANY),
            Parameter("Certificate", Kind.ANY),
            Parameter("CertificateFilePath"),
            Parameter("CertificatePassword", Kind.SECURE),
            Parameter("CertificateThumbprint"),
            Parameter("AppId"),
            Parameter("Device", Kind.SWITCH),
            Parameter("InlineCredential", Kind.SWITCH),
            Parameter("ManagedIdentity", Kind.SWITCH),
            Parameter("ManagedIdentityAccountId"),
            Parameter("SigningCertificate", Kind.ANY),
        ),
    ),
    _module_cmdlet(
        "Get-ConnectionInformation",
        _get_information,
        (Parameter("ConnectionId", Kind.STRINGS), Parameter("ModulePrefix", Kind.STRINGS)),
    ),
    _module_cmdlet(
        "Disconnect-ExchangeOnline",
        _disconnect,
        (Parameter("ConnectionId", Kind.STRINGS), Parameter("ModulePrefix", Kind.STRINGS)),
        confirms=True,
    ),
)
