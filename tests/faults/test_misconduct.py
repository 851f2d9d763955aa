"""The lab's peers misbehave as their names say, seen with plain sockets and not with diag."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import pytest
import trustme

from diagnostics.lab import certificates
from diagnostics.lab.faults import CERTIFICATES, Conduct, EndpointFaults, Fault, Onset
from diagnostics.lab.https import HttpsEndpoint, Request, Response

BODY = '{"displayName": "Büro", "count": 7, "list": [true]}'.encode()


class Honest(HttpsEndpoint):
    def handle(self, request: Request) -> Response:
        return Response(200, BODY, {"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return certificates.authority("Example lab")


Start = Callable[..., Honest]


@pytest.fixture
def start(authority: trustme.CA) -> Iterator[Start]:
    started: list[Honest] = []

    def begin(conduct: Conduct, nth: int = 1) -> Honest:
        onset = Onset(Fault(conduct=conduct), nth=nth)
        if conduct in CERTIFICATES:
            onset.tls = certificates.misissued(authority, conduct)
        endpoint = Honest(certificates.server_context(authority), faults=EndpointFaults(onset=onset))
        endpoint.start()
        started.append(endpoint)
        return endpoint

    yield begin
    for endpoint in started:
        endpoint.close()


def ask(endpoint: Honest, authority: trustme.CA, most: int = 4_000_000) -> bytes:
    """What a client receives of one request, up to `most` bytes or two seconds of silence."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    got = b""
    with (
        socket.create_connection(endpoint.address, timeout=2) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            while len(got) < most and (data := connection.recv(65536)):
                got += data
        except TimeoutError:
            pass
    return got


def test_refused(start: Start) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(start(Conduct.REFUSED).address, timeout=2)


def test_unreachable(start: Start) -> None:
    with pytest.raises(TimeoutError):
        socket.create_connection(start(Conduct.UNREACHABLE).address, timeout=0.5)


@pytest.mark.parametrize("conduct", [Conduct.REFUSED, Conduct.RESET_AT_CONNECT, Conduct.EXPIRED])
def test_a_fault_of_connections_begins_after_the_requests_before_it(
    start: Start, authority: trustme.CA, conduct: Conduct
) -> None:
    endpoint = start(conduct, nth=2)
    assert ask(endpoint, authority).endswith(BODY)
    with pytest.raises(OSError):  # noqa: PT011 - refused, reset or a certificate: each is an OSError
        ask(endpoint, authority)


@pytest.mark.parametrize(
    ("conduct", "said"),
    [(Conduct.OTHER_CA, "self-signed|issuer"), (Conduct.EXPIRED, "expired"), (Conduct.WRONG_HOST, "not valid for")],
)
def test_certificates(start: Start, authority: trustme.CA, conduct: Conduct, said: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=said):
        ask(start(conduct), authority)


@pytest.mark.parametrize("conduct", [Conduct.RESET_AT_CONNECT, Conduct.RESET_MID_REQUEST, Conduct.RESET_MID_RESPONSE])
def test_resets(start: Start, authority: trustme.CA, conduct: Conduct) -> None:
    """After a reset, the client's socket has no peer any more; after an orderly end it has."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with (
        socket.create_connection(start(conduct).address, timeout=2) as plain,
        contextlib.suppress(ConnectionResetError),
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while connection.recv(65536):
            pass
        with pytest.raises(OSError, match="not connected"):
            connection.getpeername()


def test_cut_and_empty(start: Start, authority: trustme.CA) -> None:
    head, _, body = ask(start(Conduct.CUT), authority).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(BODY)}".encode() in head
    assert 0 < len(body) < len(BODY)
    assert b"Content-Length: 0" in ask(start(Conduct.EMPTY), authority)


def test_a_drip_goes_on_below_every_read_time_out(start: Start, authority: trustme.CA) -> None:
    head, _, rest = ask(start(Conduct.DRIP_HEADER), authority, most=90).partition(b"X-Padding")
    assert head.endswith(b"\r\n")
    assert b"\r\n\r\n" not in head + rest
    head, _, body = ask(start(Conduct.DRIP_BODY), authority, most=90 + len(BODY)).partition(b"\r\n\r\n")
    assert body.startswith(BODY[:-1])


@pytest.mark.parametrize("conduct", [Conduct.ENDLESS_1XX, Conduct.ENDLESS_HEADER, Conduct.ENDLESS_BODY])
def test_what_has_no_end(start: Start, authority: trustme.CA, conduct: Conduct) -> None:
    assert len(ask(start(conduct), authority, most=1_000_000)) >= 1_000_000


def test_a_gzip_bomb_is_a_thousand_times_its_size(start: Start, authority: trustme.CA) -> None:
    _, _, packed = ask(start(Conduct.GZIP_BOMB), authority).partition(b"\r\n\r\n")
    unpacker, part = zlib.decompressobj(16 + zlib.MAX_WBITS), packed[:50_000]
    ratio = len(unpacker.decompress(part)) / len(part)
    assert ratio > 900
    assert ratio * len(packed) > 0.9 * 1024**3
    assert not unpacker.eof


@pytest.mark.parametrize(
    ("conduct", "body"),
    [
        (Conduct.WRONG_SHAPE, b"[" + BODY + b"]"),
        (Conduct.WRONG_TYPE, b'{"displayName": 7, "count": "seven", "list": {"0": "seven"}}'),
        (Conduct.INVALID_UTF8, b'{"displayName": "B\xc3\xbcro\xff", "count": 7, "list": [true]}'),
        (Conduct.LONE_SURROGATE, b'{"displayName": "B\xc3\xbcro\\ud800", "count": 7, "list": [true]}'),
    ],
)
def test_unreadable_answers(start: Start, authority: trustme.CA, conduct: Conduct, body: bytes) -> None:
    assert ask(start(conduct), authority).endswith(body)


def test_silence_ends_with_the_lab(start: Start, authority: trustme.CA) -> None:
    endpoint = start(Conduct.SILENT)
    assert ask(endpoint, authority) == b""
    endpoint.close()
    deadline = time.monotonic() + 5
    while any(thread.name == "lab-Honest" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(thread.name == "lab-Honest" for thread in threading.enumerate())
