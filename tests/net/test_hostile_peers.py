"""Peers that never come to an end: each exchange ends at its deadline, holds little, and says who it was."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from diagnostics.evidence import Missing, Source, Unavailable
from diagnostics.net.answers import Answer, get_json
from diagnostics.net.client import HttpOptions, HttpSession, open_session, retry_after_seconds
from diagnostics.net.deadline import MEBIBYTE
from tests.sources.source_peers import Peer, as_json, http_answers, wait_for_end

Start = Callable[..., Peer]
SECONDS = 0.6
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n"


@pytest.fixture
def hasty(ca_file: Path) -> Iterator[HttpSession]:
    """A session for peers that are waited for until the deadline."""
    with open_session(HttpOptions(ca_file, connect_timeout=3, timeout=SECONDS)) as session:
        yield session


@pytest.fixture
def http(ca_file: Path) -> Iterator[HttpSession]:
    """A session for peers that are cut off, or answer, long before the deadline."""
    with open_session(HttpOptions(ca_file, connect_timeout=10, timeout=20)) as session:
        yield session


def ask(http: HttpSession, server: Peer) -> Answer | Unavailable:
    return get_json(http, f"https://localhost:{server.port}/a", Source.ENTRA)


def sends(start: bytes, again: bytes = b"", pause: float = 0.0) -> Callable[[socket.socket], None]:
    """Read a request, send `start`, then `again` for as long as the client listens."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(start)
        while again:
            connection.sendall(again)
            time.sleep(pause)

    return talk


