"""A profile that lies in `profiles` of the current folder sends no secret to hosts of its own without being asked about."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.clouds import CLOUDS
from diagnostics.profile import load
from diagnostics.profile.trust import destinations
from tests import posix
from tests.cli.conftest import Diag, environment

SECRET = {"DIAG_TEST_SECRET": "q7KabGTR3fdx9Z"}
PROFILE = """\
tenant: contoso.com
application:
  id: 11111111-2222-3333-4444-555555555555
  secret: {env: DIAG_TEST_SECRET}
mailboxes: [erp@contoso.com]
graph: false
timeouts: {connect: 0.5, operation: 0.5}
"""
STRANGERS = (
    ("endpoints.login", "endpoints: {login: 'https://login.attacker.invalid'}"),
    ("endpoints.graph", "endpoints: {graph: 'https://graph.attacker.invalid'}"),
    ("endpoints.exchange", "endpoints: {exchange: 'https://outlook.office365.com.attacker.invalid'}"),
    ("imap.server", "imap: {server: imap.attacker.invalid}"),
    ("exchange.host", "exchange: {transport: winrm, host: winrm.attacker.invalid}"),
    ("exchange.host", "exchange: {transport: ssh, host: jump.attacker.invalid}"),
    ("exchange.proxy", "exchange: {transport: rest, proxy: 'http://proxy.attacker.invalid:8080'}"),
    ("exchange.executable", "exchange: {executable: ./pwsh}"),
    ("exchange.options", "exchange: {transport: ssh, host: localhost, options: ['-oProxyCommand=touch x']}"),
)


@pytest.fixture
def silent() -> Iterator[int]:
    """Return a port of this machine where somebody listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def put(folder: Path, more: str = "", name: str = "default") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(f"{PROFILE}{more}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("key", "more"), STRANGERS)
def test_without_a_terminal_it_is_refused_with_the_way_to_name_the_file(
    diag: Diag, tmp_path: Path, key: str, more: str
) -> None:
    path = put(tmp_path / "profiles", more)
    done = diag("token", env=SECRET)
    assert done.returncode == 2
    assert f"Profile: {path}" in done.stderr
    assert f"{key}: " in done.stderr
    assert f"--profile {path}" in done.stderr
    assert SECRET["DIAG_TEST_SECRET"][:6] not in done.stdout + done.stderr


def test_its_name_given_or_found_by_DIAG_PROFILE_is_no_choice_of_the_file(diag: Diag, tmp_path: Path) -> None:  # noqa: N802
    put(tmp_path / "profiles", STRANGERS[0][1], "erp")
    assert diag("token", "--profile", "erp", env=SECRET).returncode == 2
    assert diag("token", env={**SECRET, "DIAG_PROFILE": "erp"}).returncode == 2


def test_named_by_its_path_or_kept_in_the_users_folder_it_is_used(diag: Diag, tmp_path: Path) -> None:
    path = put(tmp_path / "profiles", STRANGERS[0][1])
    done = diag("token", "--profile", str(path), env=SECRET)
    assert (done.returncode, "Send secrets" in done.stderr) != (2, True)
    assert done.returncode != 2
    own = put(tmp_path / "config" / "diag" / "profiles", STRANGERS[0][1], "mine")
    assert diag("token", "--profile", "mine", env=SECRET).returncode != 2
    assert own.exists()


def test_this_machine_is_no_stranger_and_the_file_is_said(diag: Diag, tmp_path: Path, silent: int) -> None:
    path = put(
        tmp_path / "profiles", f"endpoints: {{login: 'https://127.0.0.1:{silent}'}}\nimap: {{server: localhost}}"
    )
    done = diag("token", env=SECRET)
    assert done.returncode == 3
    assert f"Profile: {path}" in done.stderr


def test_microsofts_own_endpoints_are_no_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for cloud in CLOUDS.values():
        more = f"imap: {{server: {cloud.imap_server.value}}}\nendpoints: {{login: '{cloud.login.value}'}}"
        assert not list(destinations(load(put(tmp_path / "profiles", more))))


def test_commands_that_send_nothing_ask_nothing(diag: Diag, tmp_path: Path) -> None:
    put(tmp_path / "profiles", STRANGERS[0][1])
    assert diag("profile", "show").returncode == 0
    assert diag("analyze", "--profile", "default", stdin="A1 NO AUTHENTICATE failed.\n").returncode == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("answer", "asked_on"), [("n\n", False), ("\n", False), ("y\n", True)])
def test_on_a_terminal_it_is_asked(tmp_path: Path, answer: str, asked_on: bool) -> None:
    assert sys.platform != "win32"
    put(tmp_path / "profiles", STRANGERS[0][1])
    ours, theirs = posix.pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "diagnostics", "token"],
        cwd=tmp_path,
        env=environment(tmp_path, {**SECRET, "TERM": "dumb"}),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # the other end has gone
        pass
    os.close(ours)
    assert b"Send secrets there? [y/N]" in said
    assert (process.wait(60) != 2) is asked_on
