from __future__ import annotations

import base64
import dataclasses
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from diagnostics.evidence import AttemptOutcome, ImapSession, ReplyStatus, Unavailable
from diagnostics.lab.server import Lab
from diagnostics.net.client import HttpOptions, open_session
from diagnostics.redaction import Secret
from diagnostics.sources.entra import EntraOptions, acquire_token
from diagnostics.sources.imap import ImapOptions, probe
from diagnostics.sources.tokens import ApplicationToken
from tests.sources.source_peers import Peer, scripted, server_context, wait_for_end

Start = Callable[..., Peer]
TOKEN = ApplicationToken("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA")
GREETING = b"* OK The Microsoft Exchange IMAP4 service is ready.\r\n"
CAPABILITY = (b"CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\nTAG OK done\r\n")
LOGOUT = (b"LOGOUT", b"* BYE bye\r\nTAG OK done\r\n")


@pytest.fixture
def options(ca_file: Path) -> Callable[..., ImapOptions]:
    def make(port: int, **more: Any) -> ImapOptions:
        given: dict[str, Any] = {"server": "localhost", "connect_timeout": 1.0, "timeout": 1.0, **more}
        return ImapOptions(user="erp@contoso.com", token=TOKEN, port=port, ca_file=ca_file, **given)

    return make


Options = Callable[..., ImapOptions]


def session_of(options: ImapOptions) -> ImapSession:
    session = probe(options)
    assert isinstance(session, ImapSession)
    assert TOKEN.reveal() not in repr(session)
    assert base64.b64encode(TOKEN.reveal().encode()).decode().rstrip("=") not in repr(session)
    return session


def outcomes(session: ImapSession) -> set[AttemptOutcome]:
    return {attempt.outcome for attempt in session.attempts if attempt.address == "127.0.0.1"}


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert isinstance(port, int)
    return port


# The way to the server


def test_a_closed_port_is_refused(options: Options) -> None:
    session = session_of(options(closed_port()))
    assert outcomes(session) == {AttemptOutcome.REFUSED}
    assert session.steps == ()
    assert session.greeting == ""


def test_a_reset_is_told_from_a_refusal(options: Options, peer: Start) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    assert outcomes(session_of(options(peer(reset).port))) == {AttemptOutcome.RESET}


def test_a_server_that_hangs_up_before_tls(options: Options, peer: Start) -> None:
    assert outcomes(session_of(options(peer(lambda _connection: None).port))) == {AttemptOutcome.RESET}


def test_a_silent_server_is_left_in_time(options: Options, peer: Start) -> None:
    started = time.monotonic()
    session = session_of(options(peer(wait_for_end).port))
    assert outcomes(session) == {AttemptOutcome.NO_GREETING}
    assert "not a byte" in session.attempts[-1].detail
    assert time.monotonic() - started < 3


def test_a_port_without_tls_is_named(options: Options, peer: Start) -> None:
    def plain(connection: socket.socket) -> None:
        connection.sendall(b"* OK IMAP4 ready\r\n")
        wait_for_end(connection)

    session = session_of(options(peer(plain).port))
    assert outcomes(session) == {AttemptOutcome.PLAINTEXT}
    assert any("* OK IMAP4 ready" in attempt.detail for attempt in session.attempts)


