"""Every comparison on a screen is true: each is worked out again here, by rules of this file alone."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml

from diagnostics.lab import matrix
from diagnostics.lab.matrix import TRACE, Job
from diagnostics.report.translation import translate, translate_word
from tests.matrix.conftest import Compared, Seen, see, shown
from tests.transcript.texts import cases

FIELD = Path(__file__).parents[1] / "field"
SIGNS = {
    "equal": ("=", "="),
    "different": ("≠", "≠"),
    "open": ("?", "?"),
    "before": ("before", "antes de"),
    "after": ("after", "después de"),
    "contains": ("contains", "contiene"),
    "lacks": ("does not contain", "no contiene"),
    "one-of": ("one of", "uno de"),
    "none-of": ("none of", "ninguno de"),
}
CLEAR = ("No fault found", "No se ha encontrado ningún fallo")
OPENED = re.compile(r"\b(?:SELECT|EXAMINE)\b", re.IGNORECASE)
WANTED_TO_DIFFER = ("is not", "no es")


def holds(one: Compared) -> bool:
    left, right = one.left.strip().lower(), one.right.strip().lower()
    match one.relation:
        case "equal":
            return left == right
        case "different":
            return left != right
        case "open":
            return any(re.search(r"…|\.\.|\*\*|<.*>|x{4}", value) for value in (left, right))
        case "before" | "after":
            first, second = (dt.datetime.fromisoformat(value.removesuffix(" utc")) for value in (left, right))
            return first < second if one.relation == "before" else first > second
        case "contains" | "lacks":
            members = {left, *left.replace(",", " ").split()}
            return (right in members or (" " in right and right in left)) is (one.relation == "contains")
        case "one-of" | "none-of":
            table = right.split(", ")
            found = any(left == row or (row.startswith("*") and left.endswith(row[1:])) for row in table)
            return found is (one.relation == "one-of")
    return False


def is_true(seen: Seen) -> None:
    assert [one for one in seen.compared if not holds(one)] == []
    for number, (language, table) in enumerate(zip(("en", "es"), seen.tables, strict=True)):
        lines = [" ".join(line.split()) for line in table.splitlines()]
        for one in seen.compared:
            wanted = one.relation == "different" and one.outcome == "pass"
            sign = (WANTED_TO_DIFFER if wanted else SIGNS[one.relation])[number]
            left = f"{translate(one.left_name, language)} {translate_word(one.left, language)}"
            right = f"{sign} {translate(one.right_name, language)} {translate_word(one.right, language)}"
            places = [at for at, line in enumerate(lines) if line.endswith(" ".join(left.split()))]
            assert any(lines[at + 1] == " ".join(right.split()) for at in places), (left, right)
    assert [one for one in seen.compared if one.outcome == "pass" and one.relation in {"none-of", "lacks"}] == []


def test_every_scenario_and_every_shape_shows_true_comparisons(seen: dict[Job, Seen]) -> None:
    for one in seen.values():
        is_true(one)
    relations = {compared.relation for one in seen.values() for compared in one.compared}
    assert relations >= set(SIGNS) - {"open", "before"}


@pytest.mark.parametrize("job", [job for job in matrix.jobs() if job.kind == TRACE], ids=lambda job: job.name)
def test_every_recorded_text_shows_true_comparisons(job: Job) -> None:
    is_true(see(job))


@pytest.mark.parametrize("name", ["transcript", *sorted(path.name for path in FIELD.glob("*.yaml"))])
def test_every_pasted_text_shows_true_comparisons(name: str) -> None:
    if name == "transcript":
        texts = [case.text for case in cases()]
    else:
        read = yaml.safe_load((FIELD / name).read_text("utf-8"))
        texts = [case["text"] for case in read if isinstance(case, dict) and isinstance(case.get("text"), str)]
    row = see(next(job for job in matrix.jobs() if job.kind == TRACE)).row
    for text in texts:
        report = matrix.judge_text(text.encode())
        seen = shown(row, report)
        is_true(seen)
        clear = [CLEAR[number] in table for number, table in enumerate(seen.tables)]
        assert clear == [report.exit_code == 0] * 2, text
        assert report.exit_code or OPENED.search(text), text
