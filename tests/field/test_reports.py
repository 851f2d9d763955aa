"""Each row of the table of reports recognises its sentence, and not the one that only sounds like it."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.findings import Confidence
from diagnostics.sources.transcript import read
from diagnostics.sources.transcript.reports import REPORTS

# kind -> (a text that says it, texts that nearly say it)
SENTENCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "said-used-wrong-object-id": (
        "The solution was that I used the wrong Object-ID.",
        ("The Object ID is shown on the Overview page.", "I used the Object ID of the Enterprise Application."),
    ),
    "said-nothing-registered": (
        "I have not run New-ServicePrincipal yet.",
        ("I have run New-ServicePrincipal.", "We did nothing about the password."),
    ),
    "said-cmdlet-unavailable": (
        "If New-ServicePrincipal does not work, you are connected to the wrong tenant.",
        ("New-ServicePrincipal works now.", "The printer does not work."),
    ),
    "said-no-ad-recipient": ("### `NoADRecipient` durch falschen Account", ("no recipient in AD", "BadRecipient")),
    "said-upn-differs": (
        "The UPN differs from the primary SMTP address.",
        ("The UPN is the SMTP address.", "The SMTP server is different from the IMAP server."),
    ),
    "said-backslash-login": (
        "User Name: user@contoso.com\\shared-mailbox",
        ("sent to user@contoso.com\\r\\n", "\\\\server@contoso.com\\share\\folder", "C:\\Users\\erp@contoso.com"),
    ),
    "said-group": (
        "projects@contoso.com is a Microsoft 365 group",
        ("The Microsoft 365 groups page", "a group of people", "an access control list"),
    ),
    "said-mx-elsewhere": (
        "contoso.com MX preference = 10, mail exchanger = mx1.fabrikam.example",
        (
            "contoso.com MX preference = 10, mail exchanger = contoso-com.mail.protection.outlook.com",
            "contoso.com. 300 IN MX 0 contoso-com.w-v1.mx.microsoft.",
        ),
    ),
    "mailbox-plan-withdrawn": (
        '{"capabilityStatus":"Deleted","service":"exchange"}',
        (
            '{"capabilityStatus":"Enabled","service":"exchange"}',
            '{"capabilityStatus":"Deleted","service":"TeamspaceAPI"}',
            '[{"capabilityStatus":"Deleted","service":"exchange"},{"capabilityStatus":"Enabled","service":"exchange"}]',
        ),
    ),
    "said-deny-overrides": (
        "Typically, deny permissions override allow permissions.",
        ("Deny: False", "the policy overrides the permissions"),
    ),
    "hosts-file-entry": (
        "127.0.0.1 localhost\n40.101.12.98   outlook.office365.com\n",
        (
            "40.101.12.98 outlook.office365.com:993 connected",
            " 7  40.101.12.98  14 ms outlook.office365.com",
            "40.101.12.98 www.contoso.com",
        ),
    ),
    "mailkit-authentication-failed": (
        "MailKit.Security.AuthenticationException: Authentication failed.",
        ("System.Security.Authentication.AuthenticationException: Authentication failed", "MailKit 4.0 is installed"),
    ),
    "imap-plain-retried": (
        "Retrying PLAIN authentication after AUTHENTICATE failed.",
        ("Retrying authentication after 5 seconds",),
    ),
    "imap-login-failed-data": ("error: b'LOGIN failed.'", ("b'login ok'", "LOGIN failed for user 'sa'")),
    "smtp-reply-in-a-tuple": (
        "smtplib.SMTPAuthenticationError: (535, b'5.7.3 Authentication unsuccessful')",
        ("(535, b'other')", "(42, '5.7.3')"),
    ),
    "said-now-and-then": (
        "The same code works sometimes.",
        ("It worked yesterday.", "Sometimes I read the logs."),
    ),
    "said-many-at-once": (
        "We run 20 workers at the same time",
        ("the server has 4 workers", "nginx: 1024 worker connections are not enough"),
    ),
    "said-personal-mailbox": (
        "outlook.com (MS public email domain)",
        ("outlook.office365.com is the server", "our public website", "a personal note about e-mail"),
    ),
}  # fmt: skip


def kinds(text: str) -> set[str]:
    return {remark.kind for remark in read([text.encode()], name="t").remarks}


def test_every_row_is_tried() -> None:
    assert {row.kind for row in REPORTS} == set(SENTENCES)
    assert all(row.source for row in REPORTS)


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_sentence_and_its_near_misses(kind: str) -> None:
    said, nearly = SENTENCES[kind]
    assert kind in kinds(said)
    assert [text for text in nearly if kind in kinds(text)] == []


@pytest.mark.parametrize("kind", [kind for kind in SENTENCES if kind.startswith("said-")])
def test_words_alone_are_never_likely(kind: str) -> None:
    evidence = read([SENTENCES[kind][0].encode()], name="t")
    ranked = diagnose(evidence, run_checks(evidence)).causes
    assert [cause.cause for cause in ranked if cause.confidence is not Confidence.POSSIBLE] == []
