"""A `diag …` line repeats the options of the run that prints it, and only those that the command takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from diagnostics.cli.app import app
from diagnostics.evidence import Target
from diagnostics.invocation import TAKES, Invocation
from diagnostics.profile import finding
from diagnostics.quoting import Line, Shell, Unprintable

FULL = Invocation(
    profile="erp",
    scenarios=("exo-sp-not-registered",),
    shape="shared-mailbox",
    journal="/tmp/j.jsonl",
    language="es",
    access_token_file="/tmp/t",
    left_out=("--no-graph",),
)


@pytest.mark.parametrize("command", TAKES)
def test_every_option_is_one_that_the_command_has(command: str) -> None:
    found: Any = get_command(app)
    for word in command.split():
        found = found.commands[word]
    known = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in FULL.options(command) if word.startswith("--")} <= known


def test_the_options_of_the_run_are_repeated() -> None:
    assert FULL.lines("grant", "--mailbox", "a@b.c") == (
        Line(
            "diag grant --profile erp --scenario exo-sp-not-registered --shape shared-mailbox "
            "--journal /tmp/j.jsonl --mailbox a@b.c"
        ),
    )
    assert FULL.lines("revoke") == (Line("diag revoke --profile erp --journal /tmp/j.jsonl"),)
    assert FULL.lines("explain", "x") == (Line("diag explain --lang es x"),)
    target = Target(profile="demo", scenarios=("a",), shape="b")
    assert Invocation.of(target).inline("imap") == "diag imap --profile demo --scenario a --shape b"


def test_a_command_without_its_profile_is_no_line() -> None:
    assert Invocation().lines("grant", "--mailbox", "a@b.c") == ()
    assert Invocation().inline("grant", "--mailbox", "a@b.c") == "diag grant --profile NAME --mailbox a@b.c"
    assert Invocation().lines("explain", "x") == (Line("diag explain x"),)


def test_a_value_that_cannot_be_printed_is_in_no_line() -> None:
    with pytest.raises(Unprintable):
        Invocation("erp").lines("grant", "--mailbox", "a\u202eb")
    assert Invocation("erp").inline("grant", "--mailbox", "a\u202eb") == "diag grant --profile erp"
    assert Invocation("e\nrp").inline("grant") == "diag grant"


def test_a_profile_without_a_common_form_gives_a_line_for_each_shell() -> None:
    found = Invocation("/home/o'brien/erp.yaml").lines("token")
    assert [line.shell for line in found] == [Shell.POSIX, Shell.POWERSHELL]
    assert Invocation("o'b").inline("token") == (
        "bash, zsh: diag token --profile 'o'\"'\"'b'; PowerShell: diag token --profile 'o''b'"
    )


def test_a_profile_is_named_so_that_it_is_the_same_in_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, user = tmp_path / "profiles", tmp_path / "user"
    for folder, name in ((here, "erp"), (user, "crm")):
        folder.mkdir()
        (folder / f"{name}.yaml").write_text("tenant: x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(finding, "user_folder", lambda: user)
    assert finding.option("crm", finding.find("crm")) == "crm"
    assert finding.option("erp", finding.find("erp")) == str(here / "erp.yaml")
    assert finding.option("user/crm.yaml", finding.find("user/crm.yaml")) == str(user / "crm.yaml")
    assert finding.option(str(user / "crm.yaml"), finding.find(str(user / "crm.yaml"))) == str(user / "crm.yaml")
    assert finding.option("profiles/erp.yaml", finding.find("profiles/erp.yaml")) == str(here / "erp.yaml")
