"""WinRM and admin REST endpoints that lead elsewhere or never end: no token leaves, and each wait has an end."""

from __future__ import annotations

import base64
import gzip
import itertools
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spnego
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import ErrorKind, ShellUnavailable
from diagnostics.net.deadline import MEBIBYTE
from diagnostics.redaction import Secret
from tests.exchange.conftest import Tenant
from tests.sources.source_peers import Handler, Peer, http_answers, server_context

Start = Callable[[Handler], Peer]
SECONDS = 0.6
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example tests")


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Start]:
    started: list[Peer] = []

    def begin(handler: Handler, *, tls: bool = True) -> Peer:
        started.append(Peer(handler, server_context(authority) if tls else None))
        return started[-1]

    yield begin
    for peer in started:
        peer.close()


def failure(tenant: Tenant, transport: str, peer: Peer, ca_file: Path, **overrides: Any) -> ShellUnavailable:
    """What opening a session says that `peer` is to serve."""
    if transport == "rest":
        options: Any = tenant.rest(
            base=f"https://localhost:{peer.port}", ca_file=ca_file, operation_timeout=SECONDS, **overrides
        )
    else:
        options = tenant.winrm(
            host="localhost", port=peer.port, ca_file=ca_file, operation_timeout=SECONDS, auth=transport, **overrides
        )
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(options, tenant.request()).__enter__()
    return raised.value


@pytest.mark.parametrize("kind", ["302 https", "307 http", "308 https"])
@pytest.mark.parametrize("transport", ["basic", "ntlm", "negotiate", "rest"])
def test_no_redirect_is_followed(tenant: Tenant, serve: Any, ca_file: Path, transport: str, kind: str) -> None:
    status, scheme = int(kind.split(maxsplit=1)[0]), kind.split()[1]
    heard: list[bytes] = []
    elsewhere = serve(lambda connection: heard.append(connection.recv(65536)), tls=scheme == "https")
    place = f"{scheme}://localhost:{elsewhere.port}"
    peer = serve(http_answers(lambda _line, _body: (status, {"Location": f"{place}/wsman"}, b"")))
    said = failure(tenant, transport, peer, ca_file)
    assert f"HTTP {status}, a redirect to {place}" in said.message
    assert heard == []
    assert elsewhere.accepted == 0


CHALLENGE = base64.b64encode(
    b"NTLMSSP\0\2\0\0\0" + bytes(4) + b"8\0\0\0\5\2\x89\xa2" + b"12345678" + bytes(16) + b"\0\0\0\0\0\0\0\0"
).decode()


@pytest.mark.parametrize("transport", ["ntlm", "negotiate"])
def test_a_redirect_in_the_middle_of_a_sign_in_is_not_followed(
    tenant: Tenant, serve: Any, ca_file: Path, transport: str
) -> None:
    elsewhere = serve(http_answers(lambda _line, _body: (200, {}, b"")))
    legs: list[bytes] = []

    def answer(_line: str, body: bytes) -> Any:
        legs.append(body)
        if len(legs) == 1:
            return 401, {"WWW-Authenticate": "Negotiate"}, b""
        return (
            307,
            {"Location": f"https://localhost:{elsewhere.port}/", "WWW-Authenticate": f"Negotiate {CHALLENGE}"},
            b"",
        )

    failure(tenant, transport, serve(http_answers(answer)), ca_file)
    assert elsewhere.accepted == 0


def sends(first: bytes, again: bytes = b"", pause: float = 0.0) -> Handler:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while again:
            connection.sendall(again)
            time.sleep(pause)

    return talk


