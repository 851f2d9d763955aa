"""The closed loop: each way of breaking the simulated tenant, and each recorded text, leads to its own cause."""

from __future__ import annotations

import json
from importlib import resources

import pytest
import yaml

from diagnostics import causes
from diagnostics.lab import matrix
from diagnostics.lab.matrix import SCENARIO, SHAPE, TRACE, Job, Row
from diagnostics.lab.scenarios.registry import scenarios
from diagnostics.lab.traces import INDEX, traces

JOBS = matrix.jobs()
LABS = [job for job in JOBS if job.kind != TRACE]
TEXTS = [job for job in JOBS if job.kind == TRACE]
MOST_RIVALS = 10


def _name(job: Job) -> str:
    return job.name


@pytest.mark.parametrize("job", [job for job in LABS if job.kind == SCENARIO], ids=_name)
def test_scenario_is_named_first(job: Job, rows: dict[Job, Row]) -> None:
    row = rows[job]
    assert row.is_right, f"{row.expected} at rank {row.rank} of {row.named}"
    assert row.exit_code in {1, 3, 4}


@pytest.mark.parametrize("job", [job for job in LABS if job.kind == SHAPE], ids=_name)
def test_healthy_shape_names_nothing(job: Job, rows: dict[Job, Row]) -> None:
    assert rows[job].named == ()
    assert rows[job].exit_code == 0


@pytest.mark.parametrize("job", TEXTS, ids=_name)
def test_text_is_named_first(job: Job) -> None:
    row = matrix.run(job)
    assert row.is_right, f"{row.expected} at rank {row.rank} of {row.named}"
    if row.expected:
        waits = row.expected == "propagation-change-still-spreading"
        guesses = {confidence for _, confidence in row.named} == {"possible"}  # 3 where nothing in the text fails
        assert row.exit_code in ({3} if waits else {1, 3} if guesses else {1})


def test_every_cause_is_first_somewhere(rows: dict[Job, Row]) -> None:
    seen = {row.first for row in rows.values()} | {matrix.run(job).first for job in TEXTS}
    assert set(causes.slugs()) - seen == set()
    assert len(causes.slugs()) > 100


def test_few_scenarios_and_texts_are_ambiguous_and_each_says_why() -> None:
    rivals = [item.rivals for item in scenarios().values()] + [trace.rivals for trace in traces().values()]
    ambiguous = [item for item in rivals if item]
    assert len(ambiguous) <= MOST_RIVALS
    assert {slug for item in ambiguous for slug in item} <= set(causes.slugs())
    assert all(reason for item in ambiguous for reason in item.values())


def test_no_text_names_a_cause_by_its_slug() -> None:
    for trace in traces().values():
        text = trace.read().decode()
        assert [slug for slug in causes.slugs() if slug in text] == [], trace.name


def test_every_text_cites_its_source_and_is_in_the_index() -> None:
    folder = resources.files("diagnostics.lab.traces")
    files = {entry.name.removesuffix(".txt") for entry in folder.iterdir() if entry.name.endswith(".txt")}
    assert files == set(traces())
    assert all(trace.source for trace in traces().values())
    assert {trace.cause for trace in traces().values()} - {""} <= set(causes.slugs())
    assert list(yaml.safe_load(folder.joinpath(INDEX).read_text("utf-8"))) == list(traces())


def test_each_text_is_another_one() -> None:
    texts = [trace.read() for trace in traces().values()]
    assert len(set(texts)) == len(texts)


def test_only_chooses_a_name_or_all_of_a_cause() -> None:
    one = matrix.jobs(["net-no-greeting/refused"])
    assert [job.name for job in one] == ["net-no-greeting/refused"]
    of_cause = matrix.jobs(["net-no-greeting"])
    assert {job.kind for job in of_cause} == {SCENARIO, TRACE}
    assert all(job.name.startswith("net-no-greeting") for job in of_cause)
    with pytest.raises(matrix.NothingChosen, match="nothing-like-it"):
        matrix.jobs(["nothing-like-it"])


def test_rows_render_as_table_and_json() -> None:
    right = Row(TRACE, "net-throttled.1", "net-throttled", (("net-throttled", "certain"),), 1, 0.01)
    wrong = Row(SHAPE, "user-mailbox", "", (("perm-deny-entry", "certain"),), 1, 2.5)
    rival = Row(SCENARIO, "a/b", "a", (("b", "likely"), ("a", "possible")), 1, 1.0, {"b": "looks the same"})
    table = matrix.render([right, wrong, rival])
    assert "net-throttled.1" in table
    assert "WRONG" in table
    assert "rivals: b" in table
    assert "2 of 3 as expected." in table
    tree = json.loads(matrix.render([right, wrong, rival], "json"))
    assert [row["right"] for row in tree["rows"]] == [True, False, True]
    assert [row["rank"] for row in tree["rows"]] == [1, 0, 2]
    with pytest.raises(ValueError, match="no such format"):
        matrix.render([], "html")


def test_a_rank_beyond_the_third_is_wrong_even_with_rivals() -> None:
    named = (("b", "likely"), ("c", "likely"), ("d", "likely"), ("a", "possible"))
    assert not Row(SCENARIO, "a", "a", named, 1, 1.0, {"b": "looks the same"}).is_right
    assert not Row(SCENARIO, "a", "a", (), 3, 1.0, {"b": "looks the same"}).is_right
