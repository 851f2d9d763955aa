from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from diagnostics.evidence import Missing, Source, Unavailable
from diagnostics.net.answers import Answer, get_json
from diagnostics.net.client import HttpOptions, HttpSession, open_session
from diagnostics.net.failures import Redirected
from diagnostics.net.tls import CaFileUnusable
from tests.sources.source_peers import Peer, as_json, http_answers, server_context, wait_for_end

Start = Callable[..., Peer]


def ask(http: HttpSession, url: str) -> Answer | Unavailable:
    return get_json(http, url, Source.ENTRA)


def test_a_json_answer_is_an_answer_whatever_its_status(http: HttpSession, peer: Start, tls: object) -> None:
    server = peer(http_answers(lambda _line, _body: as_json({"error": "x"}, 400)), tls)
    answer = ask(http, f"https://localhost:{server.port}/a")
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (400, {"error": "x"})
    assert answer.provenance.how == f"GET https://localhost:{server.port}/a"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {"Content-Type": "text/html"}, b"<html>Please sign in</html>"), "an HTML page"),
        ((200, {"Content-Type": "application/json"}, b"<!DOCTYPE html>"), "an HTML page"),
        ((302, {"Location": "https://gateway.example/login?x=1"}, b""), "a redirect to https://gateway.example"),
        (as_json([1]), "not an object"),
        ((200, {}, b""), "no JSON (no content type)"),
    ],
)
def test_what_is_no_api_says_what_it_is(http: HttpSession, peer: Start, tls: object, answer: Any, words: str) -> None:
    server = peer(http_answers(lambda _line, _body: answer), tls)
    found = ask(http, f"https://localhost:{server.port}/a")
    assert isinstance(found, Unavailable)
    assert found.missing is Missing.UNEXPECTED
    assert words in found.reason
    assert server.accepted == 1


def test_a_redirect_never_carries_a_secret_elsewhere(http: HttpSession, peer: Start, tls: object) -> None:
    elsewhere = peer(http_answers(lambda _line, _body: as_json({})), tls)
    target = f"https://localhost:{elsewhere.port}/"
    server = peer(http_answers(lambda _line, _body: (307, {"Location": target}, b"")), tls)
    with pytest.raises(Redirected, match=f"HTTP 307, a redirect to https://localhost:{elsewhere.port}"):
        http.post(f"https://localhost:{server.port}/a", data={"client_secret": "s"})
    assert elsewhere.accepted == 0


def test_a_certificate_of_another_authority_is_refused(http: HttpSession, peer: Start) -> None:
    stranger = server_context(trustme.CA(organization_name="Example Web Gateway"))
    server = peer(http_answers(lambda _line, _body: as_json({})), stranger)
    answer = ask(http, f"https://localhost:{server.port}/a")
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.UNREACHABLE
    assert "does not trust" in answer.reason
    assert "ca_file" in answer.hint
    assert server.accepted == 1, "a certificate does not get better by asking again"


def test_a_certificate_for_another_name_is_refused(http: HttpSession, peer: Start, authority: trustme.CA) -> None:
    server = peer(http_answers(lambda _line, _body: as_json({})), server_context(authority, "other.example"))
    answer = ask(http, f"https://localhost:{server.port}/a")
    assert isinstance(answer, Unavailable)
    assert "Hostname mismatch" in answer.reason


def test_a_closed_port_is_named(http: HttpSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    answer = ask(http, f"https://127.0.0.1:{port}/a")
    assert isinstance(answer, Unavailable)
    assert (answer.missing, answer.reason) == (Missing.UNREACHABLE, f"127.0.0.1:{port} refuses the connection")


def test_a_server_that_hangs_is_asked_once(http: HttpSession, peer: Start, tls: object) -> None:
    server = peer(http_answers(lambda _line, _body: None), tls)
    started = time.monotonic()
    answer = ask(http, f"https://localhost:{server.port}/a")
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.TIMED_OUT
    assert time.monotonic() - started < 4
    assert server.accepted == 1


def test_a_name_that_does_not_exist_is_named(http: HttpSession) -> None:
    answer = ask(http, "https://login.invalid/a")
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.UNREACHABLE


def test_a_server_without_tls_is_named(http: HttpSession, peer: Start) -> None:
    server = peer(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"))
    answer = ask(http, f"https://localhost:{server.port}/a")
    assert isinstance(answer, Unavailable)
    assert answer.missing is Missing.UNREACHABLE


def test_throttling_is_waited_out(http: HttpSession, peer: Start, tls: object) -> None:
    left = [(429, {"Retry-After": "0"}, b""), (503, {}, b"")]
    server = peer(http_answers(lambda _line, _body: left.pop(0) if left else as_json({"fine": True})), tls)
    answer = ask(http, f"https://localhost:{server.port}/a")
    assert isinstance(answer, Answer)
    assert answer.body == {"fine": True}


def test_nothing_is_sent_without_tls(http: HttpSession, peer: Start) -> None:
    server = peer(wait_for_end)
    answer = ask(http, f"http://localhost:{server.port}/a")
    assert isinstance(answer, Unavailable)
    assert "not an https address" in answer.reason
    assert server.accepted == 0


def test_a_netrc_file_adds_no_password(
    http: HttpSession, peer: Start, tls: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password example\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = peer(http_answers(lambda _line, _body: as_json({})), tls)
    response = http.get(f"https://localhost:{server.port}/a")
    assert "Authorization" not in response.request.headers


def test_proxies_of_the_environment_are_used_except_for_this_machine(
    http: HttpSession, peer: Start, tls: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    gateway = peer(proxy)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{gateway.port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    answer = ask(http, "https://login.example/a")
    assert isinstance(answer, Unavailable)
    assert answer.reason == "login.example could not be reached through the proxy"
    assert heard
    assert heard[0].startswith(b"CONNECT login.example:443")
    server = peer(http_answers(lambda _line, _body: as_json({})), tls)
    assert isinstance(ask(http, f"https://localhost:{server.port}/a"), Answer)


def test_a_bundle_of_the_environment_replaces_nothing(
    http: HttpSession, peer: Start, tls: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = trustme.CA(organization_name="Example proxy")
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    own = peer(http_answers(lambda _line, _body: as_json({})), tls)
    assert isinstance(ask(http, f"https://localhost:{own.port}/a"), Answer)
    stranger = server_context(trustme.CA(organization_name="Example Web Gateway"))
    server = peer(http_answers(lambda _line, _body: as_json({})), stranger)
    assert isinstance(ask(http, f"https://localhost:{server.port}/a"), Unavailable)


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("no certificate", "holds no PEM")])
def test_an_unusable_ca_file_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CaFileUnusable, match=words):
        open_session(HttpOptions(ca_file=path))
