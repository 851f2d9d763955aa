from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from diagnostics.exchange.collect import READ_CMDLETS, WRITE_CMDLETS
from diagnostics.exchange.options import RestOptions, WinRmOptions
from diagnostics.exchange.port import ConnectionRequest
from diagnostics.lab.server import Lab
from diagnostics.redaction import Secret

OTHER_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def only_the_labs_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_BUNDLES:
        monkeypatch.delenv(name, raising=False)


@dataclasses.dataclass
class Tenant:
    """A running lab, and what a shell needs to reach it."""

    lab: Lab

    def token(self, **overrides: Any) -> Secret:
        setup = self.lab.setup
        arguments: dict[str, Any] = {
            "tenant": setup.tenant,
            "application": setup.operator_enterprise,
            "audience": "https://outlook.office365.com",
            "roles": ["Exchange.ManageAsApp"],
        }
        return Secret(self.lab.tokens.issue(**{**arguments, **overrides}))

    def request(self, **overrides: Any) -> ConnectionRequest:
        setup = self.lab.setup
        values: dict[str, Any] = {
            "access_token": self.token(),
            "tenant_id": setup.tenant.id,
            "organization": setup.tenant.initial_domain,
            "cmdlets": READ_CMDLETS + WRITE_CMDLETS,
        }
        return ConnectionRequest(**{**values, **overrides})

    def winrm(self, **overrides: Any) -> WinRmOptions:
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": int(self.lab.ready["endpoints"]["winrm"].rpartition(":")[2].partition("/")[0]),
            "ca_file": self.lab.ca_file,
            "auth": "basic",
            "username": "operator",
            "password": Secret(self.lab.env["DIAG_WINRM_PASSWORD"]),
            "connect_timeout": 5,
            "operation_timeout": 15,
        }
        return WinRmOptions(**{**values, **overrides})

    def rest(self, **overrides: Any) -> RestOptions:
        values: dict[str, Any] = {
            "base": self.lab.ready["endpoints"]["exchange"],
            "ca_file": self.lab.ca_file,
            "connect_timeout": 5,
            "operation_timeout": 15,
        }
        return RestOptions(**{**values, **overrides})

    @property
    def mailbox(self) -> str:
        return self.lab.setup.mailbox.primary_smtp_address


@pytest.fixture
def start() -> Iterator[Callable[..., Tenant]]:
    with ExitStack() as labs:
        yield lambda *scenarios, shape="user-mailbox": Tenant(labs.enter_context(Lab(shape, scenarios)))


@pytest.fixture
def tenant(start: Callable[..., Tenant]) -> Tenant:
    return start()
