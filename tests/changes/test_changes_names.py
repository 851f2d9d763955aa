"""Names that strangers chose, with characters that do not show: nothing is lost over them, and nothing shows them raw."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from diagnostics.changes import journal as journals
from diagnostics.cli.app import app
from tests.changes.places import Place, holders

Start = Callable[..., Place]
HIDDEN = "\udc80\u202e\x9b\u200b\U000e0041\ufeff\u2028"
NAME = f"ERP {HIDDEN}"


def run(place: Place, *words: str) -> tuple[int, str]:
    os.environ.update(place.lab.env)
    words = (*words, "--profile", str(place.lab.profile))
    result = CliRunner().invoke(app, words, env={"XDG_STATE_HOME": str(place.folder / "state")})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert not set(HIDDEN) & set(result.stdout + result.stderr)
    return result.exit_code, result.stdout


@pytest.mark.parametrize("transport", ["rest", "winrm"])
def test_reports_plans_and_changes_survive_every_name(start: Start, tmp_path: Path, transport: str) -> None:
    place = start(1, transport=transport)
    setup = place.lab.setup
    setup.registration.display_name = setup.enterprise.display_name = NAME
    setup.exchange_principal.display_name = NAME if transport == "rest" else NAME.replace("\udc80", "")
    report = tmp_path / "report.yaml"
    for output in ("table", "yaml", "json"):
        code, _ = run(place, "permissions", "--no-imap", "--report", str(report), "-o", output)
        assert code == 1
        assert not set(HIDDEN) & set(report.read_text("utf-8"))
        assert yaml.safe_load(report.read_text("utf-8"))["evidence"]["tokens"][0]["app_display_name"] == NAME
    code, out = run(place, "analyze", str(report), "-o", "json")
    assert (code, json.loads(out)["evidence"]["tokens"][0]["app_display_name"]) == (1, NAME)
    journal, plan = tmp_path / "journal.jsonl", tmp_path / "plan.json"
    assert run(place, "grant", "--out", str(plan))[0] == 0
    assert not set(HIDDEN) & set(plan.read_text("utf-8"))
    code, out = run(place, "apply", str(plan), "--yes", "--journal", str(journal), "-o", "yaml")
    assert code == 0
    assert len(holders(place.lab)) == 1
    document = yaml.safe_load(out)
    assert document["plan"]["application"]["display_name"] == NAME
    assert document["run"]["results"][0]["outcome"] == "done"
    assert journals.verify(journal).intact
    code, out = run(place, "revoke", "--yes", "--journal", str(journal), "-o", "json")
    assert code == 0
    assert json.loads(out)["run"]["results"][0]["outcome"] == "done"
    assert holders(place.lab) == {}


def test_a_name_that_cannot_be_sent_is_said_and_nothing_is_done(start: Start, tmp_path: Path) -> None:
    place = start(1, "exo-sp-not-registered")
    place.lab.setup.registration.display_name = place.lab.setup.enterprise.display_name = NAME
    code, out = run(place, "grant", "--yes", "--journal", str(tmp_path / "journal.jsonl"), "-o", "json")
    assert code == 1
    assert [result["outcome"] for result in json.loads(out)["run"]["results"]] == ["failed", "not tried"]
