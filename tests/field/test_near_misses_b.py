"""Rules that read pasted text near the mailbox stay silent where nothing of the kind was said."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import SettingName
from diagnostics.sources.transcript import read

ROW = "User : {user}\nAccessRights : {{{rights}}}\nDeny : {deny}\nIsInherited : {inherited}\nIdentity : erp\n\n"
CLOSED = "A3 BAD User is authenticated but not connected.\n\n"


def causes(text: str) -> dict[str, str]:
    evidence = read([text.encode()], name="t")
    return {ranked.cause: ranked.confidence.value for ranked in diagnose(evidence, run_checks(evidence)).causes}


def row(user: str, rights: str = "FullAccess", *, deny: bool = False, inherited: bool = False) -> str:
    return ROW.format(user=user, rights=rights, deny=deny, inherited=inherited)


def test_a_lone_entry_that_opens_nothing_is_named() -> None:
    assert causes(CLOSED + row("Mail import", deny=True))["perm-deny-entry"] == "likely"
    assert causes(CLOSED + row("Mail import", "ReadPermission"))["perm-readpermission-only"] == "likely"


def test_a_lone_entry_without_a_failure_is_no_more_than_possible() -> None:
    assert causes(row("Mail import", deny=True))["perm-deny-entry"] == "possible"


@pytest.mark.parametrize(
    "rows",
    [
        row("Mail import", deny=True, inherited=True),
        row("Mail import", deny=True) + row("Another"),
        row("Mail import", "ReadPermission") + row("Mail import"),
        row("NT AUTHORITY\\SELF", "FullAccess, ReadPermission"),
    ],
)
def test_other_peoples_entries_are_not_blamed(rows: str) -> None:
    assert {"perm-deny-entry", "perm-readpermission-only"} & set(causes(CLOSED + rows)) == set()


def test_a_sending_server_is_no_imap_server() -> None:
    def servers(text: str) -> list[str]:
        settings = read([text.encode()], name="t").settings
        return [setting.raw for setting in settings if setting.name is SettingName.IMAP_SERVER]

    assert servers("Could not connect to SMTP host: smtp.office365.com, port: 587") == []
    assert servers("imap_host = smtp.office365.com") == ["smtp.office365.com"]


def test_a_name_mismatch_of_an_address_is_the_fixed_address() -> None:
    failed = "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
    settings = "imap_port = 993\nimap_user = erp@contoso.com\n\n"
    address = (
        f"imap_host = 40.101.12.98\n{settings}{failed}IP address mismatch, certificate is not valid for '40.101.12.98'."
    )
    assert next(iter(causes(address))) == "net-wrong-host-or-hardcoded-ip"
    issuer = f"imap_host = outlook.office365.com\n{settings}{failed}unable to get local issuer certificate"
    assert next(iter(causes(issuer))) == "net-certificate-verify-failed"


@pytest.mark.parametrize(
    "text",
    [
        "Peer certificate CN of outlook.office365.com:993 was checked",
        "the hostname outlook.office365.com:993 matches",
        "outlook.office365.com:993 sent its greeting in 12 ms",
    ],
)
def test_a_connection_that_works_is_no_failure(text: str) -> None:
    assert [session.attempts for session in read([text.encode()], name="t").imap_sessions if session.attempts] == []


@pytest.mark.parametrize(
    "text",
    [
        "decoded: user=erp@contoso.comauth=Bearer eyJ0eXAiOiJKV1QiLCJhbGci",
        "decoded: user=erp@contoso.com auth=Bearer eyJ0eXAiOiJKV1QiLCJhbGci",
    ],
)
def test_a_byte_that_a_page_does_not_show_is_no_fault(text: str) -> None:
    assert [string.faults for string in read([text.encode()], name="t").sasl_strings if string.faults] == []


def test_permissions_not_granted_in_a_sentence_are_not_the_portals_column() -> None:
    assert "consent-admin-consent-missing" not in causes("permission not granted for client credential flow")
    assert "consent-admin-consent-missing" in causes("IMAP.AccessAsApp  Application  Not granted for Contoso")


def test_a_personal_token_explains_the_closed_mailbox() -> None:
    token = '"access_token":"EwBgA8l6BAAUkj1NuJYtTVha+Mogk+HEiPbQo04AAQ0Abcdefghijklmnop"\n'
    assert next(iter(causes(token + CLOSED))) == "mailbox-personal-account"
    assert "mailbox-personal-account" not in causes(CLOSED)


def test_a_table_that_forbids_basic_auth_is_no_remark() -> None:
    table = "Name AllowBasicAuthImap AllowBasicAuthPop\n---- ------------------ -----------------\nx    {}               True\n"
    assert "auth-policy-output-misleads" in causes(table.format("True "))
    assert "auth-policy-output-misleads" not in causes(table.format("False"))


@pytest.mark.parametrize(
    "text", ["NAMESPACE -> BAD User is authenticated but not connected.", "login => A1 NO AUTHENTICATE failed."]
)
def test_an_arrow_may_lead_to_the_answer(text: str) -> None:
    assert [step.status for session in read([text.encode()], name="t").imap_sessions for step in session.steps] != []


@pytest.mark.parametrize("text", ["--> b'A1 NOOP'", "=> 'A1 LOGOUT'", "-> A1 SELECT BADGES", 'C: A1 LIST "" NOTES'])
def test_what_a_client_says_is_no_answer(text: str) -> None:
    assert [step for session in read([text.encode()], name="t").imap_sessions for step in session.steps] == []
