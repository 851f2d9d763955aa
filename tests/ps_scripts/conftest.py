from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from diagnostics.lab.server import Lab
from tests.exchange.conftest import OTHER_BUNDLES, Tenant
from tests.exchange.peers import MODULES, Peers
from tests.ps_scripts.engine import Session, session

CLEAN = """
param([string] $ModulePath)
if (Get-Module -Name ExchangeOnlineManagement) {
    Disconnect-ExchangeOnline -Confirm:$false
    Remove-Module -Name ExchangeOnlineManagement -Force
}
$env:PSModulePath = $ModulePath
"""


@pytest.fixture(autouse=True)
def only_the_labs_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_BUNDLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="package")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One real PowerShell for all tests: it finds the lab of the moment by a file, as the stand-in module always does."""
    folder = tmp_path_factory.mktemp("engine")
    with Lab() as lab:
        peers = Peers(Tenant(lab), folder)
        try:
            with session(peers, "local-engine", folder) as opened:
                yield opened
        finally:
            peers.close()


@pytest.fixture
def start(engine: Session) -> Iterator[Callable[..., Session]]:
    """Start a lab with these scenarios; the session is not connected to it."""
    with ExitStack() as held:

        def started(*scenarios: str) -> Session:
            engine.tenant = Tenant(held.enter_context(Lab("user-mailbox", scenarios)))
            (engine.folder / "ready.json").write_text(json.dumps(engine.tenant.lab.ready))
            cleaned = engine.text(CLEAN, {"ModulePath": str(MODULES)})
            assert not cleaned.ended, cleaned.errors
            return engine

        yield started


@pytest.fixture
def unconnected(start: Callable[..., Session]) -> Session:
    return start()


@pytest.fixture
def connected(unconnected: Session) -> Session:
    assert unconnected.connect().one["ModuleVersion"] == "3.10.0"
    return unconnected
