from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from diagnostics.lab.server import Lab
from tests.exchange.conftest import OTHER_BUNDLES, Tenant
from tests.exchange.peers import Peers
from tests.ps_scripts.engine import Session, session


@pytest.fixture(autouse=True)
def only_the_labs_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_BUNDLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Start a lab with these scenarios, and a session of the real engine beside it that is not connected."""
    with ExitStack() as held:

        def started(*scenarios: str) -> Session:
            peers = Peers(Tenant(held.enter_context(Lab("user-mailbox", scenarios))), tmp_path)
            held.callback(peers.close)
            return held.enter_context(session(peers, "local-engine", tmp_path))

        yield started


@pytest.fixture
def unconnected(start: Callable[..., Session]) -> Session:
    return start()


@pytest.fixture
def connected(unconnected: Session) -> Session:
    assert unconnected.connect().one["ModuleVersion"] == "3.10.0"
    return unconnected
