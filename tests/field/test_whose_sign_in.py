"""A person's sign-in is judged as one, and no mechanism or server is stated that a text does not show."""

from __future__ import annotations

import datetime as dt

import pytest

from diagnostics.diagnosis import Diagnosis
from diagnostics.report import build
from diagnostics.sources.transcript import read

READY = "* OK The Microsoft Exchange IMAP4 service is ready. [TQBOADIAUABSADAAMQBDAEEAMAAwADAANwA=]\n"
REFUSED = "C: A1 AUTHENTICATE XOAUTH2 ********\nS: A1 NO AUTHENTICATE failed.\n"
CLOSED = "S: A1 OK AUTHENTICATE completed.\nC: A2 SELECT INBOX\nS: A2 BAD User is authenticated but not connected.\n"
TOKEN = (
    '{"aud":"https://outlook.office.com","appid":"3ea1db74-2319-4f8f-bbd6-725a5d337f07","scp":"IMAP.AccessAsUser.All SMTP.Send",'
    '"upn":"anna@contoso.com","tid":"26d1d411-bc91-47a0-a602-02a7235f6e75","oid":"1f5f159b-9b81-434e-98d9-fc486af17296"}\n'
)
DELEGATED = {
    "a scope": "scope = https://outlook.office.com/IMAP.AccessAsUser.All offline_access\n",
    "a code": "grant_type=authorization_code&client_id=3ea1db74-2319-4f8f-bbd6-725a5d337f07&redirect_uri=http%3A%2F%2Flocalhost\n",
    "a refresh token": "oauth2_refresh_token = 0.AXoA********\n",
    "a device code": "To sign in, open https://microsoft.com/devicelogin (device code flow).\n",
    "msal": 'app = msal.PublicClientApplication(CLIENT_ID)\nflow = app.initiate_device_flow(["IMAP.AccessAsUser.All"])\n',
    "a token": TOKEN,
    "Spanish": "El usuario da su consentimiento con un código de autorización, después falla.\n",
    "German": "Anmeldung mit Aktualisierungstoken des Benutzers.\n",
}
APPLICATIONS = ("exo-", "claims-role", "claims-wrong-role", "claims-delegated")


def diagnosed(text: str) -> Diagnosis:
    return build(read([text.encode()], name="t"), command="diag analyze", started=dt.datetime.now(dt.UTC)).diagnosis


@pytest.mark.parametrize("end", [REFUSED, CLOSED], ids=["refused", "closed"])
@pytest.mark.parametrize("begin", DELEGATED.values(), ids=DELEGATED)
def test_a_persons_sign_in_accuses_no_application(begin: str, end: str) -> None:
    named = [cause.cause for cause in diagnosed(f"{begin}\n{READY}{end}").causes]
    assert named
    assert [cause for cause in named if cause.startswith(APPLICATIONS)] == []


def test_an_applications_sign_in_is_still_accused_of_what_can_be_wrong_with_it() -> None:
    asked = "grant_type=client_credentials&scope=https%3A%2F%2Foutlook.office365.com%2F.default\n"
    named = [cause.cause for cause in diagnosed(f"{asked}\n{READY}{REFUSED}").causes]
    assert "exo-sp-not-registered" in named


MECHANISMS = [
    ("DEBUG IMAPS: AUTHENTICATE PLAIN command result: A1 NO AUTHENTICATE failed.", "AUTHENTICATE PLAIN"),
    ("IMAPS: AUTHENTICATE LOGIN command result: IUR1 NO AUTHENTICATE failed.", "AUTHENTICATE LOGIN"),
    (
        "AuthenticationException: AUTHENTICATE failed.\n   at ImapClient.AuthenticateAsync(SaslMechanismLogin m)",
        "AUTHENTICATE LOGIN",
    ),
    (
        "AuthenticationException: AUTHENTICATE failed.\n   at ImapClient.AuthenticateAsync(SaslMechanismOAuth2 m)",
        "AUTHENTICATE XOAUTH2",
    ),
    ("auth mechanism: CRAM-MD5\nA1 NO AUTHENTICATE failed.", "AUTHENTICATE CRAM-MD5"),
    ("AUTHENTICATE XOAUTH2: A1 NO AUTHENTICATE failed.", "AUTHENTICATE XOAUTH2"),
    ("A1 NO AUTHENTICATE failed.", "AUTHENTICATE"),
]


@pytest.mark.parametrize(("text", "command"), MECHANISMS)
def test_the_mechanism_is_the_texts_own(text: str, command: str) -> None:
    sessions = read([text.encode()], name="t").imap_sessions
    assert [step.command for session in sessions for step in session.steps] == [command]


@pytest.mark.parametrize(("text", "command"), MECHANISMS)
def test_no_mechanism_is_stated_that_the_text_does_not_show(text: str, command: str) -> None:
    said = " ".join(
        sentence for cause in diagnosed(f"{text}\n\noutlook.office365.com").causes for sentence in cause.evidence
    )
    assert said
    if "XOAUTH2" not in command:
        assert "XOAUTH2" not in said
    if command == "AUTHENTICATE":
        assert "the sign-in was answered" in said


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("imaplib.IMAP4.error: b'LOGIN failed.'\noutlook.office365.com", "“LOGIN failed.”"),
        ("A1 NO LOGIN failed.\noutlook.office365.com", "“NO LOGIN failed.”"),
        (
            "MailKit: User is authenticated but not connected.\noutlook.office365.com",
            "“User is authenticated but not connected.”",
        ),
        ("BAD User is authenticated but not connected.", "“BAD User is authenticated but not connected.”"),
    ],
)
def test_an_answer_is_quoted_as_the_text_has_it(text: str, quoted: str) -> None:
    assert quoted in " ".join(sentence for cause in diagnosed(text).causes for sentence in cause.evidence)
