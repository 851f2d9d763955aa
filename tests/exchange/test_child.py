"""PowerShell as a child that misbehaves: every wait ends, the step is named, and nothing is left running."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.exchange import local
from diagnostics.exchange.child import Child
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.options import LocalOptions, SshOptions
from diagnostics.exchange.port import CmdletCall, ErrorKind, Shell, ShellUnavailable
from diagnostics.redaction import Secret
from tests import posix
from tests.exchange.conftest import Tenant
from tests.exchange.peers import CHILDREN, Peers, pwsh

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


@pytest.fixture
def peers(tenant: Tenant, tmp_path: Path) -> Iterator[Peers]:
    made = Peers(tenant, tmp_path)
    yield made
    made.close()


def descendants() -> list[str]:
    """Processes of this one that still run, by their command line; zombies count."""
    parents: dict[str, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[entry.name] = (entry / "stat").read_text().rpartition(")")[2].split()[1]
    mine = {str(os.getpid())}
    while more := {pid for pid, parent in parents.items() if parent in mine and pid not in mine}:
        mine |= more
    found = []
    for pid in mine - {str(os.getpid())}:
        with contextlib.suppress(OSError):
            found.append(f"{pid} {Path('/proc', pid, 'cmdline').read_bytes().decode().replace(chr(0), ' ')}")
    return found


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    before = set(descendants())
    yield
    deadline = time.monotonic() + 5
    while left := [command for command in descendants() if command not in before and "sshd" not in command]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def program(folder: Path, text: str) -> LocalOptions:
    """A child written in Python, in place of PowerShell."""
    path = folder / "odd-pwsh"
    path.write_text(f"#!{sys.executable}\nimport sys, time, os\n{text}\n")
    path.chmod(0o700)
    return LocalOptions(executable=str(path), connect_timeout=3, operation_timeout=3)


def refusal(options: LocalOptions | SshOptions, tenant: Tenant, seconds: float = 9.0) -> ShellUnavailable:
    started = time.monotonic()
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(options, tenant.request()).__enter__()
    assert time.monotonic() - started < seconds
    return raised.value


def test_a_child_that_ends_at_once(tenant: Tenant, tmp_path: Path) -> None:
    error = refusal(program(tmp_path, "print('no licence', file=sys.stderr); sys.exit(3)"), tenant)
    assert error.step == "start PowerShell"
    assert error.kind is ErrorKind.CONNECTION
    assert "exit code 3" in error.message
    assert "no licence" in error.message


def test_a_child_that_prints_a_banner_and_ends(tenant: Tenant, tmp_path: Path) -> None:
    error = refusal(program(tmp_path, "print('PowerShell 7.6\\nsomething is broken'); sys.exit(1)"), tenant)
    assert "something is broken" in error.message


def test_a_child_that_sends_garbage(tenant: Tenant, tmp_path: Path) -> None:
    error = refusal(program(tmp_path, "print('<html>hello</html>', flush=True); time.sleep(60)"), tenant)
    assert "not PowerShell remoting" in error.message
    assert "<html>" in error.message


def test_a_child_that_acks_and_then_sends_nonsense(tenant: Tenant, tmp_path: Path) -> None:
    pool = "00000000-0000-0000-0000-000000000000"
    lines = f"<DataAck PSGuid='{pool}' />\\n<Data Stream='Default' PSGuid='{pool}'>AAAAAAAAAAAA</Data>\\n"
    error = refusal(program(tmp_path, f'sys.stdout.write("{lines}"); sys.stdout.flush(); time.sleep(60)'), tenant)
    assert error.step == "start PowerShell"
    assert "fragment that is cut off" in error.message


def test_a_child_that_says_nothing(tenant: Tenant, tmp_path: Path) -> None:
    error = refusal(program(tmp_path, "print('thinking', file=sys.stderr, flush=True); time.sleep(60)"), tenant)
    assert error.kind is ErrorKind.TIMED_OUT
    assert "within 3 s" in error.message
    assert "thinking" in error.message


def test_a_child_that_does_not_even_read(tenant: Tenant, tmp_path: Path) -> None:
    """A full pipe must not block the writer for ever."""
    options = program(tmp_path, "time.sleep(60)")
    request = tenant.request(cmdlets=tuple(f"Get-{'x' * 500}{number}" for number in range(2000)))
    started = time.monotonic()
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(options, request).__enter__()
    assert raised.value.kind is ErrorKind.TIMED_OUT
    assert time.monotonic() - started < 9


def test_a_child_that_cannot_be_asked_to_end(tenant: Tenant, tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    error = refusal(program(tmp_path, stubborn), tenant, seconds=15)
    assert error.kind is ErrorKind.TIMED_OUT


def test_a_child_that_leaves_a_helper_behind(tenant: Tenant, tmp_path: Path) -> None:
    leaving = "os.fork() or time.sleep(60); sys.exit(1)"
    error = refusal(program(tmp_path, leaving), tenant, seconds=15)
    assert error.kind in {ErrorKind.CONNECTION, ErrorKind.TIMED_OUT}


def test_there_is_no_such_program(tenant: Tenant) -> None:
    error = refusal(LocalOptions(executable="/nowhere/pwsh"), tenant)
    assert error.step == "find PowerShell"
    assert "aka.ms/install-powershell" in error.hint


def test_the_program_cannot_be_started(tenant: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "pwsh"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o700)
    assert "cannot be started" in refusal(LocalOptions(executable=str(path)), tenant).message


def test_no_powershell_anywhere(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(local, "USUAL_PLACES", {"linux": (str(tmp_path / "pwsh"),)})
    error = refusal(LocalOptions(), tenant)
    assert error.kind is ErrorKind.NO_POWERSHELL
    assert "no pwsh on PATH" in error.message


def test_a_usual_place_serves_where_path_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "pwsh"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o700)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(local, "USUAL_PLACES", {"linux": (str(path),)})
    assert local.find_pwsh(LocalOptions()) == str(path)


def test_windows_powershell_is_asked_for_by_version(
    tmp_path: Path, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "powershell.exe"
    path.write_text('#!/bin/sh\necho "$@ [$PSModulePath]" >&2; exit 5\n')
    path.chmod(0o700)
    monkeypatch.setenv("PSModulePath", "inherited from PowerShell 7")
    error = refusal(LocalOptions(executable=str(path), windows_powershell=True), tenant)
    assert "-Version 5.1 -NoLogo -NoProfile -s []" in error.message


@pytest.fixture
def stand_in(peers: Peers, tenant: Tenant) -> Iterator[Shell]:
    with open_shell(peers.local(peers.stand_in()), tenant.request()) as opened:
        yield opened


def child_of(shell: Shell) -> Child:
    channel: Any = shell._channel  # type: ignore[attr-defined]
    child: Child = channel.child
    return child


@pytest.mark.parametrize("name", CHILDREN)
def test_killed_in_the_middle_of_a_batch(peers: Peers, tenant: Tenant, name: str) -> None:
    """A dead child is not waited for, and what it was doing is not known."""
    with open_shell(peers.options(name), tenant.request()) as shell:
        threading.Timer(0.5, posix.os.killpg, (child_of(shell).pid, posix.SIGKILL)).start()
        started = time.monotonic()
        first, late, after = shell.invoke_many(
            [
                CmdletCall("Get-ServicePrincipal"),
                CmdletCall("Start-Sleep", {"Seconds": 60}),
                CmdletCall("Get-ServicePrincipal"),
            ]
        )
        assert time.monotonic() - started < 10
        assert first.ok
        assert late.error is not None
        assert late.error.kind is ErrorKind.CONNECTION
        assert not late.error.outcome_known
        assert not after.answered
        assert shell.invoke("Get-ServicePrincipal").answered is False


@pytest.mark.parametrize("name", CHILDREN)
def test_a_time_out_stops_the_pipeline_and_the_session_goes_on(peers: Peers, tenant: Tenant, name: str) -> None:
    options = peers.options(name)
    with open_shell(options, tenant.request()) as shell:
        shell._seconds = 3.0  # type: ignore[attr-defined]
        late, after = shell.invoke_many(
            [CmdletCall("Start-Sleep", {"Seconds": 60}), CmdletCall("Get-Recipient", {"Identity": tenant.mailbox})]
        )
        assert late.error is not None
        assert late.error.kind is ErrorKind.TIMED_OUT
        assert not late.rows
        assert not late.answered
        assert after.ok


@pytest.mark.parametrize("name", CHILDREN)
def test_interrupted(peers: Peers, tenant: Tenant, name: str) -> None:
    shell = open_shell(peers.options(name), tenant.request())
    pids: list[int] = []

    def sleep() -> None:
        with shell:
            pids.append(child_of(shell).pid)
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            shell.invoke("Start-Sleep", Seconds=60)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        sleep()
    assert time.monotonic() - started < 15
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.parametrize("at", range(1, 22))
def test_killed_at_every_packet_of_opening(peers: Peers, tenant: Tenant, tmp_path: Path, at: int) -> None:
    """A relay counts packets and kills the stand-in before the nth: a step is named, or the calls say so."""
    relay = tmp_path / "relay-pwsh"
    relay.write_text(
        f"#!{sys.executable}\n"
        "import subprocess, sys\n"
        f"child = subprocess.Popen(['{peers.stand_in()}'], stdin=subprocess.PIPE)\n"
        f"for number, line in enumerate(sys.stdin.buffer, 1):\n"
        f"    if number == {at}:\n"
        "        child.kill(); child.wait(); sys.exit(9)\n"
        "    child.stdin.write(line); child.stdin.flush()\n"
        "child.stdin.close(); sys.exit(child.wait())\n"
    )
    relay.chmod(0o700)
    options = LocalOptions(executable=str(relay), connect_timeout=10, operation_timeout=5)
    started = time.monotonic()
    result, step, kind = None, "invoke", ErrorKind.CONNECTION
    try:
        with open_shell(options, tenant.request()) as shell:
            result = shell.invoke("Get-ServicePrincipal")
    except ShellUnavailable as error:
        step, kind = error.step, error.kind
    assert kind is ErrorKind.CONNECTION
    assert step in {"start PowerShell", "read versions", "sign in to Exchange Online", "invoke"}
    assert result is None or result.ok == result.answered
    assert time.monotonic() - started < 15


def test_large_values_both_ways(stand_in: Shell) -> None:
    text = "\u00e9x" * 150_000
    result = stand_in.invoke("Write-Output", InputObject=text)
    assert result.rows == ({"Value": text},)


@pytest.mark.powershell
def test_large_values_both_ways_through_the_engine(peers: Peers, tenant: Tenant) -> None:
    pwsh()
    with open_shell(peers.options("local-engine"), tenant.request()) as shell:
        text = "\u00e9x" * 250_000
        assert shell.invoke("Write-Output", InputObject=text).rows == ({"Value": text},)


@pytest.mark.powershell
def test_a_prompt_of_the_engine_is_an_error_that_quotes_it(peers: Peers, tenant: Tenant) -> None:
    with open_shell(peers.options("local-engine"), tenant.request()) as shell:
        result = shell.invoke("Remove-ServicePrincipal", Identity="x")
        assert result.error is not None
        assert result.error.kind is ErrorKind.PROMPT
        assert "Are you sure" in result.error.message
        asked = shell.invoke("Read-Host", Prompt="Your name")
        assert asked.error is not None
        assert not asked.ok


@pytest.mark.powershell
def test_every_stream_of_the_engine(peers: Peers, tenant: Tenant) -> None:
    calls = [
        CmdletCall("Write-Warning", {"Message": "careful"}),
        CmdletCall("Write-Verbose", {"Message": "talk", "Verbose": True}),
        CmdletCall("Write-Information", {"MessageData": "news"}),
        CmdletCall("Write-Progress", {"Activity": "work", "Status": "half", "PercentComplete": 50}),
        CmdletCall("Write-Debug", {"Message": "detail"}),
        CmdletCall("Write-Error", {"Message": "wrong", "ErrorId": "Own"}),
        CmdletCall("Write-Output", {"InputObject": "said"}),
    ]
    with open_shell(peers.options("local-engine"), tenant.request()) as shell:
        results = shell.invoke_many(calls)
    assert results[0].warnings == ("careful",)
    assert [len(result.errors) for result in results] == [0, 0, 0, 0, 0, 1, 0]
    assert all(result.answered for result in results)
    assert results[-1].rows == ({"Value": "said"},)


@pytest.mark.powershell
def test_a_secure_string_is_sent_under_the_sessions_key(peers: Peers, tenant: Tenant) -> None:
    """-CertificatePassword is a SecureString; the stand-in module has no such parameter, so the binder names it."""
    with open_shell(peers.options("local-engine"), tenant.request()) as shell:
        result = shell.invoke("Connect-ExchangeOnline", CertificatePassword=Secret("under the key"))
        assert result.error is not None
        assert result.error.kind is ErrorKind.PARAMETER
        pool: Any = shell._pipelines._pool  # type: ignore[attr-defined]
        assert pool._key_exchanged


def test_the_child_gets_no_secret_on_its_command_line(peers: Peers, tenant: Tenant) -> None:
    request = tenant.request()
    with open_shell(peers.local(peers.stand_in()), request) as shell:
        words = Path(f"/proc/{child_of(shell).pid}/cmdline").read_bytes() if Path("/proc").exists() else b""
        assert request.access_token.reveal().encode() not in words


def test_two_sessions_at_once(peers: Peers, tenant: Tenant) -> None:
    options = peers.local(peers.stand_in())
    results: list[Any] = []

    def ask() -> None:
        with open_shell(options, tenant.request()) as shell:
            results.extend(shell.invoke_many([CmdletCall("Get-ServicePrincipal")] * 3))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [result.ok for result in results] == [True] * 6


@pytest.mark.openssh
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda options: {"port": 1}, "onnection refused"),
        (lambda options: {"username": "nobody-of-that-name"}, "ermission denied"),
        (lambda options: {"subsystem": "nothing"}, "subsystem request failed"),
        (lambda options: {"options": ("-F", "/nowhere/config")}, "nowhere"),
    ],
    ids=["closed port", "unknown user", "no subsystem", "no configuration"],
)
def test_ssh_says_why(peers: Peers, tenant: Tenant, change: Callable[[Any], dict[str, Any]], words: str) -> None:
    options: Any = peers.options("ssh-stand-in")
    error = refusal(dataclasses.replace(options, **change(options)), tenant, seconds=30)
    assert error.step == "open PowerShell over ssh"
    assert words in error.message


@pytest.mark.parametrize("host", ["-oProxyCommand=touch /tmp/owned", "a b", "", "host;ls"])
def test_a_host_that_is_no_name_is_not_given_to_ssh(tenant: Tenant, host: str) -> None:
    error = refusal(SshOptions(host=host), tenant)
    assert error.kind is ErrorKind.PARAMETER


def test_ssh_to_exchange_itself_is_explained(tenant: Tenant) -> None:
    assert "October 2023" in refusal(SshOptions(host="outlook.office365.com"), tenant).message


def test_closing_twice_does_no_harm(stand_in: Shell) -> None:
    with contextlib.suppress(ShellUnavailable):
        stand_in.__exit__(None, None, None)
    stand_in.__exit__(None, None, None)
    assert stand_in.invoke("Get-ServicePrincipal").answered is False
