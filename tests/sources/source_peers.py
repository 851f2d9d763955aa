"""Peers on loopback that misbehave in one way each, over real sockets; every thread and socket ends with `close()`."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import trustme

Handler = Callable[[socket.socket], None]


class Peer:
    """Accepts connections on 127.0.0.1 and lets `handler` talk on each, over TLS when a context is given."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self.accepted = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.accepted += 1
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._context is not None:
                connection.settimeout(10)
                connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self._connections.append(connection)
                connection.do_handshake()
            self._handler(connection)
        connection.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join(5)
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for connection in self._connections:
            connection.close()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
    return context


def wait_for_end(connection: socket.socket) -> None:
    """Say nothing until the client leaves."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass


Turn = tuple[bytes, bytes]


def scripted(greeting: bytes, *turns: Turn, heard: list[bytes] | None = None) -> Handler:
    """Greet, then answer each line by the first turn whose key is in it; `TAG` stands for the line's tag."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for line in lines(connection):
            if heard is not None:
                heard.append(line)
            tag = line.split(b" ", 1)[0].strip()
            answer = next((answer for key, answer in turns if key in line), None)
            if answer is None:
                return
            connection.sendall(answer.replace(b"TAG", tag))

    return talk


def lines(connection: socket.socket) -> Iterator[bytes]:
    with connection.makefile("rb") as file:
        while line := file.readline():
            yield line


def http_answers(answers: Callable[[str, bytes], tuple[int, Mapping[str, str], bytes] | None]) -> Handler:
    """Answer HTTP requests one by one; `None` hangs until the client leaves."""

    def talk(connection: socket.socket) -> None:
        with connection.makefile("rb") as file:
            while request := file.readline():
                length = 0
                while (header := file.readline().strip()) != b"":
                    name, _, value = header.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                body = file.read(length)
                answer = answers(request.decode().split(" ")[0] + " " + request.decode().split(" ")[1], body)
                if answer is None:
                    wait_for_end(connection)
                    return
                status, headers, content = answer
                head = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
                head.append(f"Content-Length: {len(content)}")
                connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + content)

    return talk


def as_json(value: Any, status: int = 200) -> tuple[int, Mapping[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()
