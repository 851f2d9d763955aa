"""The WinRM transport against the lab's endpoint: real TLS, real WSMan, real PSRP on both sides."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics.evidence import Absent, Missing, Unavailable
from diagnostics.exchange import collect as collecting
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import CmdletCall, ErrorKind, ShellUnavailable
from diagnostics.lab.certificates import authority, server_context
from diagnostics.lab.faults import NO_FAULT, Fault
from diagnostics.lab.powershell.session import HostProfile
from diagnostics.lab.powershell.winrm import WinRmEndpoint
from diagnostics.lab.state import Recipient
from diagnostics.redaction import Secret
from tests.exchange.conftest import Tenant


def opened(tenant: Tenant, **overrides: Any) -> Any:
    return open_shell(tenant.winrm(**overrides), tenant.request())


def collect(shell: Any, mailboxes: Sequence[str]) -> Any:
    return collecting.collect(shell, mailboxes)


def endpoint_of(tenant: Tenant) -> Any:
    """The lab's WinRM endpoint itself, to look at its shells and to change the host it pretends to be."""
    return next(
        thing for thing in gc.get_objects() if isinstance(thing, WinRmEndpoint) and thing.world is tenant.lab.world
    )


def test_what_opening_finds(tenant: Tenant) -> None:
    with opened(tenant) as shell:
        assert [step.name for step in shell.steps] == [
            "connect to the management host",
            "read versions",
            "check ExchangeOnlineManagement",
            "sign in to Exchange Online",
            "compare tenants",
        ]
        assert shell.connection.tenant_id == tenant.lab.setup.tenant.id
        assert shell.connection.module_version == "3.10.0"
        assert shell.connection.powershell_version == "7.6.0"
    assert endpoint_of(tenant).shells == 0


def test_a_healthy_mailbox_is_collected(tenant: Tenant) -> None:
    with opened(tenant) as shell:
        collected = collect(shell, [tenant.mailbox])
    (principal,) = collected.exchange.service_principals
    assert principal.app_id == tenant.lab.setup.registration.app_id
    assert principal.object_id == tenant.lab.setup.enterprise.object_id
    (mailbox,) = collected.mailboxes
    assert mailbox.recipient.type_details == "UserMailbox"
    assert [entry.user for entry in mailbox.permissions if entry.has_full_access()][-1] == principal.object_id
    assert mailbox.cas.imap_enabled is True
    assert collected.exchange.errors == ()


def test_requests_of_one_mailbox_and_of_fifty(tenant: Tenant) -> None:
    for number in range(49):
        address = f"box{number}@contoso.com"
        tenant.lab.setup.tenant.recipients.append(Recipient(f"box{number}", address, address))
    faults = tenant.lab.faults.winrm
    with opened(tenant) as shell:
        before = faults.requests
        collect(shell, [tenant.mailbox])
        one = faults.requests - before
        before = faults.requests
        many = collect(shell, [tenant.mailbox, *(f"box{number}@contoso.com" for number in range(49))])
        fifty = faults.requests - before
    assert one <= 5
    assert fifty <= one + 2
    assert all(not isinstance(mailbox.permissions, Unavailable) for mailbox in many.mailboxes)
    assert [mailbox.cas.imap_enabled for mailbox in many.mailboxes] == [True] * 50


def test_what_is_not_there_is_absent_and_blocks_the_rest(tenant: Tenant) -> None:
    with opened(tenant) as shell:
        collected = collect(shell, ["nobody@contoso.com", tenant.mailbox])
    nobody, found = collected.mailboxes
    assert isinstance(nobody.recipient, Absent)
    assert nobody.permissions.missing is Missing.BLOCKED
    assert nobody.cas.missing is Missing.BLOCKED
    assert found.cas.imap_enabled is True
    assert [error.cmdlet for error in collected.exchange.errors] == [
        "Get-Recipient",
        "Get-MailboxPermission",
        "Get-CASMailbox",
    ]