def test_a_server_that_speaks_something_else_is_quoted(options: Options, peer: Start) -> None:
    def other(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        wait_for_end(connection)

    session = session_of(options(peer(other).port))
    assert outcomes(session) == {AttemptOutcome.TLS_FAILED}
    assert any("HTTP/1.1 400 Bad Request" in attempt.detail for attempt in session.attempts)


def test_a_handshake_that_stops_half_way(options: Options, peer: Start) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x00\x40")
        wait_for_end(connection)

    assert outcomes(session_of(options(peer(half).port))) == {AttemptOutcome.TLS_FAILED}


def test_a_foreign_certificate_is_shown_and_nothing_is_sent(options: Options, peer: Start) -> None:
    heard: list[bytes] = []
    stranger = server_context(trustme.CA(organization_name="Example Web Gateway"))
    server = peer(scripted(GREETING, CAPABILITY, heard=heard), stranger)
    session = session_of(options(server.port))
    assert outcomes(session) == {AttemptOutcome.CERTIFICATE_REFUSED}
    assert session.tls is not None
    assert "O=Example Web Gateway" in session.tls.issuer
    assert "localhost" in session.tls.alternative_names
    assert session.tls.not_after is not None
    assert session.greeting == ""
    assert heard == []


def test_a_certificate_for_another_name_is_refused(options: Options, peer: Start, authority: trustme.CA) -> None:
    server = peer(scripted(GREETING), server_context(authority, "imap.example"))
    session = session_of(options(server.port))
    assert outcomes(session) == {AttemptOutcome.CERTIFICATE_REFUSED}
    assert any("Hostname mismatch" in attempt.detail for attempt in session.attempts)
    assert session.tls is not None
    assert session.tls.alternative_names == ("imap.example",)


def test_an_old_protocol_is_refused(options: Options, peer: Start, authority: trustme.CA) -> None:
    old = server_context(authority)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert outcomes(session_of(options(peer(scripted(GREETING), old).port))) == {AttemptOutcome.TLS_FAILED}


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"* OK half a line"])
def test_tls_without_a_greeting(options: Options, peer: Start, tls: ssl.SSLContext, greeting: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(greeting)
        wait_for_end(connection)

    session = session_of(options(peer(talk, tls).port))
    assert outcomes(session) == {AttemptOutcome.NO_GREETING}
    assert session.tls is not None


def test_a_server_that_knows_only_http_shows_itself(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    def http(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    session = session_of(options(peer(http, tls).port))
    assert outcomes(session) == {AttemptOutcome.NO_GREETING}
    assert session.attempts[-1].detail.endswith("when spoken to, it answered: HTTP/1.1 400 Bad Request")


def test_tls_that_closes_without_a_greeting(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    session = session_of(options(peer(lambda _connection: None, tls).port))
    assert outcomes(session) == {AttemptOutcome.NO_GREETING}


def test_a_name_that_does_not_resolve(options: Options) -> None:
    session = session_of(options(993, server="imap.invalid"))
    assert session.name_error
    assert session.attempts == ()


@pytest.mark.parametrize("server", ["", "a..b", "x" * 64 + ".example", "two words"])
def test_what_is_no_host_name(options: Options, server: str) -> None:
    session = probe(options(993, server=server))
    assert isinstance(session, ImapSession)
    assert session.name_error or session.attempts


def addresses(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, int]) -> None:
    """Let the resolver give several addresses for the server, each with a port of its own."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *arguments: Any, **keywords: Any) -> Any:
        if host != "imap.example":
            return real(host, port, *arguments, **keywords)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address, port in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_every_address_is_tried_by_itself(
    options: Options, peer: Start, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = peer(
        scripted(GREETING, CAPABILITY, (b"AUTH", b"TAG NO no\r\n"), LOGOUT), server_context(authority, "imap.example")
    )
    addresses(monkeypatch, ("127.0.0.2", 0), ("127.0.0.1", 0), ("127.0.0.1", 0))
    session = session_of(options(server.port, server="imap.example"))
    assert [(attempt.address, attempt.outcome) for attempt in session.attempts] == [
        ("127.0.0.2", AttemptOutcome.REFUSED),
        ("127.0.0.1", AttemptOutcome.CONNECTED),
    ]
    assert session.step("AUTHENTICATE") is not None
    quick = session_of(dataclasses.replace(options(server.port, server="imap.example"), every_address=False))
    assert quick.attempts[-1].outcome is AttemptOutcome.CONNECTED


def test_an_address_without_a_route_is_no_fault_of_the_server(
    options: Options, peer: Start, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = peer(
        scripted(GREETING, CAPABILITY, (b"AUTH", b"TAG NO no\r\n"), LOGOUT), server_context(authority, "imap.example")
    )
    real = socket.getaddrinfo
    families = {"224.0.0.1": socket.AF_INET, "127.0.0.1": socket.AF_INET}  # nobody has a route for TCP to multicast

    def resolve(host: str, port: int, *arguments: Any, **keywords: Any) -> Any:
        if host != "imap.example":
            return real(host, port, *arguments, **keywords)
        return [(family, socket.SOCK_STREAM, 6, "", (address, 0)) for address, family in families.items()]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    first = session_of(options(server.port, server="imap.example")).attempts[0]
    assert first.outcome is AttemptOutcome.NOT_TRIED
    del families["127.0.0.1"]
    assert session_of(options(server.port, server="imap.example")).attempts[0].outcome is AttemptOutcome.UNREACHABLE


def test_one_address_is_enough_for_the_next_mailbox(
    options: Options, peer: Start, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = peer(
        scripted(GREETING, CAPABILITY, (b"AUTH", b"TAG NO no\r\n"), LOGOUT), server_context(authority, "imap.example")
    )
    addresses(monkeypatch, ("127.0.0.1", 0), ("127.0.0.2", 0))
    session = session_of(options(server.port, server="imap.example", every_address=False))
    assert [attempt.outcome for attempt in session.attempts] == [AttemptOutcome.CONNECTED, AttemptOutcome.NOT_TRIED]


# The conversation over sockets


def talk_with(peer: Start, tls: ssl.SSLContext, *turns: tuple[bytes, bytes]) -> Peer:
    return peer(scripted(GREETING, CAPABILITY, *turns, LOGOUT), tls)


def test_a_throttled_sign_in_keeps_its_words(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    words = b"Request is throttled. Suggested Backoff Time: 178755 milliseconds"
    server = talk_with(peer, tls, (b"AUTHENTICATE", b"TAG BAD " + words + b"\r\n"))
    step = session_of(options(server.port)).step("AUTHENTICATE")
    assert step is not None
    assert (step.status, step.text) == (ReplyStatus.BAD, words.decode())


def test_a_bye_instead_of_an_answer(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    server = talk_with(peer, tls, (b"AUTHENTICATE", b"* BYE Connection closed. 14\r\n"))
    step = session_of(options(server.port)).step("AUTHENTICATE")
    assert step is not None
    assert (step.status, step.text) == (ReplyStatus.BYE, "Connection closed. 14")


def test_a_greeting_that_sends_away(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    server = peer(lambda connection: connection.sendall(b"* BYE Too many connections\r\n"), tls)
    session = session_of(options(server.port))
    assert outcomes(session) == {AttemptOutcome.CONNECTED}
    assert session.greeting == "* BYE Too many connections"
    assert session.steps == ()


def test_a_server_that_falls_silent(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    started = time.monotonic()
    server = talk_with(peer, tls, (b"AUTHENTICATE", b""))
    step = session_of(options(server.port)).step("AUTHENTICATE")
    assert step is not None
    assert step.status is ReplyStatus.TIMED_OUT
    assert step.seconds is not None
    assert 0.9 < step.seconds < 3
    assert time.monotonic() - started < 5


def test_a_server_that_drips_is_left_in_time(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(GREETING)
        while True:
            connection.sendall(b"* OK wait\r\n")
            time.sleep(0.1)

    step = session_of(options(peer(drip, tls).port)).step("CAPABILITY")
    assert step is not None
    assert step.status is ReplyStatus.TIMED_OUT


def test_a_server_that_hangs_up(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    server = peer(scripted(GREETING, CAPABILITY), tls)
    step = session_of(options(server.port)).step("AUTHENTICATE")
    assert step is not None
    assert step.status is ReplyStatus.CLOSED


def test_a_server_that_echoes_the_string_gives_nothing_away(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    def echo(connection: socket.socket) -> None:
        connection.sendall(GREETING)
        with connection.makefile("rb") as file:
            for line in file:
                tag, _, rest = line.partition(b" ")
                if rest.startswith(b"CAPA"):
                    connection.sendall(CAPABILITY[1].replace(b"TAG", tag))
                else:
                    connection.sendall(tag + b" NO I do not like " + rest)

    step = session_of(options(peer(echo, tls).port)).step("AUTHENTICATE")
    assert step is not None
    assert "I do not like AUTHENTICATE XOAUTH2 ***" in step.text


def test_escape_sequences_do_not_reach_the_screen(options: Options, peer: Start, tls: ssl.SSLContext) -> None:
    session = session_of(options(peer(scripted(b"* OK \x1b[2Jhello\x07\r\n", CAPABILITY), tls).port))
    assert "\x1b" not in session.greeting
    assert "\x07" not in session.greeting


@pytest.mark.parametrize("more", [{"ca_file": Path("/nonexistent/ca.pem")}, {"user": "a\r\nb"}])
def test_what_cannot_be_tried_is_unavailable(options: Options, more: dict[str, Any]) -> None:
    found = probe(dataclasses.replace(options(1), **more))
    assert isinstance(found, Unavailable)


# The lab


def lab_session(lab: Lab, user: str = "", **more: Any) -> ImapSession:
    profile: dict[str, Any] = yaml.safe_load(lab.profile.read_text())
    application = EntraOptions(
        profile["endpoints"]["login"],
        profile["tenant"],
        profile["application"]["id"],
        Secret(lab.env["DIAG_APPLICATION_SECRET"]),
    )
    with open_session(HttpOptions(ca_file=lab.ca_file, connect_timeout=5, timeout=10)) as http:
        token = acquire_token(application, http=http).token
    assert token is not None
    imap = profile["imap"]
    wanted = ImapOptions(imap["server"], user or profile["mailboxes"][0], token, imap["port"], lab.ca_file, 5, 10)
    session = probe(dataclasses.replace(wanted, **more))
    assert isinstance(session, ImapSession)
    assert token.reveal() not in repr(session)
    return session


def statuses(session: ImapSession) -> dict[str, ReplyStatus]:
    return {step.command.split()[0]: step.status for step in session.steps}


def test_a_healthy_mailbox_opens(lab: Lab) -> None:
    session = lab_session(lab)
    assert set(statuses(session).values()) == {ReplyStatus.OK}
    assert list(statuses(session)) == ["CAPABILITY", "AUTHENTICATE", "NAMESPACE", "LIST", "EXAMINE", "LOGOUT"]
    assert session.greeting_host.endswith(".PROD.OUTLOOK.COM")
    assert "AUTH=XOAUTH2" in session.capabilities
    assert "CLIENTACCESSRULES" not in session.capabilities, "these are what a client sees before it signs in"
    assert "INBOX" in session.folders
    assert all(step.seconds is not None for step in session.steps)
    assert session.tls is not None
    assert session.tls.version == "TLSv1.3"


def test_without_a_token_only_the_way_is_tried(lab: Lab) -> None:
    assert list(statuses(lab_session(lab, token=None))) == ["CAPABILITY", "LOGOUT"]


def test_a_folder_of_another_name(lab: Lab) -> None:
    session = lab_session(lab, folder="Posteingang")
    assert session.steps[-2].command == "EXAMINE Posteingang"
    assert session.steps[-2].status is ReplyStatus.NO


@pytest.mark.parametrize("scenario", ["exo-sp-not-registered", "exo-sp-wrong-object-id", "claims-roles-missing"])
def test_a_refused_sign_in(scenario: str) -> None:
    with Lab(scenarios=[scenario]) as broken:
        session = lab_session(broken)
    step = session.step("AUTHENTICATE")
    assert step is not None
    assert (step.status, step.text) == (ReplyStatus.NO, "AUTHENTICATE failed.")
    assert session.challenge == ""
    assert statuses(session)["LOGOUT"] is ReplyStatus.OK


@pytest.mark.parametrize("scenario", ["perm-fullaccess-missing", "mailbox-imap-disabled"])
def test_authenticated_but_not_connected(scenario: str) -> None:
    with Lab(scenarios=[scenario]) as broken:
        session = lab_session(broken)
    assert statuses(session)["AUTHENTICATE"] is ReplyStatus.OK
    assert any("User is authenticated but not connected" in step.text for step in session.steps)


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        ("net-no-greeting", None),
        ("net-tls-to-plaintext-port", AttemptOutcome.PLAINTEXT),
        ("net-certificate-verify-failed", AttemptOutcome.CERTIFICATE_REFUSED),
    ],
)
def test_a_broken_way(scenario: str, outcome: AttemptOutcome | None) -> None:
    with Lab(scenarios=[scenario]) as broken:
        session = lab_session(broken, connect_timeout=1.0)
    seen = {attempt.outcome for attempt in session.attempts}
    assert seen == {outcome} if outcome else AttemptOutcome.CONNECTED not in seen
