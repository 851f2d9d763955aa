"""Where each of Microsoft's clouds has its sign-in, Graph, Exchange and IMAP, and how well each of these is known.

`documented`: in a vendor's text or in Microsoft's own code. `reported`: in working programs of others. `unverified`:
concluded from the neighbouring entries, and nobody has confirmed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

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
