"""Sockets whose every operation ends with the exchange that it belongs to (see `deadline.current`).

The TLS handshake, a record that comes byte by byte and a body that is sent against a full window end so, too: OpenSSL's
calls hold one time-out over all the reads and writes that they make (CPython Modules/_ssl.c).
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from diagnostics.net.deadline import current


class BoundedSocket(socket.socket):
    """A TCP connection, before TLS: to a proxy that is asked for a tunnel."""

    def recv_into(self, *arguments: Any, **keywords: Any) -> int:
        """Receive within the exchange."""
        _arm(self)
        return _came(super().recv_into(*arguments, **keywords))

    def recv(self, *arguments: Any) -> bytes:
        """Receive within the exchange."""
        _arm(self)
        data = super().recv(*arguments)
        _came(len(data))
        return data

    def sendall(self, *arguments: Any) -> None:
        """Send within the exchange."""
        _arm(self)
        super().sendall(*arguments)


class BoundedTls(ssl.SSLSocket):
    """A TLS connection; `SSLContext.sslsocket_class` takes it."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands within the exchange."""
        _arm(self)
        super().do_handshake(block)

    def recv_into(self, *arguments: Any, **keywords: Any) -> int:
        """Receive within the exchange."""
        _arm(self)
        return _came(super().recv_into(*arguments, **keywords))

    def recv(self, *arguments: Any) -> bytes:
        """Receive within the exchange."""
        _arm(self)
        data = super().recv(*arguments)
        _came(len(data))
        return data

    def send(self, *arguments: Any) -> int:
        """Send within the exchange; `sendall` is made of this."""
        _arm(self)
        return super().send(*arguments)


def _arm(one: socket.socket) -> None:
    bounds = current()
    if bounds is not None:
        one.settimeout(bounds.seconds())


def _came(size: int) -> int:
    bounds = current()
    if bounds is not None:
        bounds.came(size)
    return size


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to the first address of `host` that accepts one within `seconds`, and within the exchange.

    Raises socket.gaierror for a name without an address, TimeoutError, and OSError of the last address tried.
    """
    problem: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for family, kind, protocol, _, address in _resolved(host, port):
        bounds = current()
        one = BoundedSocket(family, kind, protocol)
        try:
            one.settimeout(seconds if bounds is None else min(seconds, bounds.seconds()))
            one.connect(address)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            one.close()
            problem = error
        else:
            return one
    raise problem


def _resolved(host: str, port: int) -> Iterator[tuple[Any, ...]]:
    """Look a name up within the exchange: the system's resolver has a patience of its own, and cannot be interrupted."""
    bounds = current()
    if bounds is None:
        yield from socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return
    answers: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)
        except UnicodeError as error:  # a label that is no host name
            answers.put(socket.gaierror(socket.EAI_NONAME, str(error)))

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=bounds.seconds())
    except queue.Empty:
        raise TimeoutError(f"no name server told the address of {host} in time") from None
    if isinstance(answer, OSError):
        raise answer
    yield from answer
