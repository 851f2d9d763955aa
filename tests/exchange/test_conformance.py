"""The same calls over every transport: the same evidence, the same typed errors."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from diagnostics.exchange.collect import READ_CMDLETS, collect
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import CmdletCall, CmdletResult, ErrorKind, Shell, ShellUnavailable
from diagnostics.lab.server import Lab
from diagnostics.redaction import Secret
from tests.exchange.conftest import Tenant
from tests.exchange.peers import ALL, Peers

NASTY = {
    "quote": "a@b'; Remove-Mailbox * #",
    "subexpression": "$(Get-Process) ${x} @(1)",
    "backtick": '`n`"`$x',
    "quotes": "\"double\" 'single' \u2018curly\u2019 \u201cdouble\u201d",
    "newlines": "two\nlines\r\nand\ttabs",
    "nul": "nul\0inside",
    "escape": "_x0041_ \\u0041 %41 &amp; <S>",
    "wide": "emoji \U0001f600 and C1 \u0085 and \u200bzero width",
    "long": "x" * 4000,
}


@pytest.fixture(scope="module", params=ALL)
def peers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Peers]]:
    with Lab() as lab:
        made = Peers(Tenant(lab), tmp_path_factory.mktemp(request.param))
        try:
            yield request.param, made
        finally:
            made.close()


@pytest.fixture(scope="module")
def shell(peers: tuple[str, Peers]) -> Iterator[Shell]:
    name, made = peers
    with open_shell(made.options(name), made.tenant.request()) as opened:
        yield opened


@pytest.fixture(scope="module")
def reference(peers: tuple[str, Peers]) -> Iterator[Shell]:
    """The lab's own WinRM endpoint, which the others are held against."""
    tenant = peers[1].tenant
    with open_shell(tenant.winrm(), tenant.request()) as opened:
        yield opened


