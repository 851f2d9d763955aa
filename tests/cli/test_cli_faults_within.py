"""A part of diag that fails costs its own answer: the report is written and printed with the rest, and it ends with 70."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from diagnostics import checks
from diagnostics.changes.journal import Journal
from diagnostics.cli.app import app
from diagnostics.findings import Judgement

KNOWN = {"discoveries", "tokens", "graph", "exchange", "imap"}


class Fault(Exception):
    """What nobody foresaw."""


def broken(*_arguments: object, **_options: object) -> Any:
    raise Fault("of its own\x1b[2J eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2ln")


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout, result.stderr


def seen(document: Any) -> set[str]:
    """Return which sources brought something."""
    evidence = document["evidence"]
    values = {name: evidence[name] for name in ("discoveries", "tokens")}
    values["graph"] = evidence["graph"]["enterprise_application"]
    values["exchange"] = evidence["exchange"]["service_principals"]
    values["imap"] = evidence["mailboxes"][0]["imap"]
    return {name for name, value in values.items() if not (isinstance(value, dict) and "missing" in value)}


@pytest.mark.parametrize(
    ("place", "lost"),
    [
        ("diagnostics.sources.entra.discover_clouds", {"discoveries"}),
        ("diagnostics.sources.entra.acquire_token", {"tokens"}),
        ("diagnostics.exchange.collect.collect", {"exchange"}),
        ("diagnostics.sources.graph.collect_graph", {"graph"}),
        ("imap", {"imap"}),
    ],
)
def test_a_source_that_fails_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, lost: set[str]
) -> None:
    if place == "imap":
        monkeypatch.setattr(importlib.import_module("diagnostics.sources.imap.probe"), "probe", broken)
    else:
        monkeypatch.setattr(place, broken)
    file = tmp_path / "report.yaml"
    code, out, err = run("permissions", "--profile", "demo", "--report", str(file), "-o", "json")
    assert code == 70, err
    document = json.loads(out)
    assert seen(document) >= KNOWN - lost - {"imap"}
    assert not seen(document) & lost
    assert any(finding["outcome"] == "pass" for finding in document["findings"])
    assert "Fault" in document["faults"][0]
    assert yaml.safe_load(file.read_text())["evidence"] == document["evidence"]
    assert "please report it" in err
    for text in (out, err, file.read_text()):
        assert "eyJ0" not in text
        assert "\x1b" not in text


@pytest.fixture
def a_broken_check(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = checks.all_checks()

    def judge(_evidence: object) -> Iterator[Judgement]:
        raise Fault("in a check")

    monkeypatch.setattr(checks, "all_checks", lambda: (replace(first, judge=judge), *others))


@pytest.mark.usefixtures("a_broken_check")
def test_a_check_that_fails_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    code, out, err = run("permissions", "--profile", "demo", "--scenario", "perm-deny-entry", "--report", str(file))
    assert code == 70
    assert "perm-deny-entry" in out
    assert "could not be judged" in out
    document = yaml.safe_load(file.read_text())
    assert document["causes"][0]["cause"] == "perm-deny-entry"
    assert "Fault: in a check" in document["faults"][0]
    assert "please report it" in err


@pytest.mark.parametrize(
    ("place", "output"),
    [
        ("diagnostics.report.document.diagnose", "table"),
        ("diagnostics.report.document.diagnose", "yaml"),
        ("diagnostics.report.table.render", "table"),
        ("diagnostics.report.structured.as_yaml", "yaml"),
        ("diagnostics.report.document._finding", "yaml"),
        ("diagnostics.formats.as_yaml", "table"),
        ("diagnostics.formats.as_yaml", "yaml"),
    ],
)
def test_a_renderer_that_fails_loses_nothing_that_was_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, output: str
) -> None:
    text = tmp_path / "pasted.txt"
    text.write_text("AADSTS7000222: The provided client secret keys for app 'x' are expired.\n")
    monkeypatch.setattr(place, broken)
    file = tmp_path / "report.yaml"
    code, out, err = run("analyze", str(text), "--report", str(file), "-o", output)
    assert (code, "please report it" in err) == (70, True)
    assert "AADSTS7000222" in json.dumps(yaml.safe_load(file.read_text())["evidence"])
    assert yaml.safe_load(file.read_text())["exit_code"] in {1, 70}
    if output == "yaml":
        assert "AADSTS7000222" in json.dumps(yaml.safe_load(out)["evidence"])
    elif "table" in place:
        assert "token-secret-expired" in out
    monkeypatch.undo()
    code, out, _ = run("analyze", str(file), "-o", "json")
    assert json.loads(out)["causes"][0]["cause"] == "token-secret-expired"


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize(
    "place",
    [
        "diagnostics.changes.render.applied_lines",
        "diagnostics.changes.render.plan_and_run_tree",
        "diagnostics.cli._changing._wait",
        "diagnostics.changes.apply.after",
    ],
)
def test_what_fails_after_a_change_loses_neither_the_journal_nor_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, output: str
) -> None:
    monkeypatch.setattr(place, broken)
    journal = tmp_path / "journal.jsonl"
    words = ("grant", "--profile", "demo", "--scenario", "perm-fullaccess-missing", "--yes", "--journal", str(journal))
    code, out, err = run(*words, "--wait-for", "1s", "-o", output)
    renders = output == "json" or "plan_and_run_tree" not in place
    assert (code == 70) is renders, err
    kinds = [json.loads(line)["kind"] for line in journal.read_text().splitlines()]
    assert kinds[:2] == ["run", "intent"]
    if place.endswith("after"):
        assert kinds == ["run", "intent"]
        assert "unknown" in out
        assert "--resume" in err
    else:
        assert kinds == ["run", "intent", "result", "end"]
        shown = run("journal", "show", "--journal", str(journal))
        assert "1 done" in shown[1]


def test_a_disk_that_fills_in_the_middle_of_a_run_tells_what_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    genuine: Callable[..., None] = Journal._write
    writes: list[bytes] = []

    def write(journal: Journal, data: bytes) -> None:
        writes.append(data)
        if len(writes) == 3:
            raise OSError(28, "No space left on device")
        genuine(journal, data)

    monkeypatch.setattr(Journal, "_write", write)
    words = ("grant", "--profile", "demo", "--scenario", "perm-fullaccess-missing", "--yes")
    code, out, err = run(*words, "--journal", str(tmp_path / "journal.jsonl"))
    assert code == 1
    assert "done" in out.splitlines()[-2] or "done " in out
    assert "No space left on device" in err
