"""The one way to make HTTPS requests: verified TLS, the environment's proxies, few retries, no redirects, and an end.

`HttpOptions.timeout` is for a whole exchange, from the name's look-up to the last byte of the answer, retries and the
waits that a server asks for included. A body is read up to `HttpOptions.largest` decoded bytes. A redirect is an error
that names where it leads: a request may carry a secret, and goes where it was sent or nowhere. What goes wrong becomes
words in `failures.unavailable`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Retry

import diagnostics
from diagnostics.net.body import ACCEPTED, NotDecoded, read_whole
from diagnostics.net.deadline import MEBIBYTE, Deadline, TooMuch, current, within
from diagnostics.net.failures import NO_HTTP, NotUnderstood, Redirected, UnexpectedAnswer
from diagnostics.net.sockets import BoundedTls, connect
from diagnostics.net.tls import trusting_context
from diagnostics.net.urls import host_of, is_loopback, origin_of
from diagnostics.redaction import safe

LARGEST = 4 * MEBIBYTE
"""Decoded bytes of an answer unless options say otherwise; Graph's largest pages have about one million."""
_NOT_SENT = "a header for {host} has a character that HTTP cannot carry; nothing was sent"
RETRY_STATUSES = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How HTTPS requests are made; times in seconds, `largest` in bytes.

    `retries` are for GET alone, `connect_retries` for a connection that is refused. `proxy` is a URL; empty: the
    environment's.
    """

    ca_file: Path | None = None
    connect_timeout: float = 10.0
    timeout: float = 60.0
    retries: int = 2
    connect_retries: int = 1
    largest: int = LARGEST
    proxy: str = ""
    key_password: str | None = None


class _Retries(Retry):
    """Retries what may pass while there is time: refused connections, dropped ones, throttling."""

    def parse_retry_after(self, retry_after: str) -> float:
        return retry_after_seconds(retry_after) or 0.0

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        time.sleep(self._wait(response))

    def _wait(self, response: Any) -> float:
        asked = retry_after_seconds(response.headers.get("Retry-After", "")) if response is not None else None
        return self.get_backoff_time() if asked is None else asked

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
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        bounds = current()
        if bounds is not None and following._wait(response) >= bounds.deadline.remaining():  # noqa: SLF001 - of this class
            raise MaxRetryError(_pool, url or "", error)
        return following


def retry_after_seconds(value: str) -> float | None:
    """Return the seconds that a Retry-After asks to wait, from a number or an HTTP date (RFC 9110 10.2.3), else None."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])  # more digits than that do not make it longer in any way that matters
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time()) if value.isascii() and value else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


class _Connection(HTTPSConnection):
    """A connection whose sockets keep within the exchange."""

    def _new_conn(self) -> socket.socket:
        timeout = self.timeout if isinstance(self.timeout, int | float) else None
        try:
            return connect(self._dns_host, self.port or 443, 60.0 if timeout is None else timeout)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} accepts no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override] # as urllib3 has it
        bounds = current()
        if bounds is None:
            return super().getresponse()
        bounds.expect_head()
        try:
            return super().getresponse()
        finally:
            bounds.expect_body()


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _Answer(requests.Response):
    """An answer whose body is read within the exchange, whoever asks for it."""

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """Yield the whole body, decoded, at once. Raises requests' errors and NotUnderstood."""
        del chunk_size, decode_unicode
        bounds, host = current(), host_of(self.url)
        largest = LARGEST if bounds is None else bounds.largest
        try:
            yield read_whole(self.raw, self.headers.get("Content-Encoding", ""), largest)
        except (TooMuch, NotDecoded) as error:
            self.close()
            raise NotUnderstood(host, str(error)) from error
        except ReadTimeoutError as error:
            raise requests.exceptions.ReadTimeout(error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise requests.exceptions.ConnectionError(error) from error


class _Adapter(HTTPAdapter):
    """Uses the program's own TLS context and connections, directly and through proxies."""

    def __init__(self, context: ssl.SSLContext, retries: Retry, key_password: str | None) -> None:
        context.sslsocket_class = BoundedTls
        self._extra = {"ssl_context": context, **({"key_password": key_password} if key_password else {})}
        self._last: requests.Response | None = None
        super().__init__(max_retries=retries, pool_maxsize=8)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, **{**keywords, **self._extra})
        _use_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **{**keywords, **self._extra})
        if not proxy.lower().startswith("socks"):
            _use_pools(manager)
        return manager

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        answer = super().build_response(req, resp)
        answer.__class__ = _Answer
        self._last = answer
        return answer

    def close(self) -> None:
        """Close the sockets, also that of an answer which a failed sign-in left unread."""
        if self._last is not None:
            self._last.close()
        super().close()


