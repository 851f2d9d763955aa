"""The clouds of Microsoft 365 as the lab's endpoints speak of them.

Hosts: microsoft/CSS-Exchange Get-CloudServiceEndpoint.ps1; the audiences of one Exchange are those that the records
show (MailKit 178 and 1811, working scripts, entra-docs). The region names of the national clouds are from memory.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """One cloud: its name in profiles, its hosts, and the audiences that mean its Exchange and its Graph."""

    name: str
    login: str
    instance_name: str
    graph: str
    exchange: str
    issuer: str
    region_scope: str
    region_sub_scope: str
    front_end: str
    """Pattern of a front end's name in the IMAP greeting; `#` stands for a digit."""
    initial_domain: str
    exchange_audiences: tuple[str, ...]

    @property
    def graph_audiences(self) -> tuple[str, ...]:
        """The audiences that Graph accepts."""
        return (self.graph, "00000003-0000-0000-c000-000000000000")


EXCHANGE_GUID = "00000002-0000-0ff1-ce00-000000000000"

GLOBAL = Cloud(
    name="global",
    login="https://login.microsoftonline.com",
    instance_name="microsoftonline.com",
    graph="https://graph.microsoft.com",
    exchange="https://outlook.office365.com",
    issuer="https://sts.windows.net",
    region_scope="EU",
    region_sub_scope="",
    front_end="FR#P281CA0###.DEUP281.PROD.OUTLOOK.COM",
    initial_domain="onmicrosoft.com",
    exchange_audiences=(
        "https://outlook.office365.com",
        "https://outlook.office.com",
        "https://ps.outlook.com",
        EXCHANGE_GUID,
    ),
)
US_GOV = Cloud(
    name="us-gov",
    login="https://login.microsoftonline.us",
    instance_name="microsoftonline.us",
    graph="https://graph.microsoft.us",
    exchange="https://outlook.office365.us",
    issuer="https://sts.windows.net",
    region_scope="USGov",
    region_sub_scope="DODCON",
    front_end="CY#P######CA0###.NAMP110.PROD.OUTLOOK.COM",
    initial_domain="onmicrosoft.us",
    exchange_audiences=("https://outlook.office365.us", EXCHANGE_GUID),
)
CHINA = Cloud(
    name="china",
    login="https://login.partner.microsoftonline.cn",
    instance_name="partner.microsoftonline.cn",
    graph="https://microsoftgraph.chinacloudapi.cn",
    exchange="https://partner.outlook.cn",
    issuer="https://sts.chinacloudapi.cn",
    region_scope="AS",
    region_sub_scope="",
    front_end="SH#PR01CA0###.CHNPR01.PROD.PARTNER.OUTLOOK.CN",
    initial_domain="partner.onmschina.cn",
    exchange_audiences=("https://partner.outlook.cn", EXCHANGE_GUID),
)
CLOUDS = {cloud.name: cloud for cloud in (GLOBAL, US_GOV, CHINA)}
