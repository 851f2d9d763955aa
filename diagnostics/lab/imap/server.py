"""The IMAP endpoint: sockets, TLS and the greeting; and the ways in which a network can fail before IMAP begins."""

from __future__ import annotations

import base64
import secrets
import socket
import ssl

from diagnostics.lab.imap import misconduct
from diagnostics.lab.imap.session import ImapSession, Phase
from diagnostics.lab.imap.sign_in import SignInDesk
from diagnostics.lab.listener import Listener, reset
from diagnostics.lab.state import World
from diagnostics.lab.tokens import TokenAuthority

PROXY_PATIENCE = 2.0
"""Seconds after which an HTTP-only proxy gives up on a client that sends no request (invented)."""
IDLE_LOOK = 0.5
"""Seconds between two looks for what is new to a client in IDLE (invented)."""
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class ImapEndpoint(Listener):
    """Listens with implicit TLS, as outlook.office365.com:993 does, unless the World's conduct says otherwise.

    `foreign_context` is a certificate of another authority, for a line that somebody inspects.
    """

    def __init__(
        self, world: World, tokens: TokenAuthority, tls_context: ssl.SSLContext, foreign_context: ssl.SSLContext
    ) -> None:
        super().__init__(tls_context, world.faults.imap)
        self.world = world
        self._foreign_context = foreign_context
        self._desk = SignInDesk(world, tokens)

    def context(self) -> ssl.SSLContext | None:
        """Choose the TLS context for the next connection, or none."""
        transport = self.world.imap.transport
        if transport in {"plaintext", "silent", "reset"}:
            return None
        return self._foreign_context if transport == "foreign-certificate" else super().context()

    def serve(self, connection: socket.socket) -> None:
        """Talk to one client."""
        fault = self.faults.take()
        transport = self.world.imap.transport
        if transport == "reset" or fault.drop:
            reset(connection)
            return
        if fault.latency:
            self.stopping.wait(fault.latency)
        if transport == "silent":
            while connection.recv(4096):
                pass
        elif transport == "http":
            self._proxy(connection)
        else:
            self._session(connection)

    def _proxy(self, connection: socket.socket) -> None:
        connection.settimeout(PROXY_PATIENCE)
        try:
            answer = BAD_REQUEST if connection.recv(4096) else b""
        except TimeoutError:
            answer = TIMED_OUT
        connection.sendall(answer)

    def _session(self, connection: socket.socket) -> None:
        if self._misbehaves(connection, "GREETING", self._greeting(), b""):
            return
        session = ImapSession(self._desk, lambda: self.world.imap)
        while session.phase is not Phase.ENDED:
            connection.settimeout(IDLE_LOOK if session.idling else None)
            try:
                data = connection.recv(16384)
            except TimeoutError:
                if news := session.news():
                    connection.sendall(news)
                continue
            if not data or self._misbehaves(connection, misconduct.label(data), session.receive(data), data):
                return

    def _misbehaves(self, connection: socket.socket, label: str, honest: bytes, command: bytes) -> bool:
        """Send the honest answer, or what the faults make of it; say whether the session is over with it."""
        fault = self.faults.step(label)
        if fault is not None and fault.conduct is not None:
            misconduct.answer(fault.conduct, connection, honest, command, self.stopping)
            return True
        if honest:
            connection.sendall(honest)
        return False

    def _greeting(self) -> bytes:
        with self.world.lock:
            conduct = self.world.imap
            if conduct.greeting is not None:
                return f"{conduct.greeting}\r\n".encode()
            pattern = conduct.front_end or self.world.cloud.front_end
        name = "".join(str(secrets.randbelow(10)) if letter == "#" else letter for letter in pattern)
        bracket = base64.b64encode(name.encode("utf-16-le")).decode()
        return f"* OK The Microsoft Exchange IMAP4 service is ready. [{bracket}]\r\n".encode()
