"""The streams of a process: closed, full or without a reader, typed on a terminal, written by two threads; and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml

from diagnostics.cli import _guard, _screen
from tests import posix

from .conftest import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams and signals of POSIX")

DIAG = f"{sys.executable} -m diagnostics"
TEXT = "AADSTS7000215: Invalid client secret provided.\n"


def shell(tmp_path: Path, line: str) -> subprocess.CompletedProcess[str]:
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = subprocess.run(
        ["bash", "-c", line.replace("diag ", f"{DIAG} ")],
        cwd=tmp_path,
        env={**environment(tmp_path), "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        ("", 1),
        ("2>&-", 1),
        ("2>/dev/full", 1),
        (">&-", 1),
        (">/dev/full", 70),
        (">/dev/full 2>/dev/full", 70),
        ("| head -1; exit ${PIPESTATUS[0]}", 1),
        ("2> >(true)", 1),
    ],
)
def test_no_stream_loses_the_verdict_or_the_saved_report(tmp_path: Path, redirection: str, code: int) -> None:
    (tmp_path / "ticket.txt").write_text(TEXT)
    done = shell(tmp_path, f"diag analyze ticket.txt --report kept.yaml {redirection}")
    assert done.returncode == code, done.stderr
    assert yaml.safe_load((tmp_path / "kept.yaml").read_text())["exit_code"] == 1
    if ">" not in redirection and "|" not in redirection:
        assert "Invalid client secret" in done.stdout


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2> >(true)"])
def test_progress_that_cannot_be_shown_ends_no_run(tmp_path: Path, redirection: str) -> None:
    slow = "import diagnostics.cli._screen as s; s._PATIENCE = 0; from diagnostics.cli.main import run; run()"
    done = shell(tmp_path, f'{sys.executable} -c "{slow}" token --profile demo --report kept.yaml {redirection}')
    assert done.returncode == 0
    assert "IMAP.AccessAsApp" in done.stdout
    assert (tmp_path / "kept.yaml").is_file()


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"])
def test_standard_input_that_is_closed_holds_nothing_to_judge(tmp_path: Path, closed: str) -> None:
    assert shell(tmp_path, f"diag analyze {closed}").returncode == 3


@pytest.mark.parametrize("line", ["diag --version", "diag permissions --needs"])
def test_a_full_disk_is_no_fault_of_diag(tmp_path: Path, line: str) -> None:
    done = shell(tmp_path, f"{line} >/dev/full")
    assert done.returncode == 70
    assert done.stderr == "diag: the output could not be written: No space left on device\n"


def test_the_number_of_a_closed_stream_goes_to_no_other_file(tmp_path: Path) -> None:
    show = "import os; from diagnostics.cli import _guard; _guard._quieten(); print(os.open(os.devnull, os.O_RDONLY))"
    assert int(shell(tmp_path, f'{sys.executable} -c "{show}" 2>&- <&-').stdout) > 2


# A terminal


@pytest.mark.parametrize("typed", [TEXT.encode(), TEXT.rstrip().encode(), TEXT.encode() * 40 + b"and then"])
def test_one_ctrl_d_ends_a_text(tmp_path: Path, typed: bytes) -> None:
    process, terminal = posix.pty.fork()
    if process == 0:
        os.chdir(tmp_path)
        os.execve(sys.executable, [sys.executable, "-m", "diagnostics", "analyze"], environment(tmp_path))
    screen = b""
    while b"Ctrl-D" not in screen:
        screen += os.read(terminal, 4096)
    os.write(terminal, typed + b"\x04")
    try:
        while read := os.read(terminal, 4096):
            screen += read
    except OSError:  # the other side has ended
        pass
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 1, screen.decode()


# The end of a run


@pytest.mark.parametrize(
    "waiting",
    [
        "import threading, time; threading.Thread(target=time.sleep, args=(30,)).start()",
        "import time; from concurrent.futures import ThreadPoolExecutor as P; P().submit(time.sleep, 30)",
    ],
)
def test_ctrl_c_after_the_end_is_130_and_no_kill(tmp_path: Path, waiting: str) -> None:
    ending = f"{waiting}; from diagnostics.cli.main import run; run(['--version'])"
    with subprocess.Popen(
        [sys.executable, "-c", ending],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("diag ")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == ""


def test_ctrl_c_while_the_interpreter_ends_is_no_kill(tmp_path: Path) -> None:
    ending = (
        "import atexit, os, signal; from diagnostics.cli.main import run\n"
        "class Last:\n"
        "    def __del__(self, kill=os.kill, me=os.getpid(), number=signal.SIGINT): kill(me, number)\n"
        "import diagnostics; diagnostics.last = Last(); run(['--version'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", ending],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# Lines


class Slow:
    """A stream that gives way between any two pieces that are written to it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        time.sleep(0.001)
        return len(text)

    def flush(self) -> None:
        time.sleep(0.001)

    def isatty(self) -> bool:
        return False


def test_lines_of_several_threads_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Slow()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(_screen, "_PATIENCE", 0.0)
    progress = _screen.Progress()
    ways = (progress, progress.message, _screen.tell, _guard.say)
    threads = [
        threading.Thread(target=lambda way=way, number=number: [way(f"line {number}") for _ in range(20)])
        for number, way in enumerate(ways * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = stream.text.splitlines()
    assert {line.removesuffix(" …") for line in lines} == {f"line {number}" for number in range(8)}
    assert sum(not line.endswith("…") for line in lines) == 6 * 20


class Broken(Slow):
    """A stream that fails on every call; `terminal` is what it says of itself."""

    def __init__(self, error: Exception, *, terminal: bool) -> None:
        super().__init__()
        self._error, self._terminal = error, terminal

    def write(self, text: str) -> int:
        raise self._error

    def flush(self) -> None:
        raise self._error

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), OSError(28, "full"), ValueError("closed file")])
def test_a_failing_progress_line_ends_no_run(error: Exception, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Broken(error, terminal=terminal))
    monkeypatch.setattr(_screen, "_PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    with _screen.Progress() as progress:
        progress("Asking")
        progress.message("Open this page")
        progress("Asking on")
    _screen.tell("a line")
    _guard.say("a line")
