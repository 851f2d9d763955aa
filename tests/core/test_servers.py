"""Whose server it is: the table of diagnostics/servers row by row; recorded where a source is named there, else assumed."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace

import pytest

from diagnostics.evidence import (
    Evidence,
    ImapSession,
    ImapStep,
    Provenance,
    Remark,
    ReplyStatus,
    Setting,
    SettingName,
    Source,
    TokenRequest,
)
from diagnostics.servers import (
    ONLINE_IN_LINES,
    ONLINE_IN_WORDS,
    OTHER_IN_LINES,
    OTHER_IN_WORDS,
    Server,
    Shown,
    is_exchanges_refusal,
    is_front_end,
    of,
    of_host,
    of_session,
    of_text,
)
from diagnostics.sources.transcript import read

HERE = Provenance(Source.TEXT, "t:1")
READY = "The Microsoft Exchange IMAP4 service is ready."
ONLINE, OTHER, UNKNOWN = Server.ONLINE, Server.OTHER, Server.UNKNOWN


def session(
    server: str = "",
    greeting: str = "",
    host: str = "",
    capabilities: str = "",
    answered: tuple[str, ReplyStatus, str] | None = None,
) -> ImapSession:
    steps = (ImapStep(*answered),) if answered else ()
    offered = tuple(capabilities.split())
    return ImapSession(HERE, server=server, greeting=greeting, greeting_host=host, capabilities=offered, steps=steps)


def evidence(*sessions: ImapSession, remarks: tuple[str, ...] = (), live: bool = False) -> Evidence:
    told = tuple(Remark(kind, "x", HERE) for kind in remarks)
    now = dt.datetime(2024, 3, 6, tzinfo=dt.UTC)
    return Evidence(judged_at=now, live=live, imap_sessions=sessions, remarks=told)


NO = ReplyStatus.NO
OWN_LINES = {
    "a front end of Microsoft's": (session(host="FR4P281CA0348.DEUP281.PROD.OUTLOOK.COM"), ONLINE),
    "a front end without its domain": (session(host="MN2PR01CA0007"), ONLINE),
    "a name in the bracket that was cut off": (session(greeting=READY, host="BN6PR"), UNKNOWN),
    "another host in the bracket": (session(host="EX01.corp.fabrikam.local"), OTHER),
    "the bracket outweighs the name of the server": (
        session("mail.fabrikam.com", READY, "BJXPR01CA0063.CHNPR01.prod.partner.outlook.cn"),
        ONLINE,
    ),
    "another product greets": (session(greeting="Gimap ready for requests"), OTHER),
    "another product greets under Exchange Online's name": (session("outlook.office365.com", "Dovecot ready."), OTHER),
    "who is busy says not who it is": (session(greeting="* BYE Connection is closed. 14"), UNKNOWN),
    "an answer names a host of Microsoft's": (
        session("mail.fabrikam.com", answered=("LOGIN", NO, "LOGIN failed. [AM0PR04.eurprd04.prod.outlook.com]")),
        ONLINE,
    ),
    "an answer names a kind of user": (
        session(answered=("LOGIN", NO, "AuthFailed:LogonDenied-BasicAuthBlocked-<UserType:OrgId>")),
        ONLINE,
    ),
    "NTLM": (session(greeting=READY, capabilities="IMAP4rev1 AUTH=PLAIN AUTH=NTLM"), OTHER),
    "GSSAPI": (session(capabilities="IMAP4rev1 AUTH=GSSAPI"), OTHER),
    "NTLM tried": (session(answered=("AUTHENTICATE NTLM", NO, "AUTHENTICATE failed.")), OTHER),
    "Exchange with XOAUTH2": (session(greeting=READY, capabilities="IMAP4 AUTH=PLAIN AUTH=XOAUTH2"), ONLINE),
    "XOAUTH2 refused in Exchange's words": (
        session(answered=("AUTHENTICATE XOAUTH2", NO, "AUTHENTICATE failed.")),
        ONLINE,
    ),
    "XOAUTH2 refused in other words": (
        session(answered=("AUTHENTICATE XOAUTH2", NO, "[AUTHENTICATIONFAILED] Invalid credentials")),
        UNKNOWN,
    ),
    "XOAUTH2 refused by Apache James": (
        session(answered=("AUTHENTICATE XOAUTH2", NO, "AUTHENTICATE failed. Authentication failed.")),
        UNKNOWN,
    ),
    "a password refused in Exchange's words": (session(answered=("LOGIN", NO, "LOGIN failed.")), UNKNOWN),
    "the host of a cloud": (session("partner.outlook.cn"), ONLINE),
    "the host of another provider": (session("imap.strato.de"), OTHER),
    "Exchange without a bracket alone": (session(greeting=READY), UNKNOWN),
    "nothing": (session(), UNKNOWN),
}


@pytest.mark.parametrize(("one", "expected"), OWN_LINES.values(), ids=OWN_LINES)
def test_a_conversation_is_judged_by_its_own_lines(one: ImapSession, expected: Server) -> None:
    assert of_session(one).server is expected


@pytest.mark.parametrize(
    ("remarks", "expected", "in_lines"),
    [
        ((), UNKNOWN, True),
        ((ONLINE_IN_LINES,), ONLINE, True),
        ((ONLINE_IN_WORDS,), ONLINE, False),
        ((OTHER_IN_LINES,), OTHER, True),
        ((OTHER_IN_WORDS,), OTHER, False),
        ((ONLINE_IN_LINES, OTHER_IN_WORDS), ONLINE, True),
        ((ONLINE_IN_WORDS, OTHER_IN_LINES), OTHER, True),
        ((ONLINE_IN_LINES, OTHER_IN_LINES), UNKNOWN, True),
        ((ONLINE_IN_WORDS, OTHER_IN_WORDS), UNKNOWN, True),
    ],
)
def test_lines_of_machines_come_before_words_and_both_sides_tell_nothing(
    remarks: tuple[str, ...], expected: Server, *, in_lines: bool
) -> None:
    shown = of_text(evidence(remarks=remarks))
    assert (shown.server, shown.in_lines) == (expected, in_lines)


def test_a_conversation_without_a_sign_takes_the_texts() -> None:
    bare = session(answered=("LOGIN", NO, "LOGIN failed."))
    assert of(bare, evidence(bare, remarks=(ONLINE_IN_WORDS,))).is_online
    assert of(bare, evidence(bare, remarks=(OTHER_IN_LINES,))).is_other
    assert of(bare, evidence(bare)).server is UNKNOWN


def test_exchange_without_a_bracket_is_on_premises_where_nothing_else_is_shown() -> None:
    bare = session(greeting=READY, answered=("LOGIN", NO, "LOGIN failed."))
    assert of(bare, evidence(bare)).is_other
    assert of(bare, evidence(bare, remarks=(ONLINE_IN_LINES,))).is_online


def test_a_bracket_that_was_masked_is_a_bracket() -> None:
    masked = session(greeting=f"{READY} [xxxxxxxx]", answered=("LOGIN", NO, "LOGIN failed."))
    shown = of(masked, evidence(masked))
    assert (shown.is_online, shown.in_lines) == (True, False)
    assert of(masked, evidence(masked, remarks=(OTHER_IN_LINES,))).is_other


def test_two_accounts_are_judged_each_by_its_own_lines() -> None:
    gmail, online = session("imap.gmail.com"), session("outlook.office365.com")
    both = evidence(gmail, online)
    assert [of(one, both).server for one in (gmail, online)] == [OTHER, ONLINE]
    assert of(session(answered=("LOGIN", NO, "LOGIN failed.")), both).server is UNKNOWN


def test_a_sign_in_at_entra_and_a_host_that_was_typed_are_signs() -> None:
    now = dt.datetime(2024, 3, 6, tzinfo=dt.UTC)
    asked = TokenRequest(HERE, scopes=("https://outlook.office365.com/.default",))
    assert of_text(Evidence(now, live=False, token_requests=(asked,))).is_online
    typed = Setting(SettingName.IMAP_SERVER, "imap.ionos.de", HERE)
    assert of_text(Evidence(now, live=False, settings=(typed,))).is_other


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("outlook.office365.com", ONLINE),
        ("OUTLOOK.OFFICE365.US", ONLINE),
        ("imap-mail.outlook.com", ONLINE),
        ("smtp.office365.com.", ONLINE),
        ("notoutlook.com", OTHER),
        ("outlook.com.evil.example.net", OTHER),
        ("imap.gmail.com", OTHER),
        ("ex01.corp.local", OTHER),
        ("10.1.2.3", OTHER),
        ("192.168.0.9", OTHER),
        ("fd00::5", OTHER),
        ("40.101.12.98", UNKNOWN),
        ("203.0.113.7", UNKNOWN),
        ("127.0.0.1", UNKNOWN),
        ("::1", UNKNOWN),
        ("localhost", UNKNOWN),
        ("mailserver", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_hosts(name: str, expected: Server) -> None:
    assert of_host(name) is expected


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("AUTHENTICATE failed.", True),
        ("LOGIN failed.", True),
        ("LOGIN failed", True),
        ("AUTHENTICATE failed. (Net::IMAP::NoResponseError)", True),
        ('AUTHENTICATE failed. [Error="AuthFailed:LogonDenied-OAuthLog"]', True),
        ("User is authenticated but not connected.", True),
        ("LOGIN failed. Invalid login/password for user id pilot", False),
        ("AUTHENTICATE failed. Authentication failed.", False),
        ("[AUTHENTICATIONFAILED] AUTHENTICATE failed", False),
        ("Login failed: wrong password", False),
    ],
)
def test_exchanges_own_words_are_exact(text: str, *, exact: bool) -> None:
    assert is_exchanges_refusal(text) is exact


def test_the_judge_says_which_sign_decides() -> None:
    bracket = base64.b64encode("EX07.werk.lan".encode("utf-16-le")).decode()
    text = f"S: * OK {READY} [{bracket}]\nC: a1 LOGIN x y\nS: a1 NO LOGIN failed.\n"
    found = read([text.encode()], name="log")
    (one,) = found.imap_sessions
    shown = of(one, found)
    assert shown == Shown(
        OTHER, "log:1: the greeting names EX07.werk.lan, which is no front end of Exchange Online", True
    )
    assert not is_front_end("EX07.werk.lan")


def test_a_foreign_name_in_a_text_whose_sign_in_is_entras_may_be_a_relays() -> None:
    relay = session("imap-relay.contoso.local", answered=("LOGIN", NO, "LOGIN failed."))
    asked = (TokenRequest(HERE, scopes=("https://outlook.office365.com/.default",)),)
    assert of(relay, evidence(relay)).is_other
    assert of(relay, replace(evidence(relay), token_requests=asked)).server is UNKNOWN
    beside = evidence(relay, session("outlook.office365.com"))
    assert of(relay, replace(beside, token_requests=asked)).is_other
    in_other_words = session("imap.gmail.com", answered=("LOGIN", NO, "[AUTHENTICATIONFAILED] Invalid credentials"))
    assert of(in_other_words, replace(evidence(in_other_words), token_requests=asked)).is_other
    with_ntlm = session("imap-relay.contoso.local", capabilities="AUTH=NTLM")
    assert of(with_ntlm, replace(evidence(with_ntlm), token_requests=asked)).is_other
