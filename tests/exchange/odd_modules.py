"""The stand-in module with cmdlets that misbehave as modules do: they print to the process's own stream, or end it."""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path

import yaml

from tests.exchange.peers import MODULES, Peers

STREAM = (
    "$raw = [Console]::OpenStandardOutput(); function Say([byte[]] $b) { $raw.Write($b, 0, $b.Length); $raw.Flush() }; "
)
CALL = "Invoke-ExchangeCmdlet '{cmdlet}' $PSBoundParameters"


def say(text: str) -> str:
    """PowerShell that writes raw bytes to the stream of the packets."""
    return f"{STREAM}Say ([Convert]::FromBase64String('{base64.b64encode(text.encode()).decode()}'))"


def program(name: str, words: str, *, wait: bool = True) -> str:
    """PowerShell that starts a program which inherits the stream."""
    start = f"$started = [Diagnostics.Process]::Start('{name}', '{words}')"
    return f"{start}; $started.WaitForExit()" if wait else f"$null = {start}"


def misbehaving(folder: Path, bodies: dict[str, str]) -> Path:
    """A module path where the stand-in's cmdlets have these bodies; `CALL` in them is what they do otherwise."""
    copy = folder / "odd-modules"
    shutil.copytree(MODULES, copy)
    path = copy / "ExchangeOnlineManagement" / "ExchangeCmdlets.psm1"
    text = path.read_text(encoding="utf-8")
    for cmdlet, body in bodies.items():
        usual = CALL.format(cmdlet=cmdlet)
        assert usual in text
        text = text.replace(usual, body.replace("CALL", usual))
    path.write_text(text, encoding="utf-8")
    return copy


def engine_with(peers: Peers, bodies: dict[str, str]) -> Path:
    """The real engine, with cmdlets that misbehave."""
    script = peers.engine()
    changed = re.sub(
        r"export PSModulePath='[^']*'",
        f"export PSModulePath='{misbehaving(peers.folder, bodies)}'",
        script.read_text(encoding="utf-8"),
    )
    script.write_text(changed, encoding="utf-8")
    return script


def profile_with(peers: Peers, executable: Path) -> Path:
    """The lab's profile, over PowerShell on this machine."""
    written = yaml.safe_load(peers.tenant.lab.profile.read_text(encoding="utf-8"))
    written["exchange"] = {"transport": "local", "executable": str(executable)}
    written["timeouts"]["connect"] = 60
    path = peers.folder / "profile.yaml"
    path.write_text(yaml.safe_dump(written), encoding="utf-8")
    return path