def _use_pools(manager: Any) -> None:
    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": _Pool}


class HttpSession(requests.Session):
    """A session whose exchanges end in time and in memory, and whose certificates are always verified."""

    def __init__(self, options: HttpOptions) -> None:
        super().__init__()
        self._options = options
        retries = _Retries(
            total=max(options.retries, options.connect_retries),
            connect=options.connect_retries,
            read=options.retries,
            status=options.retries,
            other=0,
            redirect=0,
            status_forcelist=RETRY_STATUSES,
            allowed_methods={"GET"},
            backoff_factor=0.5,
            raise_on_status=False,
        )
        self.mount("https://", _Adapter(trusting_context(options.ca_file), retries, options.key_password))
        self.headers["User-Agent"] = f"diag/{getattr(diagnostics, '__version__', '0')}"
        self.headers["Accept-Encoding"] = ACCEPTED
        self.auth = _no_netrc
        if options.proxy:
            self.proxies = {"https": options.proxy}

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepare a request. Raises UnexpectedAnswer for a header that cannot be sent; requests would quote it."""
        try:
            return super().prepare_request(request)
        except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
            raise UnexpectedAnswer(_NOT_SENT.format(host=host_of(request.url or ""))) from None

    def send(self, request: requests.PreparedRequest, **keywords: Any) -> requests.Response:
        """Send a request, over HTTPS only, and read its answer. Raises requests' exceptions and UnexpectedAnswer."""
        url = request.url or ""
        host = host_of(url)
        if urlsplit(url).scheme.lower() != "https":
            raise UnexpectedAnswer(f"{safe(url)} is not an https address; nothing was sent")
        with within(Deadline(self._options.timeout), self._options.largest) as bounds:
            left = bounds.deadline.remaining()
            settings = {"timeout": (min(self._options.connect_timeout, left), left), "allow_redirects": False}
            try:
                answer = super().send(request, **{**keywords, **settings, "stream": False})
            except requests.exceptions.InvalidHeader as error:
                raise NotUnderstood(host, NO_HTTP) from error
            except (requests.RequestException, UnexpectedAnswer):
                raise
            except TooMuch as error:
                raise NotUnderstood(host, str(error)) from error
            except UnicodeEncodeError:
                raise UnexpectedAnswer(_NOT_SENT.format(host=host)) from None
            except (urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError) as error:
                raise NotUnderstood(host, NO_HTTP) from error
        if 300 <= answer.status_code < 400:  # noqa: PLR2004 - redirects
            raise Redirected(host, answer.status_code, origin_of(answer.headers.get("Location", "")))
        return answer

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect: a request with a secret goes where it was sent, or nowhere."""
        del resp
        return None

    def merge_environment_settings(self, url: Any, *arguments: Any, **keywords: Any) -> Any:
        """Take proxies from the environment, except for this machine itself."""
        settings = super().merge_environment_settings(url, *arguments, **keywords)
        if is_loopback(str(url)):
            settings["proxies"] = {}
        return settings


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is: a password for the host in ~/.netrc must not take the token's place."""
    return request


def open_session(options: HttpOptions) -> HttpSession:
    """Return a session, to be closed by the caller. Raises CaFileUnusable."""
    return HttpSession(options)
