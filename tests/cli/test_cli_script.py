"""`diag script collect` hands the collector out, from a checkout and from an installed wheel, and overwrites nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from diagnostics import resources

from .conftest import ROOT, Diag, environment

NAME = "Export-DiagEvidence.ps1"


def test_it_writes_the_collector_and_says_how_it_is_run(diag: Diag, tmp_path: Path) -> None:
    done = diag("script", "collect")
    assert (done.returncode, done.stdout) == (0, f"{NAME}\n")
    assert (tmp_path / NAME).read_text("ascii") == resources.script(NAME)
    assert f".\\{NAME} -Mailbox ADDRESS" in done.stderr
    assert diag("script", "collect").returncode == 0  # it is there already


def test_it_overwrites_nothing_else(diag: Diag, tmp_path: Path) -> None:
    other = tmp_path / "mine.ps1"
    other.write_text("Get-Date\n")
    refused = diag("script", "collect", "mine.ps1")
    assert (refused.returncode, other.read_text()) == (2, "Get-Date\n")
    assert "--force" in refused.stderr
    assert diag("script", "collect", "mine.ps1", "--force").returncode == 0
    assert other.read_text("ascii") == resources.script(NAME)
    assert diag("script", "collect", "no/such/folder.ps1").returncode == 2


@pytest.mark.skipif(not (ROOT / "diagnostics").is_dir(), reason="the tests run against an installed wheel already")
def test_an_installed_wheel_has_it(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "diagnostics", "script", "collect"],
        cwd=tmp_path,
        env={**environment(tmp_path), "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / NAME).read_text("ascii") == resources.script(NAME)