def test_each_call_gets_its_own_errors_and_warnings(tenant: Tenant) -> None:
    calls = [
        CmdletCall("Get-Recipient", {"Identity": "first@contoso.com"}),
        CmdletCall("Write-Warning", {"Message": "of the second"}),
        CmdletCall("Get-Recipient", {"Identity": tenant.mailbox}),
        CmdletCall("Get-Recipient", {"Identity": "fourth@contoso.com"}),
        CmdletCall("Write-Output", {"InputObject": "fifth"}),
    ]
    with opened(tenant) as shell:
        first, second, third, fourth, fifth = shell.invoke_many(calls)
    assert "first@contoso.com" in first.error.message
    assert "fourth@contoso.com" in fourth.error.message
    assert second.warnings == ("of the second",)
    assert not second.errors
    assert third.ok
    assert len(third.rows) == 1
    assert not third.warnings
    assert fifth.rows == ({"Value": "fifth"},)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_statement_that_ends_the_batch_early_keeps_none_from_being_asked(tenant: Tenant, place: int) -> None:
    """An unknown parameter is a terminating error: what follows never runs, and must be asked again."""
    calls = [CmdletCall("Get-Recipient", {"Identity": tenant.mailbox}) for _ in range(3)]
    calls.insert(place, CmdletCall("Get-Recipient", {"Bogus": "x"}))
    with opened(tenant) as shell:
        before = tenant.lab.faults.winrm.requests
        results = shell.invoke_many(calls)
        assert tenant.lab.faults.winrm.requests - before > 3
    assert results[place].error.kind is ErrorKind.PARAMETER
    assert not results[place].answered
    for number, result in enumerate(results):
        if number != place:
            assert result.ok, result
            assert len(result.rows) == 1


def test_every_call_of_a_batch_may_end_it(tenant: Tenant) -> None:
    calls = [CmdletCall("Get-Recipient", {f"Bogus{chr(97 + number)}": "x"}) for number in range(5)]
    with opened(tenant) as shell:
        results = shell.invoke_many(calls)
    assert [f"Bogus{chr(97 + number)}" in result.error.message for number, result in enumerate(results)] == [True] * 5


def test_a_call_that_does_not_end_in_time_is_no_empty_answer(tenant: Tenant) -> None:
    calls = [
        CmdletCall("Get-Recipient", {"Identity": tenant.mailbox}),
        CmdletCall("Start-Sleep", {"Seconds": 60}),
        CmdletCall("Get-Recipient", {"Identity": tenant.mailbox}),
    ]
    with opened(tenant, operation_timeout=2) as shell:
        started = time.monotonic()
        first, late, after = shell.invoke_many(calls)
        assert time.monotonic() - started < 8
        assert first.ok
        assert late.error.kind is ErrorKind.TIMED_OUT
        assert not late.answered
        assert not late.error.outcome_known
        assert after.ok, "what was not reached is asked again in the session that was stopped"
    assert endpoint_of(tenant).shells == 0


def test_a_slow_tenant_is_not_waited_for_call_by_call(tenant: Tenant) -> None:
    with opened(tenant, operation_timeout=1) as shell:
        started = time.monotonic()
        results = shell.invoke_many([CmdletCall("Start-Sleep", {"Seconds": 60}) for _ in range(10)])
        assert time.monotonic() - started < 10
    assert {result.error.kind for result in results} == {ErrorKind.TIMED_OUT, ErrorKind.NOT_REACHED}
    assert not any(result.answered for result in results)


def test_a_connection_that_is_cut_says_so_for_every_call(tenant: Tenant) -> None:
    with opened(tenant, operation_timeout=3) as shell:
        tenant.lab.faults.winrm.always = Fault(drop=True)
        results = shell.invoke_many([CmdletCall("Get-ServicePrincipal"), CmdletCall("Get-ServicePrincipal")])
        assert [result.error.kind for result in results] == [ErrorKind.CONNECTION] * 2
        assert not any(result.answered for result in results)
        again = shell.invoke("Get-ServicePrincipal")
        assert again.error.kind is ErrorKind.CONNECTION


