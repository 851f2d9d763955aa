"""Where each of Microsoft's clouds has its sign-in, Graph, Exchange and IMAP, and the ids that are the same everywhere.

`documented`: in a vendor's text or in Microsoft's own code. `reported`: in working programs of others. `unverified`:
concluded from the neighbouring entries, and nobody has confirmed it. No other module of the product spells these hosts
and ids out, except what reads them in texts of others; the lab has its own, since it is the peer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from diagnostics.ids import ApplicationId, TenantId

CloudName: TypeAlias = Literal["global", "us-gov", "us-dod", "china"]

_ENDPOINTS = "microsoft/CSS-Exchange Get-CloudServiceEndpoint.ps1"
_OAUTH_PAGE = "Microsoft's page on OAuth for IMAP, POP and SMTP"
_MODULE = "office-docs-powershell Connect-ExchangeOnline.md, -ExchangeEnvironmentName"
_GRAPH_MODULE = "Microsoft Graph PowerShell, Get-MgEnvironment"
_PROGRAMS = "programs of others that work there"


@dataclass(frozen=True, slots=True)
class Known:
    """A value of the table with where it was read and how well it is known."""

    value: str
    source: str
    status: Literal["documented", "reported", "unverified"] = "documented"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud: base URLs without a trailing slash, the scope of app-only mail access, the IMAP host."""

    name: CloudName
    title: str
    login: Known
    graph: Known
    exchange: Known
    imap_server: Known
    scope: Known
    exchange_environment: Known
    graph_environment: Known

    def known(self) -> Mapping[str, Known]:
        """Return the table's row by the names of its columns."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Known)}


CLOUDS: Mapping[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            name="global",
            title="Microsoft 365 (worldwide, GCC included)",
            login=Known("https://login.microsoftonline.com", _ENDPOINTS),
            graph=Known("https://graph.microsoft.com", _ENDPOINTS),
            exchange=Known("https://outlook.office365.com", _MODULE),
            imap_server=Known("outlook.office365.com", _OAUTH_PAGE),
            scope=Known("https://outlook.office365.com/.default", _OAUTH_PAGE),
            exchange_environment=Known("O365Default", _MODULE),
            graph_environment=Known("Global", _GRAPH_MODULE),
        ),
        Cloud(
            name="us-gov",
            title="US Government L4 (GCC High)",
            login=Known("https://login.microsoftonline.us", _ENDPOINTS),
            graph=Known("https://graph.microsoft.us", _ENDPOINTS),
            exchange=Known("https://outlook.office365.us", _ENDPOINTS),
            imap_server=Known("outlook.office365.us", _PROGRAMS, "reported"),
            scope=Known("https://outlook.office365.us/.default", _PROGRAMS, "reported"),
            exchange_environment=Known("O365USGovGCCHigh", _MODULE),
            graph_environment=Known("USGov", _GRAPH_MODULE),
        ),
        Cloud(
            name="us-dod",
            title="US Government L5 (DoD)",
            login=Known("https://login.microsoftonline.us", _ENDPOINTS),
            graph=Known("https://dod-graph.microsoft.us", _ENDPOINTS),
            exchange=Known("https://outlook-dod.office365.us", _ENDPOINTS),
            imap_server=Known("outlook-dod.office365.us", "the Exchange host of that cloud", "unverified"),
            scope=Known("https://outlook-dod.office365.us/.default", "the Exchange host of that cloud", "unverified"),
            exchange_environment=Known("O365USGovDoD", _MODULE),
            graph_environment=Known("USGovDoD", _GRAPH_MODULE),
        ),
        Cloud(
            name="china",
            title="Microsoft 365 operated by 21Vianet",
            login=Known("https://login.partner.microsoftonline.cn", _ENDPOINTS),
            graph=Known("https://microsoftgraph.chinacloudapi.cn", _ENDPOINTS),
            exchange=Known("https://partner.outlook.cn", _ENDPOINTS),
            imap_server=Known("partner.outlook.cn", _PROGRAMS, "reported"),
            scope=Known("https://partner.outlook.cn/.default", _PROGRAMS, "reported"),
            exchange_environment=Known("O365China", _MODULE),
            graph_environment=Known("China", _GRAPH_MODULE),
        ),
    )
}

LOGIN_HOSTS: tuple[frozenset[str], ...] = (
    frozenset({"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"}),
    frozenset({"login.microsoftonline.us", "login-us.microsoftonline.com", "login.usgovcloudapi.net"}),
    frozenset({"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"}),
)
"""Hosts of one cloud's sign-in each, aliases included: WELL_KNOWN_AUTHORITY_HOSTS in Microsoft's MSAL (authority.py)."""

GLOBAL, US_GOV, CHINA = CLOUDS["global"], CLOUDS["us-gov"], CLOUDS["china"]

IMAP_SERVERS: tuple[str, ...] = tuple(cloud.imap_server.value for cloud in CLOUDS.values())
"""Exchange Online's IMAP servers, the global one first."""

EXCHANGE_ONLINE = ApplicationId("00000002-0000-0ff1-ce00-000000000000")
"""Application ID of Office 365 Exchange Online in every tenant (entra-docs, first-party applications)."""

MICROSOFT_GRAPH = ApplicationId("00000003-0000-0000-c000-000000000000")
"""Application ID of Microsoft Graph in every tenant (entra-docs, first-party applications)."""

EXCHANGE_ALIAS = "https://outlook.office.com"
"""Another name of the global Exchange as a resource of tokens (recorded in `aud`); no IMAP server."""

OLD_EXCHANGE = "https://ps.outlook.com"
"""The name of that resource in old pages of Microsoft, which still gives tokens (office-developer-exchange-docs)."""

EXCHANGE_AUDIENCES: frozenset[str] = frozenset(
    {EXCHANGE_ALIAS, EXCHANGE_ONLINE, *(cloud.exchange.value for cloud in CLOUDS.values())}
)
"""What `aud` may be in a token for Exchange, in lower case and without a slash at its end; `OLD_EXCHANGE` apart."""

GRAPH_AUDIENCES: frozenset[str] = frozenset({MICROSOFT_GRAPH, *(cloud.graph.value for cloud in CLOUDS.values())})
"""What `aud` may be in a token for Microsoft Graph."""

EXCHANGE_MODULE = ApplicationId("fb78d390-0c51-40cd-8e17-fdbfab77341b")
"""The public client of Connect-ExchangeOnline (the module's own sign-in)."""

GRAPH_TOOLS = ApplicationId("14d82eec-204b-4c2f-b7e8-296a70dab67e")
"""Microsoft Graph Command Line Tools, the public client of Connect-MgGraph."""

PERSONAL_TENANT = TenantId("9188040d-6c67-4c5b-b112-36a304b66dad")
"""The tenant of personal Microsoft accounts (entra-docs, access token claims)."""

IMAP_ACCESS_AS_APP = "5e5addcd-3e8d-4e90-baf5-964efab2b20a"
"""Id of the application permission IMAP.AccessAsApp (community's table); only where Graph does not publish it."""

FULL_ACCESS_AS_APP = "dc890d15-9560-4a4c-9b7f-a736ec74ec40"
"""Id of the application permission full_access_as_app, for EWS (community's table)."""

GRAPH_IMAP, GRAPH_SMTP = "652390e4-393a-48de-9484-05f9b1212954", "258f6531-6087-4cc4-bb90-092c5fb3ed3f"
"""Ids of the delegated IMAP.AccessAsUser.All and SMTP.Send as Microsoft Graph publishes them (Graph's list of scopes)."""
