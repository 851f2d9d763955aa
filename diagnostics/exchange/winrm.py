"""PowerShell on a Windows management host over WinRM: pypsrp's WSMan with verified TLS and bounded waits.

pypsrp asks again when nothing came (`end_invoke`, `RunspacePool.open`), and Receive is sent six times when an endpoint
hangs. Here every request carries what is left of the deadline, and only connecting is retried.
"""

from __future__ import annotations

import ssl
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.wsman import WSManAction
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from diagnostics.evidence import Missing, Provenance, Source
from diagnostics.exchange.http_body import read_whole
from diagnostics.exchange.options import WINRM_AUTHENTICATIONS, WinRmOptions
from diagnostics.exchange.pipelines import Connection
from diagnostics.exchange.port import ConnectionRequest, ErrorKind, ShellUnavailable
from diagnostics.exchange.psrp import Channel, PsrpShell
from diagnostics.exchange.retired import refuse_retired
from diagnostics.exchange.waiting import ChannelBroken, ChannelTimedOut, Deadline
from diagnostics.net.failures import unavailable
from diagnostics.net.tls import CaFileUnusable, trusting_context
from diagnostics.redaction import safe

_NOTHING_YET = 2150858793
"""WSMan fault 0x80338029: the operation's time passed without output (ERROR_WSMAN_OPERATION_TIMEDOUT)."""
_RECEIVE_SECONDS = 20
_GRACE = 2.0
_FAULT_KINDS = {
    5: ErrorKind.NO_RIGHTS,  # ERROR_ACCESS_DENIED
    0x80338029: ErrorKind.TIMED_OUT,
}


class WinRmShell(PsrpShell):
    """See `port.Shell`; the channel is WSMan over HTTPS."""

    transport = "winrm"
    first_step = "connect to the management host"

    def __init__(self, options: WinRmOptions, request: ConnectionRequest) -> None:
        super().__init__(
            request, connect_timeout=options.operation_timeout, operation_timeout=options.operation_timeout
        )
        self._options = options

    def _open_channel(self) -> Channel:
        _check(self._options)
        try:
            connection = BoundedWSMan(self._options)
        except CaFileUnusable as error:
            raise ChannelBroken(str(error), hint="Name a readable PEM file as ca_file.") from error
        except (ValueError, ImportError) as error:
            raise ShellUnavailable(self.first_step, safe(str(error)), kind=ErrorKind.PARAMETER) from error
        return WinRmChannel(connection, self._options.configuration)


class WinRmChannel(Channel):
    """Sockets are all that is held here."""

    def describe(self) -> str:
        """Return the endpoint."""
        return str(self.connection.transport.endpoint)

    def close(self) -> None:
        """Close the sockets."""
        self.connection.close()


def _check(options: WinRmOptions) -> None:
    refuse_retired(options.host)
    if "/" in options.host or not options.host.strip():
        raise ShellUnavailable(
            WinRmShell.first_step,
            f"{safe(options.host)!r} is not a host name",
            kind=ErrorKind.PARAMETER,
            hint="Give the name alone as host, and the port as port.",
        )
    if options.auth not in WINRM_AUTHENTICATIONS:
        known = ", ".join(WINRM_AUTHENTICATIONS)
        raise ShellUnavailable(
            WinRmShell.first_step, f"{safe(options.auth)!r} is none of {known}", kind=ErrorKind.PARAMETER
        )


class _Adapter(HTTPAdapter):
    """Uses the program's own trust, directly and through a proxy."""

    def __init__(self, context: ssl.SSLContext, retries: Retry, key_password: str | None) -> None:
        self._extra = {"ssl_context": context, **({"key_password": key_password} if key_password else {})}
        self._last: requests.Response | None = None
        super().__init__(max_retries=retries)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, **{**keywords, **self._extra})

    def send(self, request: requests.PreparedRequest, *arguments: Any, **keywords: Any) -> requests.Response:
        self._last = super().send(request, *arguments, **keywords)
        return self._last

    def close(self) -> None:
        """Close the sockets, also that of an answer which a failed sign-in left unread."""
        if self._last is not None:
            self._last.close()
        super().close()

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        return super().proxy_manager_for(proxy, **{**keywords, **self._extra})