def test_a_write_whose_answer_is_lost_is_not_sent_again(tenant: Tenant) -> None:
    lab = tenant.lab
    with opened(tenant, operation_timeout=3) as shell:
        lab.faults.winrm.add(Fault(drop_after=True))
        result = shell.invoke("Set-CASMailbox", Identity=tenant.mailbox, ImapEnabled=False)
        assert result.error.kind is ErrorKind.CONNECTION
        assert not result.error.outcome_known


def test_an_endpoint_that_hangs_ends_in_time(tenant: Tenant) -> None:
    tenant.lab.faults.winrm.always = Fault(latency=60)
    started = time.monotonic()
    with pytest.raises(ShellUnavailable) as raised, opened(tenant, operation_timeout=2):
        pass
    assert time.monotonic() - started < 8
    assert raised.value.kind is ErrorKind.TIMED_OUT
    assert raised.value.step == "connect to the management host"


@pytest.mark.parametrize("requests", range(1, 12))
def test_an_endpoint_that_dies_at_any_request_of_opening(tenant: Tenant, requests: int) -> None:
    """The network is cut before the nth request: the step is named, and the wait is bounded."""
    faults = tenant.lab.faults.winrm
    faults.add(NO_FAULT, requests)
    faults.always = Fault(drop=True)
    started = time.monotonic()
    kind, step = ErrorKind.CONNECTION, "invoke"
    try:
        with opened(tenant, operation_timeout=3) as shell:
            (result,) = shell.invoke_many([CmdletCall("Get-ServicePrincipal")])
        assert result.ok == result.answered
        kind = result.error.kind if result.error else kind
    except ShellUnavailable as error:
        kind, step = error.kind, error.step
    assert kind is ErrorKind.CONNECTION
    assert step
    assert time.monotonic() - started < 10


def test_a_foreign_tenant_is_refused_before_anything_is_asked(tenant: Tenant) -> None:
    request = tenant.request(tenant_id="99999999-2222-3333-4444-555555555555")
    with pytest.raises(ShellUnavailable, match="nothing was asked there") as raised:
        open_shell(tenant.winrm(), request).__enter__()
    assert raised.value.step == "compare tenants"
    assert tenant.lab.setup.tenant.id in raised.value.message
    assert endpoint_of(tenant).shells == 0


def test_the_tokens_tenant_stands_in_for_a_domain(tenant: Tenant) -> None:
    with open_shell(tenant.winrm(), tenant.request(tenant_id="contoso.com")) as shell:
        assert shell.connection is not None
        assert shell.connection.tenant_id == tenant.lab.setup.tenant.id


def test_without_any_tenant_id_nothing_is_opened(tenant: Tenant) -> None:
    request = tenant.request(tenant_id="contoso.com", access_token=Secret("not-a-token-with-claims"))
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(tenant.winrm(), request).__enter__()
    assert raised.value.step == "compare tenants"


@pytest.mark.parametrize(
    ("roles", "directory_role", "kind"),
    [
        (["IMAP.AccessAsApp"], True, ErrorKind.NOT_SIGNED_IN),
        (["Exchange.ManageAsApp"], False, ErrorKind.APP_LACKS_ROLE),
    ],
)
def test_an_operator_without_rights(tenant: Tenant, roles: list[str], directory_role: bool, kind: ErrorKind) -> None:
    if not directory_role:
        tenant.lab.setup.operator_enterprise.directory_roles.clear()
    request = tenant.request(access_token=tenant.token(roles=roles))
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(tenant.winrm(), request).__enter__()
    assert raised.value.step == "sign in to Exchange Online"
    assert raised.value.kind is kind
    assert raised.value.hint
    evidence: Any = collecting.uncollected(raised.value, [tenant.mailbox], "winrm")
    missing = {ErrorKind.NOT_SIGNED_IN: Missing.NOT_SIGNED_IN, ErrorKind.APP_LACKS_ROLE: Missing.NO_RIGHTS}[kind]
    assert evidence.mailboxes[0].permissions.missing is missing


