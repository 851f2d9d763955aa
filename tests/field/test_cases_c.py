"""A second look at public threads: each text leads to its cause, nothing wrong is certain, and no secret comes out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics import causes
from diagnostics.findings import Confidence
from diagnostics.report import build, render
from diagnostics.report.document import Report
from diagnostics.sources.transcript import read

CASES: list[dict[str, Any]] = [
    case
    for file in ("cases_c.yaml", "cases_operator.yaml")
    for case in yaml.safe_load(Path(__file__).with_name(file).read_text("utf-8"))
]
GUILTY = [case for case in CASES if not case.get("silent")]
SILENT = [case for case in CASES if case.get("silent")]


def report(case: dict[str, Any]) -> Report:
    evidence = read([case["text"].encode()], name="pasted")
    return build(evidence, command="diag analyze", started=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def name(case: dict[str, Any]) -> str:
    return str(case["case"])


@pytest.mark.parametrize("case", GUILTY, ids=name)
def test_an_accepted_cause_is_first(case: dict[str, Any]) -> None:
    named = [ranked.cause for ranked in report(case).diagnosis.causes]
    assert set(named[: 3 if case.get("undecidable") else 1]) & set(case["accept"]), named


@pytest.mark.parametrize("case", CASES, ids=name)
def test_nothing_wrong_is_certain(case: dict[str, Any]) -> None:
    certain = {ranked.cause for ranked in report(case).diagnosis.causes if ranked.confidence is Confidence.CERTAIN}
    assert certain <= {*case["accept"], *case.get("beside", [])}


@pytest.mark.parametrize("case", SILENT, ids=name)
def test_nobody_is_accused(case: dict[str, Any]) -> None:
    accused = {ranked.cause for ranked in report(case).diagnosis.causes if ranked.confidence is not Confidence.POSSIBLE}
    assert accused <= set(case["accept"])


@pytest.mark.parametrize("case", [case for case in CASES if "secrets" in case], ids=name)
@pytest.mark.parametrize("output", ["table", "yaml", "json"])
def test_no_secret_comes_out(case: dict[str, Any], output: str) -> None:
    shown = render(report(case), output, width=300)
    assert [secret for secret in case["secrets"] if secret in shown] == []


def test_every_text_says_where_it_is_from_and_is_another_one() -> None:
    assert all(case["source"] for case in CASES)
    assert len({case["text"] for case in CASES}) == len({case["case"] for case in CASES}) == len(CASES)
    assert {slug for case in CASES for slug in case["accept"]} <= {*causes.slugs(), "input-blank-copied-along"}
