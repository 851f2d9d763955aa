"""A child gets what it needs of this program's environment, and no secret of it."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.options import ChildCommand, LocalOptions, SshOptions
from diagnostics.exchange.port import ShellUnavailable
from diagnostics.exchange.surroundings import environment
from diagnostics.profile import load
from diagnostics.profile.subject import subject
from diagnostics.redaction import Secret
from tests.exchange.conftest import Tenant
from tests.exchange.peers import Peers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")

TOKEN = (
    "eyJhbGciOiJub25lIn0." + base64.urlsafe_b64encode(b'{"tid":"of a tenant"}').decode().rstrip("=") + ".c2lnbmF0dXJl"
)
HELD = Secret("held-by-this-process-0123456789")
SECRETS = {
    "DIAG_APPLICATION_SECRET": "one",
    "DIAG_OPERATOR_SECRET": "two",
    "DIAG_WINRM_PASSWORD": "three",
    "DIAG_NORTH_SECRET_FILE_KEY": "four",
    "diag_lower_password": "five",
    "DIAG_GRAPH_TOKEN": "six",
    "MY_TOKEN": TOKEN,
    "HEADER": f"Authorization: Bearer {TOKEN}",
    "COPY": HELD.reveal(),
    "ARGUMENTS": f"--secret={HELD.reveal()} --verbose",
    "ENCODED": base64.b64encode(HELD.reveal().encode()).decode(),
}
HARMLESS = {
    "PATH": "/usr/bin",
    "HOME": "/home/erp",
    "HTTPS_PROXY": "http://proxy.contoso.com:3128",
    "SSH_AUTH_SOCK": "/run/agent",
    "DIAG_LAB_READY_FILE": "/tmp/ready.json",
    "SECRETARY": "Ms Jones",
}
NAMED = ("ERP_KEY", "OPS_KEY", "HOST_KEY", "PFX_KEY")


def dumping(folder: Path, name: str) -> Path:
    """A program that writes down its environment and ends."""
    path = folder / name
    path.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib\n"
        f"pathlib.Path({str(folder / 'environment.json')!r}).write_text(json.dumps(dict(os.environ)))\n"
    )
    path.chmod(0o700)
    return path


def dumped(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "environment.json").read_text())
    return found


def test_what_is_kept_and_what_is_left_out() -> None:
    named = dict.fromkeys(NAMED, "a secret of the profile")
    command = ChildCommand(("pwsh",), (("NO_COLOR", "1"),), without=(*NAMED, "PSModulePath"))
    assert environment(command, {**SECRETS, **HARMLESS, **named, "PSMODULEPATH": "x", "no_color": "0"}) == {
        **HARMLESS,
        "NO_COLOR": "1",
    }


def test_a_password_that_is_a_word_of_the_path_leaves_the_path() -> None:
    Secret("homebrew")
    assert environment(ChildCommand(("pwsh",)), {"PATH": "/opt/homebrew/bin", "X": "homebrew"}) == {
        "PATH": "/opt/homebrew/bin"
    }


@pytest.mark.parametrize("transport", ["local", "ssh"])
def test_the_child_has_no_secret(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    for name, value in (SECRETS | HARMLESS | dict.fromkeys(NAMED, "x")).items():
        if name != "PATH":
            monkeypatch.setenv(name, value)
    executable = str(dumping(tmp_path, transport))
    options: LocalOptions | SshOptions = LocalOptions(executable=executable, without=NAMED)
    if transport == "ssh":
        options = SshOptions(host="jump.contoso.com", executable=executable, without=NAMED)
    with pytest.raises(ShellUnavailable):
        open_shell(options, tenant.request()).__enter__()
    assert not {*SECRETS, *NAMED} & set(dumped(tmp_path))
    assert set(HARMLESS) <= set(dumped(tmp_path))


@pytest.mark.parametrize("transport", ["local", "ssh"])
def test_every_variable_that_the_profile_names_is_kept_from_the_child(tmp_path: Path, transport: str) -> None:
    (tmp_path / "operator.pem").write_text("")
    written = {
        "tenant": "contoso.com",
        "application": {"id": "11111111-2222-4333-8444-555555555555", "secret": {"env": "ERP_KEY"}},
        "mailboxes": ["erp@contoso.com"],
        "operator": {
            "sign_in": "application",
            "application_id": "11111111-2222-4333-8444-666666666666",
            "certificate": {"file": "operator.pem", "password": {"env": "PFX_KEY"}},
        },
        "exchange": {
            "transport": transport,
            "host": "jump.contoso.com",
            "executable": str(dumping(tmp_path, "program")),
            "password": {"env": "HOST_KEY"},
            "certificate": {"file": "operator.pem", "password": {"env": "OPS_KEY"}},
        },
    }
    path = tmp_path / "profile.yaml"
    path.write_text(yaml.safe_dump(written))
    options = subject(load(path), lambda _text: None).transport
    assert isinstance(options, LocalOptions | SshOptions)
    assert sorted(options.without) == sorted(NAMED)


@pytest.mark.powershell
@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_the_engine_has_no_secret(tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    peers = Peers(tenant, tmp_path)
    with open_shell(peers.local(peers.engine()), tenant.request()) as shell:
        channel: Any = shell._channel  # type: ignore[attr-defined]
        held = Path("/proc", str(channel.child.pid), "environ").read_text().split("\0")
    names = {line.partition("=")[0] for line in held}
    assert "PATH" in names
    assert not set(SECRETS) & names