def test_a_reader_lacks_the_cmdlets_that_write(tenant: Tenant) -> None:
    tenant.lab.setup.operator_enterprise.directory_roles = {"Global Reader"}
    with opened(tenant) as shell:
        result = shell.invoke("New-ServicePrincipal", AppId="a", ObjectId="b")
        assert result.error.kind is ErrorKind.COMMAND_NOT_FOUND
        assert not result.answered
        assert collect(shell, [tenant.mailbox]).mailboxes[0].cas.imap_enabled is True


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (HostProfile(ps_version="7.4.6", module_version="3.10.0"), "needs PowerShell 7.6.0 or later; this is 7.4.6"),
        (HostProfile(ps_version="7.2.0", module_version="3.9.0"), "needs PowerShell 7.4.0 or later; this is 7.2.0"),
        (HostProfile(module_version="3.0.0"), "cannot take an access token"),
        (HostProfile(module_version=None), "is not installed there"),
    ],
)
def test_a_pair_that_does_not_go_together_is_refused_before_signing_in(
    tenant: Tenant, host: HostProfile, words: str
) -> None:
    endpoint_of(tenant).host = host
    with pytest.raises(ShellUnavailable, match=words) as raised:
        open_shell(tenant.winrm(), tenant.request()).__enter__()
    assert raised.value.step == "check ExchangeOnlineManagement"
    assert raised.value.hint


@pytest.mark.parametrize(
    ("ps", "module"), [("7.6.0", "3.10.0"), ("7.4.0", "3.9.2"), ("7.2.0", "3.4.0"), ("5.1.26100.1", "3.10.0")]
)
def test_pairs_that_go_together(tenant: Tenant, ps: str, module: str) -> None:
    endpoint_of(tenant).host = HostProfile(ps_version=ps, module_version=module)
    with opened(tenant) as shell:
        assert shell.connection.module_version == module


def test_a_wrong_password_is_the_hosts_not_exchanges(tenant: Tenant) -> None:
    with pytest.raises(ShellUnavailable, match="refuses the account 'operator'") as raised:
        opened(tenant, password=Secret("wrong-password")).__enter__()
    assert raised.value.kind is ErrorKind.HOST_REFUSED
    assert "wrong-password" not in str(raised.value)


def test_a_certificate_of_another_authority_is_refused(tenant: Tenant) -> None:
    with pytest.raises(ShellUnavailable, match="does not trust") as raised:
        opened(tenant, ca_file=None).__enter__()
    assert raised.value.kind is ErrorKind.CONNECTION


def test_a_closed_port(tenant: Tenant) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(ShellUnavailable, match="refuses the connection") as raised:
            opened(tenant, port=port).__enter__()
    assert raised.value.kind is ErrorKind.CONNECTION
    assert time.monotonic() - started < 5


@contextmanager
def answering(data: bytes, *, close: bool = True) -> Iterator[int]:
    """A port where something answers that is no TLS server."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_an_answer_that_comes_drop_by_drop(tenant: Tenant, tmp_path: Path) -> None:
    """Each byte comes in time, the whole never does."""
    certificates = authority("test")
    ca_file = tmp_path / "ca.pem"
    certificates.cert_pem.write_to_path(str(ca_file))
    context = server_context(certificates)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            client = context.wrap_socket(server.accept()[0], server_side=True)
            with client, contextlib.suppress(OSError):
                client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while True:
                    client.sendall(b" ")
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        started = time.monotonic()
        with pytest.raises(ShellUnavailable) as raised:
            opened(tenant, port=server.getsockname()[1], ca_file=ca_file, operation_timeout=2).__enter__()
    assert raised.value.kind is ErrorKind.TIMED_OUT
    assert time.monotonic() - started < 7


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"auth": "digest"}, "none of negotiate"),
        ({"auth": "certificate"}, "certificate"),
        ({"auth": "basic", "password": None}, "password"),
        ({"ca_file": Path("/nowhere/ca.pem")}, "cannot be read"),
        ({"host": "https://mgmt.contoso.com:5986/wsman"}, "not a host name"),
        ({"host": " "}, "not a host name"),
    ],
)
def test_options_that_cannot_work(tenant: Tenant, overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(ShellUnavailable, match=words):
        opened(tenant, **overrides).__enter__()


@pytest.mark.parametrize("auth", ["negotiate", "kerberos", "ntlm", "credssp"])
def test_an_endpoint_that_offers_another_sign_in(tenant: Tenant, auth: str) -> None:
    """The lab's endpoint has Basic only; or the library for this sign-in is not installed."""
    started = time.monotonic()
    with pytest.raises(ShellUnavailable) as raised:
        opened(tenant, auth=auth).__enter__()
    assert raised.value.step == "connect to the management host"
    assert time.monotonic() - started < 10


