"""Where a peer must be there (CI says so by a variable), a test that is skipped for want of it has failed."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator, Mapping

import pytest
from hypothesis import settings

from diagnostics import redaction

settings.register_profile("diag", deadline=None)  # how long an example takes is for the benchmarks
settings.load_profile("diag")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts in the background with Ctrl-C ignored, and every process of a test would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "DIAG_REQUIRE_POWERSHELL": ("pwsh", "powershell"),
    "DIAG_REQUIRE_DOVECOT": ("dovecot",),
    "DIAG_REQUIRE_OPENSSH": ("sshd", "openssh"),
    "DIAG_REQUIRE_CLIENTS": ("curl is not installed", "mbsync"),
    "DIAG_REQUIRE_ALL_CLIENTS": ("is not installed:",),
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr).casefold()
        for variable, words in REQUIRED.items():
            if os.environ.get(variable) == "1" and any(word in reason for word in words):
                report.outcome = "failed"
                report.longrepr = f"{variable} is set, and the test was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="module", autouse=True)
def no_secrets_of_other_tests() -> Iterator[None]:
    """A secret that a test made is known to the process from then on: the texts of other tests must not lose its words."""
    known = redaction._known
    kept = set(known._seen)  # those that modules made when they were imported
    yield
    made = known._seen - kept
    if made:
        known.forget()
        for value in kept:
            known.add(value)