DRIPS = {
    "status line": (b"", b"H"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the name of a header": (OK, b"x"),
    "the value of a header": (OK + b"X-Long: ", b"y"),
    "headers": (OK, b"X: y\r\n"),
    "body": (OK + b"Content-Length: 100000\r\n\r\n", b" "),
    "body without a length": (OK + b"\r\n", b" "),
    "the size of a chunk": (CHUNKED, b"0"),
    "the extension of a chunk": (CHUNKED + b"5;", b"x"),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n"),
    "a packed body": (GZIP + b"\r\n" + gzip.compress(b"{}")[:10], b"\0"),
}


@pytest.mark.parametrize("name", DRIPS)
def test_a_drip_ends_at_the_deadline(hasty: HttpSession, peer: Start, tls: object, name: str) -> None:
    start, again = DRIPS[name]
    server = peer(sends(start, again, 0.02), tls)
    started = time.monotonic()
    answer = ask(hasty, server)
    assert isinstance(answer, Unavailable)
    assert answer.missing in {Missing.TIMED_OUT, Missing.UNEXPECTED}
    assert answer.reason.startswith(f"localhost:{server.port} ")
    assert time.monotonic() - started < 5
    assert server.accepted == 1


FLOODS = {
    "status line": (b"", b"H" * 8192),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 500),
    "one header": (OK + b"X: ", b"y" * 8192),
    "headers": (OK, b"X: y\r\n" * 1000),
    "body": (OK + b"Content-Length: 100000000000\r\n\r\n", b" " * 65536),
    "body without a length": (OK + b"\r\n", b" " * 65536),
    "the size of a chunk": (CHUNKED, b"0" * 65536),
    "the extension of a chunk": (CHUNKED + b"5;", b"x" * 65536),
    "chunks": (CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"),
    "trailers": (CHUNKED + b"0\r\n", (b"X: " + b"y" * 1000 + b"\r\n") * 60),
    "one trailer": (CHUNKED + b"0\r\nX: ", b"y" * 65536),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_cut_off(http: HttpSession, peer: Start, tls: object, name: str) -> None:
    start, again = FLOODS[name]
    server = peer(sends(start, again), tls)
    tracemalloc.start()
    answer = ask(http, server)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(answer, Unavailable)
    assert answer.missing in {Missing.TIMED_OUT, Missing.UNEXPECTED, Missing.UNREACHABLE}
    assert f"localhost:{server.port}" in answer.reason
    assert most < 40 * MEBIBYTE


@functools.cache
def bomb() -> bytes:
    return gzip.compress(b" " * 100 * MEBIBYTE, 6)


@pytest.mark.parametrize(
    ("head", "packed"),
    [
        (GZIP, bomb()),
        (OK + b"Content-Encoding: x-gzip\r\n", bomb()),
        (OK + b"Content-Encoding: gzip, gzip\r\n", gzip.compress(bomb())),
        (OK + b"Content-Encoding: br\r\n", b"\x5b\xff\xff\xff"),
        (GZIP, b"no gzip at all"),
        (GZIP, gzip.compress(b'{"a": 1}')[:-6]),
        (GZIP, gzip.compress(b'{"a": 1}') + bomb()),
    ],
    ids=["bomb", "bomb by its old name", "bomb in a bomb", "not asked for", "none", "cut", "two in one"],
)
def test_a_packed_answer_takes_no_more_than_allowed(
    http: HttpSession, peer: Start, tls: object, head: bytes, packed: bytes
) -> None:
    server = peer(sends(head + f"Content-Length: {len(packed)}\r\n\r\n".encode() + packed), tls)
    tracemalloc.start()
    answer = ask(http, server)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.UNEXPECTED
    assert f"localhost:{server.port}" in answer.reason
    assert most < 40 * MEBIBYTE


def test_a_packed_answer_is_unpacked(http: HttpSession, peer: Start, tls: object) -> None:
    packed = gzip.compress(b'{"a": 1}')
    server = peer(sends(GZIP + f"Content-Length: {len(packed)}\r\n\r\n".encode() + packed), tls)
    answer = ask(http, server)
    assert isinstance(answer, Answer)
    assert answer.body == {"a": 1}


@pytest.mark.parametrize("text", [b"[" * 3_000_000, b'{"a":[' + b"[]," * 1_000_000 + b"0]}", b'{"a":' * 100_000])
def test_json_that_would_fill_the_memory(http: HttpSession, peer: Start, tls: object, text: bytes) -> None:
    server = peer(sends(OK + f"Content-Length: {len(text)}\r\n\r\n".encode() + text), tls)
    tracemalloc.start()
    answer = ask(http, server)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.UNEXPECTED
    assert most < 60 * MEBIBYTE


BROKEN = {
    "garbage": (b"\x16\x03\x01 nonsense\r\n\r\n", Missing.UNEXPECTED),
    "another protocol": (b"* OK IMAP4rev1\r\n", Missing.UNEXPECTED),
    "a status of letters": (b"HTTP/1.1 two OK\r\n\r\n", Missing.UNEXPECTED),
    "nothing": (b"", Missing.UNREACHABLE),
    "half a head": (OK + b"Content-Le", Missing.UNEXPECTED),
    "half a body": (OK + b"Content-Length: 100\r\n\r\n{", Missing.UNREACHABLE),
    "half a chunk": (CHUNKED + b"5\r\n{", Missing.UNREACHABLE),
    "a chunk of no size": (CHUNKED + b"xyz\r\n{}", Missing.UNREACHABLE),
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", Missing.UNEXPECTED),
    "a redirect to no address": (
        b"HTTP/1.1 307 X\r\nLocation: https://[::1\r\nContent-Length: 0\r\n\r\n",
        Missing.UNEXPECTED,
    ),
    "a redirect without a place": (b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n", Missing.UNEXPECTED),
    "NaN": (OK + b'Content-Length: 10\r\n\r\n{"a": NaN}', Missing.UNEXPECTED),
    "Infinity": (OK + b'Content-Length: 16\r\n\r\n{"a": -Infinity}', Missing.UNEXPECTED),
    "invalid UTF-8": (OK + b'Content-Length: 9\r\n\r\n{"a":"\xff"}', Missing.UNEXPECTED),
    "a number of 5,000 digits": (
        OK + b"Content-Length: 5006\r\n\r\n" + b'{"a":' + b"9" * 5000 + b"}",
        Missing.UNEXPECTED,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_no_answer(http: HttpSession, peer: Start, tls: object, name: str) -> None:
    data, missing = BROKEN[name]
    server = peer(sends(data), tls)
    answer = ask(http, server)
    assert isinstance(answer, Unavailable), answer
    assert answer.missing is missing, answer
    assert f"localhost:{server.port}" in answer.reason


def slow_handshake(connection: socket.socket) -> None:
    """Begin a TLS record and let it drip."""
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00")
    while True:
        connection.sendall(b"\x02")
        time.sleep(0.02)


def test_a_handshake_that_drips(hasty: HttpSession, peer: Start) -> None:
    answer = ask(hasty, peer(slow_handshake))
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.TIMED_OUT


def test_a_handshake_that_never_begins(hasty: HttpSession, peer: Start) -> None:
    answer = ask(hasty, peer(wait_for_end))
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.TIMED_OUT


def test_a_peer_that_does_not_take_the_request(hasty: HttpSession, peer: Start, tls: object) -> None:
    done = threading.Event()
    server = peer(lambda _connection: done.wait(20) and None, tls)
    started = time.monotonic()
    with pytest.raises(Exception, match=r"(?i)timed? ?out|did not end"):
        hasty.post(f"https://localhost:{server.port}/a", data=b"x" * 60 * MEBIBYTE)
    assert time.monotonic() - started < 5
    done.set()


@pytest.fixture
def through_proxy(ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Peer], HttpSession]]:
    with contextlib.ExitStack() as sessions:

        def opened(proxy: Peer) -> HttpSession:
            options = HttpOptions(ca_file, 3, SECONDS, proxy=f"http://127.0.0.1:{proxy.port}")
            return sessions.enter_context(open_session(options))

        yield opened


@pytest.mark.parametrize("name", ["status line", "headers", "the value of a header", "interim answers"])
def test_a_proxy_that_never_ends(through_proxy: Callable[[Peer], HttpSession], peer: Start, name: str) -> None:
    start, again = DRIPS[name]
    proxy = peer(sends(start, again, 0.02))
    started = time.monotonic()
    answer = get_json(through_proxy(proxy), "https://login.example/a", Source.ENTRA)
    assert isinstance(answer, Unavailable)
    assert "login.example" in answer.reason
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("asked", ["100000", "9" * 400, "Fri, 31 Dec 2100 23:59:59 GMT", "30"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_longer_than_the_time_out_is_told_and_not_waited_for(
    http: HttpSession, peer: Start, tls: object, asked: str, status: int
) -> None:
    server = peer(http_answers(lambda _line, _body: (status, {"Retry-After": asked}, b"{}")), tls)
    answer = ask(http, server)
    assert isinstance(answer, Unavailable)
    assert "asks to wait" in answer.reason
    assert f"HTTP {status}" in answer.reason
    assert server.accepted == 1


@pytest.mark.parametrize(
    "asked", ["²²²", "٣", "-3", "soon", "1e9", "0x10", "Fri, 99 Dec 2100 23:59:59 GMT", "inf", "1 2"]
)
def test_a_wait_that_is_none(http: HttpSession, peer: Start, tls: object, asked: str) -> None:
    assert retry_after_seconds(asked) is None
    latin = asked.encode("latin-1", "replace").decode("latin-1")
    server = peer(http_answers(lambda _line, _body: (429, {"Retry-After": latin}, b"{}")), tls)
    answer = ask(http, server)
    assert isinstance(answer, Answer)
    assert answer.status == 429


def test_throttled_again_and_again(ca_file: Path, peer: Start, tls: object) -> None:
    heard: list[str] = []

    def busy(line: str, _body: bytes) -> tuple[int, dict[str, str], bytes]:
        heard.append(line)
        return 429, {"Retry-After": "1"}, b"{}"

    with open_session(HttpOptions(ca_file, connect_timeout=3, timeout=2.5)) as patient:
        assert isinstance(ask(patient, peer(http_answers(busy), tls)), Unavailable)
    assert len(heard) == 3


@pytest.mark.parametrize("header", ["Bearer \u2713", "Bearer \udc80", "Bearer a\r\nX: b", "Bearer \u0141"])
def test_a_header_that_http_cannot_carry(http: HttpSession, peer: Start, tls: object, header: str) -> None:
    server = peer(http_answers(lambda _line, _body: as_json({})), tls)
    answer = get_json(
        http, f"https://localhost:{server.port}/a", Source.GRAPH, headers=lambda: {"Authorization": header}
    )
    assert isinstance(answer, Unavailable)
    assert "Bearer" not in answer.reason


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://localhost:port/a", "https:///a", "https://a b/", "https://\u2100/"]
)
def test_an_address_that_is_none(http: HttpSession, url: str) -> None:
    assert isinstance(get_json(http, url, Source.ENTRA), Unavailable)


def test_an_exchange_does_not_bound_the_next(ca_file: Path, peer: Start, tls: ssl.SSLContext) -> None:
    """A connection that is kept is held against the exchange that uses it, not against the one that opened it."""
    server = peer(http_answers(lambda _line, _body: as_json({"a": 1})), tls)
    with open_session(HttpOptions(ca_file, timeout=3)) as session:
        for _ in range(3):
            assert isinstance(ask(session, server), Answer)
            time.sleep(1.2)
    assert server.accepted == 1


def test_an_expired_certificate(http: HttpSession, peer: Start, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    authority.issue_cert("localhost", not_after=past).configure_cert(context)
    answer = ask(http, peer(http_answers(lambda _line, _body: as_json({})), context))
    assert isinstance(answer, Unavailable)
    assert "expired" in answer.reason
