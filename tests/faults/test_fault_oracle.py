"""The oracle sees what is wrong: each rule against a run that breaks it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from diagnostics.lab.faultmatrix.cells import Cell, cells
from diagnostics.lab.faultmatrix.measuring import Measured
from diagnostics.lab.faultmatrix.oracle import MEGABYTE, Run, is_seen, problems
from diagnostics.lab.faultmatrix.places import Access

SECRET = "Zr8Q~correct-horse-battery-staple"


def cell(name: str) -> Cell:
    (found,) = cells([name])
    assert isinstance(found, Cell)
    return found


def finding(check: str, outcome: str, reason: str = "") -> dict[str, str]:
    return {"check": check, "outcome": outcome, "summary": check, "reason": reason}


def run(*findings: dict[str, str], exit_code: int = 3, causes: tuple[str, ...] = (), **changed: Any) -> Run:
    process = {name: changed.pop(name) for name in ("memory", "late", "orphans", "stdout") if name in changed}
    measured = dataclasses.replace(Measured(exit_code, 1.0, MEGABYTE, b"", b"", late=False), **process)
    report = {"findings": list(findings), "causes": [{"cause": cause} for cause in causes]}
    whole = Run(
        measured=measured,
        report=report,
        shown=measured.stdout,
        words="4711",
        secrets=(SECRET,),
        met=1,
        visitors=0,
        before=Access(1, 1),
        access=Access(1, 1),
        journal=Path("/nonexistent"),
    )
    return dataclasses.replace(whole, **changed)


RIGHT = finding("exchange-connection", "unknown", "localhost:4711 did not answer")


def test_a_run_that_says_what_it_could_not_see_is_right() -> None:
    assert list(problems(cell("wsman/silent/first"), run(RIGHT))) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (run(RIGHT, exit_code=0), "exit code 0"),
        (run(RIGHT, finding("recipient", "pass")), "passes what it cannot see: recipient"),
        (run(finding("exchange-connection", "unknown", "it did not answer")), "does not name the boundary"),
        (run(finding("exchange-connection", "skipped", "4711")), "nothing is unknown"),
        (run(RIGHT, causes=("exo-sp-not-registered",)), "names exo-sp-not-registered"),
        (run(RIGHT, memory=301 * MEGABYTE), "took 301 MB"),
        (run(RIGHT, orphans=("pwsh",)), "left behind: pwsh"),
        (run(RIGHT, stdout=b"... horse-battery"), "shows 1 secret"),
        (run(RIGHT, stdout=b"diag failed: ValueError"), "a fault of its own"),
        (run(RIGHT, visitors=1), "followed the redirect"),
        (run(RIGHT, met=0), "the fault was never met"),
        (run(RIGHT, late=True), "still running"),
        (run(RIGHT, report=None), "no report was written"),
    ],
)
def test_a_run_that_breaks_a_rule_is_wrong(wrong: Run, said: str) -> None:
    assert any(said in problem for problem in problems(cell("wsman/silent/first"), wrong))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (run(access=Access(2, 1)), "registers 2 times"),
        (run(access=Access(0, 0)), "took something away"),
        (run(before=Access(0, 0), access=Access(1, 0), exit_code=0), "exit code 0 with"),
        (
            run(before=Access(0, 0), access=Access(0, 0), stdout=b"No change: there is nothing to do."),
            "no change to make",
        ),
        (run(before=Access(0, 0), access=Access(1, 1)), "more than the journal announces"),
        (run(exit_code=70), "exit code 70"),
    ],
)
def test_a_grant_that_breaks_a_rule_is_wrong(wrong: Run, said: str) -> None:
    assert any(said in problem for problem in problems(cell("grant-again/rest/cut/half"), wrong))


def test_a_certificate_of_a_stranger_is_a_cause() -> None:
    token = finding("sign-in-host", "unknown", "localhost:4711 shows a certificate that this machine does not trust")
    named = run(token, exit_code=1, causes=("token-network-no-tls-or-proxy",))
    assert list(problems(cell("discovery/expired/connect"), named)) == []
    assert any(
        "does not name" in problem for problem in problems(cell("discovery/expired/connect"), run(token, exit_code=1))
    )


def test_eight_characters_of_a_secret_are_seen_also_in_base64() -> None:
    assert is_seen(SECRET, b"x Zr8Q~cor x")
    assert not is_seen(SECRET, b"x Zr8Q~co x")
    assert is_seen(SECRET, b"WnI4UX5jb3JyZWN0")
    assert not is_seen("eyJ0eXAiOiJKV1QifQ.eyJhIjoxfQ.c2lnbmF0dXJlc2ln", b"eyJ0eXAiOiJKV1QifQ")
