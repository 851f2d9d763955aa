"""The mail server that a line names, and which of several a conversation belongs to."""

from __future__ import annotations

import pytest

from diagnostics.sources.transcript import read
from diagnostics.sources.transcript.hosts import named


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        ("Connected to imaps://imap.hs20.net:993/", "imap.hs20.net", 993),
        ("imap_open(): {exchange.gemeinde.ch:143/imap/notls}", "exchange.gemeinde.ch", 143),
        ("Connected to imaps://mail.hoster-one.example.net:993/", "mail.hoster-one.example.net", 993),
        ("mail.server1.example.net:143", "mail.server1.example.net", 143),
        ("mail.verein.de refused: NO LOGIN failed.", "mail.verein.de", 0),
        ("outlook.office365.com works, imap.gmx.net says NO LOGIN failed.", "imap.gmx.net", 0),
        ("mail.url=imaps://pedidos%40firma.at:****@mx.firma.at:993/INBOX", "mx.firma.at", 993),
        ("host: mail.verein.de", "mail.verein.de", 0),
        ("'host' => 'posteingang.firma.at',", "posteingang.firma.at", 0),
        ("Servidor imap.correo.es", "imap.correo.es", 0),
        ("telnet ex01.empresa.local 143", "ex01.empresa.local", 0),
        ("Error login on [exchange2010.local] with user [max]", "exchange2010.local", 0),
        ("Connecting to 10.1.4.20 port 143", "10.1.4.20", 0),
        ("outlook.office365.com:993", "outlook.office365.com", 993),
        ("server = partner.outlook.cn", "partner.outlook.cn", 0),
    ],
)
def test_a_mail_server_is_found(line: str, host: str, port: int) -> None:
    found = named(line)
    assert found is not None
    assert (found.name, found.port) == (host, port)


@pytest.mark.parametrize(
    "line",
    [
        "From: anna@mail.contoso.com",
        "our mail goes through mail.contoso.com",
        "our mail goes through mail.contoso.com. In Office 365 we get NO LOGIN failed.",
        "scope = https://outlook.office365.com/.default",
        '"aud": "https://outlook.office.com"',
        "mail.imap.host=",
        "mail.imaps.ssl.enable=true",
        "at MailKit.Net.Imap.ImapClient.AuthenticateAsync",
        "imap_tools.errors.MailboxLoginError",
        "imap.select(folder)",
        "server: smtp.strato.de",
        "see https://docs.contoso.com/imap",
        "File mail.import.py, line 12",
        "Host1: exchange2010.local  Host2: outlook.office365.com",
        "127.0.0.1:1993",
        "203.0.113.4:993",
        "login.microsoftonline.com:443",
    ],
)
def test_what_only_looks_like_one_is_none(line: str) -> None:
    assert named(line) is None


def test_two_accounts_are_two_conversations() -> None:
    text = (
        "host imap.gmail.com:993\na1 NO [AUTHENTICATIONFAILED] LOGIN failed.\n"
        "host outlook.office365.com:993\na1 NO AUTHENTICATE failed.\n"
    )
    sessions = read([text.encode()], name="t").imap_sessions
    assert [session.server for session in sessions] == ["imap.gmail.com", "outlook.office365.com"]


def test_a_host_below_is_taken_where_it_is_the_only_one() -> None:
    def servers(text: str) -> list[str]:
        return [session.server for session in read([text.encode()], name="t").imap_sessions]

    assert servers("a1 NO AUTHENTICATE failed.\n\nServer: outlook.office365.com\n") == ["outlook.office365.com"]
    below = "a1 NO AUTHENTICATE failed.\n\nServer: outlook.office365.com\n\nServer: imap.gmail.com\n"
    assert servers(below) == [""]


def test_the_second_sign_in_of_a_connection_is_at_the_same_server() -> None:
    text = (
        "S: * OK Gimap ready for requests\nC: a1 LOGIN x y\nS: a1 NO failed\nC: a2 LOGIN x z\nS: a2 NO failed again\n"
    )
    sessions = read([text.encode()], name="t").imap_sessions
    assert [session.greeting for session in sessions] == ["Gimap ready for requests"] * 2


def test_a_greeting_keeps_its_bracket_when_a_window_broke_the_line() -> None:
    text = (
        "* OK The Microsoft Exchange IMAP4 service is ready.\n"
        "[TQBOADIAUABSADAAMQBDAEEAMAAwADAANwA=]\n2 LOGIN a b\n2 NO LOGIN failed.\n"
    )
    (session,) = read([text.encode()], name="t").imap_sessions
    assert session.greeting_host == "MN2PR01CA0007"