def bare(value: Any) -> Any:
    """Evidence without what differs by nature: times, places, the machine that was asked."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: bare(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in {"provenance", "transport", "powershell_version", "module_version", "warnings"}
        }
    if isinstance(value, tuple | list):
        return [bare(item) for item in value]
    return re.sub(r"'[A-Z0-9]+DC01\.[A-Z0-9.]+'", "'server'", value) if isinstance(value, str) else value


def outcome(result: CmdletResult) -> Any:
    """What a caller may rely on in every transport; error ids of the engine itself exist over PSRP only."""
    own = [error.error_id if error.error_id.startswith("Ex") else "" for error in result.errors]
    said = [bare(error.message).partition("\n")[0] for error in result.errors]
    said = [
        words.replace("a name of a cmdlet, function, script file, or executable program", "the name of a cmdlet")
        for words in said
    ]
    kinds = [error.kind for error in result.errors]
    return kinds, own, said, result.warnings, result.ok, result.answered or not result.errors


def test_it_says_how_it_opened(peers: tuple[str, Peers], shell: Shell) -> None:
    name, made = peers
    assert shell.transport == {"relay": "winrm"}.get(name.partition("-")[0], name.partition("-")[0])
    assert shell.connection is not None
    assert shell.connection.tenant_id == made.tenant.lab.setup.tenant.id
    assert shell.connection.transport == shell.transport
    assert shell.steps
    assert bool(shell.remarks) == (name == "rest")


def test_the_same_evidence(peers: tuple[str, Peers], shell: Shell, reference: Shell) -> None:
    addresses = [peers[1].tenant.mailbox, "nobody@contoso.com"]
    assert bare(collect(shell, addresses)) == bare(collect(reference, addresses))


CALLS: dict[str, Callable[[Tenant], Sequence[CmdletCall]]] = {
    "not found": lambda _: [CmdletCall("Get-MailboxPermission", {"Identity": "nobody@contoso.com"})],
    "unknown parameter": lambda _: [CmdletCall("Get-CASMailbox", {"Bogus": "x"})],
    "unknown cmdlet": lambda _: [CmdletCall("Get-NothingOfTheKind")],
    "unknown principal": lambda tenant: [
        CmdletCall(
            "Add-MailboxPermission", {"Identity": tenant.mailbox, "User": "nobody", "AccessRights": ["FullAccess"]}
        )
    ],
    "an entry that exists": lambda tenant: [
        CmdletCall(
            "Add-MailboxPermission",
            {
                "Identity": tenant.mailbox,
                "User": tenant.lab.setup.exchange_principal.object_id,
                "AccessRights": ["FullAccess"],
                "InheritanceType": "All",
                "AutoMapping": False,
            },
        )
    ],
    "an entry that does not exist": lambda tenant: [
        CmdletCall(
            "Remove-MailboxPermission",
            {
                "Identity": tenant.mailbox,
                "User": tenant.lab.setup.exchange_principal.object_id,
                "AccessRights": ["ReadPermission"],
                "InheritanceType": "All",
                "Confirm": False,
            },
        )
    ],
    "nothing to change": lambda tenant: [
        CmdletCall("Set-CASMailbox", {"Identity": tenant.mailbox, "ImapEnabled": True})
    ],
    "a service principal that is not there": lambda _: [
        CmdletCall("Remove-ServicePrincipal", {"Identity": "66666666-0000-0000-0000-000000000000", "Confirm": False})
    ],
    "a mixed batch": lambda tenant: [
        CmdletCall("Get-Recipient", {"Identity": "first@contoso.com"}),
        CmdletCall("Get-Recipient", {"Identity": tenant.mailbox}),
        CmdletCall("Get-CASMailbox", {"Bogus": "x"}),
        CmdletCall("Get-MailboxPermission", {"Identity": tenant.mailbox}),
        CmdletCall("Get-Recipient", {"Identity": "fifth@contoso.com"}),
        CmdletCall("Get-CASMailbox", {"Identity": tenant.mailbox}),
    ],
}


@pytest.mark.parametrize("case", CALLS)
def test_the_same_answers(peers: tuple[str, Peers], shell: Shell, reference: Shell, case: str) -> None:
    calls = CALLS[case](peers[1].tenant)
    theirs, ours = shell.invoke_many(calls), reference.invoke_many(calls)
    assert [outcome(result) for result in theirs] == [outcome(result) for result in ours]
    assert [len(result.rows) for result in theirs] == [len(result.rows) for result in ours]


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY)
def test_values_arrive_unchanged(peers: tuple[str, Peers], shell: Shell, value: str) -> None:
    setup = peers[1].tenant.lab.setup
    identity = "77777777-1111-2222-3333-444444444444"
    made = shell.invoke("New-ServicePrincipal", AppId=identity, ObjectId=identity, DisplayName=value)
    assert made.ok, made
    held = [found.display_name for found in setup.tenant.exchange_service_principals if found.app_id == identity]
    assert held == [value]
    read = [row["DisplayName"] for row in shell.invoke("Get-ServicePrincipal").rows if row["AppId"] == identity]
    removed = shell.invoke("Remove-ServicePrincipal", Identity=identity, Confirm=False)
    assert removed.ok, removed
    assert read == [value]


@pytest.mark.parametrize("value", ["lone \ud800", "\uffff"], ids=["surrogate", "noncharacter"])
def test_values_that_cannot_travel_are_refused(shell: Shell, value: str) -> None:
    result = shell.invoke("Get-Recipient", Identity=value)
    assert [error.kind for error in result.errors] == [ErrorKind.PARAMETER]
    assert not result.answered


def test_what_is_written_is_read_back(peers: tuple[str, Peers], shell: Shell) -> None:
    tenant = peers[1].tenant
    principal = tenant.lab.setup.exchange_principal.object_id
    entry = {"Identity": tenant.mailbox, "User": principal, "AccessRights": ["FullAccess"], "InheritanceType": "All"}

    def held() -> bool:
        rows = shell.invoke("Get-MailboxPermission", Identity=tenant.mailbox).rows
        return any(row["User"] == principal for row in rows)

    assert held()
    assert shell.invoke_many([CmdletCall("Remove-MailboxPermission", {**entry, "WhatIf": True})])[0].ok
    assert held()
    assert shell.invoke_many([CmdletCall("Remove-MailboxPermission", {**entry, "Confirm": False})])[0].ok
    assert not held()
    assert shell.invoke_many([CmdletCall("Add-MailboxPermission", {**entry, "AutoMapping": False})])[0].ok
    assert held()


def refused(peers: tuple[str, Peers], **overrides: Any) -> ShellUnavailable:
    name, made = peers
    shell = open_shell(made.options(name), made.tenant.request(**overrides))
    with pytest.raises(ShellUnavailable) as raised:
        shell.__enter__()
    return raised.value


def fresh(peers: tuple[str, Peers], tmp_path: Path) -> tuple[str, Peers]:
    """The same lab with a folder of its own, so that another server can be started beside the first."""
    return peers[0], Peers(peers[1].tenant, tmp_path)


def test_a_foreign_tenant_is_refused(peers: tuple[str, Peers], tmp_path: Path) -> None:
    error = refused(fresh(peers, tmp_path), tenant_id="99999999-2222-3333-4444-555555555555")
    assert error.step == "compare tenants"


def test_a_token_without_the_app_role_is_refused(peers: tuple[str, Peers], tmp_path: Path) -> None:
    token = peers[1].tenant.token(roles=["IMAP.AccessAsApp"])
    error = refused(fresh(peers, tmp_path), access_token=token)
    assert (error.step, error.kind) == ("sign in to Exchange Online", ErrorKind.NOT_SIGNED_IN)
    assert token.reveal() not in f"{error!r}{error.hint}"


def test_an_operator_without_a_directory_role_is_refused(peers: tuple[str, Peers], tmp_path: Path) -> None:
    operator = peers[1].tenant.lab.setup.operator_enterprise
    roles = set(operator.directory_roles)
    operator.directory_roles.clear()
    try:
        error = refused(fresh(peers, tmp_path))
    finally:
        operator.directory_roles.update(roles)
    assert (error.step, error.kind) == ("sign in to Exchange Online", ErrorKind.APP_LACKS_ROLE)
    assert "isn't supported in this scenario" in error.message


def test_a_reader_has_no_cmdlets_that_write(peers: tuple[str, Peers], tmp_path: Path) -> None:
    operator = peers[1].tenant.lab.setup.operator_enterprise
    roles = set(operator.directory_roles)
    operator.directory_roles = {"Global Reader"}
    name, made = fresh(peers, tmp_path)
    try:
        with open_shell(made.options(name), made.tenant.request()) as shell:
            result = shell.invoke("New-ServicePrincipal", AppId="a", ObjectId="b")
            assert [error.kind for error in result.errors] == [ErrorKind.COMMAND_NOT_FOUND]
            assert shell.invoke("Get-ServicePrincipal").ok
            assert shell.commands(READ_CMDLETS) in {None, frozenset(READ_CMDLETS)}
    finally:
        operator.directory_roles = roles
        made.close()


def test_only_the_cmdlets_that_were_asked_for(peers: tuple[str, Peers], tmp_path: Path) -> None:
    name, made = fresh(peers, tmp_path)
    try:
        with open_shell(made.options(name), made.tenant.request(cmdlets=READ_CMDLETS)) as shell:
            result = shell.invoke("Set-CASMailbox", Identity=made.tenant.mailbox, ImapEnabled=True)
            assert shell.commands([*READ_CMDLETS, "Set-CASMailbox"]) in {None, frozenset(READ_CMDLETS)}
            assert (shell.commands(READ_CMDLETS) is None) == (name == "rest")
            loaded_by_name = [] if name == "rest" else [ErrorKind.COMMAND_NOT_FOUND]  # REST loads nothing
            assert [error.kind for error in result.errors] == loaded_by_name
    finally:
        made.close()


def test_something_that_is_no_token(peers: tuple[str, Peers], tmp_path: Path) -> None:
    error = refused(fresh(peers, tmp_path), access_token=Secret("no.token.at-all"))
    assert error.step == "sign in to Exchange Online"
