"""What is pasted stays with the tenant and the names of the run that printed it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.changes import planfile, render
from diagnostics.changes.confirm import Consent, NotConfirmed, confirm
from diagnostics.changes.plan import Application, Plan
from diagnostics.changes.state import Registration
from diagnostics.changes.steps import GrantFullAccess, RegisterServicePrincipal, command
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, Sid
from diagnostics.lab.server import Lab
from diagnostics.quoting import unprintable
from diagnostics.redaction import safe
from diagnostics.redaction.values import looks_secret
from tests.exchange.conftest import OTHER_BUNDLES
from tests.paste.pasting import Desk, commands
from tests.paste.shells import ENVIRONMENT_HAS_PWSH

ROOT = Path(__file__).parents[2]
ALL = os.environ.get("DIAG_PASTE_ALL") == "1"
CAUSE = "exo-sp-not-registered"
NAMES = {  # the first three always, the others by `make paste`
    "injection": 'ERP"; Remove-Mailbox -Identity * -Confirm:$false; "',
    "curly single": "ERP’; New-Item pwned; ‘",
    "honest": 'Caja "Norte" $2024',
    "curly": "ERP”; New-Item pwned; “",
    "single": "ERP'; New-Item pwned; '",
    "expression": "$(New-Item pwned)${x}`n",
    "dash": "-Confirm:$false",
}


@pytest.fixture(autouse=True)
def only_the_labs_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_BUNDLES:
        monkeypatch.delenv(name, raising=False)


@dataclass
class Two:
    """Two tenants, each with a profile by name; `default` is the one that nobody means."""

    meant: Desk
    other: Desk

    def diag(self, *arguments: str) -> tuple[int, str, str]:
        return self.meant.diag(*arguments)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    with ExitStack() as held:
        labs = [held.enter_context(Lab(scenarios=[CAUSE], transport="rest")) for _ in range(2)]
        folder = tmp_path / "config" / "diag" / "profiles"
        folder.mkdir(parents=True)
        (folder / "erp.yaml").write_text(labs[0].profile.read_text())
        (folder / "default.yaml").write_text(labs[1].profile.read_text().replace("env: DIAG_", "env: OTHER_"))
        for name, value in labs[1].env.items():
            monkeypatch.setenv(name.replace("DIAG_", "OTHER_"), value)
        monkeypatch.chdir(tmp_path)
        yield Two(*(Desk(lab, tmp_path) for lab in labs))


def test_a_pasted_line_goes_to_the_tenant_of_the_run_that_printed_it(two: Two) -> None:
    code, out, _ = two.diag("permissions", "--profile", "erp", "--output", "json")
    assert code == 1
    document = json.loads(out)
    target = document["target"]
    assert (target["profile"], Path(target["profile_file"]).name) == ("erp", "erp.yaml")
    assert target["domain"] == "contoso.onmicrosoft.com"
    lines = commands(document["causes"][0], "any")
    assert lines
    assert all("--profile erp" in line for line in lines)
    (grant,) = [line for line in lines if line.startswith("diag grant ")]
    code, out, err = two.meant.line(grant, "--yes")
    assert code == 0, err
    assert two.meant.lab.setup.tenant.id in out
    assert two.meant.lab.setup.tenant.exchange_service_principals
    assert not two.other.lab.setup.tenant.exchange_service_principals
    assert two.diag("permissions", "--profile", "erp")[0] == 0


def test_the_table_says_on_top_which_profile_tenant_and_mailboxes_it_is_about(two: Two) -> None:
    _, out, _ = two.diag("permissions", "--profile", "erp")
    setup = two.meant.lab.setup
    lines = out.splitlines()
    head = " ".join(lines[: lines.index("")])
    assert head.startswith("Profile erp (")
    assert "erp.yaml)" in head
    assert f"Tenant contoso.onmicrosoft.com ({setup.tenant.id})" in head
    assert "Mailboxes erp@contoso.com" in head


@pytest.mark.parametrize("variable", [False, True])
def test_apply_uses_the_profile_of_its_plan(two: Two, monkeypatch: pytest.MonkeyPatch, variable: bool) -> None:
    code, _, err = two.diag("grant", "--profile", "erp", "--out", "plan.json")
    assert code == 0
    apply = err.partition("Do it: ")[2].strip()
    assert apply == f"diag apply {Path('plan.json').absolute()}"
    if variable:
        monkeypatch.setenv("DIAG_PROFILE", "default")
        two.meant.runner.env = {"DIAG_PROFILE": "default"}
    code, out, err = two.meant.line(apply, "--yes")
    assert code == 0, err
    assert "Profile erp (" in out
    assert two.meant.lab.setup.tenant.exchange_service_principals
    assert not two.other.lab.setup.tenant.exchange_service_principals


def test_apply_refuses_a_profile_of_another_tenant(two: Two) -> None:
    assert two.diag("grant", "--profile", "erp", "--out", "plan.json")[0] == 0
    code, _, err = two.diag("apply", "plan.json", "--yes", "--profile", "default")
    assert code == 2
    assert two.other.lab.setup.tenant.id in err


def test_a_plan_of_before_and_a_report_of_before_are_read(two: Two, tmp_path: Path) -> None:
    assert two.diag("grant", "--profile", "erp", "--out", "plan.json")[0] == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    for name in ("profile_file", "domain"):
        del plan[name]
    assert planfile.from_tree(plan, "old").profile == "erp"
    _, out, _ = two.diag("permissions", "--profile", "erp", "--output", "json")
    report = json.loads(out)
    for name in ("profile_file", "scenarios", "shape"):
        del report["evidence"]["target"][name]
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(report, sort_keys=False))
    code, out, _ = two.diag("analyze", "old.yaml", "--output", "json")
    assert (code, json.loads(out)["causes"][0]["cause"]) == (1, CAUSE)


def test_a_paste_without_a_profile_prints_no_line_for_whatever_tenant_is_the_default(two: Two, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("AADSTS7000222: The provided client secret keys for app 'x' are expired.\n")
    _, out, _ = two.diag("analyze", "log.txt", "--output", "json")
    found = [text for cause in json.loads(out)["causes"] for text in commands(cause, "any", "sh", "powershell-7")]
    assert not [text for text in found if text.startswith("diag ") and not text.startswith(("diag ex", "diag an"))]
    assert "--profile NAME" in out
    _, out, _ = two.diag("analyze", "log.txt", "--profile", "erp", "--output", "json")
    assert "diag permissions --profile erp" in out


@pytest.mark.powershell
@pytest.mark.skipif(not ENVIRONMENT_HAS_PWSH, reason="needs a pwsh on PATH")
def test_a_display_name_is_registered_as_it_is_and_runs_nothing(tmp_path: Path) -> None:
    for name in list(NAMES.values())[: None if ALL else 3]:
        with Lab(scenarios=[CAUSE], transport="rest") as lab:
            lab.setup.enterprise.display_name = lab.setup.registration.display_name = name
            desk = Desk(lab, tmp_path)
            remedy = commands(desk.report()["causes"][0], "powershell")
            window = desk.window(remedy)
            assert not window.errors, window.errors
            rows = lab.setup.tenant.exchange_service_principals
            assert [row.display_name for row in rows] == [name]
            assert not (tmp_path / "pwned").exists()
            assert lab.setup.tenant.recipients


def test_a_display_name_that_turns_the_line_is_in_no_command(tmp_path: Path) -> None:
    with Lab(scenarios=[CAUSE], transport="rest") as lab:
        lab.setup.enterprise.display_name = lab.setup.registration.display_name = "ERP\u202egnp"
        cause = Desk(lab, tmp_path).report()["causes"][0]
        assert not [text for text in commands(cause, "powershell") if "New-ServicePrincipal" in text]
        (told,) = [step["step"] for step in cause["fix"] if "U+202E" in step["step"]]
        assert "Enterprise applications, Overview" in told
        code, out, _ = Desk(lab, tmp_path).diag("grant", "--profile", str(lab.profile), "--dry-run")
        assert code == 0
        assert "no command: a value in it must not stand in one" in out
        assert "New-ServicePrincipal" not in out


@pytest.mark.parametrize("shell", ["bash", "dash", "pwsh"])
def test_the_lines_for_each_shell_reach_the_profile_whose_path_needs_quoting(tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {'a pwsh' if shell == 'pwsh' else shell} on PATH")
    with Lab(scenarios=["perm-fullaccess-missing"], transport="rest") as lab:
        desk = Desk(lab, tmp_path)
        folder, programs = tmp_path / "o'brien & “sons” $HOME", tmp_path / "programs"
        for made in (folder, programs):
            made.mkdir()
        profile = folder / "erp.yaml"
        profile.write_text(lab.profile.read_text())
        (programs / "diag").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m diagnostics "$@"\n')
        (programs / "diag").chmod(0o755)
        _, out, _ = desk.diag("permissions", "--profile", str(profile), "--no-imap", "--output", "json")
        cause = json.loads(out)["causes"][0]
        wanted = "powershell" if shell == "pwsh" else "sh"
        (line,) = [text for text in commands(cause, wanted) if text.startswith("diag permissions ")]
        words = [program, "-NoProfile", "-NonInteractive", "-Command", "-"] if shell == "pwsh" else [program]
        done = subprocess.run(
            words,
            input=f"{line} --output json\n".encode(),
            cwd=tmp_path,
            env={
                **lab.env,
                "PATH": f"{programs}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "LC_ALL": "C.UTF-8",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            timeout=120,
            check=False,
        )
        document = json.loads(done.stdout)
        assert document["target"]["profile_file"] == str(profile)
        assert document["causes"][0]["cause"] == "perm-fullaccess-missing"


def plan(**more: Any) -> Plan:
    application = Application(
        ApplicationId("11111111-2222-4333-8444-555555555555"),
        EnterpriseAppObjectId("22222222-3333-4444-8555-666666666666"),
        "ERP",
        "x",
    )
    steps = (GrantFullAccess("erp@contoso.com", application.object_id),)
    return replace(Plan("grant", "99999999-2222-4333-8444-555555555555", application, steps), profile="erp", **more)


def test_the_question_names_profile_file_tenant_and_mailboxes() -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "no"

    made = plan(profile_file="/home/x/erp.yaml", domain="contoso.onmicrosoft.com")
    for count in (1, 20):
        with pytest.raises(NotConfirmed):
            confirm(count, Consent(interactive=True), answer, render.question(made))
    assert asked[0] == (
        "Grant with profile erp (/home/x/erp.yaml), tenant contoso.onmicrosoft.com: erp@contoso.com. Do it? [y/N] "
    )
    assert "contoso.onmicrosoft.com" in asked[1]


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=12))
def test_the_commands_of_a_plan_hold_no_value_that_must_not_be_printed(name: str) -> None:
    steps = (
        RegisterServicePrincipal(
            ApplicationId("1" * 8),
            EnterpriseAppObjectId("2" * 8),
            name,
            (Registration(ApplicationId("a"), EnterpriseAppObjectId("b"), Sid(name), "s"),),
        ),
        GrantFullAccess(name, EnterpriseAppObjectId("2" * 8)),
    )
    for step in steps:
        text = command(step)
        if unprintable(name) or safe(name) != name:
            assert text == ""
        elif text == "":  # where an identity stands, what looks like a password is taken for one
            assert looks_secret(name)
        else:
            assert safe(text) == text
            assert "\n" not in text


def test_the_environment_of_these_tests_names_no_profile() -> None:
    assert "DIAG_PROFILE" not in os.environ
