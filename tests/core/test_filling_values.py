"""Which values may stand in printed commands: whole ones, of the right form, and of nobody else."""

from __future__ import annotations

import pytest

from diagnostics.fitting import fits, fitting, mailbox_to_fill
from diagnostics.report import Report, build, render
from diagnostics.sources.transcript import read
from tests.core.sample import APP, ENTERPRISE, NOW, TENANT


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("mailbox", "erp@fabrikam.com", True),
        ("mailbox", "o'neil@fabrikam.com", True),
        ("mailbox", "*****@fabrikam.com", False),
        ("mailbox", "e…@fabrikam.com", False),
        ("mailbox", "erp@contoso.com:f5984c11", False),
        ("mailbox", "contoso\\erp@contoso.com", False),
        ("mailbox", "Erp <erp@contoso.com>", False),
        ("mailbox", "erp", False),
        ("application_id", APP, True),
        ("application_id", f"{APP[:13]}…", False),
        ("application_id", "erp-mail", False),
        ("tenant_id", TENANT, True),
        ("tenant_id", "contoso.onmicrosoft.com", True),
        ("tenant_id", f"https://login.microsoftonline.com/{TENANT}", False),
        ("tenant_id", "Contoso Ltd", False),
        ("organization", "contoso.onmicrosoft.com", True),
        ("organization", TENANT, False),
        ("imap_port", "993", True),
        ("imap_port", "imap", False),
        ("display_name", "ERP mail", True),
        ("display_name", "", False),
    ],
)
def test_form(name: str, value: str, expected: bool) -> None:
    assert fits(name, value) is expected


def test_one_id_for_two_things_is_neither() -> None:
    values = {"tenant_id": TENANT, "application_id": TENANT.upper(), "enterprise_app_object_id": ENTERPRISE}
    assert fitting(values) == {"enterprise_app_object_id": ENTERPRISE}


@pytest.mark.parametrize(
    ("meant", "others", "expected"),
    [
        ((), ("shared@contoso.com", "erp@nordwind.de"), "erp@nordwind.de"),
        (("shared@contoso.com",), ("erp@nordwind.de",), "erp@nordwind.de"),
        (("two@nordwind.de",), ("erp@nordwind.de", "two@nordwind.de"), "two@nordwind.de"),
        ((), ("shared@contoso.com", "*****@fabrikam.com", "erp@fabrikam.com"), "erp@fabrikam.com"),
        (("*****@fabrikam.com",), ("*****@fabrikam.com", "erp@fabrikam.com"), "erp@fabrikam.com"),
        ((), ("erp@contoso.com",), "erp@contoso.com"),  # there is no other
        (("*****@fabrikam.com",), (), ""),
        ((), ("user@example.com", "*****@nordwind.de"), "user@example.com"),
    ],
)
def test_mailbox(meant: tuple[str, ...], others: tuple[str, ...], expected: str) -> None:
    assert mailbox_to_fill(meant, others) == expected


def commands(report: Report) -> str:
    steps = [step for cause in report.diagnosis.causes for step in cause.fix]
    return "\n".join(command.text for step in steps for command in step.commands)


NOT_CONNECTED = """\
S: * OK The Microsoft Exchange IMAP4 service is ready.
C: A1 AUTHENTICATE XOAUTH2
S: A1 OK AUTHENTICATE completed.
C: A2 EXAMINE INBOX
S: A2 BAD User is authenticated but not connected.
"""


def test_the_address_of_a_manual_and_a_mask_stand_in_no_command_beside_the_real_one() -> None:
    text = (
        "username = *****@nordwind.de\nmailbox = shared@contoso.com\n" + NOT_CONNECTED + "\nmailbox: erp@nordwind.de\n"
    )
    report = build(read([text.encode()], name="ticket.txt"), command="", started=NOW)
    printed = commands(report) + str(report.verdict.asks)
    assert "erp@nordwind.de" in printed
    assert "contoso.com" not in printed
    assert "*****" not in printed


def test_a_mask_alone_leaves_the_command_out() -> None:
    text = "username = *****@nordwind.de\n" + NOT_CONNECTED
    report = build(read([text.encode()], name="ticket.txt"), command="", started=NOW)
    assert "*****" not in commands(report)
    assert "-Identity MAILBOX" in str(report.verdict.asks)


def test_one_id_in_both_places_stands_in_no_command() -> None:
    text = f"tenant_id = {TENANT}\nclient_id = {TENANT}\nAADSTS700016: Application with identifier '{TENANT}' was not found in the directory.\n"
    report = build(read([text.encode()], name="ticket.txt"), command="", started=NOW)
    assert report.diagnosis.first is not None
    for screen in (render(report, width=200), render(report, "yaml")):
        assert f"client_id={TENANT}" not in screen
    assert TENANT not in commands(report)
