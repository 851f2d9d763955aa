"""Each pasted text has its cause named first, nothing wrong is called certain, and what only sounds alike accuses nobody."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics import causes
from diagnostics.diagnosis import RankedCause
from diagnostics.findings import Confidence
from diagnostics.report import build
from diagnostics.sources.transcript import read

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "cases_a.yaml").read_text(encoding="utf-8"))
MORE: list[dict[str, Any]] = yaml.safe_load((HERE / "cases_c.yaml").read_text(encoding="utf-8"))
NEAR_MISSES: list[dict[str, Any]] = yaml.safe_load((HERE / "near_misses_a.yaml").read_text(encoding="utf-8"))
STAGES = ("input", "discovery", "token", "interactive", "consent", "claims")
FIRST_FEW = 3


def named(text: str) -> tuple[RankedCause, ...]:
    """Return the causes that are named for a pasted text, best first."""
    evidence = read([text.encode()], name="pasted")
    return build(evidence, command="diag analyze", started=dt.datetime.now(dt.UTC)).diagnosis.causes


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_an_accepted_cause_is_named_first(case: dict[str, Any]) -> None:
    found = named(case["text"])
    slugs = [cause.cause for cause in found]
    if case.get("undecidable"):
        assert set(slugs[:FIRST_FEW]) & set(case["accept"])
    else:
        assert slugs[:1]
        assert slugs[0] in case["accept"]


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_nothing_wrong_is_certain(case: dict[str, Any]) -> None:
    certain = {cause.cause for cause in named(case["text"]) if cause.confidence is Confidence.CERTAIN}
    assert certain <= set(case["accept"])


@pytest.mark.parametrize("case", NEAR_MISSES, ids=[case["rule"] for case in NEAR_MISSES])
def test_what_only_sounds_alike_accuses_nobody(case: dict[str, Any]) -> None:
    weak = {} if case.get("silent") else {Confidence.POSSIBLE}
    accused = {cause.cause for cause in named(case["text"]) if cause.confidence not in weak}
    assert not accused & set(case["not"])


def test_every_cause_before_the_mailbox_is_tried() -> None:
    here = {slug for slug in causes.slugs() if causes.stage_of(slug) in STAGES}
    assert here <= {slug for case in (*CASES, *MORE) for slug in case["accept"]}
