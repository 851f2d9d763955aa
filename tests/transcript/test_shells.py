"""Rows of cmdlets are of Exchange Online or of Exchange on premises: the table of sources/transcript/shells row by row."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import Evidence
from diagnostics.exit_codes import exit_code
from diagnostics.servers import ON_PREMISES_OUTPUT
from diagnostics.sources.transcript import read
from diagnostics.sources.transcript.shells import by_fields

CAS = "Get-CASMailbox erp@contoso.com | fl ImapEnabled\n\nImapEnabled : False\n"
KIND = "Name : ERP\nRecipientTypeDetails : {}\nPrimarySmtpAddress : erp@contoso.com\n"
NO_RULE = "Get-Recipient erp | fl\n\n"


def evidence(text: str) -> Evidence:
    return read([text.encode()], name="t")


def is_left_out(text: str) -> bool:
    return any(remark.kind == ON_PREMISES_OUTPUT for remark in evidence(text).remarks)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"RecipientTypeDetails": "RemoteUserMailbox"}, False),
        ({"RecipientTypeDetails": "RemoteSharedMailbox"}, False),
        ({"RecipientTypeDetails": "UserMailbox"}, None),
        ({"AdminDisplayVersion": "Version 15.20 (Build 7452.49)"}, True),
        ({"AdminDisplayVersion": "Version 15.2 (Build 1118.7)"}, False),
        ({"AdminDisplayVersion": "Version 14.3 (Build 123.4)"}, False),
        ({"Database": "EURPR01DG123-db045"}, True),
        ({"Database": "Mailbox Database 1702"}, False),
        ({"Database": "EURPR01DG1..."}, None),
        ({"ServerName": "am0pr01mb1234"}, True),
        ({"ServerName": "ex01"}, False),
        ({"Identity": "corp.fabrikam.local/Users/ERP"}, False),
        (
            {
                "Identity": "EURPR01A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/contoso.onmicrosoft.com/erp"
            },
            None,
        ),
        ({"Identity": "erp"}, None),
        ({}, None),
    ],
)
def test_a_row_shows_it_by_its_own_values(fields: dict[str, str], *, expected: bool | None) -> None:
    told = by_fields(fields)
    assert (None if told is None else told == "") is expected


@pytest.mark.parametrize(
    ("before", "left_out"),
    [
        ("[PS] C:\\Windows\\system32>", True),
        ("PS C:\\> ", False),
        ("PS C:\\> Connect-ExchangeOnline\nPS C:\\> ", False),
        ("PS C:\\> Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn\nPS C:\\> ", True),
        ("Importing module. Connected to ex03.firma.lan.\n", True),
        ("VERBOSE: Connecting to EX01.corp.fabrikam.local.\n", True),
        ("         Welcome to the Exchange Management Shell!\n", True),
        (
            "New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri http://ex01.corp.local/PowerShell/\n",
            True,
        ),
        (
            "New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri https://outlook.office365.com/powershell\n",
            False,
        ),
        ("[PS] C:\\>Get-ExchangeServer\n\nPS C:\\> Connect-ExchangeOnline\nPS C:\\> ", False),
        ("Connect-ExchangeOnline\n\n[PS] C:\\>", True),
        ("", False),
    ],
)
def test_what_stands_above_decides(before: str, *, left_out: bool) -> None:
    assert is_left_out(before + CAS) is left_out


def test_a_row_beside_one_of_its_kind_is_taken_with_it() -> None:
    other = "Name : ERP\nServerName : ex01\nRecipientTypeDetails : UserMailbox\n\n"
    assert is_left_out(other + CAS)


@pytest.mark.parametrize("kind", ["RemoteUserMailbox", "RemoteSharedMailbox"])
def test_a_remote_mailbox_is_in_the_cloud_and_nobody_is_accused(kind: str) -> None:
    found = evidence(NO_RULE + KIND.format(kind))
    findings = run_checks(found)
    diagnosis = diagnose(found, findings)
    assert diagnosis.causes == ()
    assert exit_code(found, findings, diagnosis) == 3
    hints = [finding.judgement.hint for finding in findings if finding.check == "imap-server"]
    assert any("RemoteUserMailbox" in hint for hint in hints)
