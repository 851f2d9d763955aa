from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from diagnostics.lab.adminrest import AdminRestEndpoint
from diagnostics.lab.powershell.winrm import WinRmEndpoint
from diagnostics.lab.state import (
    EnterpriseApplication,
    ExchangeServicePrincipal,
    Recipient,
    Tenant,
    World,
    new_id,
)
from diagnostics.lab.tokens import TokenAuthority

USERNAME, PASSWORD = "bridge", "a word & <more>"
COMPLETED, FAILED, STOPPED = 4, 5, 3

AUTHORITY = trustme.CA()


@dataclass
class LabWorld:
    """A tenant with an operator, an application, a mailbox of each kind that the tests need, and its endpoints."""

    ca_file: Path
    tls: ssl.SSLContext
    tenant: Tenant
    operator: EnterpriseApplication
    principal: ExchangeServicePrincipal
    mailbox: Recipient
    world: World
    tokens: TokenAuthority
    open: list[Any] = field(default_factory=list)

    def token(self, **overrides: Any) -> str:
        arguments: dict[str, Any] = {
            "tenant": self.tenant,
            "application": self.operator,
            "audience": "https://outlook.office365.com",
            "roles": ["Exchange.ManageAsApp"],
        }
        return self.tokens.issue(**{**arguments, **overrides})

    def winrm(self, **arguments: Any) -> WinRmEndpoint:
        endpoint = WinRmEndpoint(self.world, self.tokens, self.tls, username=USERNAME, password=PASSWORD, **arguments)
        endpoint.start()
        self.open.append(endpoint)
        return endpoint

    def rest(self) -> AdminRestEndpoint:
        endpoint = AdminRestEndpoint(self.world, self.tokens, self.tls)
        endpoint.start()
        self.open.append(endpoint)
        return endpoint

    def wsman(self, endpoint: WinRmEndpoint, **arguments: Any) -> WSMan:
        settings: dict[str, Any] = {
            "port": endpoint.address[1],
            "username": USERNAME,
            "password": PASSWORD,
            "ssl": True,
            "auth": "basic",
            "cert_validation": str(self.ca_file),
            "encryption": "auto",
        }
        client = WSMan("localhost", **{**settings, **arguments})
        self.open.append(client)
        return client


@dataclass
class Answer:
    """What one pipeline gave, in plain values."""

    state: int
    had_errors: bool
    output: list[Any]
    errors: list[Any]
    warnings: list[str]
    streams: Any

    @property
    def error_ids(self) -> list[str]:
        return [error.fq_error for error in self.errors]

    @property
    def messages(self) -> list[str]:
        return [str(error) for error in self.errors]


def cmdlet(name: str, /, *arguments: Any, **parameters: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    return name, arguments, parameters


def plain(value: Any) -> Any:
    properties = getattr(value, "extended_properties", None)
    return {name: plain(item) for name, item in properties.items()} if properties else value


def build(pool: RunspacePool, *statements: Any) -> PowerShell:
    """Return a pipeline: each statement is one `cmdlet(…)` or a list of them."""
    powershell = PowerShell(pool)
    for statement in statements:
        for name, arguments, parameters in statement if isinstance(statement, list) else [statement]:
            powershell.add_cmdlet(name)
            for value in arguments:
                powershell.add_argument(value)
            for parameter, value in parameters.items():
                powershell.add_parameter(parameter, value)
        powershell.add_statement()
    return powershell


def run(pool: RunspacePool, *statements: Any) -> Answer:
    powershell = build(pool, *statements)
    output = powershell.invoke()
    streams = powershell.streams
    answer = Answer(
        powershell.state,
        powershell.had_errors,
        [plain(item) for item in output],
        list(streams.error),
        [str(record.message) for record in streams.warning],
        streams,
    )
    powershell.close()
    return answer


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabWorld]:
    ca_file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(ca_file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    tenant = Tenant("Contoso", ["contoso.com", "contoso.onmicrosoft.com"])
    operator = EnterpriseApplication(new_id(), "Exchange operator", tenant.id)
    operator.directory_roles = {"Exchange Administrator"}
    tenant.enterprise_applications.append(operator)
    principal = ExchangeServicePrincipal(new_id(), new_id(), "ERP mail")
    tenant.exchange_service_principals.append(principal)
    mailbox = Recipient("erp", "erp@contoso.com", "erp@contoso.com", "ERP")
    tenant.recipients += [
        mailbox,
        Recipient(
            "info", "info@contoso.com", "info@contoso.com", "Info", "SharedMailbox", aliases=["hello@contoso.com"]
        ),
        Recipient("guest", "guest@fabrikam.com", None, "Guest", "MailUser"),
        Recipient("team", "team@contoso.com", None, "Team", "GroupMailbox"),
    ]
    made = LabWorld(ca_file, tls, tenant, operator, principal, mailbox, World([tenant]), TokenAuthority())
    yield made
    for thing in reversed(made.open):
        thing.close()


@pytest.fixture
def endpoint(lab: LabWorld) -> WinRmEndpoint:
    return lab.winrm()


@pytest.fixture
def pool(lab: LabWorld, endpoint: WinRmEndpoint) -> Iterator[RunspacePool]:
    with RunspacePool(lab.wsman(endpoint)) as opened:
        yield opened


@pytest.fixture
def connected(lab: LabWorld, pool: RunspacePool) -> RunspacePool:
    answer = run(pool, connect(lab))
    assert (answer.state, answer.messages) == (COMPLETED, [])
    return pool


def connect(lab: LabWorld, **parameters: Any) -> Any:
    defaults = {"AccessToken": lab.token(), "Organization": "contoso.onmicrosoft.com", "ShowBanner": False}
    return cmdlet("Connect-ExchangeOnline", **{**defaults, **parameters})