class BoundedWSMan(Connection):
    """A WSMan whose every request ends at `deadline`, and whose failures say what they mean."""

    def __init__(self, options: WinRmOptions) -> None:
        certificate: dict[str, Any] = {}
        if options.auth == "certificate":
            certificate = {
                "certificate_pem": str(options.certificate_file) if options.certificate_file else None,
                "certificate_key_pem": str(options.certificate_key_file) if options.certificate_key_file else None,
                "certificate_key_password": _revealed(options.certificate_key_password),
            }
        super().__init__(
            options.host,
            port=options.port,
            ssl=True,
            auth=options.auth,
            username=options.username or None,
            password=_revealed(options.password),
            proxy=options.proxy or None,
            reconnection_retries=options.connect_retries,
            reconnection_backoff=0.3,
            **certificate,
        )
        self.deadline = Deadline(options.operation_timeout)
        self._options = options
        self.transport.session = self._session(trusting_context(options.ca_file))

    def _session(self, context: ssl.SSLContext) -> requests.Session:
        """Return pypsrp's session, with the program's own trust and with retries of the connection alone."""
        session: requests.Session = self.transport._build_session()  # noqa: SLF001 - the seam to TLS
        session.verify = True
        if (urlsplit(self.transport.endpoint).hostname or "") in {"localhost", "127.0.0.1", "::1"}:
            session.trust_env = False
            session.proxies = {}
        retries = Retry(
            total=None,
            connect=self._options.connect_retries,
            read=0,
            redirect=0,
            status=0,
            other=0,
            backoff_factor=0.3,
            raise_on_status=False,
        )
        session.send = self._whole(session.send)  # type: ignore[method-assign]
        session.mount("https://", _Adapter(context, retries, _revealed(self._options.certificate_key_password)))
        return session

    def _whole(self, send: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
        """Read each answer within the deadline, also one that comes drop by drop and never times out by itself."""

        def bounded(request: requests.PreparedRequest, **keywords: Any) -> requests.Response:
            response = send(request, **{**keywords, "stream": True})
            response._content = read_whole(response, self.deadline)  # noqa: SLF001 - as requests does when it reads at once
            response._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001
            return response

        return bounded

    def invoke(self, action: str, *arguments: Any, **keywords: Any) -> ET.Element:
        """Send one request; a Receive is sent again while there is nothing yet. Raises ChannelBroken."""
        keywords["retries_on_read_timeout"] = 0
        while True:
            if self.deadline.over:
                raise ChannelTimedOut(f"no answer within {self.deadline.seconds:g} s")
            self._bound_request()
            try:
                return super().invoke(action, *arguments, **keywords)
            except WSManFaultError as fault:
                if fault.code != _NOTHING_YET or action != WSManAction.RECEIVE:
                    raise _broken_by_fault(fault) from fault
            except AuthenticationError as error:
                raise _sign_in_refused(self._options) from error
            except requests.exceptions.ReadTimeout as error:
                raise ChannelBroken(f"{self._options.host} did not answer in time", kind=ErrorKind.TIMED_OUT) from error
            except (requests.RequestException, OSError) as error:
                raise self._unreachable(error) from error
            except (WinRMTransportError, WinRMError) as error:
                raise self._odd(error) from error
            except ET.ParseError as error:
                raise ChannelBroken(f"{self._options.host} answered something that is not WS-Management") from error

    def _bound_request(self) -> None:
        left = self.deadline.remaining()
        self.operation_timeout = max(1, min(_RECEIVE_SECONDS, int(left)))
        self.transport.connection_timeout = min(self._options.connect_timeout, left + _GRACE)  # type: ignore[assignment]
        self.transport.read_timeout = left + _GRACE  # type: ignore[assignment]

    def _unreachable(self, error: BaseException) -> ChannelBroken:
        host = f"{self._options.host}:{self._options.port}"
        reason = unavailable(error, host, Provenance(Source.EXCHANGE, "WinRM"))
        kind = ErrorKind.TIMED_OUT if reason.missing is Missing.TIMED_OUT else ErrorKind.CONNECTION
        return ChannelBroken(reason.reason, kind=kind, hint=reason.hint or _REACH)

    def _odd(self, error: WinRMError) -> ChannelBroken:
        if isinstance(error, WinRMTransportError):
            return ChannelBroken(
                f"{self._options.host} answered HTTP {error.code} to a WS-Management request",
                hint="Is this the WinRM listener (usually port 5986), and is PowerShell remoting enabled there?",
            )
        return ChannelBroken(f"{self._options.host} answered in a way that is not understood: {safe(str(error))}")


_REACH = "Check host and port, and that the WinRM HTTPS listener runs there: winrm enumerate winrm/config/listener"


def _revealed(secret: Any) -> str | None:
    return secret.reveal() if secret is not None else None


def _sign_in_refused(options: WinRmOptions) -> ChannelBroken:
    return ChannelBroken(
        f"{options.host} refuses the account {safe(options.username)!r} ({options.auth})",
        kind=ErrorKind.NO_RIGHTS,
        hint="This is the account on the management host, not the one for Exchange. It must be in the group "
        "Remote Management Users there, and the listener must allow this way to sign in.",
    )


def _broken_by_fault(fault: WSManFaultError) -> ChannelBroken:
    words = safe(str(fault.provider_fault or fault.reason or fault.message))
    kind = _FAULT_KINDS.get(fault.code, ErrorKind.CONNECTION) if isinstance(fault.code, int) else ErrorKind.CONNECTION
    return ChannelBroken(f"the management host refuses: {words}", kind=kind)
