"""Journals and plans that somebody edited, damaged or forged: nothing is done on their word, and no line ends a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from diagnostics.changes import journal as journals
from diagnostics.changes.plan import Plan, canonical
from diagnostics.changes.planfile import BadPlan, from_tree, load, plan_tree
from diagnostics.cli.app import app
from tests.changes.places import Place, holders, make_lab, snapshot

STRANGER = "99999999-1111-4222-8333-444444444444"


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, bytes]]:
    """A tenant in which diag granted two mailboxes, and the journal of that."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as labs:
        for name in ("DIAG_APPLICATION_SECRET", "DIAG_OPERATOR_SECRET", "DIAG_WINRM_PASSWORD"):
            patch.setenv(name, "")
        place = Place(labs.enter_context(make_lab(2)), tmp_path_factory.mktemp("granted"))
        place.grant()
        yield place, place.journal.read_bytes()


def diag(place: Place, *words: str) -> tuple[int, str, str]:
    """Run a command in this process, with the place's profile and journal."""
    words = (*words, *(() if words[0] == "journal" else ("--profile", str(place.lab.profile))))
    words = (*words, *(("--journal", str(place.journal)) if words[0] not in {"permissions", "reach"} else ()))
    environment = {**place.lab.env, "XDG_STATE_HOME": str(place.folder / "state"), "COLUMNS": "400"}
    result = CliRunner().invoke(app, words, env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout, result.stderr


def trees_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def chained(trees: list[dict[str, Any]]) -> bytes:
    """Return the trees as lines that follow each other, as whoever can write the file can make them."""
    before, lines = journals.GENESIS, []
    for tree in trees:
        line = canonical({**tree, "prev": before})
        before = journals.digest(line)
        lines.append(line)
    return b"\n".join(lines) + b"\n"


Harm = Callable[[bytes], bytes]


def lines(edit: Callable[[list[bytes]], object]) -> Harm:
    def harm(data: bytes) -> bytes:
        found = data.splitlines(keepends=True)
        edit(found)
        return b"".join(found)

    return harm


def put(index: int, line: bytes) -> Harm:
    return lines(lambda found: found.insert(index, line + b"\n"))


def forged(edit: Callable[[list[dict[str, Any]]], object]) -> Harm:
    """Edit records and make the chain anew."""

    def harm(data: bytes) -> bytes:
        trees = trees_of(data)
        edit(trees)
        return chained(trees)

    return harm


def field(index: int, name: str, value: Any) -> Harm:
    return forged(lambda trees: trees[index].update({name: value}))


BROKEN: dict[str, tuple[Harm, int]] = {
    "a mailbox edited": (lambda data: data.replace(b"m000@", b"x000@", 1), 2),
    "an outcome edited": (lambda data: data.replace(b'"outcome":"done"', b'"outcome":"failed"', 1), 5),
    "a line taken out": (lines(lambda found: found.pop(1)), 2),
    "a line twice": (lines(lambda found: found.insert(1, found[1])), 3),
    "two lines swapped": (lines(lambda found: found.insert(1, found.pop(2))), 2),
    "the first line gone": (lines(lambda found: found.pop(0)), 1),
    "no JSON": (put(1, b"not json"), 2),
    "a list": (put(1, b"[1, 2]"), 2),
    "a number": (put(1, b"1e999"), 2),
    "NaN": (put(1, b'{"v":NaN,"prev":"x"}'), 2),
    "a huge number": (put(1, b'{"v":' + b"9" * 5000 + b"}"), 2),
    "nested too deeply": (put(1, b"[" * 100_000), 2),
    "an empty line": (put(1, b""), 2),
    "NULs": (put(1, b"\0" * 512), 2),
    "no UTF-8": (put(1, b'{"prev":"\xff\xfe"}'), 2),
    "half a character": (put(1, b'{"prev":"\\ud800"}'), 2),
    "a mark in front": (lambda data: b"\xef\xbb\xbf" + data, 1),
    "lines of Windows": (lambda data: data.replace(b"\n", b"\r\n"), 2),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), 1),
    "no journal": (lambda _data: b"root:x:0:0::/root:/bin/sh\n", 1),
    "no journal and no end": (lambda _data: b"my precious notes", 1),
    "a later version": (field(1, "v", 2), 2),
    "a version of another kind": (field(1, "v", {"x": 1}), 2),
    "no time": (field(1, "at", None), 2),
    "a time without its zone": (field(1, "at", "2026-01-01T00:00:00"), 2),
    "a time before all time": (field(1, "at", "0001-01-01T00:00:00+14:00"), 2),
    "a time as a number": (field(1, "at", 5), 2),
    "a kind of another kind": (field(1, "kind", ["intent"]), 2),
    "a run of another kind": (field(1, "run", {}), 2),
}
"""Harm by name, and the line that is named for it."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_journal_stops_what_rests_on_it_and_nothing_else(
    granted: tuple[Place, bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place, data = granted
    harm, line = BROKEN[name]
    place.journal.write_bytes(harm(data))
    before, left = snapshot(place.lab), place.journal.read_bytes()
    requests = place.lab.faults.exchange.requests
    for words in (["revoke", "--yes"], ["grant", "--resume", "--yes"], ["grant", "--yes"], ["revoke", "--dry-run"]):
        code, out, err = diag(place, *words)
        assert (code, out) == (2, ""), (words, err)
        assert f"{place.journal}:{line} " in err
        assert "--journal" in err
    assert place.lab.faults.exchange.requests == requests, "somebody was asked"
    code, out, _ = diag(place, "journal", "verify")
    assert code == 1
    assert f"{place.journal}:{line} " in out
    code, _, err = diag(place, "journal", "show")
    assert code == 1
    assert f"{place.journal}:{line} " in err
    assert diag(place, "journal", "export")[0] == 0
    assert snapshot(place.lab) == before
    assert place.journal.read_bytes() == left


UNREADABLE: dict[str, Harm] = {
    "a step that the plan has not": field(1, "step", 7),
    "a step before the first": field(1, "step", -1),
    "a step of another kind": field(1, "step", "0"),
    "a step that is true": field(1, "step", True),
    "no step": forged(lambda trees: trees[1].pop("step")),
    "an outcome that there is not": field(3, "outcome", "splendid"),
    "an outcome of another kind": field(3, "outcome", {"x": []}),
    "no plan": field(0, "plan", None),
    "a plan of another kind": field(0, "plan", [1]),
    "another tenant beside the plan": field(0, "tenant", STRANGER),
    "another application beside the plan": field(0, "application_id", STRANGER),
    "another hash beside the plan": field(0, "plan_hash", "0" * 64),
    "a run without its beginning": forged(lambda trees: trees.pop(0)),
    "a run that begins twice": forged(lambda trees: trees.insert(1, trees[0])),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_records_that_make_no_run_are_refused_as_well(granted: tuple[Place, bytes], name: str) -> None:
    place, data = granted
    place.journal.write_bytes(UNREADABLE[name](data))
    assert journals.verify(place.journal).intact, "the chain was made anew"
    before = snapshot(place.lab)
    for words in (["revoke", "--yes"], ["grant", "--resume", "--yes"]):
        code, _, err = diag(place, *words)
        assert code == 2, (words, err)
        assert "line" in err
    code, _, err = diag(place, "journal", "show")
    assert code == 1
    assert "line" in err
    assert snapshot(place.lab) == before


@pytest.mark.parametrize("name", ["a mailbox edited", "no JSON", "nested too deeply", "no UTF-8", "UTF-16", "NULs"])
def test_permissions_says_so_in_a_note_and_goes_on(
    granted: tuple[Place, bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place, data = granted
    default = place.folder / "state" / "diag" / "journal.jsonl"
    default.parent.mkdir(parents=True, exist_ok=True)
    default.write_bytes(BROKEN[name][0](data))
    monkeypatch.setattr("diagnostics.changes.journal.default_path", lambda: default)
    code, out, _ = diag(place, "permissions", "--no-imap", "-o", "json")
    document = json.loads(out)
    assert code in {0, 3}
    assert f"{default}:{BROKEN[name][1]} " in document["notes"][0]
    assert document["findings"]
    assert diag(place, "reach", "--at-once", "1")[0] == 0


@pytest.mark.parametrize("cut", [1, 5, 40, 200])
@pytest.mark.parametrize("tail", [b"", b"\0" * 64])
def test_a_line_that_a_kill_cut_is_no_break(granted: tuple[Place, bytes], cut: int, tail: bytes) -> None:
    place, data = granted
    place.journal.write_bytes(data[: -cut - 1] + tail)
    assert journals.verify(place.journal).intact
    code, out, err = diag(place, "revoke", "--dry-run", "-o", "json")
    assert code == 0, err
    assert len(json.loads(out)["plan"]["steps"]) == 2


def test_a_journal_that_is_not_there(granted: tuple[Place, bytes]) -> None:
    place, _ = granted
    place.journal.unlink()
    for words in (["verify"], ["show"], ["export"]):
        code, out, err = diag(place, "journal", *words)
        assert (code, out) == (2, "")
        assert "there is no journal" in err
    place.journal.mkdir()
    for words in (["verify"], ["show"], ["export"]):
        assert diag(place, "journal", *words)[0] == 2
    place.journal.rmdir()


# --- plans -----------------------------------------------------------------------------------------------------------


def hashed(tree: dict[str, Any]) -> dict[str, Any]:
    """Return an edited plan with the hash that fits it."""
    content = {key: value for key, value in tree.items() if key != "hash"}
    return json.loads(json.dumps(plan_tree(TypeAdapter(Plan).validate_python(content))))  # type: ignore[no-any-return]


PLANS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another principal": lambda plan: plan["steps"][0].update(object_id=STRANGER),
    "another principal in one step of two": lambda plan: plan["steps"][1].update(object_id=STRANGER),
    "more rights": lambda plan: plan["steps"][0].update(rights=["FullAccess", "ChangeOwner"]),
    "rights of an orphan": lambda plan: plan["steps"][0].update(rights=["ChangeOwner"], why="orphaned"),
    "a mailbox twice": lambda plan: plan["steps"].append(plan["steps"][0]),
    "a mailbox that is settled": lambda plan: plan.update(settled=[plan["steps"][0]["mailbox"].upper()]),
    "a registration of somebody else": lambda plan: plan["registrations"].append(
        {"app_id": STRANGER, "object_id": STRANGER, "sid": "", "display_name": ""}
    ),
    "no registration": lambda plan: plan.update(registrations=[]),
    "a step of a revocation": lambda plan: (
        plan["steps"].append({**plan["steps"][0], "kind": "remove-access", "mailbox": "accounts@contoso.com"})
        or plan["steps"][-1].pop("why")
    ),
    "IMAP switched off": lambda plan: plan["steps"].append(
        {"kind": "set-imap", "mailbox": "erp@contoso.com", "enabled": False}
    ),
    "another operation": lambda plan: plan.update(operation="revoke"),
    "an id that is none": lambda plan: plan["application"].update(object_id="*"),
    "registers somebody else": lambda plan: plan["steps"].insert(
        0,
        {
            "kind": "register-service-principal",
            "application_id": STRANGER,
            "object_id": plan["application"]["object_id"],
            "display_name": "",
            "before": [],
        },
    ),
    "removes somebody else": lambda plan: plan["steps"].insert(
        0,
        {
            "kind": "remove-service-principal",
            "identity": STRANGER,
            "why": "wrong-id",
            "before": {"app_id": STRANGER, "object_id": STRANGER, "sid": "", "display_name": ""},
        },
    ),
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, dict[str, Any]]]:
    """A tenant with a plan that grants two mailboxes and was not applied."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as labs:
        for name in ("DIAG_APPLICATION_SECRET", "DIAG_OPERATOR_SECRET", "DIAG_WINRM_PASSWORD"):
            patch.setenv(name, "")
        place = Place(labs.enter_context(make_lab(2)), tmp_path_factory.mktemp("planned"))
        with place.session() as session, place.shell(session) as shell:
            yield place, json.loads(json.dumps(plan_tree(place.grant_plan(session, shell))))


