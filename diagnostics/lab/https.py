"""The base of every HTTPS endpoint of the lab: threaded, HTTP/1.1 with keep-alive, on a free port of loopback."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import urllib.parse
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from diagnostics.lab import misconduct
from diagnostics.lab.faults import Conduct, EndpointFaults, Fault
from diagnostics.lab.listener import Listener, reset

LOG = logging.getLogger(__name__)
MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One HTTP request, with its body read; `path` is decoded and without the query."""

    method: str
    target: str
    path: str
    query: dict[str, list[str]]
    headers: Message
    body: bytes = field(repr=False)

    @property
    def bearer_token(self) -> str | None:
        """The token of the Authorization header, if there is one."""
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    def form(self) -> dict[str, str]:
        """Return the fields of a form-urlencoded body; the last one wins."""
        return dict(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """Return the body as JSON; raise ValueError when it is not."""
        return json.loads(self.body.decode("utf-8"))


@dataclass
class Response:
    """One HTTP answer; Content-Length and Date are added when it is sent."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """Return `value` as a JSON answer."""
        body = json.dumps(value, separators=(",", ":")).encode()
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


class HttpsEndpoint(Listener):
    """One HTTPS server of the lab; subclasses implement `handle(request)`, which may block.

    `faults` decides what happens to a request before `handle` sees it.
    """

    def __init__(self, tls_context: ssl.SSLContext, *, faults: EndpointFaults | None = None) -> None:
        super().__init__(tls_context, faults)

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"https://localhost:{self.address[1]}"

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        raise NotImplementedError

    def serve(self, connection: socket.socket) -> None:
        """Answer requests on one connection until the client closes it."""
        with contextlib.suppress(OSError):
            _Handler(connection, self)

    def answer(self, request: Request, fault: Fault) -> Response | None:
        """Return the answer, or None when the connection is to be cut without one."""
        if fault.latency:
            self.stopping.wait(fault.latency)
        if fault.drop or self.stopping.is_set():
            return None
        if fault.status is not None:
            return _fault_response(fault)
        try:
            response = self.handle(request)
        except Exception:
            LOG.exception("the lab failed to answer %s %s", request.method, request.path)
            return Response(500, b"The lab failed to answer; its log says why.", {"Content-Type": "text/plain"})
        return None if fault.drop_after else response


def _fault_response(fault: Fault) -> Response:
    headers = {"Content-Type": fault.content_type}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if fault.location:
        headers["Location"] = fault.location
    return Response(fault.status or 503, fault.body, headers)


def http_phrase(status: int) -> str:
    """Return the reason phrase of an HTTP status, or an empty one for those that have none."""
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


class _Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection; everything it decides is in HttpsEndpoint."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, endpoint: HttpsEndpoint) -> None:
        self.endpoint = endpoint
        super().__init__(connection, connection.getpeername(), endpoint)  # type: ignore[arg-type]

    def _answer(self) -> None:
        fault = self.endpoint.faults.take(f"{self.command} {self.path}")
        if fault.conduct is Conduct.RESET_MID_REQUEST:
            reset(self.connection)
            self.close_connection = True
            return
        length = self.headers.get("Content-Length") or "0"
        chunked = "chunked" in (self.headers.get("Transfer-Encoding") or "").lower()
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(Response(400))
            return
        body = self._chunks() if chunked else self.rfile.read(int(length))
        parts = urllib.parse.urlsplit(self.path)
        request = Request(
            method=self.command,
            target=self.path,
            path=urllib.parse.unquote(parts.path),
            query=urllib.parse.parse_qs(parts.query, keep_blank_values=True),
            headers=self.headers,
            body=body,
        )
        response = self.endpoint.answer(request, fault)
        if response is None:
            self.close_connection = True
            return
        if fault.conduct is not None:
            self.close_connection = True
            misconduct.answer(fault.conduct, self.connection, response.headers, response.body, self.endpoint.stopping)
            return
        if self.endpoint.faults.connecting() is not None:
            self.close_connection = True
            self.endpoint.leave_if_told()
        self._send(response)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = do_OPTIONS = _answer  # noqa: N815 - as the base class asks

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline(64).split(b";")[0].strip() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline(3)
        while self.rfile.readline(1024).strip():
            pass
        return bytes(body)

    def _send(self, response: Response) -> None:
        lines = [f"HTTP/1.1 {response.status} {http_phrase(response.status)}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines.append(f"Content-Length: {len(response.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        headers = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(headers if self.command == "HEAD" else headers + response.body)

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet: the lab's stderr belongs to its user."""
