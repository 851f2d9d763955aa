"""A sample of the fault matrix, from each boundary and each family of faults; `make faults` runs all of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from diagnostics.lab.faultmatrix import measuring

SAMPLE = (
    "discovery/other-ca/connect",
    "token/redirect-307/last",
    "graph/gzip-bomb/first",
    "wsman/html/first",
    "wsman/status-401/first",
    "wsman/status-401/last",
    "rest/status-403/first",
    "rest/cut/first",
    "stdio/reset-mid-response/last",
    "ssh/refused/connect",
    "imap/reset-mid-response/authenticate",
    "dns/garbage/first",
    "grant/rest/html/first",
    "grant-again/wsman/cut/first",
)


def faults(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diagnostics", "lab", "faults", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)


@pytest.mark.skipif(not measuring.POSSIBLE, reason="this system does not say what an ended process has used")
def test_a_sample_is_as_the_oracle_says() -> None:
    done = faults("--output", "json", *(word for name in SAMPLE for word in ("--only", name)))
    tree = json.loads(done.stdout)
    assert {row["name"]: row["wrong"] for row in tree["rows"] if not row["right"]} == {}
    assert tree["all"] == len(SAMPLE)
    assert done.returncode == 0


def test_what_makes_no_sense_is_listed_with_its_reason() -> None:
    done = faults("--only", "stdio/gzip-bomb", "--only", "ssh/expired")
    assert done.returncode == 0, done.stderr
    assert "ssh knows host keys" in done.stdout
    assert "stdio: it is a matter of HTTP: gzip-bomb" in done.stdout


def test_an_unknown_cell_is_a_usage_error() -> None:
    done = faults("--only", "no-such-cell")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no cell is called 'no-such-cell'" in done.stderr