ENDLESS = {
    "drip of the status line": sends(b"", b"H", 0.05),
    "drip of headers": sends(OK, b"X: y\r\n", 0.05),
    "drip of one header": sends(OK + b"X: ", b"y", 0.05),
    "drip of interim answers": sends(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
    "drip of the body": sends(OK + b"Content-Length: 10000\r\n\r\n", b" ", 0.05),
    "drip of trailers": sends(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n", 0.05),
    "drip of a refusal": sends(
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 9000\r\n\r\n", b" ", 0.05
    ),
    "flood of interim answers": sends(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "flood of headers": sends(OK, b"X: y\r\n" * 500),
    "flood of the body": sends(OK + b"\r\n", b" " * 65536),
    "flood of a refusal": sends(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\n\r\n", b" " * 65536),
}


@pytest.mark.parametrize(
    ("transport", "name"),
    [
        *(("rest", name) for name in ENDLESS),
        *(("basic", name) for name in ("drip of headers", "drip of interim answers", "flood of the body")),
        *(("ntlm", name) for name in ("drip of a refusal", "flood of a refusal")),
    ],
)
def test_an_endless_answer_ends(tenant: Tenant, serve: Any, ca_file: Path, transport: str, name: str) -> None:
    tracemalloc.start()
    started = time.monotonic()
    said = failure(tenant, transport, serve(ENDLESS[name]), ca_file)
    assert time.monotonic() - started < 12
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said.kind in {ErrorKind.TIMED_OUT, ErrorKind.CONNECTION}
    assert "localhost" in said.message
    assert most < 80 * MEBIBYTE


@pytest.mark.parametrize("transport", ["basic", "rest"])
def test_a_packed_bomb(tenant: Tenant, serve: Any, ca_file: Path, transport: str) -> None:
    bomb = gzip.compress(b" " * 100 * MEBIBYTE, 6)
    head = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    tracemalloc.start()
    failure(tenant, transport, serve(sends(head + bomb)), ca_file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 80 * MEBIBYTE


@pytest.mark.parametrize("transport", ["basic", "rest"])
def test_an_endpoint_that_does_not_take_the_request(tenant: Tenant, serve: Any, ca_file: Path, transport: str) -> None:
    done = threading.Event()
    said = failure(tenant, transport, serve(lambda _connection: done.wait(20) and None), ca_file)
    done.set()
    assert said.kind is ErrorKind.TIMED_OUT


@pytest.mark.parametrize("asked", ["²²²", "100000", "9" * 400, "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_retry_after_of_any_kind(tenant: Tenant, serve: Any, ca_file: Path, asked: str) -> None:
    header = {"Retry-After": asked}
    peer = serve(http_answers(lambda _line, _body: (429, header, b"busy")))
    started = time.monotonic()
    said = failure(tenant, "rest", peer, ca_file)
    assert said.kind is ErrorKind.THROTTLED
    assert time.monotonic() - started < 4
    assert ("asks to wait" in said.message) is (asked != "²²²")


@pytest.mark.parametrize("transport", ["ntlm", "negotiate"])
def test_ntlm_is_bound_to_the_tls_channel(
    tenant: Tenant, serve: Any, ca_file: Path, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    """A server that demands channel binding (Windows: CbtHardeningLevel Strict) finds that of its own certificate."""
    users = ca_file.with_name("users")
    users.write_text("MGMT:operator:for the host\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    said: list[str] = []

    def talk(connection: ssl.SSLSocket) -> None:
        acceptor = spnego.server(protocol=transport)

        def answer(request: bytes) -> tuple[int, dict[str, str], bytes]:
            token = request.partition(b"Negotiate ")[2].partition(b"\r\n")[0]
            if not token:
                return 401, {"WWW-Authenticate": "Negotiate"}, b"please sign in"
            digest = x509.load_pem_x509_certificate(leaf.encode()).fingerprint(hashes.SHA256())
            bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
            try:
                reply = acceptor.step(base64.b64decode(token), channel_bindings=bindings)
            except SpnegoError as error:
                said.append(str(error))
                return 401, {}, b""
            if acceptor.complete:
                said.append(str(acceptor.client_principal))
                return 500, {}, b"signed in"
            return 401, {"WWW-Authenticate": f"Negotiate {base64.b64encode(reply or b'').decode()}"}, b""

        for request in requests_of(connection):
            status, headers, body = answer(request)
            lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
            connection.sendall("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)

    peer = serve(talk)
    leaf = ssl.get_server_certificate(("127.0.0.1", peer.port))
    failure(tenant, transport, peer, ca_file, username="MGMT\\operator", password=Secret("for the host"))
    assert said == ["MGMT\\operator"]


@pytest.mark.parametrize(
    "challenge",
    [
        "Negotiate !!!",
        "Negotiate AAAA",
        f"Negotiate {base64.b64encode(b'NTLMSSP' + bytes(1)).decode()}",
        f"Negotiate {base64.b64encode(b'NTLMSSP' + bytes(1) + bytes([2, 0, 0, 0]) + bytes([255]) * 60).decode()}",
        f"Negotiate {base64.b64encode(bytes([0x60]) + bytes([0xFF]) * 50).decode()}",
        "Negotiate " + "A" * 60_000,
        "NTLM \xff\xfe",
        "Basic realm=x",
    ],
)
def test_a_challenge_that_is_none(tenant: Tenant, serve: Any, ca_file: Path, challenge: str) -> None:
    """The first 401 offers Negotiate, every further one answers with `challenge`."""
    legs: list[bytes] = []

    def answer(_line: str, body: bytes) -> Any:
        legs.append(body)
        return 401, {"WWW-Authenticate": challenge if len(legs) > 1 else "Negotiate"}, b""

    said = failure(tenant, "negotiate", serve(http_answers(answer)), ca_file, password=Secret("for the host"))
    assert said.kind in {ErrorKind.CONNECTION, ErrorKind.HOST_REFUSED}
    assert "localhost" in said.message


def requests_of(connection: socket.socket) -> Iterator[bytes]:
    """Yield the head of each request; its body is read and left."""
    with connection.makefile("rb") as file:
        while head := b"".join(itertools.takewhile(lambda line: line != b"\r\n", file)):
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
            file.read(int(length or 0))
            yield head