def test_a_proxy_that_is_not_there(tenant: Tenant) -> None:
    with pytest.raises(ShellUnavailable, match="proxy"):
        opened(tenant, host="mgmt.contoso.com", proxy="http://127.0.0.1:1").__enter__()


def test_nothing_secret_is_logged_at_any_level(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    request = tenant.request()
    with caplog.at_level(logging.DEBUG), open_shell(tenant.winrm(), request) as shell:
        shell.invoke("Get-ServicePrincipal")
    logged = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("psrpcore"))
    assert "POST /wsman" in logged, "what the lab's own half logs is not the client's"
    assert request.access_token.reveal() not in logged
    assert tenant.lab.env["DIAG_WINRM_PASSWORD"] not in logged


def test_something_that_speaks_no_tls(tenant: Tenant) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as port, pytest.raises(ShellUnavailable) as raised:
        opened(tenant, port=port).__enter__()
    assert raised.value.kind is ErrorKind.CONNECTION


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=404),
        Fault(status=500, body=b"<html>no</html>", content_type="text/html"),
        Fault(status=503, body=b"busy"),
        Fault(status=200, body=b"<html>sign in</html>", content_type="text/html"),
        Fault(status=200, body=b""),
    ],
)
def test_something_that_is_no_winrm(tenant: Tenant, fault: Fault) -> None:
    tenant.lab.faults.winrm.always = fault
    started = time.monotonic()
    with pytest.raises(ShellUnavailable) as raised:
        opened(tenant).__enter__()
    assert time.monotonic() - started < 6
    assert raised.value.step == "connect to the management host"


@pytest.mark.parametrize(
    "host",
    [
        "outlook.office365.com",
        "https://outlook.office365.com/powershell-liveid/",
        "outlook.office365.com/powershell-liveid",
        "ps.outlook.com",
        "https://partner.outlook.cn/PowerShell",
    ],
)
def test_the_address_that_was_switched_off_is_explained(tenant: Tenant, host: str) -> None:
    with pytest.raises(ShellUnavailable, match="October 2023") as raised:
        open_shell(replace(tenant.winrm(), host=host), tenant.request()).__enter__()
    assert "local" in raised.value.hint
    assert "rest" in raised.value.hint


def test_an_unknown_configuration_is_named(tenant: Tenant) -> None:
    with pytest.raises(ShellUnavailable) as raised:
        opened(tenant, configuration="Contoso.JEA").__enter__()
    assert "Contoso.JEA" in raised.value.message


NASTY = [
    "a@b'; Remove-Mailbox * #",
    "$(Get-Process)",
    '`n`"',
    "\"double\" and 'single' and \u2018curly\u2019",
    "two\nlines\r\n",
    "nul\0inside",
    "_x0041_ and _X000A_",
    "emoji \U0001f600, C1 \u0085, tab\t",
    "x" * 4000,
    "</S></Obj>&amp;<!--",
]


@pytest.mark.parametrize("value", NASTY)
def test_values_arrive_unchanged(tenant: Tenant, value: str) -> None:
    with opened(tenant) as shell:
        result = shell.invoke("Write-Output", InputObject=value)
        assert result.ok, result
        assert result.rows == ({"Value": value},)


@pytest.mark.parametrize("value", ["lone \ud800 surrogate", "\uffff", "\ufffe"])
def test_values_that_cannot_travel_are_refused_before_they_are_sent(tenant: Tenant, value: str) -> None:
    with opened(tenant) as shell:
        before = tenant.lab.faults.winrm.requests
        result = shell.invoke("Get-Recipient", Identity=value)
        assert tenant.lab.faults.winrm.requests == before
    assert result.error.kind is ErrorKind.PARAMETER
    assert not result.answered


