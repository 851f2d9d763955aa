"""Every endpoint that is closed, foreign, silent or something else: one clear answer, a documented exit code."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from diagnostics.lab.server import Lab

from .test_cli_runs import run


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def judged(lab: Lab, tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Run `permissions` on the lab's profile after `change`, and hold it to showing no secret and no traceback."""

    def judge(change: Callable[[dict[str, Any]], None], *arguments: str) -> tuple[int, dict[str, Any], str]:
        profile = yaml.safe_load(lab.profile.read_text())
        profile["timeouts"] = {"connect": 2, "operation": 3}
        change(profile)
        path = tmp_path / "bad.yaml"
        path.write_text(yaml.safe_dump(profile))
        code, out, err = run("permissions", "--profile", str(path), *arguments, "--output", "json", env=lab.env)
        assert not any(secret in out + err for secret in lab.env.values())
        assert "Traceback" not in err
        return code, json.loads(out), err

    return judge


Judged = Callable[..., tuple[int, dict[str, Any], str]]


def reasons(document: dict[str, Any]) -> str:
    return "\n".join(f"{finding.get('reason', '')} {finding['summary']}" for finding in document["findings"])


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """Accept connections (by the backlog) and never say a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield server.getsockname()[1]


def test_closed_ports(judged: Judged) -> None:
    code, document, _ = judged(lambda profile: profile["imap"].update(port=closed_port()))
    assert code == 1
    assert document["causes"][0]["cause"].startswith("net-")
    code, document, _ = judged(lambda profile: profile["exchange"].update(port=closed_port()))
    assert code in {3, 4}
    assert document["causes"] == []
    code, document, _ = judged(lambda profile: profile["endpoints"].update(login=f"https://127.0.0.1:{closed_port()}"))
    assert code in {1, 3, 4}
    assert "refuses the connection" in reasons(document)


def test_a_certificate_of_another_authority(judged: Judged) -> None:
    def forget(profile: dict[str, Any]) -> None:
        del profile["ca_file"]

    code, document, _ = judged(forget)
    assert code in {1, 3, 4}
    assert "certificate" in reasons(document)
    assert not any(finding["outcome"] == "pass" and finding["stage"] == "claims" for finding in document["findings"])


def test_a_ca_file_that_is_none(judged: Judged) -> None:
    code, document, _ = judged(lambda profile: profile.update(ca_file="/dev/null"))
    assert code in {1, 3}
    assert "CA file" in reasons(document)


class Html(http.server.BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"<html><title>Sign in to the guest network</title></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_arguments: object) -> None:
        pass


def test_a_token_endpoint_that_answers_html(judged: Judged, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Html) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def mislead(profile: dict[str, Any]) -> None:
            profile["endpoints"]["login"] = f"https://localhost:{server.server_address[1]}"
            profile["ca_file"] = str(tmp_path / "ca.pem")

        code, document, _ = judged(mislead, "--no-imap", "--no-graph")
        server.shutdown()
    assert code in {1, 3, 4}
    assert "HTML" in reasons(document) or "html" in reasons(document)


@pytest.mark.parametrize("endpoint", ["exchange", "login", "imap", "graph"])
def test_an_endpoint_that_hangs(judged: Judged, endpoint: str) -> None:
    with silent() as port:

        def hang(profile: dict[str, Any]) -> None:
            if endpoint in {"login", "graph"}:
                profile["endpoints"][endpoint] = f"https://127.0.0.1:{port}"
            else:
                profile[endpoint]["port"] = port

        code, document, _ = judged(hang)
    assert code == 0 if endpoint == "graph" else code in {1, 3, 4}
    assert document["causes"] == [] or document["causes"][0]["cause"].startswith(("net-", "token-network"))


def test_no_mailbox_to_look_at(lab: Lab, tmp_path: Path) -> None:
    profile = yaml.safe_load(lab.profile.read_text())
    profile["mailboxes"] = []
    path = tmp_path / "none.yaml"
    path.write_text(yaml.safe_dump(profile))
    for command in ("permissions", "imap"):
        code, out, err = run(command, "--profile", str(path), env=lab.env)
        assert (code, out) == (2, "")
        assert "--mailbox" in err
    assert run("token", "--profile", str(path), env=lab.env)[0] == 0
