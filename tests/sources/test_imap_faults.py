"""Every step of the IMAP conversation × everything that can go wrong there, over real TLS: nothing unseen passes.

The oracle is `EXPECTED`, written by hand from the rules of `checks/_reached.py`: which check speaks, how, with which reason,
and the exit code when everything else is healthy. A cell is a server that behaves until one step, and there does one thing.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import struct
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from diagnostics.evidence import ImapSession, Missing
from diagnostics.findings import Outcome
from diagnostics.report import Report, build
from diagnostics.sources.imap import ImapOptions, probe
from diagnostics.sources.tokens import ApplicationToken
from tests.core.sample import MAILBOX, NOW, healthy, mailbox
from tests.sources.source_peers import Peer, lines, server_context, wait_for_end

TOKEN = ApplicationToken("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA")
SECONDS = 2.0
GREETING = b"* OK The Microsoft Exchange IMAP4 service is ready.\r\n"
ANSWERS: dict[str, bytes] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR NAMESPACE\r\nTAG OK done\r\n",
    "AUTHENTICATE": b"TAG OK AUTHENTICATE completed.\r\n",
    "NAMESPACE": b'* NAMESPACE (("" "/")) NIL NIL\r\nTAG OK done\r\n',
    "LIST": b'* LIST (\\Noinferiors) "/" INBOX\r\nTAG OK done\r\n',
    "EXAMINE": b"* 3 EXISTS\r\nTAG OK [READ-ONLY] done\r\n",
    "LOGOUT": b"* BYE bye\r\nTAG OK done\r\n",
}
STEPS = ("GREETING", *ANSWERS, "PLUS", "STRING", "AFTER AUTHENTICATE")

Act = Callable[[socket.socket, bytes], None]


# What a server does in the place of an answer


def close(_connection: socket.socket, _tag: bytes) -> None:
    """Hang up in order."""


def reset(connection: socket.socket, _tag: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silent(connection: socket.socket, _tag: bytes) -> None:
    wait_for_end(connection)


def sends(text: bytes, *, then: Act = close) -> Act:
    def act(connection: socket.socket, tag: bytes) -> None:
        connection.sendall(text.replace(b"TAG", tag))
        then(connection, tag)

    return act


def endlessly(text: bytes, *, pause: float = 0.0) -> Act:
    def act(connection: socket.socket, _tag: bytes) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(text)
                time.sleep(pause)

    return act


def early(connection: socket.socket, tag: bytes) -> None:
    """Answer this command, and the next ones before they are sent."""
    number = int(tag[1:] or b"0")
    connection.sendall(b"".join(b"A%d OK done\r\n" % one for one in range(max(number, 1), number + 8)))
    wait_for_end(connection)


FAULTS: dict[str, Act] = {
    "closes": close,
    "resets": reset,
    "says BYE": sends(b"* BYE Connection closed. 14\r\n"),
    "falls silent": silent,
    "sends garbage": sends(b"\x00\xff\xfe\x80 \xed\xa0\x80\r\n", then=silent),
    "speaks HTTP": sends(b"HTTP/1.1 400 Bad Request\r\n\r\n", then=silent),
    "cuts its answer": sends(b"TAG OK comp"),
    "answers another": sends(b"Z9 OK done\r\n", then=silent),
    "says more than asked": sends(b"+ go on\r\n", then=silent),
    "drips": endlessly(b"*", pause=0.05),
    "drips lines": endlessly(b"* OK wait\r\n", pause=0.05),
    "endless line": endlessly(b"x" * 16384),
    "endless answers": endlessly(b"* OK " + b"x" * 16000 + b"\r\n"),
    "huge literal": sends(b"* LIST () NIL {999999999}\r\n", then=endlessly(b"x" * 16384)),
    "endless folders": endlessly(b"* LIST () NIL a\r\n" * 1000),
    "many literals": endlessly(b"* LIST () NIL {200000}\r\n" + b"x" * 200000 + b"\r\n"),
    "answers early": early,
}
REFUSALS = {
    "says NO": b"TAG NO no\r\n",
    "says BAD": b"TAG BAD no\r\n",
    "is unavailable": b"TAG NO [UNAVAILABLE] Server Unavailable. 15\r\n",
}
LATE = ("falls silent", "drips", "drips lines")
EITHER = ("endless answers", "endless folders", "many literals")  # by the bytes or by the clock, whichever comes first
AFTER = {"GREETING": "CAPABILITY", "CAPABILITY": "AUTHENTICATE", "AUTHENTICATE": "NAMESPACE", "EXAMINE": "LOGOUT"}
SIGN_IN, OPENS, LOGOUT, WAY = "imap-sign-in", "imap-mailbox-opens", "imap-logout", "imap-connection"
CHECK_OF = {
    "CAPABILITY": SIGN_IN,
    "AUTHENTICATE": SIGN_IN,
    "PLUS": SIGN_IN,
    "STRING": SIGN_IN,
    "AFTER AUTHENTICATE": OPENS,
    "NAMESPACE": OPENS,
    "LIST": OPENS,
    "EXAMINE": OPENS,
    "LOGOUT": LOGOUT,
}

Expected = tuple[str, Outcome, frozenset[Missing | None], int]
BROKEN: frozenset[Missing | None] = frozenset({Missing.REMOTE_ERROR})
SLOW: frozenset[Missing | None] = frozenset({Missing.TIMED_OUT})
FINE: Expected = (OPENS, Outcome.PASS, frozenset({None}), 0)


def expected(step: str, fault: str) -> Expected:
    """Say what has to be told of a cell."""
    if step == "GREETING":
        if fault == "says BYE":
            return SIGN_IN, Outcome.UNKNOWN, BROKEN, 3
        if fault in {"drips lines", "endless answers"}:  # the first is a greeting, though not Exchange's
            return SIGN_IN, Outcome.UNKNOWN, SLOW | BROKEN, 1
        return WAY, Outcome.FAIL, frozenset({None}), 1
    check = CHECK_OF[step]
    if fault in REFUSALS:
        return _refused(step, fault, check)
    if fault == "answers early":
        if step == "LOGOUT":
            return FINE  # nothing comes after it
        check = SIGN_IN if step == "CAPABILITY" else CHECK_OF[AFTER.get(step, "NAMESPACE")]
        return check, Outcome.UNKNOWN, BROKEN, 0 if check == LOGOUT else 3
    if step == "LOGOUT" and fault == "says BYE":
        return FINE  # that is how LOGOUT is answered
    if fault == "says more than asked" and step == "AUTHENTICATE":
        return SIGN_IN, Outcome.FAIL, frozenset({None}), 1  # a challenge, which Exchange never sends
    if fault == "says more than asked" and step in {"PLUS", "STRING"}:
        return (SIGN_IN, Outcome.UNKNOWN, SLOW, 3) if step == "PLUS" else (SIGN_IN, Outcome.FAIL, frozenset({None}), 1)
    late: frozenset[Missing | None] = SLOW if fault in LATE else SLOW | BROKEN if fault in EITHER else BROKEN
    return check, Outcome.UNKNOWN, late, 0 if step == "LOGOUT" else 3  # by then the mailbox has opened


def _refused(step: str, fault: str, check: str) -> Expected:
    for_now = fault == "is unavailable"
    if step in {"NAMESPACE", "LIST", "LOGOUT"}:
        return FINE  # NAMESPACE is an extension, and neither decides whether the mailbox opens
    if step == "AFTER AUTHENTICATE":
        return check, Outcome.UNKNOWN, BROKEN, 3  # an answer to a command that was not sent
    if step == "CAPABILITY" or for_now:
        return check, Outcome.UNKNOWN, BROKEN, 3
    return check, Outcome.FAIL, frozenset({None}), 1


CELLS = list(itertools.product(STEPS, (*FAULTS, *REFUSALS)))


def serve(
    step: str, fault: str, answers: dict[str, bytes] = ANSWERS, greeting: bytes = GREETING
) -> Callable[[socket.socket], None]:
    """Behave until `step`, and do `fault` there; a refusal is an answer, so that the server goes on behind it."""
    if step == "GREETING":
        return lambda connection: (sends(REFUSALS[fault]) if fault in REFUSALS else FAULTS[fault])(connection, b"")
    two_steps = step in {"PLUS", "STRING"}

    def says(verb: str, *, here: bool, after: bool) -> bytes:
        said = answers.get(verb, b"")
        if two_steps:
            said = b"+ \r\n" if verb == "AUTHENTICATE" else said.replace(b" SASL-IR", b"")
        refusal = REFUSALS.get(fault, b"")
        return refusal if here else said + refusal.replace(b"TAG", b"A3") if after else said

    def answer(connection: socket.socket, verb: str, tag: bytes) -> bool:
        here = step in {verb, verb.replace("AUTHENTICATE", "PLUS")} or (step == "STRING" and not verb)
        after = step == f"AFTER {verb}"
        connection.sendall(says(verb, here=here, after=after).replace(b"TAG", tag))
        if (here or after) and fault in FAULTS:
            FAULTS[fault](connection, tag if here else b"A3")
            return False
        return True

    def talk(connection: socket.socket) -> None:
        connection.sendall(greeting)
        tag = b""
        for line in lines(connection):
            first, _, rest = line.strip().partition(b" ")
            tag = first if rest else tag  # a line that goes on with a command has no tag of its own
            if not answer(connection, rest.split(b" ")[0].decode(), tag) or rest.startswith(b"LOGOUT"):
                return

    return talk


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example tests")


@pytest.fixture(scope="module")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


Talk = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def talk_to(authority: trustme.CA, ca: Path) -> Callable[..., ImapSession]:
    context: ssl.SSLContext = server_context(authority)

    def run(handler: Talk, seconds: float = SECONDS) -> ImapSession:
        peer = Peer(handler, context)
        try:
            options = ImapOptions("localhost", MAILBOX, TOKEN, peer.port, ca, seconds, seconds, every_address=False)
            session = probe(options)
        finally:
            peer.close()
        assert isinstance(session, ImapSession)
        assert TOKEN.reveal() not in repr(session)
        assert len(repr(session)) < 100_000
        return session

    return run


@pytest.fixture(scope="module")
def sessions(talk_to: Callable[..., ImapSession]) -> dict[tuple[str, str], ImapSession]:
    """Every cell, many at a time: most of them wait for a time-out."""
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda cell: talk_to(serve(*cell)), CELLS)
        return dict(zip(CELLS, found, strict=True))


def judged(session: ImapSession) -> Report:
    attempts = tuple(one for one in session.attempts if one.address == "127.0.0.1")
    session = replace(session, server="outlook.office365.com", attempts=attempts)
    return build(healthy(mailboxes=(mailbox(imap=session),)), command="diag permissions", started=NOW)


def told(report: Report, check: str) -> list[tuple[Outcome, Missing | None]]:
    return [(f.outcome, f.judgement.missing) for f in report.findings if f.check == check]


@pytest.mark.parametrize(("step", "fault"), CELLS, ids=[f"{step}-{fault}" for step, fault in CELLS])
def test_what_was_not_reached_is_told_and_never_passes(
    sessions: dict[tuple[str, str], ImapSession], step: str, fault: str
) -> None:
    session = sessions[step, fault]
    report = judged(session)
    check, outcome, missing, code = expected(step, fault)
    assert [(one, why in missing) for one, why in told(report, check)] == [(outcome, True)], session
    assert report.exit_code == code
    if code == 3:
        assert report.diagnosis.causes == ()
        assert any(finding.judgement.reason for finding in report.findings if finding.check == check)
        assert told(report, OPENS)[0][0] is Outcome.UNKNOWN
    assert (told(report, OPENS)[0][0] is Outcome.PASS) == (code == 0)


@pytest.mark.parametrize(("step", "fault"), CELLS, ids=[f"{step}-{fault}" for step, fault in CELLS])
def test_a_greeting_of_another_server_hides_nothing(
    sessions: dict[tuple[str, str], ImapSession], step: str, fault: str
) -> None:
    """A check that is not required fails here, which must not excuse a required one that could not look."""
    foreign = replace(sessions[step, fault], greeting="* OK ready", greeting_host="")
    report = judged(foreign)
    _, _, _, code = expected(step, fault)
    assert report.exit_code != 0
    if code == 3:
        assert told(report, OPENS)[0][0] is not Outcome.SKIPPED


# One kind each that the table does not hold


def alone(session: ImapSession) -> tuple[int, dict[str, Outcome]]:
    report = judged(session)
    return report.exit_code, {f.check: f.outcome for f in report.findings if f.check.startswith("imap-")}


@pytest.mark.parametrize(
    ("capabilities", "outcome", "code"),
    [
        (b"* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2X\r\nTAG OK done\r\n", Outcome.FAIL, 1),
        (b"* CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS\r\nTAG OK done\r\n", Outcome.FAIL, 1),
        (b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n", Outcome.FAIL, 1),
        (b"* CAPABILITY\r\nTAG OK done\r\n", Outcome.UNKNOWN, 3),
        (b"TAG OK done\r\n", Outcome.UNKNOWN, 3),
        (b"* CAPABILITY (\r\nTAG OK done\r\n", Outcome.UNKNOWN, 3),
    ],
)
def test_a_server_without_xoauth2(
    talk_to: Callable[..., ImapSession], capabilities: bytes, outcome: Outcome, code: int
) -> None:
    session = talk_to(serve("", "", {**ANSWERS, "CAPABILITY": capabilities}))
    assert session.step("AUTHENTICATE") is None
    found, checks = alone(session)
    assert (found, checks[SIGN_IN]) == (code, outcome)


@pytest.mark.parametrize(
    ("greeting", "capability", "words"),
    [
        (GREETING.replace(b"OK", b"PREAUTH"), ANSWERS["CAPABILITY"], "PREAUTH"),
        (b"* BYE Too many connections\r\n", ANSWERS["CAPABILITY"], "greets with BYE Too many connections"),
        (GREETING + b"A1 OK done\r\n", ANSWERS["CAPABILITY"], "before it was asked"),
        (GREETING + b"* BYE at once\r\n", ANSWERS["CAPABILITY"], "at once"),
        (GREETING, b"* CAPABILITY AUTH=XOAUTH2\r\nTAG OK done\r\n", "before the token was sent"),
    ],
)
def test_what_takes_the_sign_in_away(
    talk_to: Callable[..., ImapSession], greeting: bytes, capability: bytes, words: str
) -> None:
    session = talk_to(serve("", "", {**ANSWERS, "CAPABILITY": capability}, greeting))
    report = judged(session)
    assert told(report, SIGN_IN) == [(Outcome.UNKNOWN, Missing.REMOTE_ERROR)]
    assert any(words in f.judgement.reason for f in report.findings if f.check == SIGN_IN)
    assert report.exit_code == 3


@pytest.mark.parametrize(
    "change",
    [
        {"NAMESPACE": b"TAG BAD unknown command\r\n"},
        {"NAMESPACE": b"* NAMESPACE NIL NIL NIL\r\nTAG OK done\r\n"},
        {"LIST": b"TAG OK done\r\n"},
        {"LIST": b"* LIST () NIL {5}\r\nINBOX\r\n* 4 EXISTS\r\nTAG OK done\r\n"},
        {"LIST": b"* LIST () NIL (((((\r\nTAG OK done\r\n"},
        {"LOGOUT": b"* BYE bye\r\n"},
        {"CAPABILITY": b"* capability imap4rev1 auth=xoauth2 sasl-ir\nTAG OK done\n"},
        {"CAPABILITY": b"* OK still here\r\n* CAPABILITY AUTH=XOAUTH2 SASL-IR\r\n* FOO 1 2 (3)\r\nTAG OK\r\n"},
        {"EXAMINE": b"* FLAGS ()\r\n* OK [UIDNEXT 3] next\r\nTAG OK [READ-ONLY]\r\n"},
    ],
)
def test_what_servers_do_by_right_is_a_pass(talk_to: Callable[..., ImapSession], change: dict[str, bytes]) -> None:
    found, checks = alone(talk_to(serve("", "", {**ANSWERS, **change})))
    assert (found, checks[OPENS]) == (0, Outcome.PASS)


def test_a_server_that_answers_at_the_last_moment_is_left_in_the_end(talk_to: Callable[..., ImapSession]) -> None:
    def late(connection: socket.socket) -> None:
        connection.sendall(GREETING)
        for line in lines(connection):
            tag, _, rest = line.strip().partition(b" ")
            time.sleep(0.8)
            connection.sendall(ANSWERS[rest.split(b" ")[0].decode()].replace(b"TAG", tag))

    session = talk_to(late, 1.0)
    assert session.steps[-1].status.value == "no answer in time"
    assert alone(session)[0] == 3


def test_short_lines_without_end_are_left_at_the_deadline(talk_to: Callable[..., ImapSession]) -> None:
    session = talk_to(serve("LIST", "endless folders"), 1.0)
    assert alone(session)[0] == 3
    assert len(session.folders) <= 1000


@pytest.mark.parametrize("fault", ["endless line", "endless answers", "huge literal", "many literals"])
def test_memory_is_bounded_whatever_the_server_sends(talk_to: Callable[..., ImapSession], fault: str) -> None:
    tracemalloc.start()
    try:
        talk_to(serve("LIST", fault))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


def test_the_table_has_a_row_for_every_cell() -> None:
    assert {step for step, _ in CELLS} == {"GREETING", *CHECK_OF}
    assert all(expected(step, fault)[3] in {0, 1, 3} for step, fault in CELLS)
