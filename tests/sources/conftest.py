from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from diagnostics.lab.server import Lab
from diagnostics.net.client import HttpOptions, HttpSession, open_session
from tests.sources.source_peers import Handler, Peer, server_context


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example tests")


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority)


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Start peers that end with the test."""
    started: list[Peer] = []

    def start(handler: Handler, context: ssl.SSLContext | None = None) -> Peer:
        started.append(Peer(handler, context))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def http(ca_file: Path) -> Iterator[HttpSession]:
    with open_session(HttpOptions(ca_file=ca_file, connect_timeout=3, timeout=2.5)) as session:
        yield session


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A healthy tenant, shared by a module: tests that change it put it back."""
    with Lab() as started:
        yield started


@pytest.fixture
def lab_http(lab: Lab) -> Iterator[HttpSession]:
    with open_session(HttpOptions(ca_file=lab.ca_file, connect_timeout=5, timeout=10)) as session:
        yield session
