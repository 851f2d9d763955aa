"""Modules that print into the stream of the packets, or end PowerShell, before the real engine.

What they cost is unknown; it is never an answer that says "nothing there".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.evidence import Unavailable
from diagnostics.exchange.collect import CollectedExchange, collect
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import ErrorKind
from tests.changes.places import snapshot
from tests.exchange.conftest import Tenant
from tests.exchange.odd_modules import engine_with, profile_with, program, say
from tests.exchange.peers import ROOT, Peers

pytestmark = [pytest.mark.powershell, pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")]

HARMLESS = {
    "before, without a line end": say("x") + "; CALL",
    "before, a line": say("Loading the module\n") + "; CALL",
    "after, without a line end": "CALL; " + say("done"),
    "markup": say("<b>Tip</b> of the day: ") + "; CALL",
    "a program of its own": f"{program('/bin/echo', '-n loading')}; CALL",
    "Console.Write": "[Console]::Out.Write('x'); [Console]::Write('y'); CALL",
    "a mark that is not one": "'0:1'; CALL",
}
ENDING = {
    "exit": "exit",
    "exit 0": "exit 0",
    "exit 3": "exit 3",
    "exit after the rows": "CALL; exit 0",
    "SetShouldExit": "$Host.SetShouldExit(0)",
    "nothing at all": "$null",
    "rows without ids": "[pscustomobject] @{ Identity = 'x' }",
}
BREAKING = {
    "half a packet": say("<Data Stream='Default' PSGuid='") + "; CALL",
    "the end of the process": "[Environment]::Exit(0)",
    "a remoting session of its own": "$null = Wait-Job (Start-Job { 1 }); CALL",
}


@pytest.fixture
def peers(tenant: Tenant, tmp_path: Path) -> Iterator[Peers]:
    made = Peers(tenant, tmp_path)
    yield made
    made.close()


def collected(peers: Peers, bodies: dict[str, str]) -> CollectedExchange:
    tenant = peers.tenant
    with open_shell(peers.local(engine_with(peers, bodies)), tenant.request()) as shell:
        return collect(shell, [tenant.mailbox], tenant.lab.setup.registration.app_id)


def sound(peers: Peers) -> CollectedExchange:
    tenant = peers.tenant
    with open_shell(tenant.rest(), tenant.request()) as shell:
        return collect(shell, [tenant.mailbox], tenant.lab.setup.registration.app_id)


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS)
def test_what_is_printed_costs_nothing(peers: Peers, body: str) -> None:
    """Rows that the module did not write are no rows either: an object of its own beside them is not understood."""
    found = collected(peers, {"Get-MailboxPermission": body, "Get-ServicePrincipal": body})
    (mailbox,), (right,) = found.mailboxes, sound(peers).mailboxes
    if "0:1" in body:
        assert isinstance(mailbox.permissions, Unavailable)
        assert not isinstance(found.exchange.service_principals, Unavailable)
        return
    assert not isinstance(mailbox.permissions, Unavailable)
    assert not isinstance(right.permissions, Unavailable)
    assert [row.user for row in mailbox.permissions] == [row.user for row in right.permissions]
    assert not isinstance(found.exchange.service_principals, Unavailable)


@pytest.mark.parametrize("body", ENDING.values(), ids=ENDING)
def test_a_cmdlet_that_ends_without_answering_is_not_empty(peers: Peers, body: str) -> None:
    cmdlets = ["Get-MailboxPermission", "Get-Recipient"]
    found = collected(peers, dict.fromkeys(cmdlets, body))
    (mailbox,) = found.mailboxes
    assert isinstance(mailbox.permissions, Unavailable)
    assert isinstance(mailbox.recipient, Unavailable)
    assert not isinstance(mailbox.cas, Unavailable)
    if "xit" in body:
        assert "ended PowerShell instead of answering" in mailbox.permissions.reason


@pytest.mark.parametrize("body", BREAKING.values(), ids=BREAKING)
def test_a_loss_breaks_the_channel(peers: Peers, body: str) -> None:
    found = collected(peers, {"Get-MailboxPermission": body})
    (mailbox,) = found.mailboxes
    assert isinstance(mailbox.permissions, Unavailable)
    assert isinstance(mailbox.cas, Unavailable)


def test_dots_all_over_the_stream(peers: Peers) -> None:
    """A program prints a dot whenever it can: each answer is right or it is an error, whatever the dots hit."""
    dots = program("/bin/sh", '-c "while :; do printf .; done"', wait=False)
    bodies = {"Get-MailboxPermission": f"{dots}; CALL"}
    tenant = peers.tenant
    with open_shell(peers.local(engine_with(peers, bodies)), tenant.request()) as shell:
        for _ in range(20):
            result = shell.invoke("Get-MailboxPermission", Identity=tenant.mailbox)
            if result.ok:
                assert [row["User"] for row in result.rows][:1] == ["NT AUTHORITY\\SELF"]
            elif result.error is not None and result.error.kind is ErrorKind.CONNECTION:
                break


def diag(peers: Peers, bodies: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    profile = profile_with(peers, engine_with(peers, bodies))
    state = {"XDG_STATE_HOME": str(peers.folder / "state"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "diagnostics", *words, "--profile", str(profile)]
    return subprocess.run(
        command,
        env={**os.environ, **peers.tenant.lab.env, **state},
        cwd=peers.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("body", [HARMLESS["a program of its own"], ENDING["exit 0"], ENDING["nothing at all"]])
def test_permissions_is_right_or_unknown(peers: Peers, body: str) -> None:
    done = diag(peers, {"Get-MailboxPermission": body}, "permissions", "--output", "json")
    assert done.returncode == (0 if "CALL" in body else 3), done.stdout + done.stderr
    assert "perm-fullaccess-missing" not in str(json.loads(done.stdout).get("causes"))


@pytest.mark.parametrize("body", [HARMLESS["before, without a line end"], ENDING["exit 3"], ENDING["nothing at all"]])
def test_grant_registers_no_duplicate(peers: Peers, body: str) -> None:
    before = snapshot(peers.tenant.lab)
    done = diag(peers, dict.fromkeys(["Get-ServicePrincipal", "Get-MailboxPermission"], body), "grant", "--yes")
    assert snapshot(peers.tenant.lab) == before, done.stdout
    assert done.returncode == (0 if "CALL" in body else 3), done.stdout + done.stderr


@pytest.mark.parametrize("body", [HARMLESS["markup"], ENDING["exit"], ENDING["nothing at all"]])
def test_reach_counts_only_what_was_read(peers: Peers, body: str) -> None:
    done = diag(peers, {"Get-MailboxPermission": body}, "reach", "--output", "json")
    assert done.returncode == (0 if "CALL" in body else 3), done.stdout + done.stderr
