from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from diagnostics.files import FileUnusable
from diagnostics.lab.faults import Fault
from diagnostics.lab.serve import serve
from diagnostics.lab.server import Lab

PROGRAM = "import sys, pathlib; from diagnostics.lab.serve import serve; sys.exit(serve(sys.argv[2:], pathlib.Path(sys.argv[1])))"


def wait_for(path: Path, seconds: float = 20) -> dict[str, object]:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, "the lab did not become ready"
        time.sleep(0.05)
    loaded = json.loads(path.read_text())
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_lab_of_its_own_process_ends_cleanly(tmp_path: Path, number: int) -> None:
    ready_file = tmp_path / "ready.json"
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(ready_file), "perm-deny-entry"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        ready = wait_for(ready_file)
        assert ready_file.stat().st_mode & 0o777 == 0o600
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert not ready_file.exists()
    assert not Path(str(ready["profile"])).exists()
    assert "Traceback" not in err
    assert "perm" not in (out + err).replace("permissions", "")
    assert "deny" not in out + err


def test_the_ready_file_tells_another_program_everything(tmp_path: Path) -> None:
    stop, ready_file = threading.Event(), tmp_path / "ready.json"
    out, err = io.StringIO(), io.StringIO()
    thread = threading.Thread(
        target=serve, args=(["exo-sp-wrong-object-id"], ready_file), kwargs={"stop": stop, "out": out, "err": err}
    )
    thread.start()
    try:
        ready = wait_for(ready_file)
        assert ready.keys() == {"schema", "endpoints", "ca_file", "ids", "mailboxes", "module_path", "profile", "env"}
        endpoints = ready["endpoints"]
        assert isinstance(endpoints, dict)
        assert endpoints.keys() == {"login", "graph", "exchange", "winrm", "imap"}
        assert os.access(str(ready["profile"]), os.R_OK)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert "export DIAG_APPLICATION_SECRET=" in out.getvalue()
    assert "Traceback" not in err.getvalue()


def test_a_ready_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FileUnusable, match="missing"):
        serve([], tmp_path / "missing" / "ready.json", stop=threading.Event(), out=io.StringIO(), err=io.StringIO())


def test_faults_are_met_once_each_and_counted(lab: Lab, http: requests.Session) -> None:
    url = f"{lab.ready['endpoints']['login']}/contoso.com/v2.0/.well-known/openid-configuration"
    http.verify = str(lab.ca_file)
    lab.faults.login.add(Fault(status=429, retry_after=7, body=b"later"))
    lab.faults.login.add(Fault(drop=True))
    lab.faults.login.add(Fault(latency=0.2))
    refused = http.get(url)
    assert (refused.status_code, refused.headers["Retry-After"], refused.text) == (429, "7", "later")
    with pytest.raises(requests.ConnectionError):
        http.get(url)
    before = time.monotonic()
    assert http.get(url).status_code == 200
    assert time.monotonic() - before >= 0.2
    assert lab.faults.login.requests == 3


def test_connections_are_kept_and_many_may_ask_at_once(lab: Lab, http: requests.Session) -> None:
    url = f"{lab.ready['endpoints']['login']}/contoso.com/v2.0/.well-known/openid-configuration"
    http.verify = str(lab.ca_file)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(http.get(url).status_code)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert statuses == [200] * 8
    first = http.get(url)
    assert first.headers["Content-Length"]
    assert "close" not in first.headers.get("Connection", "")


def test_a_lab_that_has_not_started_says_so() -> None:
    with pytest.raises(RuntimeError, match="not been started"):
        _ = Lab().ready


def test_the_exchange_transport_can_be_chosen() -> None:
    with Lab(transport="rest") as lab:
        assert "transport: rest" in lab.profile.read_text()
    with pytest.raises(ValueError, match="winrm and rest"):
        Lab(transport="pigeon")
