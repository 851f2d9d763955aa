"""What goes wrong with an HTTP exchange, in words; nothing here quotes a secret."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import IncompleteRead, NameResolutionError, ReadTimeoutError

from diagnostics.evidence import Missing, Provenance, Unavailable
from diagnostics.net.tls import CaFileUnusable, why_refused
from diagnostics.redaction import safe

_CA_HINT = (
    "Where a proxy or a firewall inspects TLS, ask its administrators for its CA certificate and name the file as "
    "ca_file in the profile."
)


NO_HTTP = "answers something that is not HTTP"


class UnexpectedAnswer(Exception):
    """An answer that is not what an API gives: HTML, a redirect, an empty body. Its words quote nothing secret."""


class NotUnderstood(UnexpectedAnswer):
    """An answer that is no HTTP, has no end, or is not packed as it says."""

    def __init__(self, host: str, what: str) -> None:
        super().__init__(f"{safe(host)} {what}")


class Redirected(UnexpectedAnswer):
    """A redirect, which is never followed; `place` is its scheme and host, empty for another page of the same host."""

    def __init__(self, host: str, status: int, place: str) -> None:
        super().__init__(f"{safe(host)} answered HTTP {status}, a redirect to {safe(place) or 'another page'}")


def unavailable(error: BaseException, host: str, provenance: Provenance) -> Unavailable:
    """Say in words why a request to `host` had no usable answer; never quotes a secret."""
    chain = list(_causes(error))
    if isinstance(error, UnexpectedAnswer):
        hint = "Something between this machine and the service may answer in its place: a proxy, a sign-in page."
        return Unavailable(str(error), Missing.UNEXPECTED, provenance, hint)
    if isinstance(error, CaFileUnusable):
        return Unavailable(str(error), Missing.UNREACHABLE, provenance, "Name a readable PEM file as ca_file.")
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = f"{host} shows a certificate that this machine does not trust: {safe(why_refused(cause))}"
            return Unavailable(reason, Missing.UNREACHABLE, provenance, _CA_HINT)
    for kind, words, missing in _FAILURES:
        if any(isinstance(cause, kind) for cause in chain):
            return Unavailable(f"{host} {words}", missing, provenance)
    reason = f"{host} could not be asked: {safe(str(error)) or type(error).__name__}"
    return Unavailable(reason, Missing.REMOTE_ERROR, provenance)


_FAILURES: tuple[tuple[type[BaseException], str, Missing], ...] = (
    (requests.exceptions.ProxyError, "could not be reached through the proxy", Missing.UNREACHABLE),
    (NameResolutionError, "cannot be resolved to an address", Missing.UNREACHABLE),
    (requests.ConnectTimeout, "does not accept a connection in time", Missing.TIMED_OUT),
    (requests.ReadTimeout, "did not answer in time", Missing.TIMED_OUT),
    (ReadTimeoutError, "did not answer in time", Missing.TIMED_OUT),
    (TimeoutError, "did not answer in time", Missing.TIMED_OUT),
    (ConnectionRefusedError, "refuses the connection", Missing.UNREACHABLE),
    (ConnectionResetError, "closed the connection", Missing.UNREACHABLE),
    (BrokenPipeError, "closed the connection", Missing.UNREACHABLE),
    (ssl.SSLEOFError, "closed the connection", Missing.UNREACHABLE),
    (requests.exceptions.SSLError, "cannot be spoken to over TLS", Missing.UNREACHABLE),
    (IncompleteRead, "closed the connection in the middle of an answer", Missing.UNREACHABLE),
    (http.client.IncompleteRead, "closed the connection in the middle of an answer", Missing.UNREACHABLE),
    (http.client.HTTPException, NO_HTTP, Missing.UNEXPECTED),
    (requests.ConnectionError, "cannot be reached", Missing.UNREACHABLE),
)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk through an exception, what it wraps and what led to it: urllib3 hides the reason in `args` and `reason`."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
