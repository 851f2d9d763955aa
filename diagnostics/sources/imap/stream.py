"""A TLS connection to one address, with a deadline for each step and eyes for what a wrong port says.

The handshake runs over memory buffers, so that the server's first bytes are seen as they came: `* OK` in clear means a
port without TLS. Certificates are always verified; where one is refused, a second handshake that sends nothing reads
it for the report.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import socket
import ssl
import time
from typing import Self

from diagnostics.evidence import AttemptOutcome, TlsPeer
from diagnostics.net.tls import why_refused
from diagnostics.redaction import safe

_CHUNK = 16384
_TLS_RECORDS = (0x14, 0x15, 0x16, 0x17)
_NO_ROUTE = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class Failed(Exception):
    """A connection that did not come to stand: how it ended, in the words of the report."""

    def __init__(self, outcome: AttemptOutcome, detail: str, *, nothing_left: bool = False) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.nothing_left = nothing_left  # not a packet left this machine: it has no route there


class Broken(Exception):
    """A connection that stood and broke; says how."""


class TlsStream:
    """One verified TLS connection. `connect_timeout` is for TCP and for TLS each, `timeout` for every answer; seconds."""

    def __init__(self, raw: socket.socket, server: str, context: ssl.SSLContext) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server)
        self._first = b""

    @classmethod
    def open(
        cls, family: int, address: tuple[str | int, ...], server: str, context: ssl.SSLContext, connect_timeout: float
    ) -> Self:
        """Connect to one address and speak TLS. Raises Failed."""
        raw = _connect(family, address, connect_timeout)
        try:
            stream = cls(raw, server, context)
            stream._handshake(connect_timeout)
        except BaseException:
            raw.close()
            raise
        return stream

    def close(self) -> None:
        """Close the connection without waiting for the server."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            self._raw.settimeout(1.0)
            self._flush()
        self._raw.close()

    def peer(self) -> TlsPeer | None:
        """Return the certificate that the server showed."""
        return _peer(self._tls.getpeercert(binary_form=True), self._tls.version() or "")

    def send(self, data: bytes, timeout: float) -> None:
        """Send all of `data`. Raises Broken."""
        self._raw.settimeout(timeout)
        try:
            self._tls.write(data)
            self._flush()
        except OSError as error:
            raise Broken(_words(error)) from error

    def receive(self, deadline: float) -> bytes:
        """Return what the server sent, `b""` at its end. Raises TimeoutError at `deadline` (monotonic), Broken.

        A server that never stops sending is left at the deadline, too.
        """
        if time.monotonic() >= deadline:
            raise TimeoutError
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                raise Broken(_words(error)) from error
            try:
                if not self._fill(deadline):
                    return b""
                self._flush()
            except TimeoutError:
                raise
            except OSError as error:
                raise Broken(_words(error)) from error

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._raw.sendall(data)

    def _fill(self, deadline: float) -> bool:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._raw.settimeout(remaining)
        data = self._raw.recv(_CHUNK)
        if len(self._first) < _CHUNK:
            self._first += data
        self._incoming.write(data)
        return bool(data)

    def _handshake(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        try:
            while not self._shook():
                if not self._fill(deadline):
                    raise ConnectionResetError
        except TimeoutError:
            raise self._silent(seconds) from None
        except ssl.SSLCertVerificationError as error:
            self._tell_refusal()
            raise Failed(AttemptOutcome.CERTIFICATE_REFUSED, safe(why_refused(error))) from None
        except ssl.SSLError as error:
            raise self._not_tls(_words(error)) from None
        except OSError:
            if self._first and self._first[0] not in _TLS_RECORDS:
                raise self._not_tls("it closed the connection") from None
            raise Failed(AttemptOutcome.RESET, "the server closed the connection before TLS was set up") from None

    def _shook(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        return True

    def _tell_refusal(self) -> None:
        with contextlib.suppress(OSError):
            self._flush()

    def _silent(self, seconds: float) -> Failed:
        if self._first:
            return self._not_tls(f"it did not go on within {seconds:g} seconds")
        detail = f"TCP connected, but not a byte came within {seconds:g} seconds, not even TLS"
        return Failed(AttemptOutcome.NO_GREETING, detail)

    def _not_tls(self, words: str) -> Failed:
        line = self._first[:80].split(b"\r\n")[0].decode("ascii", "replace")
        if self._first.startswith((b"* ", b"+OK", b"220")):
            return Failed(AttemptOutcome.PLAINTEXT, f"the server speaks without TLS: {safe(line)}")
        if self._first and self._first[0] not in _TLS_RECORDS:
            return Failed(AttemptOutcome.TLS_FAILED, f"the server does not speak TLS; it sent: {safe(line)}")
        return Failed(AttemptOutcome.TLS_FAILED, f"TLS could not be set up: {words}")


def read_refused_certificate(
    family: int, address: tuple[str | int, ...], server: str, connect_timeout: float
) -> TlsPeer | None:
    """Return the certificate of a server whose certificate was refused, for the report; sends nothing over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        stream = TlsStream.open(family, address, server, context, connect_timeout)
    except (Failed, OSError):
        return None
    try:
        return stream.peer()
    finally:
        stream.close()


def _connect(family: int, address: tuple[str | int, ...], seconds: float) -> socket.socket:
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        raw.settimeout(seconds)
        raw.connect(address)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError:
        raw.close()
        raise Failed(AttemptOutcome.TIMED_OUT, f"no TCP connection within {seconds:g} seconds") from None
    except OSError as error:
        raw.close()
        raise _not_connected(error) from None
    except BaseException:
        raw.close()
        raise
    return raw


def _not_connected(error: OSError) -> Failed:
    if isinstance(error, ConnectionRefusedError):
        return Failed(AttemptOutcome.REFUSED, "the connection is refused: nothing listens there, or a firewall rejects")
    if isinstance(error, ConnectionResetError):
        return Failed(AttemptOutcome.RESET, "the connection was reset")
    if error.errno == errno.ETIMEDOUT:
        return Failed(AttemptOutcome.TIMED_OUT, "no TCP connection: the system gave up waiting")
    if error.errno in _NO_ROUTE:
        return Failed(AttemptOutcome.UNREACHABLE, "this machine has no route there", nothing_left=True)
    return Failed(AttemptOutcome.UNREACHABLE, _words(error))


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the server closed the connection"
    return safe(error.strerror or str(error) or type(error).__name__)


def _peer(der: bytes | None, version: str) -> TlsPeer | None:
    from cryptography import x509  # noqa: PLC0415 - heavy
    from cryptography.x509.oid import ExtensionOID  # noqa: PLC0415 - heavy

    if not der:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    except ValueError:
        return TlsPeer("a certificate that cannot be read", "", version=version)
    names: tuple[str, ...] = ()
    with contextlib.suppress(x509.ExtensionNotFound, ValueError):
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        if isinstance(extension, x509.SubjectAlternativeName):
            hosts = extension.get_values_for_type(x509.DNSName)
            addresses = (str(address) for address in extension.get_values_for_type(x509.IPAddress))
            names = tuple(safe(name) for name in (*hosts, *addresses))
    ends: dt.datetime = certificate.not_valid_after_utc
    return TlsPeer(safe(subject), safe(issuer), names, ends, version)
