"""The `pwsh -ServerMode` stand-in over stdio, and beside it the real engine, which must answer the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.powershell import RunspacePool

from tests.lab.powershell.conftest import COMPLETED, FAILED, LabWorld, cmdlet, connect, run
from tests.lab.powershell.stdio_client import StdioWSMan

STAND_IN = [sys.executable, "-m", "diagnostics.lab.powershell.servermode"]
PWSH = shutil.which("pwsh")
SWITCHES = ["-NoProfile", "-NoLogo", "-ServerMode"]


def opened(argv: list[str]) -> Iterator[RunspacePool]:
    client = StdioWSMan(argv)
    try:
        with RunspacePool(client, max_runspaces=2) as pool:
            yield pool
    finally:
        client.close()


@pytest.fixture
def stand_in() -> Iterator[RunspacePool]:
    yield from opened([*STAND_IN, *SWITCHES])


@pytest.fixture
def remote(lab: LabWorld, tmp_path: Path) -> Iterator[RunspacePool]:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps({"endpoints": {"exchange": lab.rest().url}, "ca_file": str(lab.ca_file)}))
    yield from opened([*STAND_IN, "--ready-file", str(ready), *SWITCHES])


@pytest.fixture
def engine() -> Iterator[RunspacePool]:
    if PWSH is None:
        pytest.skip("needs PowerShell 7 (pwsh) on PATH")
    yield from opened([PWSH, *SWITCHES])


def test_a_world_of_its_own_has_nobody_to_sign_in(stand_in: RunspacePool) -> None:
    answer = run(stand_in, cmdlet("Connect-ExchangeOnline", AccessToken="x.y.z", Organization="contoso.com"))
    assert answer.messages == ["UnAuthorized"]
    assert run(stand_in, cmdlet("Write-Output", ["a", 1, True])).output == ["a", 1, True]


def test_large_values_and_stop_over_stdio(stand_in: RunspacePool) -> None:
    text = "\u00e9" * 200_000
    assert run(stand_in, cmdlet("Write-Output", text)).output == [text]
    from tests.lab.powershell.conftest import build  # noqa: PLC0415

    sleeping = build(stand_in, cmdlet("Start-Sleep", Seconds=30))
    sleeping.begin_invoke()
    sleeping.stop()
    sleeping.close()
    assert run(stand_in, cmdlet("Write-Output", 1)).output == [1]


def test_the_stand_in_works_on_a_running_lab(lab: LabWorld, remote: RunspacePool) -> None:
    assert run(remote, connect(lab)).errors == []
    shown = run(remote, cmdlet("Get-ConnectionInformation")).output[0]
    assert shown["TenantID"] == lab.tenant.id
    assert run(remote, cmdlet("Get-ServicePrincipal")).output[0]["ObjectId"] == lab.principal.object_id
    grant = cmdlet("Add-MailboxPermission", "erp", User=lab.principal.object_id, AccessRights="FullAccess")
    assert run(remote, grant).errors == []
    assert "already present" in run(remote, grant).warnings[0]
    assert lab.mailbox.permissions[0].user_sid == lab.principal.sid
    missing = run(remote, cmdlet("Get-Mailbox", "nobody"), cmdlet("Write-Output", "next"))
    assert missing.messages[0].startswith("Ex6F9304|")
    assert missing.error_ids[0].endswith(",Write-ErrorMessage")
    assert missing.output == ["next"]
    assert run(remote, cmdlet("Remove-ServicePrincipal", lab.principal.app_id)).state == FAILED
    assert run(remote, cmdlet("Remove-ServicePrincipal", lab.principal.app_id, Confirm=False)).errors == []
    assert lab.tenant.exchange_service_principals == []


def test_the_stand_in_is_refused_as_the_lab_refuses(lab: LabWorld, remote: RunspacePool) -> None:
    assert run(remote, connect(lab, AccessToken=lab.token(roles=[]))).messages == ["UnAuthorized"]
    lab.operator.directory_roles = {"Global Reader"}
    run(remote, connect(lab))
    refused = run(remote, cmdlet("New-ServicePrincipal", AppId="a", ObjectId="b"))
    assert refused.error_ids == ["CommandNotFoundException"]
    lab.operator.directory_roles.clear()
    assert "isn't supported in this scenario" in run(remote, connect(lab)).messages[0]


def test_garbage_ends_the_stand_in_with_a_word_on_stderr() -> None:
    ended = subprocess.run([*STAND_IN], input=b"hello\n", capture_output=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert b"not a packet: hello" in ended.stderr
    assert ended.stdout == b""


ONE, TWO, THREE = (cmdlet("Write-Output", word) for word in ("one", "two", "three"))
NOTHING = cmdlet("Get-Nothing")
BATCHES: list[list[Any]] = [
    [ONE],
    [NOTHING],
    [ONE, NOTHING, TWO],
    [NOTHING, ONE],
    [NOTHING, ONE, TWO, THREE],
    [NOTHING, NOTHING, ONE],
    [ONE, TWO, NOTHING],
    [cmdlet("Write-Error", "no", ErrorAction="Stop"), ONE],
    [ONE, cmdlet("Write-Error", "no", ErrorAction="Stop"), TWO],
    [cmdlet("Write-Error", "no", ErrorAction="SilentlyContinue"), ONE],
    [cmdlet("Write-Error", "no"), ONE, TWO],
    [ONE, cmdlet("Import-Module", Nothing=1), TWO],
    [ONE, cmdlet("Import-Module"), TWO],
    [ONE, cmdlet("Import-Module", Name="NoSuchModule"), TWO],
    [cmdlet("Import-Module", Name="NoSuchModule", ErrorAction="Stop"), TWO],
    [ONE, cmdlet("Get-Command", Name="Get-Nothing"), TWO],
    [ONE, cmdlet("Get-Command", Name="Get-Nothing", ErrorAction="Sometimes"), TWO],
    [ONE, cmdlet("Import-Module", Name="x", name="y"), TWO],
    [ONE, cmdlet("Import-Module", Name="x", Force="no"), TWO],
    [ONE, cmdlet("Import-Module", Name="x", Err="Stop"), TWO],
    [ONE, cmdlet("Import-Module", Name=""), TWO],
    [ONE, cmdlet("Import-Module", Name=None), TWO],
    [ONE, cmdlet("Import-Module", Name=[]), TWO],
    [ONE, cmdlet("Import-Module", "x", "y"), TWO],
    [ONE, cmdlet("Get-Variable", Name="NoSuchVariable"), TWO],
    [[cmdlet("Write-Output", ["a", "b"]), NOTHING], ONE],
    [[cmdlet("Write-Output", ["a", ["b", "c"]]), cmdlet("ConvertTo-Json", Compress=True)]],
    [[cmdlet("Write-Output", "a"), cmdlet("ConvertTo-Json", AsArray=True, Compress=True)]],
    [[cmdlet("Write-Output", ["a", "b", "c"]), cmdlet("Select-Object", First=2)]],
    [cmdlet("Write-Output", [True, 7, None, "\u2019`$(1)\n\u0000"])],
    [cmdlet("Get-Variable", Name="PSEdition", ValueOnly=True)],
]


def summary(pool: RunspacePool, batch: list[Any]) -> dict[str, Any]:
    """Return what a client can tell of a batch: ids end with a class name that differs for stand-in cmdlets."""
    answer = run(pool, *batch)
    return {
        "state": answer.state,
        "had_errors": answer.had_errors,
        "output": answer.output,
        "ids": [identifier.partition(",")[0] for identifier in answer.error_ids],
        "messages": answer.messages,
        "types": [error.exception.types[0].rpartition(".")[2] for error in answer.errors],
        "categories": [error.category for error in answer.errors],
    }


@pytest.mark.powershell
def test_the_lab_answers_as_the_real_engine_does(stand_in: RunspacePool, engine: RunspacePool) -> None:
    for batch in BATCHES:
        mine, real = summary(stand_in, batch), summary(engine, batch)
        assert mine == real, batch


def test_every_batch_ends_in_a_state(stand_in: RunspacePool) -> None:
    assert {summary(stand_in, batch)["state"] for batch in BATCHES} == {COMPLETED, FAILED}
