"""The rights that are listed are those of commands that exist, and the three formats say the same."""

from __future__ import annotations

import json

import yaml
from typer.testing import CliRunner

from diagnostics import needs
from diagnostics.cli.app import app
from diagnostics.exchange.collect import READ_CMDLETS, WRITE_CMDLETS


def test_needs_are_data() -> None:
    result = CliRunner().invoke(app, ["permissions", "--needs", "--output", "json"])
    assert result.exit_code == 0
    tree = json.loads(result.stdout)
    assert tree == yaml.safe_load(needs.render("yaml"))
    assert tree["schema"] == needs.SCHEMA
    assert "Exchange.ManageAsApp" in CliRunner().invoke(app, ["permissions", "--needs"]).stdout


def test_every_command_that_needs_rights_exists() -> None:
    known = {command.name for command in app.registered_commands}
    assert {command for need in needs.NEEDS for command in need.commands} <= known


def test_the_cmdlets_that_are_used_are_named() -> None:
    said = " ".join(need.why for need in needs.NEEDS)
    for cmdlet in ("Get-ServicePrincipal", "Get-MailboxPermission", "Get-CASMailbox", "Get-Recipient"):
        assert cmdlet in READ_CMDLETS
        assert cmdlet in said
    assert all(cmdlet.partition("-")[2] in said for cmdlet in WRITE_CMDLETS)


def test_a_need_of_one_command() -> None:
    assert {need.identity for need in needs.of("token")} == {needs.APPLICATION}
