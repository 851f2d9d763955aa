"""Texts in which nothing is wrong with an application at Exchange Online accuse nobody.

Another provider, Exchange on premises, another protocol, a session that works, prose: each may be told apart
(`allowed`), and none is taken for a fault of the kind that diag looks for.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics.findings import Confidence
from diagnostics.report import Report, build
from diagnostics.sources.transcript import read

FILES = sorted(Path(__file__).parent.glob("innocent_*.yaml"))
TEXTS: list[dict[str, Any]] = [entry for file in FILES for entry in yaml.safe_load(file.read_text(encoding="utf-8"))]
A_HUNDRED = 100
OF_ANOTHER = "server-is-not-exchange-online"


def judged(text: str) -> Report:
    return build(read([text.encode()], name="pasted"), command="diag analyze", started=dt.datetime.now(dt.UTC))


def name(entry: dict[str, Any]) -> str:
    return str(entry["case"])


@pytest.mark.parametrize("entry", TEXTS, ids=name)
def test_nobody_is_accused(entry: dict[str, Any]) -> None:
    report = judged(entry["text"])
    accused = {cause.cause for cause in report.diagnosis.causes if cause.confidence is not Confidence.POSSIBLE}
    assert accused <= set(entry.get("allowed", ()))
    assert report.exit_code in {0, 3} or entry.get("allowed")


@pytest.mark.parametrize("entry", [entry for entry in TEXTS if not entry.get("allowed")], ids=name)
def test_where_nothing_may_be_named_the_exit_code_says_so(entry: dict[str, Any]) -> None:
    assert judged(entry["text"]).exit_code in {0, 3}


@pytest.mark.parametrize("entry", [one for one in TEXTS if one.get("allowed") == [OF_ANOTHER]], ids=name)
def test_a_log_of_another_server_is_told_apart_and_no_more(entry: dict[str, Any]) -> None:
    assert {cause.cause for cause in judged(entry["text"]).diagnosis.causes} <= {OF_ANOTHER}


def test_there_are_many_and_no_two_alike() -> None:
    assert len(TEXTS) >= A_HUNDRED
    assert len({entry["text"] for entry in TEXTS}) == len({entry["case"] for entry in TEXTS}) == len(TEXTS)
