from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from diagnostics.lab.faults import Fault
from diagnostics.lab.setup import full_access
from tests import posix
from tests.changes.places import ROOT, Place, holders, snapshot

Start = Callable[..., Place]


def test_the_plan_shows_what_it_equals_and_what_was_there(start: Start) -> None:
    place = start(1, "exo-sp-not-registered", granted=True)
    before = snapshot(place.lab)
    done = place.diag("grant", "--dry-run")
    assert done.returncode == 0, done.stderr
    ids = place.lab.setup.registration.app_id, place.lab.setup.enterprise.object_id
    assert f"New-ServicePrincipal -AppId {ids[0]} -ObjectId {ids[1]}" in done.stdout
    assert f"Add-MailboxPermission -Identity erp@contoso.com -User {ids[1]} -AccessRights FullAccess" in done.stdout
    assert "-InheritanceType All -AutoMapping:$false" in done.stdout
    assert "before: not registered" in done.stdout
    assert "marked private" in done.stdout
    assert snapshot(place.lab) == before
    assert not place.journal.exists()


def test_in_a_pipe_nobody_says_yes(start: Start) -> None:
    place = start()
    before = snapshot(place.lab)
    done = place.diag("grant")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert snapshot(place.lab) == before


def test_no_change_is_success(start: Start) -> None:
    place = start(granted=True)
    done = place.diag("grant")
    assert done.returncode == 0
    assert "No change" in done.stdout


@pytest.mark.parametrize("words", [["--yes"], ["--yes", "--expect", "11"], ["--expect", "12"]])
def test_many_need_their_count(start: Start, words: list[str]) -> None:
    place = start(12)
    done = place.diag("grant", *words)
    assert done.returncode == 2
    assert holders(place.lab) == {}


def at_a_terminal(place: Place, answer: str, *words: str) -> tuple[int, str]:
    """Run diag with a terminal as its standard input, and type an answer."""
    ours, theirs = posix.pty.openpty()
    command = [sys.executable, "-m", "diagnostics", *words]
    command += ["--profile", str(place.lab.profile), "--journal", str(place.journal)]
    try:
        os.write(ours, answer.encode())
        done = subprocess.run(
            command,
            stdin=theirs,
            capture_output=True,
            text=True,
            env=place.environment,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("count", "answer", "code", "changed"), [(1, "y\n", 0, 1), (1, "\n", 1, 0), (12, "12\n", 0, 12), (12, "y\n", 1, 0)]
)
def test_at_a_terminal_it_asks(start: Start, count: int, answer: str, code: int, changed: int) -> None:
    place = start(count)
    got, said = at_a_terminal(place, answer, "grant")
    assert got == code, said
    assert len(holders(place.lab)) == changed


@pytest.mark.parametrize("transport", ["winrm", "rest"])
def test_exchange_itself_judges_with_whatif(start: Start, transport: str) -> None:
    place = start(2, "exo-sp-not-registered", granted=True, transport=transport)
    before = snapshot(place.lab)
    done = place.diag("grant", "--dry-run-server")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "-WhatIf" in done.stdout
    assert "would be accepted" in done.stdout
    assert "once the service principal is registered" in done.stdout
    assert snapshot(place.lab) == before


def test_a_saved_plan_is_done_exactly_and_refused_when_things_moved(start: Start, tmp_path: Path) -> None:
    place, path = start(3), tmp_path / "plan.json"
    assert place.diag("grant", "--out", str(path)).returncode == 0
    assert holders(place.lab) == {}
    first = place.lab.setup.tenant.recipient("m000@contoso.com")
    assert first is not None
    full_access(first, place.lab.setup.exchange_principal)
    between = snapshot(place.lab)
    done = place.diag("apply", str(path), "--yes")
    assert done.returncode == 1
    assert "moved" in done.stdout
    assert snapshot(place.lab) == between
    first.permissions.pop()
    assert place.diag("apply", str(path), "--yes").returncode == 0
    assert len(holders(place.lab)) == 3
    assert place.diag("apply", str(path), "--yes").returncode == 0


