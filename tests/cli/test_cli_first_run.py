"""What a first run lacks stands first: whose credential, where it is kept, and what to type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from diagnostics.cli.app import app
from diagnostics.lab.server import APPLICATION_SECRET, OPERATOR_SECRET, WINRM_PASSWORD, Lab

from .conftest import Diag, environment

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


def run(
    lab: Lab, *words: str, without: str = "", profile: Path | None = None, changed: Mapping[str, str] | None = None
) -> tuple[int, str]:
    env: dict[str, str | None] = {**lab.env, "COLUMNS": "100", "LC_ALL": "C", **(changed or {})}
    env |= {without: None} if without else {}
    done = RUNNER.invoke(app, [*words, "--profile", str(profile or lab.profile)], env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done.exit_code, done.stdout


@pytest.mark.parametrize(
    ("without", "code", "who"),
    [(APPLICATION_SECRET, 3, "application"), (OPERATOR_SECRET, 4, "operator"), (WINRM_PASSWORD, 4, "operator")],
)
def test_the_first_line_says_which_credential_is_missing(lab: Lab, without: str, code: int, who: str) -> None:
    got, table = run(lab, "permissions", without=without)
    first, second, third, *_ = table.splitlines()
    said = f"{first} {second}" if not second.startswith("  >") else first
    assert got == code
    assert said.startswith(f"Not ready, {who}: ")
    assert without in said
    assert f"read -rs {without} && export {without}" in table
    assert "No fault found" not in table
    assert "wait for what is missing above" in " ".join(table.split())
    assert (second + third).count(">") == 1


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_machine_formats_begin_with_it(lab: Lab, output: str) -> None:
    code, text = run(lab, "permissions", "-o", output, without=OPERATOR_SECRET)
    tree = json.loads(text) if output == "json" else yaml.safe_load(text)
    assert (code, tree["exit_code"]) == (4, 4)
    assert list(tree)[:2] == ["schema", "obstacles"]
    (obstacle,) = tree["obstacles"]
    assert obstacle["who"] == "operator"
    assert obstacle["hint"] == f"Set it: read -rs {OPERATOR_SECRET} && export {OPERATOR_SECRET}"
    assert tree["verdict"]["kind"] == "not-ready"


def test_in_spanish(lab: Lab) -> None:
    _, table = run(lab, "permissions", "--lang", "es", without=APPLICATION_SECRET)
    assert table.startswith("Falta algo, aplicación: el secreto de la aplicación: la variable de entorno")
    assert f"read -rs {APPLICATION_SECRET} && export {APPLICATION_SECRET}" in table


@pytest.mark.parametrize("command", ["token", "imap"])
def test_who_needs_no_operator_is_not_told_of_one(lab: Lab, command: str) -> None:
    code, table = run(lab, command, without=APPLICATION_SECRET)
    assert (code, table.splitlines()[0][:22]) == (3, "Not ready, application")
    assert "Not ready, operator" not in table


def test_a_refused_operator_is_told_whose_secret_it_is_and_where_it_is_kept(lab: Lab) -> None:
    code, table = run(lab, "permissions", changed={OPERATOR_SECRET: "abc8Q~not-the-right-secret-of-anybody"})
    head = " ".join(table.split("Profile ")[0].split())
    assert code == 4
    assert head.startswith(
        "Not ready, operator: The operator could not sign in for Exchange Online PowerShell: AADSTS7000215"
    )
    assert f"It is the operator's own, kept here: environment variable {OPERATOR_SECRET}." in head
    assert f"read -rs {OPERATOR_SECRET} && export {OPERATOR_SECRET}" in head
    assert "not-the-right-secret" not in table


def test_without_powershell(lab: Lab, tmp_path: Path) -> None:
    known = yaml.safe_load(lab.profile.read_text("utf-8"))
    known["exchange"] = {"transport": "local", "executable": str(tmp_path / "no-pwsh")}
    profile = tmp_path / "local.yaml"
    profile.write_text(yaml.safe_dump(known), "utf-8")
    code, table = run(lab, "permissions", profile=profile)
    assert code == 4
    assert " ".join(table.split()).startswith(f"Not ready, operator: find PowerShell: {tmp_path}")
    assert "https://aka.ms/install-powershell" in table
    code, steps = run(lab, "connect", profile=profile)
    assert code == 4
    assert " ".join(steps.split()).startswith(f"Not connected: find PowerShell: {tmp_path}")


@pytest.mark.parametrize(
    ("scenario", "cause"),
    [
        ("operator-module-not-installed/too-new", "operator-module-not-installed"),
        ("operator-app-lacks-exchange-role", "operator-app-lacks-exchange-role"),
        ("operator-certificate-unusable", "operator-certificate-unusable"),
        ("operator-jump-host-refused", "operator-jump-host-refused"),
    ],
)
def test_connect_names_the_cause_first(scenario: str, cause: str) -> None:
    with Lab(scenarios=[scenario]) as broken:
        code, steps = run(broken, "connect")
        assert code == 1
        assert steps.startswith("Not connected: ")
        assert f"Cause: {cause} (certain)" in steps
        code, text = run(broken, "connect", "-o", "json")
        assert (code, json.loads(text)["cause"]["cause"]) == (1, cause)


def test_an_operators_fault_explains_no_refusal_of_the_application() -> None:
    with Lab(scenarios=["operator-module-not-installed", "claims-roles-missing"]) as broken:
        _, text = run(broken, "permissions", "--no-graph", "-o", "json")
        named = [cause["cause"] for cause in json.loads(text)["causes"]]
        assert named[:2] == ["claims-roles-missing", "operator-module-not-installed"]


def test_the_example_profile_without_its_variable(diag: Diag) -> None:
    example = Path(__file__).resolve().parents[2] / "profiles" / "example.yaml"
    done = diag("token", "--profile", str(example))
    assert done.stdout.startswith("Not ready, application: the application's secret: the environment variable")
    assert "read -rs DIAG_APPLICATION_SECRET && export DIAG_APPLICATION_SECRET" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="the command is of a POSIX shell")
def test_the_command_sets_the_variable(tmp_path: Path) -> None:
    line = "read -rs DIAG_X && export DIAG_X"
    script = f"{line}; {sys.executable} -c 'import os; print(os.environ[\"DIAG_X\"])'"
    done = subprocess.run(
        ["bash", "-c", script], input="a\\b'c\n", capture_output=True, text=True, env=environment(tmp_path), check=True
    )
    assert done.stdout == "a\\b'c\n"
