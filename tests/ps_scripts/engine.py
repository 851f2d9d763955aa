"""Runs the scripts with the real engine, as a person or the bridge does: constant text, bound parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool

from diagnostics import resources
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.psrp import PsrpShell
from diagnostics.exchange.values import from_clixml
from tests.exchange.conftest import Tenant
from tests.exchange.peers import Peers

ROOT = Path(__file__).parents[2]
SECONDS = 60.0


@dataclass(frozen=True)
class Ran:
    """What a script gave: objects, errors as (id, message), warnings, and whether it was ended by an error."""

    objects: list[Any]
    errors: list[tuple[str, str]]
    warnings: list[str]
    ended: bool

    @property
    def one(self) -> Any:
        assert not self.ended, self.errors
        assert len(self.objects) == 1, self.objects
        return self.objects[0]

    @property
    def refusal(self) -> str:
        """The id of the error that ended it."""
        assert self.ended
        return self.errors[-1][0].partition(",")[0]


@dataclass
class Session:
    """A PowerShell session that is not connected to Exchange; strict mode is on for everything in it."""

    shell: PsrpShell
    pool: RunspacePool
    tenant: Tenant
    folder: Path
    token: str = field(repr=False, default="")

    def run(self, name: str, **parameters: object) -> Ran:
        return self.text(resources.script(name), parameters)

    def text(self, text: str, parameters: Mapping[str, object] | None = None) -> Ran:
        shell = PowerShell(self.pool)
        shell.add_cmdlet("Set-StrictMode").add_parameter("Version", "Latest").add_statement()
        shell.add_script(text, use_local_scope=True)
        for name, value in (parameters or {}).items():
            shell.add_parameter(name, value)
        self.shell._deadline(SECONDS)
        output = shell.invoke()
        ended = shell.state != PSInvocationState.COMPLETED
        errors = [(str(error.fq_error), str(error)) for error in shell.streams.error]
        warnings = [str(warning.message) for warning in shell.streams.warning]
        self.shell._deadline(SECONDS)
        shell.close()
        return Ran([from_clixml(item) for item in output], errors, warnings, ended)

    def connect(self, **more: object) -> Ran:
        setup = self.tenant.lab.setup
        self.token = self.tenant.token().reveal()
        given = {
            "TenantId": setup.tenant.id,
            "AccessToken": self.token,
            "Organization": setup.tenant.initial_domain,
        }
        return self.run("Connect-DiagExchange.ps1", **{**given, **more})

    def change(self, name: str, **more: object) -> Ran:
        """Run a script that changes something, for the lab's application and mailbox."""
        return self.run(name, **{**self.ids, "Confirm": False, **more})

    @property
    def ids(self) -> dict[str, object]:
        setup = self.tenant.lab.setup
        return {
            "TenantId": setup.tenant.id,
            "ApplicationId": setup.registration.app_id,
            "EnterpriseApplicationObjectId": setup.enterprise.object_id,
        }


@contextmanager
def session(peers: Peers, transport: str, folder: Path) -> Iterator[Session]:
    """Open a session over a transport, and leave signing in to the scripts."""
    shell = open_shell(peers.options(transport), peers.tenant.request())
    assert isinstance(shell, PsrpShell)
    try:
        shell._open_pool()
        assert shell._pipelines is not None
        yield Session(shell, shell._pipelines._pool, peers.tenant, folder)
    finally:
        shell.close()
