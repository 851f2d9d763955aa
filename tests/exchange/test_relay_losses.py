"""A relay between diag and PowerShell that loses, doubles or reorders packets: each answer is right, or it is none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.options import LocalOptions
from diagnostics.exchange.port import CmdletCall, CmdletResult, ShellUnavailable
from tests.exchange.conftest import Tenant
from tests.exchange.peers import Peers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")

RELAY = """
import subprocess, sys, threading
child = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

def forward():
    for line in sys.stdin.buffer:
        child.stdin.write(line)
        child.stdin.flush()
    child.stdin.close()

threading.Thread(target=forward, daemon=True).start()
seen, held = 0, b""
for line in child.stdout:
    if line.startswith(b"<Data "):
        seen += 1
        if seen == AT:
            if HOW == "late":
                held = line
            line = line * 2 if HOW == "twice" else b""
        elif held:
            line, held = line + held, b""
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def peers(tenant: Tenant, tmp_path: Path) -> Iterator[Peers]:
    made = Peers(tenant, tmp_path)
    yield made
    made.close()


def answers(peers: Peers, at: int, how: str) -> list[CmdletResult] | ShellUnavailable:
    tenant, path = peers.tenant, peers.folder / "relay-pwsh"
    values = f"PROGRAM, AT, HOW = {str(peers.stand_in())!r}, {at}, {how!r}\n"
    path.write_text(f"#!{sys.executable}\n{values}{RELAY}")
    path.chmod(0o700)
    options = LocalOptions(executable=str(path), connect_timeout=10, operation_timeout=4)
    calls = [
        CmdletCall("Get-ServicePrincipal"),
        CmdletCall("Get-MailboxPermission", {"Identity": tenant.mailbox}),
        CmdletCall("Get-CASMailbox", {"Identity": tenant.mailbox}),
    ]
    try:
        with open_shell(options, tenant.request()) as shell:
            return shell.invoke_many(calls)
    except ShellUnavailable as refused:
        return refused


@pytest.mark.parametrize("how", ["lost", "twice", "late"])
def test_a_packet_that_is_spoiled_on_the_way(peers: Peers, how: str) -> None:
    right = answers(peers, 0, how)
    assert not isinstance(right, ShellUnavailable)
    assert all(result.ok for result in right)
    noticed = 0
    for at in (2, 6, 10, 14, 18):
        found = answers(peers, at, how)
        if isinstance(found, ShellUnavailable):
            noticed += 1
            continue
        noticed += not all(result.ok for result in found)
        for result, expected in zip(found, right, strict=True):
            assert not result.ok or result.rows == expected.rows
    assert noticed == 5
