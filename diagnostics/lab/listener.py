"""A TCP listener on loopback: one thread accepts, one thread serves each connection, all of them end with `close()`."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import struct
import threading

from diagnostics.lab.faults import UNHEARD, Conduct, EndpointFaults

LOG = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
HANDSHAKE_SECONDS = 10.0
JOIN_SECONDS = 5.0
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends a reset instead of an end."""

FILLERS = 8
"""Connections that fill a backlog of none; the kernel rounds it up."""


def reset(connection: socket.socket) -> None:
    """Let the connection end with a reset when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


class Listener:
    """Accepts connections on 127.0.0.1, with TLS when a context is given; subclasses serve one connection each.

    The TLS handshake happens in the connection's own thread, so a client that says nothing holds up nobody.
    """

    def __init__(self, tls_context: ssl.SSLContext | None, faults: EndpointFaults | None = None) -> None:
        self._tls_context = tls_context
        self.faults = faults or EndpointFaults()
        self._socket: socket.socket | None = None
        self._port = 0
        self._threads: set[threading.Thread] = set()
        self._connections: set[socket.socket] = set()
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the port is 0 until `start()`."""
        return LOOPBACK, self._port

    def start(self) -> tuple[str, int]:
        """Listen on a free port, and return host and port."""
        self._socket = socket.create_server((LOOPBACK, 0), backlog=64)
        self._port = self._socket.getsockname()[1]
        self.leave_if_told()
        self._spawn(self._accept)
        return self.address

    def leave_if_told(self) -> None:
        """Stop listening once the faults say so: the port refuses from then on, or accepts nobody."""
        fault = self.faults.connecting()
        if fault is None or fault.conduct not in UNHEARD:
            return
        with self._lock:
            listening, self._socket = self._socket, None
            if listening is None:
                return
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            self._hold_port(full=fault.conduct is Conduct.UNREACHABLE)

    def _hold_port(self, *, full: bool) -> None:
        """Keep the port from others without serving it; `full`: with a backlog that takes nobody any more."""
        holder = socket.socket()
        self._held.append(holder)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(self.address)
        if not full:
            return
        holder.listen(0)
        for _ in range(FILLERS):
            filler = socket.socket()
            self._held.append(filler)
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(self.address)

    def close(self) -> None:
        """Stop listening, cut every connection and wait for the threads; safe to call twice."""
        self.stopping.set()
        listening, self._socket = self._socket, None
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for held in self._held:
            held.close()
        with self._lock:
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(JOIN_SECONDS)

    def context(self) -> ssl.SSLContext | None:
        """Choose the TLS context for the next connection, or none."""
        return self._tls_context

    def serve(self, connection: socket.socket) -> None:
        """Talk to one client until it leaves; the connection is closed by the caller."""
        raise NotImplementedError

    def _spawn(self, target: object, *arguments: object) -> None:
        def run() -> None:
            try:
                target(*arguments)  # type: ignore[operator]
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, daemon=True, name=f"lab-{type(self).__name__}")
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _accept(self) -> None:
        listening = self._socket
        while listening is not None and not self.stopping.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            context = self._met_at_connect(connection) or self.context()
            if self.stopping.is_set():
                return
            if context is not None:
                connection = self._handshake(connection, context)
            self._track(connection)
            if not self.stopping.is_set():
                self.serve(connection)
        except OSError:  # the client left, or refused the certificate: its business (SSLError is an OSError)
            LOG.debug("connection ended", exc_info=True)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _met_at_connect(self, connection: socket.socket) -> ssl.SSLContext | None:
        """Let a connection meet the fault that begins with it; return the certificate that it shows, if it is that."""
        fault = self.faults.connecting()
        if fault is None:
            return None
        self.faults.met()
        if fault.conduct is Conduct.RESET_AT_CONNECT:
            reset(connection)
            raise ConnectionResetError
        if fault.conduct is Conduct.SILENT_AT_CONNECT:
            self._track(connection)
            self.stopping.wait()
        return self.faults.onset.tls if self.faults.onset is not None else None

    def _handshake(self, connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        connection.settimeout(HANDSHAKE_SECONDS)
        wrapped = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._track(wrapped)
        try:
            wrapped.do_handshake()
        except OSError:
            with self._lock:
                self._connections.discard(wrapped)
            wrapped.close()
            raise
        wrapped.settimeout(None)
        return wrapped

    def _track(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