def test_a_plan_for_another_tenant_is_refused(start: Start, tmp_path: Path) -> None:
    one, other, path = start(2), start(2), tmp_path / "plan.json"
    assert one.diag("grant", "--out", str(path)).returncode == 0
    done = other.diag("apply", str(path), "--yes")
    assert done.returncode == 2
    assert holders(other.lab) == {}


def test_the_whole_way_by_commands(start: Start) -> None:
    place = start(2, transport="winrm")
    before = snapshot(place.lab)
    assert place.diag("permissions").returncode == 1
    done = place.diag("grant", "--yes", "--wait", "--output", "json")
    tree = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert sorted(tree["imap"]["open_after_seconds"]) == ["m000@contoso.com", "m001@contoso.com"]
    assert place.diag("permissions").returncode == 0
    shown = place.diag("journal", "show", tree["run"]["id"])
    assert shown.stdout.count(": done") == 2
    checked = place.diag("journal", "verify")
    assert checked.returncode == 0
    assert tree["run"]["head"] in checked.stdout
    assert "visible, not impossible" in checked.stdout
    exported = place.diag("journal", "export").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in exported] == ["run", *["intent"] * 2, *["result"] * 2, "end"]
    for secret in place.lab.env.values():
        assert secret not in "".join(exported)
    done = place.diag("revoke", "--yes", "--from-journal", tree["run"]["id"])
    assert done.returncode == 0, done.stderr
    assert snapshot(place.lab) == before


def test_tampering_is_said(start: Start) -> None:
    place = start(2)
    assert place.diag("grant", "--yes").returncode == 0
    place.journal.write_bytes(place.journal.read_bytes().replace(b"m000@", b"x000@", 1))
    done = place.diag("journal", "verify")
    assert done.returncode == 1
    assert "does not follow" in done.stdout


def test_a_list_with_everything_that_goes_wrong(start: Start, tmp_path: Path) -> None:
    place, path = start(3), tmp_path / "list.csv"
    path.write_bytes(
        b"\xef\xbb\xbfMailbox;Note\r\nm000@contoso.com;a\r\nm000@CONTOSO.com;b\r\nnot one;c\r\nnobody@contoso.com;d\r\n"
        b"staff@contoso.com;e\r\nm002@contoso.com;f\r\n"
    )
    done = place.diag("grant", "--mailboxes", str(path), "--yes")
    assert done.returncode == 1
    assert f"{path}:4: 'not one' is not an address." in done.stdout
    assert f"{path}:3: m000@CONTOSO.com stands in line 2 already" in done.stdout
    assert "nobody@contoso.com: there is no such mailbox" in done.stdout
    assert "staff@contoso.com: it is a MailUniversalDistributionGroup" in done.stdout
    assert sorted(holders(place.lab)) == ["m000@contoso.com", "m002@contoso.com"]


@pytest.mark.parametrize("limit", [0, 1500])
def test_a_full_disk_stops_before_the_first_change(start: Start, limit: int) -> None:
    place = start(3)
    before = snapshot(place.lab)

    def full() -> None:
        posix.resource.setrlimit(posix.resource.RLIMIT_FSIZE, (limit, limit))

    done = place.diag("grant", "--yes", preexec_fn=full)
    assert done.returncode == 1, done.stderr
    assert "journal" in done.stderr
    assert "cannot be written" in done.stderr
    assert snapshot(place.lab) == before


def test_a_disk_that_fills_between_run_and_announcement_stops_before_the_first_change(start: Start) -> None:
    place = start(3)
    before = snapshot(place.lab)
    assert place.diag("grant", "--yes").returncode == 0
    limit = len(place.journal.read_bytes().splitlines()[0]) + 300
    assert place.diag("revoke", "--yes").returncode == 0
    place.journal.unlink()

    def nearly_full() -> None:
        posix.resource.setrlimit(posix.resource.RLIMIT_FSIZE, (limit, limit))

    done = place.diag("grant", "--yes", preexec_fn=nearly_full)
    assert done.returncode == 1, done.stderr
    assert len(place.journal.read_bytes().splitlines()) == 1
    assert snapshot(place.lab) == before
    done = place.diag("grant", "--resume", "--yes")
    assert done.returncode == 0, done.stderr
    assert len(holders(place.lab)) == 3


