"""Real shells that run printed lines with a stub program, and say what reached it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

STUB = """#!/bin/sh
for argument in "$@"; do printf '%s\\0' "$argument"; done >> "$DIAG_STUB_OUT"
printf '\\001\\0' >> "$DIAG_STUB_OUT"
"""
"""Writes its arguments, each ended by NUL, and then a record's end; no argument may hold U+0001."""

FUNCTIONS = """
[Console]::InputEncoding = [Console]::OutputEncoding = [Text.UTF8Encoding]::new($false)
function global:Write-Received([object[]] $Values) {
    [IO.File]::AppendAllText($env:DIAG_STUB_OUT, ((@($Values) + [string][char]1) -join "`0") + "`0")
}
function global:Set-Stub { [CmdletBinding()] param([string] $Value) Write-Received @($Value) }
"""
"""A cmdlet of the kind that Exchange's module has: an advanced function with a parameter of type string."""


@dataclass
class Bench:
    """A folder with the stub as the only program on PATH, and an empty folder to run in."""

    root: Path
    program: str = "diag"
    seen: Path = field(init=False)

    def __post_init__(self) -> None:
        self.programs = self.root / "programs"
        self.programs.mkdir(exist_ok=True)
        stub = self.programs / self.program
        stub.write_text(STUB)
        stub.chmod(0o755)
        self.work = self.root / "work"
        self.work.mkdir(exist_ok=True)
        self.seen = self.root / "seen"

    def run(self, shell: str, lines: Sequence[str], *, setup: str = "", silent: bool = True) -> list[list[str]]:
        """Run the lines in one process of a shell; return what reached the stub, a list for each start of it.

        Fails when a shell complains or a file appears, and where it should be silent, when it prints.
        """
        self.seen.write_bytes(b"")
        text = setup + "".join(f"{line}\n" for line in lines)
        done = subprocess.run(
            COMMANDS[shell],
            input=(FUNCTIONS.replace("\n    ", " ").replace("\n}", " }") + text if shell == "pwsh" else text).encode(),
            cwd=self.work,
            env={
                "PATH": str(self.programs),
                "HOME": str(self.root),
                "LC_ALL": "C.UTF-8",
                "TERM": "dumb",
                "POWERSHELL_TELEMETRY_OPTOUT": "1",
                "DIAG_STUB_OUT": str(self.seen),
                "XDG_CACHE_HOME": str(self.root),
                "XDG_CONFIG_HOME": str(self.root),
                "XDG_DATA_HOME": str(self.root),
                "PSModulePath": "",
            },
            capture_output=True,
            timeout=120,
            check=False,
        )
        if shell != "bash-interactive":  # its prompts are there
            assert not done.stderr, done.stderr.decode(errors="replace")
        assert not (silent and done.stdout), done.stdout.decode(errors="replace")
        assert not list(self.work.iterdir())
        records: list[list[str]] = []
        current: list[str] = []
        for value in self.seen.read_bytes().split(b"\0")[:-1]:
            if value == b"\1":
                records.append(current)
                current = []
            else:
                current.append(value.decode())
        assert not current
        return records


def _which(program: str) -> str:
    return shutil.which(program) or program


COMMANDS = {
    "bash": [_which("bash"), "--norc", "--noprofile"],
    "bash-interactive": [_which("bash"), "--norc", "--noprofile", "-i", "-o", "histexpand"],
    "dash": [_which("dash")],
    "pwsh": [_which("pwsh"), "-NoProfile", "-NoLogo", "-NonInteractive", "-Command", "-"],
}
POSIX = [name for name in ("bash", "bash-interactive", "dash") if shutil.which(name.partition("-")[0])]
ENVIRONMENT_HAS_PWSH = shutil.which("pwsh") is not None and os.name == "posix"
