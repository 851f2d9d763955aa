"""What people paste when the mailbox stays closed leads to its cause, as it stands in threads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics import causes
from diagnostics.report import build
from diagnostics.report.document import Report
from diagnostics.sources.transcript import read

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("cases_b.yaml").read_text("utf-8"))
MORE: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("cases_c.yaml").read_text("utf-8"))
STAGES = {
    "exchange-sp",
    "mailbox",
    "mailbox-permission",
    "imap-network",
    "imap-auth",
    "imap-select",
    "propagation",
}


def report(case: dict[str, Any]) -> Report:
    started = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    return build(read([case["text"].encode()], name=case["case"]), command="diag analyze", started=started)


def name(case: dict[str, Any]) -> str:
    return str(case["case"])


@pytest.mark.parametrize("case", CASES, ids=name)
def test_an_accepted_cause_is_first(case: dict[str, Any]) -> None:
    named = [ranked.cause for ranked in report(case).diagnosis.causes]
    most = 3 if case.get("undecidable") else 1
    assert set(named[:most]) & set(case["accept"]), named


@pytest.mark.parametrize("case", CASES, ids=name)
def test_nothing_wrong_is_certain(case: dict[str, Any]) -> None:
    certain = {ranked.cause for ranked in report(case).diagnosis.causes if ranked.confidence.value == "certain"}
    assert certain <= set(case["accept"])


def test_every_cause_of_these_links_has_a_text() -> None:
    first = {case["accept"][0] for case in (*CASES, *MORE) if case["accept"]}
    assert {slug for slug in causes.slugs() if causes.stage_of(slug).value in STAGES} - first == set()


def test_every_text_says_where_it_is_from_and_is_another_one() -> None:
    assert all(case["source"] for case in CASES)
    assert {slug for case in CASES for slug in case["accept"]} <= set(causes.slugs())
    assert len({case["text"] for case in CASES}) == len({case["case"] for case in CASES}) == len(CASES)
