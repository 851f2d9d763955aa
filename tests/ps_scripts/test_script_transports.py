"""Every script over every transport that has a real PowerShell behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics import resources
from diagnostics.lab.server import Lab
from diagnostics.sources import collected
from tests.exchange.conftest import Tenant
from tests.exchange.peers import Peers, marked
from tests.ps_scripts.engine import Session, session

pytestmark = pytest.mark.powershell


@pytest.fixture(scope="module", params=marked(["local-engine", "ssh-engine", "relay-engine"]))
def over(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp(request.param)
    with Lab() as lab:
        peers = Peers(Tenant(lab), folder)
        try:
            with session(peers, request.param, folder) as opened:
                assert opened.connect().one["TenantId"] == lab.setup.tenant.id
                yield opened
        finally:
            peers.close()


def _connect(over: Session) -> None:
    assert over.connect().one["ModuleVersion"] == "3.10.0"


def _collect(over: Session) -> None:
    ran = over.run("Get-DiagEvidence.ps1", Mailbox=[over.tenant.mailbox], TenantId=over.ids["TenantId"])
    assert json.loads(ran.one)["schema"] == collected.SCHEMA


def _export(over: Session) -> None:
    file = over.folder / "evidence.json"
    assert over.run("Export-DiagEvidence.ps1", Mailbox=[over.tenant.mailbox], Path=str(file)).one["Failed"] == 0
    assert collected.read(file).mailboxes[0].address == over.tenant.mailbox


def _change(name: str, *expected: str) -> Callable[[Session], None]:
    def run(over: Session) -> None:
        given: dict[str, Any] = {} if name.startswith("Register") else {"Mailbox": [over.tenant.mailbox]}
        assert over.change(name, **given).one["Outcome"] in expected

    return run


SCRIPTS: dict[str, Callable[[Session], None]] = {
    "Connect-DiagExchange.ps1": _connect,
    "Get-DiagEvidence.ps1": _collect,
    "Export-DiagEvidence.ps1": _export,
    "Revoke-DiagFullAccess.ps1": _change("Revoke-DiagFullAccess.ps1", "Revoked", "NotThere"),
    "Grant-DiagFullAccess.ps1": _change("Grant-DiagFullAccess.ps1", "Granted", "AlreadyThere"),
    "Register-DiagServicePrincipal.ps1": _change("Register-DiagServicePrincipal.ps1", "AlreadyThere"),
}


def test_no_script_is_left_out() -> None:
    assert set(SCRIPTS) == set(resources.script_names())


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_runs(name: str, over: Session) -> None:
    SCRIPTS[name](over)


def test_run_by_hand_from_a_file(over: Session, tmp_path: Path) -> None:
    """As somebody types it, with the path of the script, in a session whose strict mode is on."""
    path = resources.scripts_folder() / "Get-DiagEvidence.ps1"
    ran = over.text(
        "param($Path, $Mailbox) & $Path -Mailbox $Mailbox", {"Path": str(path), "Mailbox": "erp@contoso.com"}
    )
    assert json.loads(ran.one)["mailboxes"] == ["erp@contoso.com"]
