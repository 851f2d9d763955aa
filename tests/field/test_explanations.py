"""Each row of what programs say of themselves, and of what people found out, is read, and what only sounds alike is not."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.findings import Confidence
from diagnostics.sources.transcript import read
from diagnostics.sources.transcript.clients import CLIENTS
from diagnostics.sources.transcript.explanations import EXPLANATIONS

REFUSED = "\n\noutlook.office365.com:993\nA1 NO AUTHENTICATE failed.\n"

# kind -> (texts that say it, texts that nearly say it)
SENTENCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "client-lacks-xoauth2": (
        (
            "`authenticate': unknown auth type - \"XOAUTH2\" (ArgumentError)",
            "unknown auth type - `XOAUTH2' (ArgumentError)",
            "Error: Unsupported authentication mechanism: XOAUTH2",
            "SASL mechanism XOAUTH2 not available",
            "XOAUTH2 is not supported",
            "IMAP error: selected SASL mechanism(s) not available;\n   selected: XOAUTH2\n   available: PLAIN",
        ),
        (
            "AUTH=XOAUTH2 is supported",
            "XOAUTH2 not supported by the server",
            'unknown auth type - "CRAM-MD5" (ArgumentError)',
            "A1 AUTHENTICATE XOAUTH2 dXNlcj1",
        ),
    ),
    "client-finds-no-mechanism": (
        (
            "Error: No supported authentication method(s) available. Unable to login.",
            "curl: (67) No known authentication mechanisms supported!",
            "No authentication mechanisms supported by both server and client",
        ),
        ("the server offers authentication mechanisms", "no authentication needed"),
    ),
    "said-token-of-another-account": (
        (
            "The token was issued for another account.",
            "it turned out the token belongs to a different user",
            "I had signed in with the wrong account",
            "el error era porque estaba dando el token de autenticación para otra cuenta",
            "había iniciado sesión con otra cuenta",
            "el token es de otro usuario",
            "Das Token gehörte zu einem anderen Konto",
            "Wir waren mit dem falschen Konto angemeldet",
            "le jeton était pour un autre compte",
            "il token era di un altro account",
            "o token era de outra conta",
        ),
        (
            "the token is of the right account",
            "another account works",
            "el token es correcto",
            "a token for another resource",
            "die Konten sind andere",
        ),
    ),
    "said-not-microsoft-365": (
        (
            "legacy.example.net is not Microsoft 365",
            "an ordinary IMAP server, no Microsoft 365",
            "contoso.com is not an Office 365 domain",
            "the domain isn't hosted in Microsoft 365",
            "El dominio no está en Microsoft 365",
            "no es un dominio de Office 365",
            "Die Domain liegt nicht bei Microsoft 365",
            "ein Hoster ohne Microsoft 365",
            "ce n'est pas un domaine Microsoft 365",
        ),
        ("it is Microsoft 365", "Microsoft 365 does not answer", "not only Microsoft 365 mailboxes", "El buzón está en Microsoft 365"),
    ),
    "user-type-personal": (
        ("NO AUTHENTICATE failed. UserType:OutlookCom", "A1 NO AUTHENTICATE failed. <UserType:OutlookCom>"),
        ("UserType:Member", "outlook.com"),
    ),
    "said-outlook-com-address": (
        (
            "the mailbox is an outlook.com address",
            "it is a hotmail.com account",
            "mi cuenta de outlook.com",
            "ein Postfach bei outlook.com",
            "an @outlook.com mailbox",
        ),
        (
            "the address imap-mail.outlook.com",
            "the account is on outlook.office365.com",
            "AM0PR02CA0134.eurprd02.prod.outlook.com",
            "open outlook.com in a browser",
        ),
    ),
}  # fmt: skip
CAUSES = {
    "client-lacks-xoauth2": "auth-client-lacks-xoauth2",
    "client-finds-no-mechanism": "auth-client-lacks-xoauth2",
    "said-token-of-another-account": "interactive-wrong-account-selected",
    "said-not-microsoft-365": "mailbox-not-in-exchange-online",
    "said-outlook-com-address": "mailbox-personal-account",
    "user-type-personal": "mailbox-personal-account",
}
SAID = [(kind, text) for kind, (said, _) in SENTENCES.items() for text in said]
NEARLY = [(kind, text) for kind, (_, nearly) in SENTENCES.items() for text in nearly]


def kinds(text: str) -> set[str]:
    return {remark.kind for remark in read([text.encode()], name="t").remarks}


def ranked(text: str) -> list[tuple[str, Confidence]]:
    evidence = read([text.encode()], name="t")
    return [(cause.cause, cause.confidence) for cause in diagnose(evidence, run_checks(evidence)).causes]


def test_every_row_is_tried() -> None:
    assert {row.kind for row in (*CLIENTS, *EXPLANATIONS)} == set(SENTENCES) == set(CAUSES)
    assert all(row.source for row in (*CLIENTS, *EXPLANATIONS))


@pytest.mark.parametrize(("kind", "text"), SAID)
def test_a_sentence_is_read(kind: str, text: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(("kind", "text"), NEARLY)
def test_what_only_sounds_alike_is_not(kind: str, text: str) -> None:
    assert kind not in kinds(text)


@pytest.mark.parametrize(("kind", "text"), SAID)
def test_beside_a_refusal_it_is_named_first(kind: str, text: str) -> None:
    assert ranked(text + REFUSED)[0][0] == CAUSES[kind]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, text in SAID if kind.startswith("said-")])
def test_words_alone_are_never_likely(kind: str, text: str) -> None:
    assert [cause for cause, sure in ranked(text) if sure is not Confidence.POSSIBLE] == [], kind


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "The window ends well with these:\n\noffline_access email IMAP.AccessAsUser.All Mail.Read\n\nand then",
            "claims-aud-graph-delegated-short-scope",
        ),
        (
            "asked for\nIMAP.AccessAsUser.All\noffline_access\nopenid\n\nand then",
            "claims-aud-graph-delegated-short-scope",
        ),
        ("https://graph.microsoft.com/.default\n\nand then", "claims-aud-graph"),
        (
            "https://outlook.office.com/IMAP.AccessAsUser.All https://graph.microsoft.com/Mail.Read\n\nand then",
            "token-scopes-of-two-resources",
        ),
    ],
)
def test_scopes_that_stand_alone_are_read(text: str, cause: str) -> None:
    assert ranked(text + REFUSED)[0][0] == cause


@pytest.mark.parametrize(
    "text",
    [
        "API permissions of the application:\nIMAP.AccessAsUser.All\noffline_access\nUser.Read\n\nand then",
        "Permisos concedidos:\n\nIMAP.AccessAsUser.All\noffline_access\n\nand then",
        "https://outlook.office.com/IMAP.AccessAsUser.All offline_access\n\nand then",
        "https://outlook.office365.com/.default\n\nand then",
    ],
)
def test_right_scopes_and_lists_of_permissions_accuse_nobody(text: str) -> None:
    assert not [cause for cause, _ in ranked(text + REFUSED) if cause.startswith(("claims-aud", "token-scope"))]
