"""Probes an IMAP server: its name, every address, TLS, greeting, sign-in, and the commands that need the mailbox.

Every address is connected to by itself, since one dead address among several makes failures that come and go; the first
that greets carries the conversation. No message is read: EXAMINE opens INBOX read-only, and nothing is fetched.
"""

from __future__ import annotations

import datetime as dt
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from diagnostics.comparison import shortened
from diagnostics.evidence import (
    AddressAttempt,
    AttemptOutcome,
    ImapSession,
    ImapStep,
    Missing,
    Provenance,
    Source,
    TlsPeer,
    Unavailable,
)
from diagnostics.net.tls import CaFileUnusable, trusting_context
from diagnostics.redaction import safe
from diagnostics.sources.imap.conversation import Challenged, Conversation, Ended, Event, Greeted, Over, Sent, State
from diagnostics.sources.imap.stream import Broken, Failed, TlsStream, read_refused_certificate
from diagnostics.sources.imap.xoauth2 import UserUnfit, initial_response
from diagnostics.sources.tokens import ApplicationToken

_Address: TypeAlias = tuple[int, tuple[str | int, ...]]

MOST_ADDRESSES = 32
_AT_ONCE = 8
_TIMES = 3
"""How many time-outs a whole conversation may take: a server that answers each command at the last moment is left."""

_PATIENCE = 2.0
"""Seconds for a server that did not greet to answer when it is spoken to."""


@dataclass(frozen=True, slots=True)
class ImapOptions:
    """Which mailbox to probe, and where. `token` is the application's; without one the probe stops before sign-in.

    `every_address` tries all of them; without it the first that greets is enough, for the second mailbox on one server.
    Times are in seconds: `connect_timeout` for the name, TCP and TLS each, `timeout` for each answer of the server.
    """

    server: str
    user: str
    token: ApplicationToken | None = None
    port: int = 993
    ca_file: Path | None = None
    connect_timeout: float = 10.0
    timeout: float = 30.0
    folder: str = "INBOX"
    every_address: bool = True


def probe(options: ImapOptions) -> ImapSession | Unavailable:
    """Probe the server and say what happened at each step; `Unavailable` only when nothing could be tried at all."""
    started, at = time.monotonic(), dt.datetime.now(dt.UTC)
    where = safe(f"{options.server}:{options.port}")
    try:
        context = trusting_context(options.ca_file)
        if options.token is not None:
            initial_response(options.user, options.token)
    except (CaFileUnusable, UserUnfit) as problem:
        return Unavailable(str(problem), Missing.BLOCKED, Provenance(Source.IMAP, where, at))
    try:
        addresses = _resolve(options)
    except (OSError, UnicodeError) as error:
        here = Provenance(Source.IMAP, where, at, time.monotonic() - started)
        return ImapSession(here, options.server, options.port, options.user, name_error=_name_error(error))
    lines = [_Line(options, context, family, address) for family, address in addresses]
    try:
        _connect(lines, every=options.every_address)
        chosen = _choose(lines)
        steps = _Talk(chosen, options.timeout).run() if chosen is not None else ()
    finally:
        for line in lines:
            line.close()
    here = Provenance(Source.IMAP, where, at, time.monotonic() - started)
    return _session(options, here, lines, chosen, steps)


def _connect(lines: Sequence[_Line], *, every: bool) -> None:
    tried = lines[:MOST_ADDRESSES]
    if every:
        with ThreadPoolExecutor(_AT_ONCE, "imap") as pool:
            list(pool.map(_Line.connect, tried))
        return
    for line in tried:
        line.connect()
        if _choose(lines) is not None:
            break


@dataclass(slots=True)
class _Line:
    """One address: how far it came, and the conversation that began there."""

    options: ImapOptions
    context: ssl.SSLContext
    family: int
    address: tuple[str | int, ...]
    stream: TlsStream | None = None
    outcome: AttemptOutcome = AttemptOutcome.NOT_TRIED
    detail: str = ""
    nothing_left: bool = False
    seconds: float | None = None
    peer: TlsPeer | None = None
    conversation: Conversation = field(init=False)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.conversation = Conversation(self.options.user, self.options.token, self.options.folder)

    def connect(self) -> None:
        """Connect, set up TLS and wait for the greeting; whatever happens is kept as the outcome."""
        started = time.monotonic()
        limit = self.options.connect_timeout
        self.outcome, self.detail = AttemptOutcome.CONNECTED, ""
        try:
            self.stream = TlsStream.open(self.family, self.address, self.options.server, self.context, limit)
            self.peer = self.stream.peer()
            self._wait_for_greeting(self.stream)
        except Failed as failure:
            self.outcome, self.detail, self.nothing_left = failure.outcome, failure.detail, failure.nothing_left
        self.seconds = time.monotonic() - started
        if self.outcome is AttemptOutcome.CERTIFICATE_REFUSED:
            self.peer = read_refused_certificate(self.family, self.address, self.options.server, limit)

    def _wait_for_greeting(self, stream: TlsStream) -> None:
        deadline = time.monotonic() + self.options.connect_timeout
        try:
            while self.conversation.state is State.GREETING:
                self.events += self.conversation.receive(stream.receive(deadline))
        except TimeoutError:
            words = f"TLS is set up, but no greeting came within {self.options.connect_timeout:g} seconds"
            raise Failed(AttemptOutcome.NO_GREETING, words + _spoken_to(stream)) from None
        except Broken as broken:
            raise Failed(AttemptOutcome.NO_GREETING, f"TLS is set up, but {broken} before a greeting") from None
        if not any(isinstance(event, Greeted) for event in self.events):
            words = "; ".join(event.text for event in self.events if isinstance(event, Over))
            raise Failed(AttemptOutcome.NO_GREETING, words)

    def attempt(self, *, others_connect: bool) -> AddressAttempt:
        """Return what is reported of this address.

        A machine without IPv6 has no route to half of Microsoft's addresses; where the others connect, that is how it
        is meant to be, and no fault of the server.
        """
        outcome = AttemptOutcome.NOT_TRIED if self.nothing_left and others_connect else self.outcome
        return AddressAttempt(str(self.address[0]), self.options.port, outcome, self.detail, self.seconds)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.stream is not None:
            self.stream.close()


