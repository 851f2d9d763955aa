"""A run is killed at every boundary of its journal, for real, over every transport; what is left is finished.

`make test` tries a sample, `make kills` (DIAG_ALL_KILLS=1) every boundary of grant and revoke over rest, winrm, and,
with the real engine, local and ssh.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from diagnostics.changes import journal as journals
from diagnostics.changes import undo
from diagnostics.changes.outcomes import Outcome
from diagnostics.exchange.options import SshOptions
from diagnostics.lab.state import PermissionEntry
from tests.changes.places import ROOT, Place, holders, snapshot, verified
from tests.exchange.conftest import Tenant
from tests.exchange.peers import Peers, pwsh
from tests.exchange.processes import gone

Start = Callable[..., Place]
Reach = Callable[[str], Place]
MAILBOXES, BATCH = 6, 3
WRITES = 1 + 2 * MAILBOXES // BATCH + 1  # the run, an announcement and a result for each batch, the end
DRIVER = Path(__file__).with_name("kill_driver.py")
ALL = os.environ.get("DIAG_ALL_KILLS") == "1"
SAMPLE = {
    ("grant", "rest"): [(1, "torn"), (3, "before"), (4, "after")],
    ("grant", "winrm"): [(3, "before")],
    ("grant", "local"): [(3, "before")],
    ("grant", "ssh"): [(3, "torn")],
    ("revoke", "rest"): [(3, "before"), (6, "torn")],
    ("revoke", "winrm"): [(3, "torn")],
    ("revoke", "local"): [(2, "after")],
    ("revoke", "ssh"): [(3, "before")],
}
NEEDS = {
    "local": (pytest.mark.powershell,),
    "ssh": (pytest.mark.powershell, pytest.mark.openssh),
}


def boundaries(operation: str) -> list[object]:
    """The boundaries to try as test parameters: transport, number of the write, and before, within or after it."""
    return [
        pytest.param(transport, write, moment, id=f"{transport}-{write}-{moment}", marks=NEEDS.get(transport, ()))
        for (of, transport), sample in SAMPLE.items()
        if of == operation
        for write in range(1, WRITES + 1)
        for moment in ("before", "torn", "after")
        if ALL or (write, moment) in sample
    ]


@pytest.fixture
def reach(start: Start, tmp_path: Path) -> Iterator[Reach]:
    """Start a tenant with a few mailboxes, reached over a transport; local and ssh lead to the real engine."""
    peers: list[Peers] = []

    def reached(transport: str) -> Place:
        place = start(MAILBOXES, transport="winrm" if transport == "winrm" else "rest")
        if transport in {"local", "ssh"}:
            pwsh()
            peers.append(Peers(Tenant(place.lab), tmp_path))
            place.other_profile = profile_over(peers[-1], transport)
        return place

    yield reached
    for one in peers:
        one.close()


def profile_over(peers: Peers, transport: str) -> Path:
    written = yaml.safe_load(peers.tenant.lab.profile.read_text())
    written["exchange"] = {"transport": "local", "executable": str(peers.engine())}
    written["timeouts"]["connect"] = 60
    if transport == "ssh":
        options = peers.ssh(peers.engine())
        assert isinstance(options, SshOptions)
        names = ("host", "port", "username")
        written["exchange"] = {"transport": "ssh", **{name: getattr(options, name) for name in names}}
        written["exchange"]["options"] = list(options.options)
    path = peers.folder / "profile.yaml"
    path.write_text(yaml.safe_dump(written))
    return path


def killed(place: Place, write: int, moment: str, *words: str) -> None:
    command = [sys.executable, str(DRIVER), str(write), moment, str(BATCH), *words]
    command += ["--profile", str(place.profile), "--journal", str(place.journal)]
    done = subprocess.run(
        command, env=place.environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == -9, done.stderr
    gone(str(place.folder / "ready.json"))  # names the lab to every PowerShell, on this side of ssh and on the other


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


@pytest.mark.parametrize(("transport", "write", "moment"), boundaries("grant"))
def test_a_grant_that_is_killed_is_finished(reach: Reach, transport: str, write: int, moment: str) -> None:
    place = reach(transport)
    clean = snapshot(place.lab)
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
        assert json.loads(done.stdout)["run"]["results"][0]["message"] == "found done"
    check_right(place)
    done = place.diag("revoke", "--yes", "--expect", str(MAILBOXES))
    assert done.returncode == 0, done.stderr
    assert snapshot(place.lab) == clean


@pytest.mark.parametrize(("transport", "write", "moment"), boundaries("revoke"))
def test_a_revocation_that_is_killed_is_finished(reach: Reach, transport: str, write: int, moment: str) -> None:
    place = reach(transport)
    clean = snapshot(place.lab)
    assert place.diag("grant", "--yes", "--expect", str(MAILBOXES)).returncode == 0
    killed(place, write, moment, "revoke", "--yes", "--expect", str(MAILBOXES))
    taken = MAILBOXES - len(holders(place.lab))
    *_, announced = undo.runs(journals.read(place.journal))
    assert taken <= MAILBOXES
    assert taken == 0 or announced.plan.operation == "revoke"
    done = place.diag("revoke", "--yes", "--expect", str(len(holders(place.lab))))
    assert done.returncode == 0, done.stdout + done.stderr
    assert snapshot(place.lab) == clean
    verified(place.journal)
    again = place.diag("revoke", "--yes")
    assert again.returncode == 0, again.stderr
    assert snapshot(place.lab) == clean


def left(place: Place) -> int:
    runs = undo.runs(journals.read(place.journal))
    return len(runs[0].unfinished) if runs else 0


def test_killed_twice_and_resumed(start: Start) -> None:
    place = start(MAILBOXES)
    killed(place, 4, "torn", "grant", "--yes", "--expect", str(MAILBOXES))
    killed(place, 3, "torn", "grant", "--resume", "--yes", "--expect", str(left(place)))
    assert place.diag("grant", "--resume", "--yes", "--expect", str(left(place))).returncode == 0
    check_right(place)


def test_resuming_refuses_a_step_whose_mailbox_has_moved(start: Start) -> None:
    place = start(MAILBOXES)
    killed(place, 3, "after", "grant", "--yes", "--expect", str(MAILBOXES))
    tenant = place.lab.setup.tenant
    (row,) = tenant.exchange_service_principals
    last = tenant.recipient("m005@contoso.com")
    assert last is not None
    last.permissions.append(PermissionEntry(row.object_id, row.sid, deny=True))
    done = place.diag("grant", "--resume", "--yes", "--expect", str(left(place)))
    assert done.returncode == 1
    assert "m005@contoso.com" in done.stdout
    assert len(holders(place.lab)) == MAILBOXES
    assert [entry.deny for entry in last.permissions if entry.user_sid == row.sid] == [True]