@pytest.mark.parametrize("name", PLANS)
def test_the_parts_of_a_plan_are_held_against_each_other(
    planned: tuple[Place, dict[str, Any]], tmp_path: Path, name: str
) -> None:
    place, plan = planned
    edited = json.loads(json.dumps(plan))
    PLANS[name](edited)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(edited))
    with pytest.raises(BadPlan):
        load(path)
    path.write_text(json.dumps(hashed(edited)))
    with pytest.raises(BadPlan, match="contradicts itself"):
        load(path)
    before = snapshot(place.lab)
    code, _, err = diag(place, "apply", str(path), "--yes")
    assert code == 2, err
    assert snapshot(place.lab) == before
    assert not place.journal.exists()


def test_a_plan_as_diag_made_it_contradicts_nothing(planned: tuple[Place, dict[str, Any]]) -> None:
    assert from_tree(hashed(planned[1]), "the plan").steps


def foreign(place: Place, plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan for another principal that agrees with itself in every part, and that Exchange knows."""
    text = json.dumps(plan).replace(plan["application"]["object_id"], STRANGER)
    edited: dict[str, Any] = json.loads(text)
    return hashed(edited)


def test_a_plan_for_another_principal_is_held_against_token_and_graph(
    planned: tuple[Place, dict[str, Any]], tmp_path: Path
) -> None:
    place, plan = planned
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(foreign(place, plan)))
    load(path)
    before = snapshot(place.lab)
    code, _, err = diag(place, "apply", str(path), "--yes")
    assert code == 2, err
    assert STRANGER in err
    assert plan["application"]["object_id"] in err
    assert snapshot(place.lab) == before


@pytest.mark.parametrize("words", [["grant", "--resume", "--yes"], ["revoke", "--yes"]])
def test_a_forged_journal_for_another_principal_is_held_against_token_and_graph(
    granted: tuple[Place, bytes], words: list[str]
) -> None:
    place, data = granted
    trees = trees_of(data)
    plan = foreign(place, trees[0]["plan"])
    trees[0] |= {"plan": plan, "plan_hash": plan["hash"], "object_id": STRANGER}
    place.journal.write_bytes(chained(trees[:2] if words[0] == "grant" else trees))
    before = snapshot(place.lab)
    code, out, err = diag(place, *words)
    assert code in {1, 2}, out + err
    assert STRANGER in out + err
    assert snapshot(place.lab) == before
    assert len(holders(place.lab)) == 2
