"""PowerShell on a Windows management host over WinRM: pypsrp's WSMan with verified TLS and bounded waits.

pypsrp asks again when nothing came (`end_invoke`, `RunspacePool.open`), and Receive is sent six times when an endpoint
hangs. Here every request carries what is left of the deadline, and only connecting is retried.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import requests
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.wsman import WSManAction

from diagnostics.evidence import Missing, Provenance, Source
from diagnostics.exchange.options import WINRM_AUTHENTICATIONS, WinRmOptions
from diagnostics.exchange.pipelines import Connection
from diagnostics.exchange.port import ConnectionRequest, ErrorKind, ShellUnavailable
from diagnostics.exchange.psrp import Channel, PsrpShell
from diagnostics.exchange.retired import refuse_retired
from diagnostics.exchange.waiting import ChannelBroken, ChannelTimedOut
from diagnostics.net.client import HttpOptions, HttpSession, open_session
from diagnostics.net.deadline import MEBIBYTE, Deadline, within
from diagnostics.net.failures import UnexpectedAnswer, unavailable
from diagnostics.net.tls import CaFileUnusable
from diagnostics.net.urls import is_loopback
from diagnostics.redaction import safe

_NOTHING_YET = 2150858793
"""WSMan fault 0x80338029: the operation's time passed without output (ERROR_WSMAN_OPERATION_TIMEDOUT)."""
_RECEIVE_SECONDS = 20
_GRACE = 2.0
"""Seconds for an answer that a server gives just when the time is up."""
_LARGEST = 2 * MEBIBYTE
"""Bytes of an answer; each request asks for at most 150 KB (MaxEnvelopeSize), and of XML a byte may take fifty."""
_FAULT_KINDS = {
    5: ErrorKind.HOST_REFUSED,  # ERROR_ACCESS_DENIED
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

    what = _not_sendable(options)
    if what:
        raise ShellUnavailable(
            WinRmShell.first_step,
            f"{what}; nothing was sent",
            kind=ErrorKind.PARAMETER,
            hint="Use negotiate, ntlm or kerberos, which take any character, or another password.",
        )


def _not_sendable(options: WinRmOptions) -> str:
    """Say which of user name and password the sign-in cannot carry.

    Basic has no encoding that both sides agree on beyond Latin-1 (RFC 7617, section 2.1); the others take all of Unicode,
    but no lone surrogate, which is what Python makes of an environment variable that is not UTF-8.
    """
    for name, value in (("user name", options.username), ("password", _revealed(options.password) or "")):
        if any("\ud800" <= character <= "\udfff" for character in value):
            return f"the {name} for {safe(options.host)} is not text in UTF-8"
        if options.auth == "basic" and any(character > "\xff" for character in value):
            return f"the {name} for {safe(options.host)} has a character that Basic cannot carry"
    return ""


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
        self._accepted = False
        self.transport.session = self._session()

    def _session(self) -> HttpSession:
        """Return a session of the program's own with the sign-in, the headers and the proxies of pypsrp's."""
        theirs: requests.Session = self.transport._build_session()  # noqa: SLF001 - the seam to TLS
        options = self._options
        session = open_session(
            HttpOptions(
                ca_file=options.ca_file,
                connect_timeout=options.connect_timeout,
                timeout=options.operation_timeout + _GRACE,
                retries=0,
                connect_retries=options.connect_retries,
                largest=_LARGEST,
                key_password=_revealed(options.certificate_key_password),
            )
        )
        session.auth, session.cert, session.proxies = theirs.auth or session.auth, theirs.cert, theirs.proxies
        session.headers.update(theirs.headers)
        if is_loopback(self.transport.endpoint):
            session.proxies = {}
        session.trust_env = False  # what it says of proxies is in pypsrp's session already
        return session

    def invoke(self, action: str, *arguments: Any, **keywords: Any) -> ET.Element:
        """Send one request; a Receive is sent again while there is nothing yet. Raises ChannelBroken."""
        keywords["retries_on_read_timeout"] = 0
        while True:
            if self.deadline.over:
                raise ChannelTimedOut(f"no answer within {self.deadline.seconds:g} s")
            self.operation_timeout = max(1, min(_RECEIVE_SECONDS, int(self.deadline.remaining())))
            try:
                with within(Deadline(self.deadline.remaining() + _GRACE), _LARGEST):
                    return self._answered(super().invoke(action, *arguments, **keywords))
            except WSManFaultError as fault:
                if fault.code != _NOTHING_YET or action != WSManAction.RECEIVE:
                    raise _broken_by_fault(fault) from fault
            except AuthenticationError as error:
                raise self._sign_in_refused(error) from error
            except (requests.RequestException, UnexpectedAnswer, OSError) as error:
                raise self._unreachable(error) from error
            except (WinRMTransportError, WinRMError) as error:
                raise self._odd(error) from error
            except ET.ParseError as error:
                raise ChannelBroken(f"{self._options.host} answered something that is not WS-Management") from error
            except Exception as error:  # whatever pyspnego makes of a challenge that is none
                raise self._odd(error) from error

    def _answered(self, answer: ET.Element) -> ET.Element:
        self._accepted = True
        return answer

    def _sign_in_refused(self, error: AuthenticationError) -> ChannelBroken:
        if self._accepted:  # the same account, a moment ago: nothing is wrong with it
            return ChannelBroken(f"{self._options.host} asks again for the sign-in that it had accepted")
        return _sign_in_refused(self._options, error)

    def _unreachable(self, error: BaseException) -> ChannelBroken:
        host = f"{self._options.host}:{self._options.port}"
        reason = unavailable(error, host, Provenance(Source.EXCHANGE, "WinRM"))
        kind = ErrorKind.TIMED_OUT if reason.missing is Missing.TIMED_OUT else ErrorKind.CONNECTION
        return ChannelBroken(reason.reason, kind=kind, hint=reason.hint or _REACH)

    def _odd(self, error: Exception) -> ChannelBroken:
        if isinstance(error, WinRMTransportError):
            return ChannelBroken(
                f"{self._options.host} answered HTTP {error.code} to a WS-Management request",
                hint="Is this the WinRM listener (usually port 5986), and is PowerShell remoting enabled there?",
            )
        return ChannelBroken(f"{self._options.host} answered in a way that is not understood: {safe(str(error))}")


_REACH = "Check host and port, and that the WinRM HTTPS listener runs there: winrm enumerate winrm/config/listener"


_KERBEROS = re.compile(
    r"(?:Server|Client) not found in Kerberos database|Cannot (?:find|contact any) KDC for realm|"
    r"No Kerberos credentials available|Clock skew too great"
)
"""What libkrb5 says when there is no ticket for the host; anything else is the host's refusal."""


def _revealed(secret: Any) -> str | None:
    return secret.reveal() if secret is not None else None


def _sign_in_refused(options: WinRmOptions, error: Exception) -> ChannelBroken:
    host, auth, account = options.host, options.auth, safe(options.username)
    said = _KERBEROS.search(f"{error} {error.__cause__ or error.__context__ or ''}")
    return ChannelBroken(
        f"{host} refuses the account {account!r} with {auth}: {said[0]}"
        if said
        else f"{host} refuses the account {account!r} with {auth}",
        kind=ErrorKind.HOST_REFUSED,
        hint="This is the account on the management host, not the one for Exchange. It must be in the group "
        "Remote Management Users there, and the listener must allow this way to sign in.",
    )


def _broken_by_fault(fault: WSManFaultError) -> ChannelBroken:
    words = safe(str(fault.provider_fault or fault.reason or fault.message))
    kind = _FAULT_KINDS.get(fault.code, ErrorKind.CONNECTION) if isinstance(fault.code, int) else ErrorKind.CONNECTION
    return ChannelBroken(f"the management host refuses: {words}", kind=kind)
