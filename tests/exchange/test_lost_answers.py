"""Modules that print into the stream of the packets, or end PowerShell, before the real engine.

What they cost is unknown; it is never an answer that says "nothing there".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.evidence import Unavailable
from diagnostics.exchange.collect import CollectedExchange, collect
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import ErrorKind, Shell
from diagnostics.ids import ApplicationId
from diagnostics.lab.server import Lab
from tests.changes.places import holders, snapshot
from tests.exchange.conftest import OTHER_BUNDLES, Tenant
from tests.exchange.odd_modules import engine_with, profile_with, program, say
from tests.exchange.peers import ROOT, Peers

pytestmark = [pytest.mark.powershell, pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")]

HALF = "<Data Stream='Default' PSGuid='"
HARMLESS = {
    "before, without a line end": say("x") + "; CALL",
    "before, a line": say("Loading the module\n") + "; CALL",
    "after, without a line end": "CALL; " + say("done"),
    "markup": say("<b>Tip</b> of the day: ") + "; CALL",
    "a program of its own": f"{program('/bin/echo', '-n loading')}; CALL",
    "Console.Write": "[Console]::Out.Write('x'); [Console]::Write('y'); CALL",
}
ENDING = {
    "exit": "exit",
    "exit 0": "exit 0",
    "exit 3": "exit 3",
    "exit after the rows": "CALL; exit 0",
    "SetShouldExit": "$Host.SetShouldExit(0)",
    "break": "break",
    "continue": "continue",
    "break with a label": "break outer",
    "break after the rows": "CALL; break",
    "break in a block": "& { break }",
    "nothing at all": "$null",
    "rows without ids": "[pscustomobject] @{ Identity = 'x' }",
}
BREAKING = {
    "half a packet": say(HALF) + "; CALL",
    "the end of the process": "[Environment]::Exit(0)",
    "a remoting session of its own": "$null = Wait-Job (Start-Job { 1 }); CALL",
}


@pytest.fixture
def peers(tenant: Tenant, tmp_path: Path) -> Iterator[Peers]:
    made = Peers(tenant, tmp_path)
    yield made
    made.close()


@dataclass
class Session:
    """One engine for many bodies: its cmdlets do what stands in a file."""

    tenant: Tenant
    shell: Shell
    body: Path

    def collected(self, body: str) -> CollectedExchange:
        self.body.write_text(body.replace("CALL", "Invoke-ExchangeCmdlet $name $bound"), encoding="utf-8")
        return collect(self.shell, [self.tenant.mailbox], ApplicationId(self.tenant.lab.setup.registration.app_id))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("odd")
    body = folder / "body.ps1"
    bodies = {
        cmdlet: f"$name = '{cmdlet}'; $bound = $PSBoundParameters; "
        f". ([scriptblock]::Create([IO.File]::ReadAllText('{body}')))"
        for cmdlet in ("Get-ServicePrincipal", "Get-MailboxPermission", "Get-Recipient")
    }
    with pytest.MonkeyPatch.context() as patched, Lab() as lab:
        for name in OTHER_BUNDLES:
            patched.delenv(name, raising=False)
        tenant = Tenant(lab)
        peers = Peers(tenant, folder)
        with open_shell(peers.local(engine_with(peers, bodies)), tenant.request()) as shell:
            yield Session(tenant, shell, body)


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS)
def test_what_is_printed_costs_nothing(session: Session, body: str) -> None:
    right, found = session.collected("CALL"), session.collected(body)
    assert not isinstance(right.mailboxes[0].permissions, Unavailable)
    assert not isinstance(found.mailboxes[0].permissions, Unavailable)
    users = [[row.user for row in one.mailboxes[0].permissions] for one in (right, found)]  # type: ignore[union-attr]
    assert users[0] == users[1]
    assert not isinstance(found.exchange.service_principals, Unavailable)


def test_an_object_of_its_own_is_no_row(session: Session) -> None:
    """Nothing is concluded from a list with something in it that is not understood, but what it shows."""
    found = session.collected("'0:1'; CALL")
    assert isinstance(found.mailboxes[0].permissions, Unavailable)
    assert not isinstance(found.exchange.service_principals, Unavailable)


@pytest.mark.parametrize("body", ENDING.values(), ids=ENDING)
def test_a_cmdlet_that_ends_without_answering_is_not_empty(session: Session, body: str) -> None:
    found = session.collected(body)
    (mailbox,) = found.mailboxes
    assert isinstance(mailbox.permissions, Unavailable)
    assert isinstance(mailbox.recipient, Unavailable)
    assert not isinstance(mailbox.cas, Unavailable)
    if "xit" in body or "break" in body or "continue" in body:
        assert isinstance(found.exchange.service_principals, Unavailable)
    if "xit" in body:
        assert "ended PowerShell instead of answering" in mailbox.permissions.reason


def collected(peers: Peers, bodies: dict[str, str]) -> CollectedExchange:
    tenant = peers.tenant
    with open_shell(peers.local(engine_with(peers, bodies)), tenant.request()) as shell:
        return collect(shell, [tenant.mailbox], ApplicationId(tenant.lab.setup.registration.app_id))


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


@pytest.mark.parametrize("body", [HARMLESS["a program of its own"], ENDING["exit 0"]])
def test_permissions_is_right_or_unknown(peers: Peers, body: str) -> None:
    done = diag(peers, {"Get-MailboxPermission": body}, "permissions", "--output", "json")
    assert done.returncode == (0 if "CALL" in body else 3), done.stdout + done.stderr
    assert "perm-fullaccess-missing" not in str(json.loads(done.stdout).get("causes"))


@pytest.mark.parametrize("body", [HARMLESS["before, without a line end"], ENDING["exit 3"], ENDING["break"]])
def test_grant_registers_no_duplicate(peers: Peers, body: str) -> None:
    before = snapshot(peers.tenant.lab)
    done = diag(peers, dict.fromkeys(["Get-ServicePrincipal", "Get-MailboxPermission"], body), "grant", "--yes")
    assert snapshot(peers.tenant.lab) == before, done.stdout
    assert done.returncode == (0 if "CALL" in body else 3), done.stdout + done.stderr


@pytest.mark.parametrize("body", [ENDING["exit after the rows"], f"CALL; {say(HALF)}"], ids=["exit", "loss"])
def test_a_write_whose_answer_is_lost_is_looked_for(start: Callable[..., Tenant], tmp_path: Path, body: str) -> None:
    """It was carried out: it is found done, and not sent again."""
    tenant = start("exo-sp-not-registered")
    peers = Peers(tenant, tmp_path)
    done = diag(peers, dict.fromkeys(["New-ServicePrincipal", "Add-MailboxPermission"], body), "grant", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    setup = tenant.lab.setup
    ids = [(row.app_id, row.object_id) for row in setup.tenant.exchange_service_principals]
    assert ids.count((setup.registration.app_id, setup.enterprise.object_id)) == 1
    assert holders(tenant.lab) == {tenant.mailbox: 1}


@pytest.mark.parametrize("body", [ENDING["exit"], ENDING["nothing at all"]])
def test_reach_counts_only_what_was_read(peers: Peers, body: str) -> None:
    done = diag(peers, {"Get-MailboxPermission": body}, "reach", "--output", "json")
    assert done.returncode == (0 if "CALL" in body else 3), done.stdout + done.stderr
