"""Bytes of an IMAP client into commands' tokens: lines, literals, quoted strings, lists. No sockets, no meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LINE = 64 * 1024
MAX_LITERAL = 1024 * 1024
LITERAL = re.compile(rb"\{(\d{1,9})(\+?)\}$")
TOKEN = re.compile(rb' +|(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\\r\n]|\\["\\])*)"|(?P<atom>[^()" \r\n]+)')


class BadSyntax(Exception):
    """Bytes that are no IMAP command; `tag` is the tag if that much could be read."""

    def __init__(self, tag: str | None = None, *, fatal: bool = False) -> None:
        super().__init__(tag)
        self.tag = tag
        self.fatal = fatal


@dataclass(frozen=True)
class Atom:
    """An unquoted word."""

    text: str


@dataclass(frozen=True)
class String:
    """A quoted string or a literal."""

    text: str


@dataclass(frozen=True)
class Open:
    """An opening parenthesis."""


@dataclass(frozen=True)
class Close:
    """A closing parenthesis."""


@dataclass(frozen=True)
class Ready:
    """The client waits for `+` before it sends a literal; `tag` and `name` are those of its command, as far as known."""

    tag: str = ""
    name: str = ""


Token = Atom | String | Open | Close


class CommandReader:
    """Collects bytes and gives back one command's tokens at a time; literals may be announced in both forms."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._tokens: list[Token] = []
        self._literal: int | None = None
        self._passing_over = 0

    def feed(self, data: bytes) -> None:
        """Take what the client sent."""
        self._buffer += data

    def next_line(self) -> bytes | None:
        """Return one line without its end, as during a SASL exchange or IDLE; None when it is not complete yet."""
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE:
                raise BadSyntax(fatal=True)
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    def next_command(self) -> list[Token] | Ready | None:
        """Return a command's tokens (empty for an empty line), `Ready` when a literal is due, None when bytes lack."""
        while True:
            if self._passing_over and not self._passed_over():
                return None
            if self._literal is not None:
                if len(self._buffer) < self._literal:
                    return None
                self._tokens.append(String(bytes(self._buffer[: self._literal]).decode("utf-8", "surrogateescape")))
                del self._buffer[: self._literal]
                self._literal = None
            line = self.next_line()
            if line is None:
                return None
            announced = LITERAL.search(line)
            self._split(line[: announced.start()] if announced else line)
            if announced is None:
                tokens, self._tokens = self._tokens, []
                return tokens
            self._literal = int(announced[1])
            if self._literal > MAX_LITERAL:
                if self._name() != "APPEND":
                    raise BadSyntax(self._tag(), fatal=True)
                self._literal, self._passing_over = 0, self._literal  # a whole message, of which nothing is kept
            if not announced[2]:
                return Ready(self._tag() or "", self._name())

    def forget(self) -> None:
        """Drop a command whose literal was refused before it was sent."""
        self._tokens, self._literal, self._passing_over = [], None, 0

    def _passed_over(self) -> bool:
        """Drop what has come of a literal that is too large to keep; say whether all of it has come."""
        dropped = min(self._passing_over, len(self._buffer))
        del self._buffer[:dropped]
        self._passing_over -= dropped
        return not self._passing_over

    def _tag(self) -> str | None:
        first = self._tokens[0] if self._tokens else None
        return first.text if isinstance(first, Atom) else None

    def _name(self) -> str:
        second = self._tokens[1] if len(self._tokens) > 1 else None
        return second.text.upper() if isinstance(second, Atom) else ""

    def _split(self, line: bytes) -> None:
        position = 0
        while position < len(line):
            match = TOKEN.match(line, position)
            if match is None:
                tag = self._tag()
                self._tokens = []
                raise BadSyntax(tag)
            position = match.end()
            if match["open"]:
                self._tokens.append(Open())
            elif match["close"]:
                self._tokens.append(Close())
            elif match["quoted"] is not None:
                text = re.sub(rb'\\(["\\])', rb"\1", match["quoted"])
                self._tokens.append(String(text.decode("utf-8", "surrogateescape")))
            elif match["atom"]:
                self._tokens.append(Atom(match["atom"].decode("utf-8", "surrogateescape")))
