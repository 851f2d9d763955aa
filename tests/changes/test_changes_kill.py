"""A run of 20 mailboxes is killed at every boundary of its journal, for real; what is left is finished by --resume."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.changes import journal as journals
from diagnostics.changes import undo
from diagnostics.changes.outcomes import Outcome
from diagnostics.lab.state import PermissionEntry
from tests.changes.places import ROOT, Place, holders, snapshot, verified

Start = Callable[..., Place]
MAILBOXES, BATCH = 20, 5
WRITES = 1 + 2 * MAILBOXES // BATCH + 1  # the run, an announcement and a result for each batch, the end
DRIVER = Path(__file__).with_name("kill_driver.py")


def killed(place: Place, write: int, moment: str, *words: str) -> None:
    command = [sys.executable, str(DRIVER), str(write), moment, str(BATCH), *words]
    command += ["--profile", str(place.lab.profile), "--journal", str(place.journal)]
    done = subprocess.run(
        command, env=place.environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == -9, done.stderr


def check_right(place: Place) -> None:
    """Every mailbox has one entry, the journal's chain is whole, and nothing that was done was announced again."""
    assert holders(place.lab) == {f"m{number:03d}@contoso.com": 1 for number in range(MAILBOXES)}
    assert verified(place.journal).torn == 0
    runs = undo.runs(journals.read(place.journal))
    assert len(runs) == 1
    assert [runs[0].outcomes[index] for index in range(MAILBOXES)] == [Outcome.DONE] * MAILBOXES
    assert runs[0].ended
    done: set[int] = set()
    for record in journals.read(place.journal):
        if record.kind == "intent":
            assert record.fields["step"] not in done
        if record.kind == "result" and record.fields["outcome"] == "done":
            assert record.fields["step"] not in done
            done.add(record.fields["step"])


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "torn", "after"])
def test_killed_at_every_write_and_resumed(start: Start, moment: str) -> None:
    place = start(MAILBOXES)
    clean = snapshot(place.lab)
    for write in range(1, WRITES + 1):
        killed(place, write, moment, "grant", "--yes", "--expect", str(MAILBOXES))
        sent = Counter(holders(place.lab).values())
        assert set(sent) <= {1}
        announced = len([r for r in journals.read(place.journal) if r.kind == "intent"])
        assert sum(sent.values()) <= announced
        done = place.diag("grant", "--resume", "--yes", "--expect", str(left(place)), "--output", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        if not undo.runs(journals.read(place.journal)):  # killed before it was known what was to be done
            assert holders(place.lab) == {}
            done = place.diag("grant", "--yes", "--expect", str(MAILBOXES))
            assert done.returncode == 0, done.stderr
        elif moment == "before" and write > 1 and write % 2 == 1 and write < WRITES:
            repeated = [r for r in journals.read(place.journal) if r.kind == "intent" and r.fields["attempt"] != 1]
            assert repeated == []  # it was sent and not written down: found done, and not sent again
        check_right(place)
        done = place.diag("revoke", "--yes", "--expect", str(MAILBOXES))
        assert done.returncode == 0, done.stderr
        assert snapshot(place.lab) == clean
        place.journal.unlink()


def left(place: Place) -> int:
    runs = undo.runs(journals.read(place.journal))
    return len(runs[0].unfinished) if runs else 0


def test_killed_over_winrm_after_sending_and_resumed(start: Start) -> None:
    place = start(MAILBOXES, transport="winrm")
    killed(place, 3, "before", "grant", "--yes", "--expect", str(MAILBOXES))
    assert len(holders(place.lab)) == BATCH
    (run,) = undo.runs(journals.read(place.journal))
    assert run.open == frozenset(range(BATCH))
    done = place.diag("grant", "--resume", "--yes", "--expect", str(MAILBOXES), "--output", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["results"][0]["message"] == "found done"
    intents = [r.fields["step"] for r in journals.read(place.journal) if r.kind == "intent"]
    assert sorted(intents) == list(range(MAILBOXES))
    check_right(place)


def test_killed_twice_and_resumed(start: Start) -> None:
    place = start(MAILBOXES)
    killed(place, 4, "torn", "grant", "--yes", "--expect", str(MAILBOXES))
    killed(place, 3, "torn", "grant", "--resume", "--yes", "--expect", str(left(place)))
    assert place.diag("grant", "--resume", "--yes", "--expect", str(left(place))).returncode == 0
    check_right(place)


def test_a_revocation_that_was_killed_is_resumed(start: Start) -> None:
    place = start(MAILBOXES)
    clean = snapshot(place.lab)
    assert place.diag("grant", "--yes", "--expect", str(MAILBOXES)).returncode == 0
    killed(place, 5, "before", "revoke", "--yes", "--expect", str(MAILBOXES))
    done = place.diag("revoke", "--yes", "--expect", str(len(holders(place.lab))))
    assert done.returncode == 0, done.stderr
    assert snapshot(place.lab) == clean


def test_resuming_refuses_a_step_whose_mailbox_has_moved(start: Start) -> None:
    place = start(MAILBOXES)
    killed(place, 3, "after", "grant", "--yes", "--expect", str(MAILBOXES))
    tenant = place.lab.setup.tenant
    (row,) = tenant.exchange_service_principals
    last = tenant.recipient("m019@contoso.com")
    assert last is not None
    last.permissions.append(PermissionEntry(row.object_id, row.sid, deny=True))
    done = place.diag("grant", "--resume", "--yes", "--expect", str(left(place)))
    assert done.returncode == 1
    assert "m019@contoso.com" in done.stdout
    assert len(holders(place.lab)) == MAILBOXES
    assert [entry.deny for entry in last.permissions if entry.user_sid == row.sid] == [True]
