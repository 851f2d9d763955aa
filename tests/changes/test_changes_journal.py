from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.changes import journal as journals
from diagnostics.changes.journal import GENESIS, Journal, JournalBusy, JournalMissing, JournalUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "diag" / "journal.jsonl"


def fill(path: Path, count: int = 3) -> None:
    with Journal(path) as journal:
        for number in range(count):
            journal.append("intent", "r1", [{"step": number}])


def test_each_line_carries_the_hash_of_the_one_before(path: Path) -> None:
    fill(path)
    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["prev"] for line in lines] == [GENESIS, *(journals.digest(line) for line in lines[:2])]
    assert journals.verify(path).head == journals.digest(lines[-1])


def test_only_the_owner_can_read_it(path: Path) -> None:
    fill(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_journal_that_others_could_read_is_closed_to_them(path: Path) -> None:
    fill(path)
    path.chmod(0o644)
    fill(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("harm", ["change", "take out", "put in", "swap"])
def test_tampering_shows(path: Path, harm: str) -> None:
    fill(path, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    match harm:
        case "change":
            lines[1] = lines[1].replace(b'"step":1', b'"step":7')
        case "take out":
            del lines[1]
        case "put in":
            lines.insert(1, lines[1])
        case "swap":
            lines[1], lines[2] = lines[2], lines[1]
    path.write_bytes(b"".join(lines))
    found = journals.verify(path)
    assert not found.intact
    assert f"{path}:" in found.breaks[0]


def test_a_line_that_a_kill_cut_is_passed_over_and_repaired_by_the_next_append(path: Path) -> None:
    fill(path)
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines()[-1])):
        path.write_bytes(whole[: -cut - 1])
        if cut == 0:
            continue
        assert len(journals.read(path)) == 2
        found = journals.verify(path)
        assert found.intact
        assert found.torn > 0
        with Journal(path) as journal:
            journal.append("intent", "r2", [{"step": 9}])
        assert [record.kind for record in journals.read(path)] == ["intent", "intent", "repair", "intent"]
        assert journals.verify(path).intact
        assert journals.verify(path).torn == 0


def test_a_whole_line_that_lacks_its_end_is_kept(path: Path) -> None:
    fill(path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    fill(path, 1)
    assert len(journals.read(path)) == 4
    assert journals.verify(path).intact


def test_two_runs_at_once_are_refused(path: Path) -> None:
    with Journal(path), pytest.raises(JournalBusy, match="another run"):
        Journal(path).__enter__()
    fill(path)


def test_a_killed_holder_leaves_no_lock(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from diagnostics.changes.journal import Journal; "
        "j = Journal(Path(sys.argv[1])).__enter__(); j.append('run', 'r', [{}]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    fill(path)
    assert journals.verify(path).lines == 4


def test_a_folder_that_cannot_be_made_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnusable, match="cannot be written"):
        Journal(tmp_path / "file" / "journal.jsonl").__enter__()


def test_a_full_disk_takes_back_the_half_of_a_line(path: Path) -> None:
    """Let the file grow no further in the middle of a record, as a full disk does."""
    fill(path, 1)
    script = """
import resource, sys
from pathlib import Path
from diagnostics.changes.journal import Journal, JournalUnusable
path = Path(sys.argv[1])
with Journal(path) as journal:
    limit = path.stat().st_size + 50
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        journal.append("intent", "r2", [{"step": 1}])
    except JournalUnusable as problem:
        print(problem)
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
    assert "cannot be written" in done.stdout
    found = journals.verify(path)
    assert (found.lines, found.torn, found.intact) == (1, 0, True)


def test_what_is_no_record_is_named_with_its_line(path: Path) -> None:
    fill(path, 1)
    with path.open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(JournalUnusable, match=":2 is not a record"):
        journals.read(path)
    assert not journals.verify(path).intact


def test_there_is_none_before_the_first_change(path: Path) -> None:
    assert journals.read(path) == []
    assert journals.load(path).head == GENESIS
    with pytest.raises(JournalMissing):
        journals.verify(path)


def test_secrets_do_not_get_into_it(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("result", "r1", [{"message": "Authorization: Bearer eyJ0eXAiOiJKV1QiLCJhbGciOi.eyJhdWQi.c2ln"}])
    assert b"eyJ" not in path.read_bytes()


def test_a_link_in_its_place_is_refused(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    target = tmp_path / "elsewhere"
    target.write_text("")
    path.symlink_to(target)
    with pytest.raises(JournalUnusable):
        Journal(path).__enter__()
    assert target.read_text() == ""
