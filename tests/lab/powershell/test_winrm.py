"""The WinRM endpoint: requests, round trips, what happens when the way to it is bad."""

from __future__ import annotations

import base64
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from pypsrp.exceptions import WinRMTransportError, WSManFaultError
from pypsrp.powershell import RunspacePool
from pypsrp.shell import WinRS
from pypsrp.wsman import SelectorSet

from diagnostics.lab.faults import Fault
from tests.lab.powershell.conftest import COMPLETED, PASSWORD, USERNAME, LabWorld, build, cmdlet, connect, run


def test_a_batch_takes_two_requests_and_one_to_close(lab: LabWorld, endpoint: Any, connected: RunspacePool) -> None:
    before = endpoint.requests
    per_mailbox = [cmdlet(name, "erp") for name in ("Get-Recipient", "Get-MailboxPermission", "Get-CASMailbox")]
    marked = [item for number, call in enumerate(per_mailbox) for item in (call, cmdlet("Write-Output", number))]
    answer = run(connected, cmdlet("Get-ServicePrincipal"), *marked)
    assert answer.state == COMPLETED
    assert len(answer.output) == 7
    assert endpoint.requests - before == 3


def test_fifty_mailboxes_take_no_more_requests_than_one(lab: LabWorld, endpoint: Any, connected: RunspacePool) -> None:
    before = endpoint.requests
    names = ("Get-Recipient", "Get-MailboxPermission", "Get-CASMailbox")
    calls: list[Any] = [
        [cmdlet(name, "erp"), cmdlet("ConvertTo-Json", Compress=True)] for _ in range(50) for name in names
    ]
    answer = run(connected, *calls)
    assert len(answer.output) == 150
    assert endpoint.requests - before <= 5


def test_a_slow_pipeline_outlives_the_operation_timeout(lab: LabWorld, endpoint: Any) -> None:
    with RunspacePool(lab.wsman(endpoint, operation_timeout=1, read_timeout=10)) as pool:
        answer = run(pool, cmdlet("Start-Sleep", Milliseconds=2500), cmdlet("Write-Output", "done"))
    assert answer.output == ["done"]


def test_a_receive_without_output_is_the_timeout_fault(lab: LabWorld, endpoint: Any) -> None:
    with RunspacePool(lab.wsman(endpoint)) as pool:
        sleeping = build(pool, cmdlet("Start-Sleep", Seconds=20))
        sleeping.begin_invoke()
        with pytest.raises(WSManFaultError) as caught:
            pool._receive(sleeping.id, timeout=1)
        assert caught.value.code == 2150858793
        sleeping.stop()
        sleeping.close()


def test_an_unknown_configuration_and_an_unknown_shell_are_faults(lab: LabWorld, endpoint: Any) -> None:
    with pytest.raises(WSManFaultError, match="was not found in the WS-Management catalog") as caught:
        RunspacePool(lab.wsman(endpoint), configuration_name="Microsoft.Exchange").open()
    assert caught.value.code == 2150858811
    with RunspacePool(lab.wsman(endpoint)) as pool:
        stranger = WinRS(pool.connection, resource_uri=pool.shell.resource_uri, id=pool.id)
        stranger._selector_set = SelectorSet()
        stranger._selector_set.add_option("ShellId", "11111111-2222-3333-4444-555555555555")
        with pytest.raises(WSManFaultError, match="the shell was not found on the server"):
            stranger.receive("stdout", timeout=1)


def test_what_is_no_wsman_is_refused(lab: LabWorld, endpoint: Any) -> None:
    where = {"verify": str(lab.ca_file), "timeout": 5}
    assert requests.post(endpoint.url, data=b"<a/>", **where).status_code == 401  # type: ignore[arg-type]
    signed_in = {**where, "auth": (USERNAME, PASSWORD)}
    assert requests.post(endpoint.url, data=b"no xml", **signed_in).status_code == 500  # type: ignore[arg-type]
    assert requests.get(endpoint.url, **signed_in).status_code == 404  # type: ignore[arg-type]
    assert requests.post(endpoint.url + "x", data=b"", **signed_in).status_code == 404  # type: ignore[arg-type]
    header = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}
    assert requests.post(endpoint.url, data=b"", headers=header, **where).status_code == 401  # type: ignore[arg-type]


def test_a_certificate_of_another_authority_is_refused(lab: LabWorld, endpoint: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(requests.exceptions.SSLError):
        RunspacePool(lab.wsman(endpoint, cert_validation=str(other))).open()


def test_garbage_instead_of_fragments_is_a_fault(lab: LabWorld, endpoint: Any) -> None:
    with RunspacePool(lab.wsman(endpoint)) as pool, pytest.raises(WSManFaultError, match="no PSRP"):
        pool.shell.send("stdin", b"\x00" * 8)


def test_html_a_hang_and_a_cut_connection(lab: LabWorld, endpoint: Any) -> None:
    endpoint.faults.add(Fault(status=503, body=b"<!doctype html><p>proxy<br>", content_type="text/html"))
    with pytest.raises(WinRMTransportError, match="proxy"):
        RunspacePool(lab.wsman(endpoint)).open()
    endpoint.faults.add(Fault(latency=5))
    started = time.monotonic()
    with pytest.raises(requests.exceptions.ReadTimeout):
        RunspacePool(lab.wsman(endpoint, read_timeout=1)).open()
    assert time.monotonic() - started < 4
    endpoint.faults.add(Fault(drop=True))
    with pytest.raises(requests.exceptions.ConnectionError):
        RunspacePool(lab.wsman(endpoint)).open()


def test_closing_the_endpoint_ends_a_waiting_client(lab: LabWorld) -> None:
    endpoint = lab.winrm()
    pool = RunspacePool(lab.wsman(endpoint))
    pool.open()
    sleeping = build(pool, cmdlet("Start-Sleep", Seconds=30))
    sleeping.begin_invoke()
    endpoint.close()
    with pytest.raises((requests.exceptions.ConnectionError, WSManFaultError, ssl.SSLError)):
        sleeping.end_invoke()


def test_tokens_and_passwords_show_in_no_representation(lab: LabWorld, endpoint: Any, pool: RunspacePool) -> None:
    run(pool, connect(lab))
    token = lab.token()
    shell = next(iter(endpoint._shells.values()))
    assert PASSWORD not in repr(vars(lab.world))
    assert token[:20] not in repr(list(shell._free))