def test_names_are_names(tenant: Tenant) -> None:
    with opened(tenant) as shell:
        results = shell.invoke_many(
            [CmdletCall("C:\\evil.ps1"), CmdletCall("Get-Recipient;x"), CmdletCall("Get-Recipient", {"a b": "x"})]
        )
    assert [result.error.kind for result in results] == [ErrorKind.PARAMETER] * 3


def test_lists_numbers_and_switches_are_bound(tenant: Tenant) -> None:
    with opened(tenant) as shell:
        result = shell.invoke("Write-Output", InputObject=["a", "b"], NoEnumerate=False)
        assert [row["Value"] for row in result.rows] == ["a", "b"]
        assert shell.invoke("Write-Output", InputObject=2**40).rows == ({"Value": 2**40},)


def test_the_token_is_nowhere_in_what_is_said(tenant: Tenant) -> None:
    request = tenant.request(organization="fabrikam.onmicrosoft.com")
    shell = open_shell(tenant.winrm(), request)
    with pytest.raises(ShellUnavailable) as raised:
        shell.__enter__()
    said = f"{raised.value!r} {raised.value.hint} {shell.steps} {request!r} {tenant.winrm()!r}"
    assert request.access_token.reveal() not in said
    assert tenant.lab.env["DIAG_WINRM_PASSWORD"] not in said


def test_interrupted_while_it_waits(tenant: Tenant) -> None:
    """Ctrl-C stops the pipeline on the host and closes the session before it goes on up."""
    shell = opened(tenant)

    def sleep() -> None:
        with shell:
            threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
            shell.invoke("Start-Sleep", Seconds=30)

    with pytest.raises(KeyboardInterrupt):
        sleep()
    assert endpoint_of(tenant).shells == 0


def test_a_prompt_is_an_error_that_quotes_it(tenant: Tenant) -> None:
    with opened(tenant) as shell:
        result = shell.invoke(
            "Remove-MailboxPermission",
            Identity=tenant.mailbox,
            User="NT AUTHORITY\\SELF",
            AccessRights=["FullAccess"],
            Confirm=True,
        )
    assert result.error.kind is ErrorKind.PROMPT
    assert "Are you sure" in result.error.message


@pytest.mark.parametrize("shape", ["shared-mailbox"])
def test_other_shapes(start: Callable[..., Tenant], shape: str) -> None:
    tenant = start(shape=shape)
    with opened(tenant) as shell:
        (mailbox,) = collect(shell, [tenant.mailbox]).mailboxes
    assert mailbox.recipient.type_details == "SharedMailbox"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"password": Secret("пароль for the host")}, "password"),
        ({"password": Secret("zażółć gęślą")}, "password"),
        ({"password": Secret("half a \ud83d pair")}, "password"),
        ({"password": Secret("half a \ud83d pair"), "auth": "ntlm"}, "not text"),
        ({"password": Secret("half a \udcff pair"), "auth": "negotiate"}, "not text"),
        ({"username": "оператор"}, "user name"),
        ({"username": "operator\udce9", "auth": "ntlm"}, "user name"),
    ],
)
def test_what_the_sign_in_cannot_carry_is_not_blamed_on_the_host(
    tenant: Tenant, overrides: dict[str, Any], words: str
) -> None:
    before = tenant.lab.faults.winrm.requests
    with pytest.raises(ShellUnavailable, match="nothing was sent") as raised:
        opened(tenant, **overrides).__enter__()
    assert raised.value.kind is ErrorKind.PARAMETER
    assert words in raised.value.message
    assert "half a" not in raised.value.message
    assert tenant.lab.faults.winrm.requests == before


def test_a_password_of_latin_1_is_sent(tenant: Tenant) -> None:
    with pytest.raises(ShellUnavailable, match="refuses the account"):
        opened(tenant, password=Secret("pässwörd for the host")).__enter__()
