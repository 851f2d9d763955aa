from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from diagnostics.lab.server import Lab

OTHER_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def only_the_labs_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep certificate bundles of the machine from standing in for the lab's authority."""
    for name in OTHER_BUNDLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def start() -> Iterator[Callable[..., Lab]]:
    """Start labs that end with the test."""
    with ExitStack() as labs:
        yield lambda *scenarios, shape="user-mailbox": labs.enter_context(Lab(shape, scenarios))


@pytest.fixture
def lab(start: Callable[..., Lab]) -> Lab:
    return start()


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session
