"""An administrator who pastes: what a run prints goes to the shell that it is meant for, against the same lab."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from diagnostics.cli.app import app
from diagnostics.lab.server import MODULES, Lab
from tests.exchange.conftest import Tenant

SIGN_IN = r"""
$ConfirmPreference = 'None'  # the administrator answers Yes
[Console]::OutputEncoding = [Text.UTF8Encoding]::new($false)
Import-Module ExchangeOnlineManagement
$global:Connections = 0
function global:Connect-ExchangeOnline { param([string] $ExchangeEnvironmentName = 'O365Default', [string] $UserPrincipalName) $global:Connections++; ExchangeOnlineManagement\Connect-ExchangeOnline -AccessToken $env:OPERATOR_TOKEN -Organization $env:OPERATOR_ORGANIZATION -ShowBanner:$false }
"""
"""A window of a person who signs in when asked: the stand-in of Microsoft's module takes a token instead."""

ABSENT = (
    "Connect-MgGraph",
    "Get-MgServicePrincipal",
    "New-MgServicePrincipal",
    "Update-MgServicePrincipal",
    "Get-CASMailboxPlan",
    "Get-RecipientPermission",
    "Set-Mailbox",
    "Resolve-DnsName",
    "Test-NetConnection",
    "Invoke-RestMethod",
)
"""What the lab cannot do: these are called, and nothing more."""


@dataclass
class Window:
    """What came of pasting into PowerShell."""

    output: str
    errors: str
    connections: int
    called: list[str]


@dataclass
class Desk:
    """A lab, a person's home folder, and the two programs to paste into."""

    lab: Lab
    home: Path
    runner: CliRunner = field(default_factory=CliRunner)

    def diag(self, *arguments: str) -> tuple[int, str, str]:
        """Run diag in this process, as a command line says."""
        env: Mapping[str, str | None] = {
            **self.lab.env,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "COLUMNS": "100",
            "LC_ALL": "C",
            "DIAG_PROFILE": None,
        }
        result = self.runner.invoke(app, list(arguments), env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result.exit_code, result.stdout, result.stderr

    def report(self, *more: str) -> dict[str, Any]:
        code, out, err = self.diag("permissions", "--profile", str(self.lab.profile), *more, "--output", "json")
        assert out, err
        document: dict[str, Any] = json.loads(out)
        assert document["exit_code"] == code
        return document

    def line(self, line: str, *more: str) -> tuple[int, str, str]:
        """Run a printed `diag …` line; `more` is what the person answers."""
        words = shlex.split(line)
        assert words[0] == "diag"
        return self.diag(*words[1:], *more)

    def window(self, commands: list[str]) -> Window:
        """Paste commands into a fresh PowerShell, one after the other."""
        ready, called = self.home / "ready.json", self.home / "called"
        ready.write_text(json.dumps(self.lab.ready))
        called.write_text("")
        stubs = "".join(
            f"function global:{name} {{ [IO.File]::AppendAllText('{called}', \"{name}`n\") }}\n" for name in ABSENT
        )
        setup = SIGN_IN + stubs
        text = "\n".join([*commands, '"connections: $global:Connections"', ""])
        setup_organization = self.lab.setup.tenant.initial_domain
        done = subprocess.run(
            [shutil.which("pwsh") or "pwsh", "-NoProfile", "-NoLogo", "-NonInteractive", "-Command", "-"],
            input=(setup + text).encode(),
            cwd=self.home,
            env={
                **{name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ},
                "HOME": str(self.home),
                "LC_ALL": "C.UTF-8",
                "NO_COLOR": "1",
                "PSModulePath": str(MODULES),
                "DIAG_LAB_READY_FILE": str(ready),
                "OPERATOR_TOKEN": Tenant(self.lab).token().reveal(),
                "OPERATOR_ORGANIZATION": setup_organization,
            },
            capture_output=True,
            timeout=180,
            check=False,
        )
        output = done.stdout.decode()
        count = output.rpartition("connections: ")[2].strip()
        errors = [line for line in done.stderr.decode().splitlines() if not line.startswith("WARNING: ")]
        return Window(output, "\n".join(errors), int(count), called.read_text().split())


def commands(cause: Mapping[str, Any], *languages: str) -> list[str]:
    """Return the commands of a cause's remedy that are meant for these languages, in order."""
    return [
        text
        for step in cause["fix"]
        for text, language in zip(step["commands"], step["languages"], strict=True)
        if language in languages
    ]
