"""pypsrp's own WSMan in front of a real engine, by way of the relay."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pypsrp.complex_objects import ObjectMeta
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool

from tests.lab.powershell.conftest import COMPLETED, FAILED, LabWorld, build, cmdlet, run

PWSH = shutil.which("pwsh")
SWITCHES = ["-NoProfile", "-NoLogo", "-ServerMode"]
STAND_IN = [sys.executable, "-m", "diagnostics.lab.powershell.servermode", *SWITCHES]


@pytest.fixture(params=["stand-in", pytest.param("pwsh", marks=pytest.mark.powershell)])
def relayed(request: pytest.FixtureRequest, lab: LabWorld) -> Iterator[RunspacePool]:
    if request.param == "pwsh" and PWSH is None:
        pytest.skip("needs PowerShell 7 (pwsh) on PATH")
    endpoint = lab.winrm(relay=STAND_IN if request.param == "stand-in" else [PWSH, *SWITCHES])
    with RunspacePool(lab.wsman(endpoint), max_runspaces=3) as pool:
        yield pool


def test_batches_errors_and_large_values(relayed: RunspacePool) -> None:
    unknown = cmdlet("Get-Nothing")
    answer = run(relayed, cmdlet("Write-Output", "one"), unknown, cmdlet("Write-Output", "two"))
    assert (answer.state, answer.output, answer.error_ids) == (FAILED, ["one"], ["CommandNotFoundException"])
    text = "\u00e9x" * 150_000
    assert run(relayed, cmdlet("Write-Output", text)).output == [text]
    assert run(relayed, cmdlet("Write-Output", list(range(2000)))).output == list(range(2000))


def test_parallel_pipelines_and_stop(relayed: RunspacePool) -> None:
    pipelines = [build(relayed, cmdlet("Start-Sleep", Milliseconds=300), cmdlet("Write-Output", n)) for n in range(3)]
    for pipeline in pipelines:
        pipeline.begin_invoke()
    assert [pipeline.end_invoke() for pipeline in pipelines] == [[0], [1], [2]]
    for pipeline in pipelines:
        pipeline.close()
    sleeping = build(relayed, cmdlet("Start-Sleep", Seconds=30))
    sleeping.begin_invoke()
    started = time.monotonic()
    sleeping.stop()
    sleeping.close()
    assert time.monotonic() - started < 5
    assert run(relayed, cmdlet("Write-Output", 1)).output == [1]


def test_a_batch_takes_three_requests(lab: LabWorld, relayed: RunspacePool) -> None:
    endpoint = lab.open[0]
    run(relayed, cmdlet("Write-Output", 0))
    before = endpoint.requests
    answer = run(relayed, *(cmdlet("Write-Output", n) for n in range(20)))
    assert answer.output == list(range(20))
    assert endpoint.requests - before <= 4


def test_the_child_ends_with_the_pool(lab: LabWorld) -> None:
    endpoint = lab.winrm(relay=STAND_IN)
    with RunspacePool(lab.wsman(endpoint)) as pool:
        run(pool, cmdlet("Write-Output", 1))
        shell: Any = next(iter(endpoint._shells.values()))
    assert shell._child.poll() == 0


def test_a_child_that_dies_ends_the_pipeline(lab: LabWorld) -> None:
    endpoint = lab.winrm(relay=STAND_IN)
    with RunspacePool(lab.wsman(endpoint)) as pool:
        sleeping = build(pool, cmdlet("Start-Sleep", Seconds=60))
        sleeping.begin_invoke()
        shell: Any = next(iter(endpoint._shells.values()))
        shell._child.kill()
        with pytest.raises(WSManFaultError, match="the shell was not found on the server"):
            sleeping.end_invoke()


@pytest.mark.powershell
def test_a_script_and_a_secure_string_reach_the_real_engine(lab: LabWorld) -> None:
    if PWSH is None:
        pytest.skip("needs PowerShell 7 (pwsh) on PATH")
    endpoint = lab.winrm(relay=[PWSH, *SWITCHES])
    with RunspacePool(lab.wsman(endpoint)) as pool:
        pool.exchange_keys()
        script = PowerShell(pool)
        script.add_script("param([securestring]$Secret) [Net.NetworkCredential]::new('', $Secret).Password")
        script.add_parameter("Secret", pool.serialize("s3cret \u00e9", ObjectMeta("SS")))
        assert script.invoke() == ["s3cret \u00e9"]
        assert script.state == COMPLETED
        script.close()
