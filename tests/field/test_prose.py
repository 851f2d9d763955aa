"""What people write never hides a machine's own line, and never is taken for one.

The innocent texts accuse nobody. Each of them gets its cause named as soon as a machine's own line stands below it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics.findings import Confidence
from diagnostics.report import build
from diagnostics.report.document import Report
from diagnostics.sources.transcript import read

HERE = Path(__file__).parent
INNOCENT: list[dict[str, Any]] = yaml.safe_load((HERE / "innocent_prose.yaml").read_text(encoding="utf-8"))
TWINS: list[dict[str, Any]] = yaml.safe_load((HERE / "prose_twins.yaml").read_text(encoding="utf-8"))
OWN_LINE = """

2025-04-02 07:15:09 DEBUG imap connected to outlook.office365.com:993
2025-04-02 07:15:09 DEBUG imap C: A7 AUTHENTICATE XOAUTH2 ****
2025-04-02 07:15:11 DEBUG imap S: A7 OK AUTHENTICATE completed.
2025-04-02 07:15:12 DEBUG imap S: A8 BAD User is authenticated but not connected.
"""
EXIT_NOTHING_PROVEN = 3


def judged(text: str) -> Report:
    evidence = read([text.encode()], name="pasted")
    return build(evidence, command="diag analyze", started=dt.datetime.now(dt.UTC))


def accused(report: Report) -> list[str]:
    return [cause.cause for cause in report.diagnosis.causes if cause.confidence is not Confidence.POSSIBLE]


@pytest.mark.parametrize("case", INNOCENT, ids=[case["case"] for case in INNOCENT])
def test_an_innocent_text_accuses_nobody(case: dict[str, Any]) -> None:
    report = judged(case["text"])
    assert accused(report) == []
    assert report.exit_code in {0, EXIT_NOTHING_PROVEN}


@pytest.mark.parametrize("case", INNOCENT, ids=[case["case"] for case in INNOCENT])
def test_a_machines_own_line_below_it_is_named(case: dict[str, Any]) -> None:
    named = accused(judged(case["text"] + OWN_LINE))
    assert case.get("then", "perm-fullaccess-missing") in named


@pytest.mark.parametrize("case", TWINS, ids=[case["case"] for case in TWINS])
def test_whatever_stands_above_a_machines_line(case: dict[str, Any]) -> None:
    report = judged(case["text"])
    first = report.diagnosis.first
    assert first is not None
    assert first.cause in case["accept"]
    assert report.exit_code == 1
