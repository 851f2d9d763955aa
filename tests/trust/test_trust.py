"""What others rely on when they install diag: bounds without advisories, locked files, licences, safe workflows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.trust import licences

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = ("locked", "lowest")


def test_every_lower_bound_has_its_advisory_beside_it() -> None:
    block = (ROOT / "pyproject.toml").read_text("utf-8").partition("\ndependencies = [\n")[2].partition("\n]\n")[0]
    lines = [line for line in block.splitlines() if line.lstrip().startswith('"')]
    assert len(lines) == len(PROJECT["dependencies"])
    for line in lines:
        requirement, _, comment = line.strip().partition("#")
        bound = min(Version(spec.version) for spec in Requirement(requirement.strip(' ",')).specifier)
        found = re.search(r"(?:GHSA|CVE|PYSEC)-[\w-]+ before ([\d.]+)", comment)
        assert found or "no advisory" in comment, line
        assert found is None or Version(found[1].rstrip(".")) <= bound, line


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_a_hash_for_each_file_and_an_address_for_none(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    entries = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_fits_the_project(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    pins = {
        re.sub(r"[-_.]+", "-", match[1]).lower(): Version(match[2])
        for match in re.finditer(r"^([\w.-]+)==([\w.]+)", text, flags=re.MULTILINE)
    }
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    for requirement in map(Requirement, wanted):
        assert pins[re.sub(r"[-_.]+", "-", requirement.name).lower()] in requirement.specifier, requirement.name


def test_every_package_that_is_installed_stands_in_the_list_of_licences() -> None:
    listed = set(re.findall(r"^\| (\S+) \|", licences.FILE.read_text("utf-8"), flags=re.MULTILINE))
    assert set(licences.table()) - listed == set(), "run `make licenses`"
    assert "not stated" not in licences.FILE.read_text("utf-8")


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    command = shutil.which("zizmor", path=str(Path(sys.executable).parent)) or "zizmor"
    words = [command, "--offline", "--no-progress", "--persona", "pedantic", str(ROOT / ".github")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
