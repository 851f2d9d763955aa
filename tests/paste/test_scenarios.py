"""Every command that a scenario prints is pasted where it belongs, and does what its text says.

The remedies in PowerShell run in the real engine, with the lab's stand-in of Microsoft's module; the lines of diag as
diag. Some scenarios are pasted with every run of the tests, all of them by `make paste` (DIAG_PASTE_ALL=1).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from diagnostics.lab.scenarios.registry import scenarios
from diagnostics.lab.server import Lab
from tests.exchange.conftest import OTHER_BUNDLES
from tests.paste.pasting import Desk, commands
from tests.paste.shells import ENVIRONMENT_HAS_PWSH

ALL = os.environ.get("DIAG_PASTE_ALL") == "1"
COMPLETE = {
    "exo-sp-not-registered",
    "exo-sp-wrong-object-id",
    "exo-sp-wrong-object-id/resource",
    "exo-sp-wrong-object-id/unknown",
    "exo-sp-appid-and-objectid-swapped",
    "exo-sp-stale-after-recreation",
    "exo-sp-stale-after-recreation/enterprise-only",
    "exo-rbac-for-apps-does-not-cover-imap",
    "exo-application-access-policy-scope",
    "mailbox-imap-disabled",
    "perm-fullaccess-missing",
    "perm-granted-to-wrong-object",
    "perm-granted-to-wrong-object/user",
    "perm-granted-to-wrong-object/orphan",
    "perm-deny-entry",
    "perm-readpermission-only",
}
"""Scenarios whose remedy is done with PowerShell alone: afterwards nothing is wrong any more."""

SAMPLE = (
    "exo-sp-appid-and-objectid-swapped",
    "perm-deny-entry",
    "mailbox-imap-disabled",
    "net-tls-to-plaintext-port",
)
GRANTED = ("exo-sp-not-registered", "perm-fullaccess-missing", "perm-readpermission-only")
"""Scenarios that the printed `diag grant` fixes."""


@pytest.fixture(autouse=True)
def only_the_labs_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_BUNDLES:
        monkeypatch.delenv(name, raising=False)


def names() -> list[str]:
    return list(scenarios()) if ALL else list(SAMPLE)


@pytest.mark.powershell
@pytest.mark.skipif(not ENVIRONMENT_HAS_PWSH, reason="needs a pwsh on PATH")
@pytest.mark.parametrize("name", names())
def test_everything_that_a_scenario_prints_is_pasted(name: str, tmp_path: Path) -> None:
    with Lab(scenarios=[name], transport="rest") as lab:
        desk = Desk(lab, tmp_path)
        before = desk.report()
        assert before["target"]["profile_file"] == str(lab.profile)
        assert before["target"]["domain"] or before["exit_code"] in {1, 3, 4}
        cause = before["causes"][0]
        remedy = commands(cause, "powershell")
        if remedy:
            window = desk.window(remedy)
            assert window.connections <= 1
            if name in COMPLETE:
                assert window.connections == 1
                assert not window.errors or ("stale" in name and "does no harm" in str(cause["fix"]))
        for line in commands(cause, "any", "sh"):
            _paste(desk, line)
        after = desk.report()
        if name in COMPLETE:
            assert (after["exit_code"], after["causes"]) == (0, [])


def _paste(desk: Desk, line: str) -> None:
    if line.startswith("openssl "):
        done = subprocess.run(
            ["bash", "-c", line], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
        assert b"CONNECTED" in done.stdout
        return
    assert f"--profile {desk.lab.profile}" in line or line.startswith("diag explain ")
    changes = line.startswith("diag grant ")
    code, out, err = desk.line(line, *(["--yes"] if changes else []))
    assert code in {0, 1, 3, 4}, err
    if code in {0, 1} and not line.startswith("diag explain "):
        assert str(desk.lab.profile) in out
        assert desk.lab.setup.tenant.id in out or code == 1


@pytest.mark.parametrize("name", GRANTED)
def test_the_printed_grant_fixes_the_scenario(name: str, tmp_path: Path) -> None:
    with Lab(scenarios=[name], transport="rest") as lab:
        desk = Desk(lab, tmp_path)
        lines = commands(desk.report()["causes"][0], "any")
        (grant,) = [line for line in lines if line.startswith("diag grant ")]
        code, out, err = desk.line(grant, "--yes")
        assert code == 0, err
        assert f"Profile {lab.profile}" in out
        assert f"Tenant {lab.setup.tenant.initial_domain} ({lab.setup.tenant.id})" in out
        (again,) = [line for line in lines if line.startswith("diag permissions ")]
        assert desk.line(again)[0] == 0