def _spoken_to(stream: TlsStream) -> str:
    """Say how a server that does not greet answers when it is spoken to: one that knows only HTTP shows itself so."""
    try:
        stream.send(b"A0 CAPABILITY\r\n", _PATIENCE)
        line = stream.receive(time.monotonic() + _PATIENCE).partition(b"\r\n")[0]
    except (Broken, TimeoutError):
        return ""
    return f"; when spoken to, it answered: {shortened(safe(line.decode('utf-8', 'replace')), 80)}" if line else ""


class _Talk:
    """Carries one conversation over its connection, and takes the time of each step."""

    def __init__(self, line: _Line, timeout: float) -> None:
        self._line = line
        self._conversation = line.conversation
        self._timeout = timeout
        self._steps: list[ImapStep] = []
        self._sent_at = dt.datetime.now(dt.UTC)
        self._clock = time.monotonic()

    def run(self) -> tuple[ImapStep, ...]:
        """Talk until the conversation is over, and return its steps."""
        assert self._line.stream is not None
        heard, self._line.events = self._line.events, []
        self._note(iter(heard))  # what came along with the greeting
        ends = time.monotonic() + _TIMES * self._timeout
        while self._conversation.state is not State.OVER:
            try:
                self._exchange(self._line.stream, min(ends, time.monotonic() + self._timeout))
            except TimeoutError:
                late = time.monotonic() >= ends
                how = self._conversation.too_long if late else self._conversation.silence
                self._note(how(self._timeout * (_TIMES if late else 1)))
            except Broken as broken:
                self._note(self._conversation.cut(str(broken)))
        return tuple(self._steps)

    def _exchange(self, stream: TlsStream, deadline: float) -> None:
        if outgoing := self._conversation.to_send():
            stream.send(outgoing, self._timeout)
        while self._conversation.state is not State.OVER and not self._conversation.has_to_send:
            self._note(self._conversation.receive(stream.receive(deadline)))

    def _note(self, events: Iterator[Event]) -> None:
        for event in events:
            if isinstance(event, Ended) and event.status.is_answer and self._conversation.has_to_send:
                self._note(self._conversation.cut("this is not IMAP: the server answered before it was asked"))
                return
            self._line.events.append(event)
            if isinstance(event, Sent):
                self._sent_at, self._clock = dt.datetime.now(dt.UTC), time.monotonic()
            elif isinstance(event, Ended):
                seconds = time.monotonic() - self._clock
                how = f"{self._line.options.server}:{self._line.options.port} [{self._line.address[0]}]"
                here = Provenance(Source.IMAP, how, self._sent_at, seconds)
                self._steps.append(ImapStep(event.command, event.status, event.text, seconds, here))


def _choose(lines: Iterable[_Line]) -> _Line | None:
    """Take the first address that greets and goes on; one that greets and leaves is better than none."""
    connected = [line for line in lines if line.outcome is AttemptOutcome.CONNECTED]
    willing = [line for line in connected if line.conversation.state is not State.OVER]
    return next(iter([*willing, *connected]), None)


def _session(
    options: ImapOptions, here: Provenance, lines: list[_Line], chosen: _Line | None, steps: tuple[ImapStep, ...]
) -> ImapSession:
    peers = [line.peer for line in ([chosen] if chosen else lines) if line.peer is not None]
    session = ImapSession(
        here,
        options.server,
        options.port,
        options.user,
        attempts=tuple(line.attempt(others_connect=chosen is not None) for line in lines),
        tls=peers[0] if peers else None,
    )
    if chosen is None:
        return session
    greeted = next(event for event in chosen.events if isinstance(event, Greeted))
    return ImapSession(
        here,
        options.server,
        options.port,
        options.user,
        attempts=session.attempts,
        tls=session.tls,
        greeting=greeted.text,
        greeting_host=greeted.front_end,
        capabilities=chosen.conversation.capabilities,
        steps=steps,
        folders=tuple(chosen.conversation.folders),
        challenge=next((event.text for event in chosen.events if isinstance(event, Challenged)), ""),
        ended=next((e.text for e in chosen.events if isinstance(e, Over) and e.text), chosen.conversation.stopped),
    )


def _resolve(options: ImapOptions) -> list[_Address]:
    """Return family and address of every address of the server. Raises OSError, UnicodeError.

    The system's resolver is asked, as applications ask it: a line in the hosts file counts. It knows no time-out, so
    it runs in a thread that is left behind when it takes too long.
    """
    answer: queue.SimpleQueue[list[_Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(options.server, options.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answer.put(error)
            return
        addresses = ((int(family), (str(address[0]), options.port, *address[2:])) for family, *_, address in found)
        answer.put(list(dict.fromkeys(addresses)))

    threading.Thread(target=ask, daemon=True, name="imap-resolver").start()
    try:
        result = answer.get(timeout=options.connect_timeout)
    except queue.Empty:
        raise TimeoutError(f"no answer from the name server within {options.connect_timeout:g} seconds") from None
    if isinstance(result, Exception):
        raise result
    return result


def _name_error(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "this is not a host name"
    return safe(getattr(error, "strerror", None) or str(error))
