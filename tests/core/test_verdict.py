"""The first line of a report: never "no fault found" unless the mailbox was seen to open, and what to ask for where it was not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from diagnostics.evidence import Evidence, GraphEvidence, ImapSession, ImapStep, Missing, ReplyStatus, Unavailable
from diagnostics.findings import Stage
from diagnostics.report import Report, build, render
from diagnostics.report.words import REQUESTS, VERDICTS
from diagnostics.sources.transcript import read_all
from diagnostics.verdict import CHAIN, Kind, Request
from tests.core.sample import NOW, healthy, mailbox

OPENS = """\
S: * OK The Microsoft Exchange IMAP4 service is ready.
C: A1 AUTHENTICATE XOAUTH2
S: +
C: ***
S: A1 OK AUTHENTICATE completed.
C: A2 EXAMINE INBOX
S: * 3 EXISTS
S: A2 OK [READ-ONLY] EXAMINE completed.
"""
CLEAR = ("No fault found", "No se ha encontrado ningún fallo")


def of_text(*texts: str) -> Report:
    named = [(f"text{number}.log", iter([text.encode()])) for number, text in enumerate(texts, 1)]
    return build(read_all(named), command="diag analyze", started=NOW)


def screens(report: Report) -> list[str]:
    translated = [render(replace(report, language=language), width=120) for language in ("en", "es")]
    return [*translated, render(report, "yaml"), render(report, "json")]


@pytest.mark.parametrize(
    ("text", "kind", "open_", "closed"),
    [
        ("ImapEnabled : True", Kind.PART, Stage.EXCHANGE_SP, Stage.MAILBOX),
        ("IMAP server: outlook.office365.com", Kind.PART, Stage.TOKEN, Stage.IMAP_NETWORK),
        ('{"roles": ["IMAP.AccessAsApp"], "aud": "https://outlook.office365.com", "idtyp": "app"}', Kind.PART, Stage.IMAP_AUTH, Stage.CONSENT),
        (OPENS.partition("C: A2")[0], Kind.PART, Stage.MAILBOX_PERMISSION, Stage.EXCHANGE_SP),
        ("TenantID    : 7e1f0f0c-8d52-4c6e-9a65-0d8f5a5d9c11\nTokenStatus : Active\nState       : Connected\n", Kind.PART, Stage.TOKEN, None),
        ("Thank you for your message, see you on Monday.", Kind.NOTHING, Stage.INPUT, None),
        (OPENS, Kind.WELL, None, Stage.INPUT),
        ("12:00:01 ERROR could not load the theme\n" + OPENS, Kind.WELL, None, Stage.INPUT),  # and then the mailbox opened
        (OPENS + "12:00:09 ERROR sync of INBOX failed: worker died\n", Kind.SAYS_FAILED, Stage.MAILBOX, Stage.IMAP_AUTH),
        (OPENS + "C: A3 FETCH 1 BODY[]\nS: A3 NO Server Unavailable. 15\n", Kind.SAYS_FAILED, Stage.MAILBOX, Stage.IMAP_AUTH),
        (OPENS + "C: A3 LOGOUT\nS: * BYE Microsoft Exchange Server IMAP4 server signing off.\nS: A3 OK LOGOUT completed.\n", Kind.WELL, None, Stage.INPUT),
        (OPENS + "S: * BYE Microsoft Exchange Server 2016 IMAP4 server signing off.\n", Kind.WELL, None, Stage.INPUT),
        (OPENS + "C: A3 LOGOUT\nS: * BYE Connection closed.\nS: A3 OK LOGOUT completed.\n", Kind.WELL, None, Stage.INPUT),
        (OPENS + "C: A3 IDLE\nS: * BYE Connection is closed. 14\n", Kind.SAYS_FAILED, Stage.MAILBOX, Stage.IMAP_AUTH),
        (OPENS + "12:00:09 sync done, 0 errors, failed=0\n", Kind.WELL, None, Stage.INPUT),
    ],
)  # fmt: skip
def test_a_text_is_well_only_where_the_mailbox_opens(
    text: str, kind: Kind, open_: Stage | None, closed: Stage | None
) -> None:
    report = of_text(text)
    found = report.verdict
    assert found.kind is kind
    assert report.exit_code == (0 if kind is Kind.WELL else 3)
    assert bool(found.covered) is (kind is not Kind.NOTHING)
    assert open_ is None or open_ in found.open
    assert closed is None or closed not in found.open
    assert bool(found.asks) is (kind is not Kind.WELL)
    for screen in screens(report):
        assert any(words in screen for words in CLEAR) is (kind is Kind.WELL)
        assert "diag analyze`" not in screen


FAILING = [
    "2026-03-02 08:00:01 mailsync[812]: connection failed",
    "java.net.SocketTimeoutException: Read timed out\n\tat com.example.Reader.poll(Reader.java:81)",
    "TLS handshake with mail host broken: peer sent garbage, giving up with an error",
    "Authentication failed",
    "Login was rejected by the remote host.",
    "Error: unable to fetch messages (code 17)",
    "Se ha producido un error al recuperar el correo",
    "No se pudo conectar con el buzón",
    "Die Verbindung ist fehlgeschlagen.",
    "Échec de la connexion au serveur de messagerie",
    "Falha ao abrir a caixa de correio",
    "Connessione non riuscita",
    "Verbinding mislukt",
    "Не удалось подключиться к почтовому серверу",
    "Posta kutusu açılamadı: hata 12",
    "メールの受信に失敗しました",
    '{"level":"error","msg":"imap worker stopped","attempt":3}',
    "MailReceiverException raised in worker 3",
    "process exited: connection reset by peer, connection was lost",
    "Couldn't open mailbox: no response from host",
    "[WARN] poll aborted after 3 tries; gave up",
    "Login attempt 3/3 ...\nGiving up.",
    "login: incorrect password",
    "fetch -> status 503",
    "mailbox sync stalled; last success 3 days ago",
]


@pytest.mark.parametrize("text", FAILING)
def test_a_failing_log_is_never_all_clear(text: str) -> None:
    report = of_text(f"start of poll\n{text}\n")
    assert report.exit_code in {1, 3}
    assert report.verdict.kind in {Kind.SAYS_FAILED, Kind.CAUSE, Kind.UNEXPLAINED}
    for screen in screens(report):
        assert not any(words in screen for words in (*CLEAR, "Nothing wrong", "Nada incorrecto"))


def test_three_failing_logs_and_a_right_host_are_not_well() -> None:
    report = of_text("IMAP server: outlook.office365.com\n", FAILING[0], FAILING[2], FAILING[5])
    assert report.exit_code == 3
    assert report.verdict.kind is Kind.SAYS_FAILED
    assert "text4.log" in report.verdict.values["where"]


def test_a_log_that_fails_beside_one_that_opens_is_not_well() -> None:
    report = of_text(OPENS, "connection failed\n")
    assert (report.exit_code, report.verdict.kind) == (3, Kind.SAYS_FAILED)


def test_what_to_ask_for_stands_beside_a_cause_that_leaves_links_open() -> None:
    report = of_text("AADSTS7000222: The provided client secret keys for app are expired.")
    assert report.verdict.kind is Kind.CAUSE
    assert Stage.EXCHANGE_SP in report.verdict.open
    assert "Ask the customer for" in screens(report)[0]
    assert "Pida al cliente" in screens(report)[1]


def test_the_commands_name_the_mailbox_of_the_text() -> None:
    text = "Mailbox: erp@contoso.com\nAuthentication failed\n"
    lines = [line for ask in of_text(text).verdict.asks for line in ask.commands]
    assert (
        "Get-MailboxPermission -Identity erp@contoso.com | Format-List User,UserSid,AccessRights,Deny,IsInherited"
        in lines
    )


def test_the_machine_formats_say_the_same() -> None:
    report = of_text("ImapEnabled : True")
    for tree in (json.loads(render(report, "json")), yaml.safe_load(render(report, "yaml"))):
        said: dict[str, Any] = tree["verdict"]
        assert (said["kind"], said["covered"]) == ("part", ["mailbox"])
        assert "exchange-sp" in said["open"]
        assert said["sentence"].startswith("Nothing wrong in what is here, which is only a part of the chain: mailbox.")
        assert any("Get-ServicePrincipal" in line for ask in said["ask_for"] for line in ask["commands"])
        assert said["or"][0] == "`diag script collect`".strip("`")


NOBODY = Unavailable("it was left out", Missing.NOT_REQUESTED)
SLOW = Unavailable("no answer in time", Missing.TIMED_OUT)


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (healthy(), Kind.WELL),
        (healthy(mailboxes=(mailbox(imap=NOBODY),), left_out=("the live IMAP sign-in",)), Kind.PART_WELL),
        (healthy(mailboxes=(mailbox(imap=NOBODY),)), Kind.UNDECIDED),
        (healthy(mailboxes=(mailbox(cas=SLOW),)), Kind.UNDECIDED),
        (Evidence(judged_at=NOW), Kind.UNDECIDED),
        (healthy(graph=GraphEvidence()), Kind.WELL),  # Graph is not required
    ],
)
def test_a_live_run_is_well_only_where_everything_required_is(evidence: Evidence, kind: Kind) -> None:
    report = build(evidence, command="diag permissions", started=NOW)
    assert report.verdict.kind is kind
    assert (report.exit_code == 0) is (kind in {Kind.WELL, Kind.PART_WELL})
    assert report.verdict.asks == ()
    for screen in screens(report):
        assert any(words in screen for words in CLEAR) is (kind is Kind.WELL)


def test_a_run_in_which_one_of_two_mailboxes_opens_is_not_well() -> None:
    one = mailbox()
    assert isinstance(one.imap, ImapSession)
    session = replace(one.imap, steps=(ImapStep("AUTHENTICATE XOAUTH2", ReplyStatus.TIMED_OUT, ""),))
    other = replace(one, address="two@contoso.com", imap=session)
    report = build(healthy(mailboxes=(one, other)), command="diag permissions", started=NOW)
    assert (report.verdict.kind, report.exit_code) == (Kind.UNDECIDED, 3)


def test_every_kind_and_every_request_has_its_words() -> None:
    for language in ("en", "es"):
        assert set(VERDICTS[language]) == set(Kind)
        assert set(REQUESTS[language]) == set(Request)
    assert set(CHAIN) == set(Stage) - {Stage.INTERACTIVE, Stage.OPERATOR, Stage.PROPAGATION}


def test_what_is_there_whole_is_not_asked_for_again() -> None:
    row = "DisplayName : ERP\nAppId       : {}\nObjectId    : c5b6a7f8-e9d0-4c7b-8f1a-4d39e1a6c2b5\n"
    whole, cut = (
        of_text(row.format(app)) for app in ("5b2c6a1e-93d4-4a8f-b1c7-0d9e8f7a6b5c", "5b2c6a1e-93d4-4a8f-...")
    )
    assert Stage.EXCHANGE_SP in whole.verdict.open  # there is nothing to compare it with
    assert Request.SERVICE_PRINCIPALS not in {ask.request for ask in whole.verdict.asks}
    assert Request.SERVICE_PRINCIPALS in {ask.request for ask in cut.verdict.asks}


NOISE = "".join(
    f"12:00:{n % 60:02d} INFO worker is idle, tick {n}, nothing to do, and some words to fill the line\n"
    for n in range(8000)
)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("13:00:00 ERROR connection failed\n", Kind.SAYS_FAILED),
        ("13:00:00 Verbindung fehlgeschlagen\n", Kind.SAYS_FAILED),
        ("13:00:00 メールの受信に失敗しました\n", Kind.SAYS_FAILED),
        ("13:00:00 done: 12 read, 0 failed, no errors\n", Kind.WELL),
    ],
)
def test_a_failure_in_the_middle_of_a_long_log_is_seen(line: str, kind: Kind) -> None:
    report = of_text(OPENS + NOISE + line + NOISE)
    assert report.verdict.kind is kind
    if kind is Kind.SAYS_FAILED:
        assert report.verdict.values["where"] == f"text1.log:{OPENS.count(chr(10)) + 8001}"


def test_a_failure_in_a_long_log_shows_no_password() -> None:
    report = of_text(NOISE + "13:00:00 ERROR login failed user=erp@nordwind.de password=Sommer!2031x\n" + NOISE)
    assert report.verdict.kind is Kind.SAYS_FAILED
    assert not any("Sommer" in screen for screen in screens(report))
