from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.changes.places import Place, make_lab

OTHER_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def only_the_labs_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_BUNDLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("DIAG_APPLICATION_SECRET", "DIAG_OPERATOR_SECRET", "DIAG_WINRM_PASSWORD"):
        monkeypatch.setenv(name, "")  # put back afterwards what a lab sets


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Start tenants that end with the test; see `make_lab` for the arguments."""
    with ExitStack() as labs:
        yield lambda *arguments, **options: Place(labs.enter_context(make_lab(*arguments, **options)), tmp_path)