def test_a_journal_that_cannot_be_written_stops_before_the_first_change(start: Start) -> None:
    place = start()
    before = snapshot(place.lab)
    place.journal.mkdir()
    done = place.diag("grant", "--yes")
    assert done.returncode == 1
    assert snapshot(place.lab) == before


def test_an_operator_who_is_not_signed_in(start: Start) -> None:
    place = start()
    place.lab.env["DIAG_OPERATOR_SECRET"] = "wrong"
    done = place.diag("grant", "--yes")
    assert done.returncode == 4, done.stderr


def test_reach_finds_what_is_too_much_and_how_to_take_it_back(start: Start) -> None:
    place = start(granted=True)
    assert place.diag("reach").returncode == 0
    full_access(place.lab.setup.tenant.recipients[1], place.lab.setup.exchange_principal)
    done = place.diag("reach")
    assert done.returncode == 1
    assert "NOT INTENDED" in done.stdout
    user = place.lab.setup.enterprise.object_id
    assert f"Remove-MailboxPermission -Identity accounts@contoso.com -User {user}" in done.stdout
    lines = [json.loads(line) for line in place.diag("reach", "--output", "json").stdout.splitlines()]
    assert lines[-1]["not_intended"] == ["accounts@contoso.com"]
    assert len(lines) == 6
    documents = list(yaml.safe_load_all(place.diag("reach", "--output", "yaml").stdout))
    assert documents[-1]["open"] == 2


@pytest.mark.parametrize("scenario", ["exo-sp-not-registered", "exo-sp-wrong-object-id"])
def test_reach_of_an_application_that_is_not_registered(start: Start, scenario: str) -> None:
    place = start(1, scenario, granted=True)
    done = place.diag("reach")
    assert done.returncode == 1
    assert "not registered" in done.stdout
    assert "Intended and closed: erp@contoso.com" in done.stdout
    assert "registers the application, or says what stands in the way" in done.stdout
    assert "opens them" not in done.stdout  # a wrong registration has to be replaced, which grant does on request only


def test_reach_that_was_killed_goes_on_where_it_was(start: Start) -> None:
    place = start(300)
    row = place.lab.setup.exchange_principal
    for recipient in place.lab.setup.tenant.recipients:
        if recipient.primary_smtp_address.startswith("m"):
            full_access(recipient, row)
    place.lab.faults.exchange.always = Fault(latency=0.1)
    command = [sys.executable, "-m", "diagnostics", "reach", "--profile", str(place.lab.profile), "--at-once", "1"]
    with subprocess.Popen(command, env=place.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = 0
        while shown < 60:  # above them stands whose mailboxes they are
            line = process.stdout.readline()
            assert line
            shown += line.startswith("can open")
        process.kill()
    place.lab.faults.exchange.always = Fault()
    (notes,) = (place.folder / "state" / "diag").glob("reach-*.jsonl")
    assert notes.stat().st_mode & 0o777 == 0o600
    known = len(notes.read_text().splitlines())
    assert 60 <= known < 300
    before = place.lab.faults.exchange.requests
    done = place.diag("reach", "--resume", "--at-once", "1")
    resumed = place.lab.faults.exchange.requests - before
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 of 305 mailbox(es) can be opened" in done.stdout
    assert not notes.exists()
    before = place.lab.faults.exchange.requests
    assert place.diag("reach", "--at-once", "1").returncode == 0
    assert resumed < place.lab.faults.exchange.requests - before


@pytest.mark.parametrize("words", [["grant", "--wait-for", "soon"], ["grant", "--resume", "--mailbox", "a@b.c"]])
def test_arguments_that_make_no_sense(start: Start, words: list[str]) -> None:
    assert start().diag(*words).returncode == 2
