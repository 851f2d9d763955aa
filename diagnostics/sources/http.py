"""One way to make HTTPS requests: verified TLS, the environment's proxies, time-outs, few retries, no redirects.

A redirect is not followed, since a request may carry a secret: a network's sign-in page shows as what it is. What goes
wrong becomes `Unavailable` with words, by `unavailable()`.
"""

from __future__ import annotations

import datetime as dt
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NameResolutionError, ReadTimeoutError, SSLError
from urllib3.util import Retry

import diagnostics
from diagnostics.evidence import Missing, Provenance, Source, Unavailable
from diagnostics.redaction import safe
from diagnostics.sources.tls import CaFileUnusable, trusting_context, why_refused

_LONGEST_WAIT = 20.0
"""Seconds that a server's Retry-After may hold up a request; a longer one is waited for no further than that."""
_RETRY_STATUSES = (429, 502, 503, 504)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CA_HINT = (
    "Where a proxy or a firewall inspects TLS, ask its administrators for its CA certificate and name the file as "
    "ca_file in the profile."
)


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How HTTPS requests are made; times in seconds."""

    ca_file: Path | None = None
    connect_timeout: float = 10.0
    timeout: float = 60.0
    retries: int = 2


class UnexpectedAnswer(Exception):
    """An answer that is not what an API gives: HTML, a redirect, an empty body. Its words quote nothing secret."""


class _Retries(Retry):
    """Retries what may pass: refused connections, dropped ones, throttling. Never what has taken its time already."""

    def get_retry_after(self, response: Any) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, _LONGEST_WAIT)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        if isinstance(error, SSLError | NameResolutionError):
            raise MaxRetryError(_pool, url or "", error) from error
        return super().increment(method, url, response, error, _pool, _stacktrace)


class _Adapter(HTTPAdapter):
    """Uses the program's own TLS context, directly and through proxies."""

    def __init__(self, context: ssl.SSLContext, retries: Retry) -> None:
        self._context = context
        super().__init__(max_retries=retries, pool_maxsize=8)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, **{**keywords, "ssl_context": self._context})

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        return super().proxy_manager_for(proxy, **{**keywords, "ssl_context": self._context})


class HttpSession(requests.Session):
    """A session whose every request has a time-out and whose certificates are always verified."""

    def __init__(self, options: HttpOptions) -> None:
        super().__init__()
        self._timeout = (options.connect_timeout, options.timeout)
        retries = _Retries(
            total=options.retries,
            connect=min(1, options.retries),
            status_forcelist=_RETRY_STATUSES,
            allowed_methods={"GET"},
            backoff_factor=0.5,
            raise_on_status=False,
        )
        self.mount("https://", _Adapter(trusting_context(options.ca_file), retries))
        self.headers["User-Agent"] = f"diag/{getattr(diagnostics, '__version__', '0')}"
        self.auth = _no_netrc

    def request(self, method: str | bytes, url: str | bytes, *arguments: Any, **keywords: Any) -> requests.Response:
        """Make a request, over HTTPS only, within the session's time-outs."""
        text = url.decode() if isinstance(url, bytes) else url
        if urlsplit(text).scheme.lower() != "https":
            raise UnexpectedAnswer(f"{safe(text)} is not an https address; nothing was sent")
        keywords.setdefault("timeout", self._timeout)
        return super().request(method, url, *arguments, **keywords)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect: a request with a secret goes where it was sent, or nowhere."""
        del resp
        return None

    def merge_environment_settings(self, url: Any, *arguments: Any, **keywords: Any) -> Any:
        """Take proxies from the environment, except for this machine itself."""
        settings = super().merge_environment_settings(url, *arguments, **keywords)
        if (urlsplit(str(url)).hostname or "") in _LOOPBACK:
            settings["proxies"] = {}
        return settings


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is: a password for the host in ~/.netrc must not take the token's place."""
    return request


def open_session(options: HttpOptions) -> HttpSession:
    """Return a session, to be closed by the caller. Raises CaFileUnusable."""
    return HttpSession(options)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that holds a JSON object."""

    status: int
    body: Mapping[str, Any]
    provenance: Provenance


def get_json(
    session: requests.Session,
    url: str,
    source: Source,
    *,
    how: str = "",
    headers: Callable[[], Mapping[str, str]] | None = None,
) -> Answer | Unavailable:
    """GET a JSON object, or say why there is none; an HTTP error with a JSON body is an answer."""
    started, at = time.monotonic(), dt.datetime.now(dt.UTC)
    how = safe(how or f"GET {url}")
    try:
        response = session.get(url, headers=dict(headers()) if headers else None)
        body = json_object(response)
    except (requests.RequestException, UnexpectedAnswer, OSError) as error:
        return unavailable(error, urlsplit(url).netloc, Provenance(source, how, at, time.monotonic() - started))
    provenance = Provenance(source, how, at, time.monotonic() - started)
    return Answer(response.status_code, body, provenance)


def json_object(response: requests.Response) -> Mapping[str, Any]:
    """Return the JSON object of an answer. Raises UnexpectedAnswer that says what came instead."""
    host = urlsplit(response.url).netloc
    if response.is_redirect:
        target = urlsplit(response.headers.get("Location", ""))
        place = f"{target.scheme}://{target.netloc}" if target.netloc else "another page"
        raise UnexpectedAnswer(f"{host} answered HTTP {response.status_code}, a redirect to {safe(place)}")
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "no content type"
        what = "an HTML page" if "html" in kind.lower() or _looks_like_html(response.content) else f"no JSON ({kind})"
        raise UnexpectedAnswer(f"{host} answered HTTP {response.status_code} with {safe(what)}") from None
    if not isinstance(body, dict):
        raise UnexpectedAnswer(f"{host} answered HTTP {response.status_code} with JSON that is not an object")
    return body


def _looks_like_html(content: bytes) -> bool:
    start = content[:200].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


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
    (requests.exceptions.SSLError, "cannot be spoken to over TLS", Missing.UNREACHABLE),
    (ConnectionRefusedError, "refuses the connection", Missing.UNREACHABLE),
    (ConnectionResetError, "closed the connection", Missing.UNREACHABLE),
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
