"""`diag lab matrix`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from diagnostics.cli.app import app
from diagnostics.lab import matrix
from diagnostics.lab.traces import Trace, traces


def diag(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diagnostics", "lab", "matrix", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_table_goes_to_stdout_and_all_as_expected_is_0() -> None:
    done = diag("--only", "net-throttled.1", "--only", "healthy.2", "--only", "net-no-greeting/refused")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "Scenario",
        "or",
        "trace",
        "First",
        "cause",
        "named",
        "Rank",
        "Exit",
        "Seconds",
        "Verdict",
    ]
    assert [line.split()[0] for line in lines[2:5]] == ["net-no-greeting/refused", "net-throttled.1", "healthy.2"]
    assert lines[-1] == "3 of 3 as expected."


def test_json_holds_every_cause_that_was_named() -> None:
    done = diag("--only", "token-secret-expired.1", "--output", "json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert (tree["right"], tree["all"]) == (1, 1)
    assert tree["rows"][0]["named"][0] == {"cause": "token-secret-expired", "confidence": "certain"}


def test_an_unknown_name_is_a_usage_error() -> None:
    done = diag("--only", "no-such-thing")
    assert done.returncode == 2
    assert "no scenario, shape or trace is called 'no-such-thing'" in done.stderr
    assert done.stdout == ""


def test_a_text_whose_cause_is_not_first_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    class Misjudged(Trace):
        def read(self) -> bytes:
            return traces()["net-throttled.1"].read()

    wrong = Misjudged("perm-deny-entry.9", "made for this test")
    monkeypatch.setattr(matrix, "traces", lambda: {wrong.name: wrong})
    result = CliRunner().invoke(app, ["lab", "matrix", "--only", wrong.name])
    assert result.exit_code == 1
    assert "WRONG" in result.stdout
