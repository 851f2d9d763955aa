"""What is left of a child when it, or this program, is gone: nothing, whoever was killed and however."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.exchange.child import Child
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.options import ChildCommand, LocalOptions, SshOptions
from diagnostics.exchange.port import ErrorKind, ShellUnavailable
from diagnostics.exchange.waiting import ChannelBroken, Deadline
from tests import posix
from tests.exchange.conftest import Tenant
from tests.exchange.peers import ROOT, Peers
from tests.exchange.processes import SECONDS, gone, running

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")

DRIVER = """
import sys, threading, time
from diagnostics.exchange.child import Child
from diagnostics.exchange.options import ChildCommand

child = Child(ChildCommand(tuple(sys.argv[1:])))
print(child.pid, flush=True)
time.sleep(600)
"""
BUSY = """
import json, sys
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.options import LocalOptions, SshOptions
from diagnostics.exchange.pipelines import Pipelines, open_pool
from diagnostics.exchange.port import CmdletCall, ConnectionRequest
from diagnostics.redaction import Secret

kind, given = json.loads(sys.argv[1])
given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
shell = open_shell({"local": LocalOptions, "ssh": SshOptions}[kind](**given), ConnectionRequest(Secret("no token"), "x"))
shell._open_pool()
print(shell._channel.child.pid, flush=True)
shell.run([CmdletCall("Start-Sleep", {"Seconds": 600})])
"""


@pytest.fixture
def peers(tenant: Tenant, tmp_path: Path) -> Iterator[Peers]:
    made = Peers(tenant, tmp_path)
    yield made
    made.close()


def started(script: str, *words: str, mark: str) -> subprocess.Popen[str]:
    """A process of its own that starts a child and says the child's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MARK": mark},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    return process


def killed(process: subprocess.Popen[str], how: signal.Signals = posix.SIGKILL) -> None:
    process.send_signal(how)
    process.wait(SECONDS)
    assert process.stdout is not None
    process.stdout.close()


STUBBORN = "trap '' TERM HUP INT; while :; do sleep 1; done"
PROGRAMS = {
    "reads nothing": "sleep 600",
    "has children": "sleep 600 & sleep 600 & wait",
    "ignores what it is told": STUBBORN,
    "has stubborn children": f'sh -c "{STUBBORN}" & wait',
    "has ended, its children not": "sleep 600 & exit 0",
    "is stopped": "kill -STOP $$",
}


@pytest.mark.parametrize("script", PROGRAMS.values(), ids=PROGRAMS)
def test_killed_this_program_leaves_no_child(script: str, tmp_path: Path) -> None:
    mark = f"{tmp_path}/mark"
    process = started(DRIVER, "/bin/sh", "-c", script, mark=mark)
    assert running(mark)
    killed(process)
    gone(mark)


def test_the_watcher_goes_with_the_child(tmp_path: Path) -> None:
    """A child that is closed takes its watcher along, and nothing is killed that is not its own."""
    before = watchers()
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=True) as other:
        child = Child(ChildCommand(("/bin/sh", "-c", "sleep 600 & wait"), (("MARK", str(tmp_path)),)))
        assert len(watchers()) == len(before) + 1
        child.close()
        assert watchers() == before
        assert not running(str(tmp_path))
        assert other.poll() is None
        other.kill()


def watchers() -> set[str]:
    return {
        entry.name
        for entry in Path("/proc").glob("[0-9]*")
        if b"\0diag-watcher\0" in _read(entry / "cmdline") and str(os.getpid()) in _parent(entry)
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _parent(entry: Path) -> list[str]:
    return _read(entry / "stat").decode("utf-8", "replace").rpartition(")")[2].split()[1:2]


@pytest.mark.powershell
@pytest.mark.parametrize("name", ["local", pytest.param("ssh", marks=pytest.mark.openssh)])
def test_killed_this_program_leaves_no_powershell(peers: Peers, name: str, tmp_path: Path) -> None:
    """The engine is in the middle of a cmdlet; over ssh the session on the other side ends, too."""
    mark = str(tmp_path / "ready.json")
    options = peers.ssh(peers.engine()) if name == "ssh" else peers.local(peers.engine())
    given = {key: getattr(options, key) for key in ("executable",)} | {
        "connect_timeout": 60.0,
        "operation_timeout": 600.0,
    }
    if isinstance(options, SshOptions):
        given |= {key: getattr(options, key) for key in ("host", "port", "username", "options")}
    process = started(BUSY, json.dumps([name, given]), mark=mark)
    time.sleep(1)
    assert any("pwsh" in command for command in running(mark))
    killed(process)
    gone(mark)


HOLDERS = {
    "in its group": "os.fork() or time.sleep(600); sys.exit(3)",
    "after an answer": "print('ready', flush=True); os.fork() or time.sleep(600); sys.exit(3)",
    "in a session of its own": "os.fork() or (os.setsid(), time.sleep(12)); sys.exit(3)",
    "killed": "os.fork() or time.sleep(600); os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("text", HOLDERS.values(), ids=HOLDERS)
def test_a_child_whose_streams_are_held_by_another_is_seen_to_end(text: str, tenant: Tenant, tmp_path: Path) -> None:
    """It would be a time-out otherwise, after the five minutes that are allowed here."""
    path = tmp_path / "odd-pwsh"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    path.chmod(0o700)
    options = LocalOptions(executable=str(path), connect_timeout=300, operation_timeout=300)
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(options, tenant.request()).__enter__()
    assert raised.value.kind is ErrorKind.CONNECTION
    assert "ended (exit code 3)" in raised.value.message or "ended (signal 9)" in raised.value.message


def test_what_came_before_the_end_is_still_read() -> None:
    """All that a child wrote before it ended is taken, although something that it started holds the stream."""
    guid = "2b14f531-60e3-40b6-8a3b-e61812461c44"
    text = f"printf \"<CommandAck PSGuid='{guid}' />\\n%.0s\" $(seq 2000); sleep 600 & exit 0"
    child = Child(ChildCommand(("/bin/sh", "-c", text)))
    try:
        for _ in range(2000):
            child.ack("CommandAck", guid, Deadline(SECONDS))
        with pytest.raises(ChannelBroken, match="exit code 0"):
            child.ack("CommandAck", guid, Deadline(300))
    finally:
        child.close()
