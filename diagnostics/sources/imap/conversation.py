"""The conversation with an IMAP server, without any I/O: bytes in, events and bytes out.

Rules
-----
1. Nothing is sent before the greeting.
2. One command at a time; its tagged answer ends it. The order is CAPABILITY, AUTHENTICATE, NAMESPACE, LIST, EXAMINE,
   LOGOUT. No command reads or changes mail: EXAMINE opens a folder read-only.
3. The token is sent once the server has announced AUTH=XOAUTH2, and never shown: events say `AUTHENTICATE XOAUTH2 ***`.
4. With SASL-IR the string goes along with the command; after a BAD that is no judgement of the sign-in, and without
   SASL-IR, it goes in a line of its own, after the server's `+`.
5. A `+` that comes after the string is a challenge: it explains a refusal (Google, Dovecot, gateways; never Exchange).
   It is kept and answered with an empty line, as the mechanism asks. Only then: Exchange answers an empty line that it
   did not ask for with `BAD Command Error. 12`.
6. `OK AUTHENTICATE completed.` is not yet success: the commands that need the mailbox come after it, and each is tried,
   whatever the one before it said, unless that was that the server throttles.
7. A BYE, an end of the stream, silence and what is not IMAP end the conversation, and the command that waited ends with
   it. During LOGOUT a BYE is what is expected, whatever comes after it.
8. Where LOGOUT comes early, `stopped` says why. What the server says is kept up to a length, and so are its folders.

Which state follows which answer is the table `_NEXT`; entering a state sends what `_command` says.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from diagnostics.evidence import ReplyStatus
from diagnostics.redaction import Secret, safe
from diagnostics.sources.imap.greeting import front_end
from diagnostics.sources.imap.lexer import NotImap, ResponseReader
from diagnostics.sources.imap.names import decode_folder, quoted
from diagnostics.sources.imap.parser import Continuation, Data, Response, Status, Tagged, parse
from diagnostics.sources.imap.xoauth2 import decode_challenge, initial_response

MOST_FOLDERS = 1000
"""Folders that are kept; a mailbox with more is told apart by none of them."""

_MOST_CAPABILITIES = 200
_LONGEST_TEXT = 1000
_LONGEST_NAME = 1000

_LIST_VALUES = 3
"""Attributes, hierarchy delimiter, name."""


class State(enum.Enum):
    """Where the conversation stands: what was sent last and is waited for."""

    GREETING = enum.auto()
    CAPABILITY = enum.auto()
    AUTH_WITH_STRING = enum.auto()  # AUTHENTICATE XOAUTH2 <string>
    AUTH_BARE = enum.auto()  # AUTHENTICATE XOAUTH2, waiting for +
    AUTH_STRING = enum.auto()  # the string, after +
    AUTH_EMPTY_LINE = enum.auto()  # the empty line that ends a refused exchange
    NAMESPACE = enum.auto()
    LIST = enum.auto()
    EXAMINE = enum.auto()
    EXAMINE_OTHER = enum.auto()
    LOGOUT = enum.auto()
    OVER = enum.auto()


class Heard(enum.Enum):
    """What the server said, as far as it decides what comes next."""

    GREETED = enum.auto()
    SIGNED_IN_ALREADY = enum.auto()  # PREAUTH
    OK = enum.auto()
    NO = enum.auto()
    BAD = enum.auto()
    PLUS = enum.auto()


class Then(enum.Enum):
    """A choice that depends on what is known: resolved by `_choose`."""

    SIGN_IN = enum.auto()  # with the string, bare, or not at all
    TRY_TWO_STEPS = enum.auto()
    OTHER_FOLDER = enum.auto()


_S, _H = State, Heard
_NEXT: dict[tuple[State, Heard], State | Then] = {
    (_S.GREETING, _H.GREETED): _S.CAPABILITY,
    (_S.GREETING, _H.SIGNED_IN_ALREADY): _S.LOGOUT,
    (_S.CAPABILITY, _H.OK): Then.SIGN_IN,
    (_S.CAPABILITY, _H.NO): _S.LOGOUT,
    (_S.CAPABILITY, _H.BAD): _S.LOGOUT,
    (_S.AUTH_WITH_STRING, _H.OK): _S.NAMESPACE,
    (_S.AUTH_WITH_STRING, _H.NO): _S.LOGOUT,
    (_S.AUTH_WITH_STRING, _H.BAD): Then.TRY_TWO_STEPS,
    (_S.AUTH_WITH_STRING, _H.PLUS): _S.AUTH_EMPTY_LINE,
    (_S.AUTH_BARE, _H.PLUS): _S.AUTH_STRING,
    (_S.AUTH_BARE, _H.OK): _S.LOGOUT,  # an OK without credentials is nobody's sign-in
    (_S.AUTH_BARE, _H.NO): _S.LOGOUT,
    (_S.AUTH_BARE, _H.BAD): _S.LOGOUT,
    (_S.AUTH_STRING, _H.OK): _S.NAMESPACE,
    (_S.AUTH_STRING, _H.NO): _S.LOGOUT,
    (_S.AUTH_STRING, _H.BAD): _S.LOGOUT,
    (_S.AUTH_STRING, _H.PLUS): _S.AUTH_EMPTY_LINE,
    (_S.AUTH_EMPTY_LINE, _H.OK): _S.NAMESPACE,
    (_S.AUTH_EMPTY_LINE, _H.NO): _S.LOGOUT,
    (_S.AUTH_EMPTY_LINE, _H.BAD): _S.LOGOUT,
    (_S.NAMESPACE, _H.OK): _S.LIST,
    (_S.NAMESPACE, _H.NO): _S.LIST,
    (_S.NAMESPACE, _H.BAD): _S.LIST,
    (_S.LIST, _H.OK): _S.EXAMINE,
    (_S.LIST, _H.NO): _S.EXAMINE,
    (_S.LIST, _H.BAD): _S.EXAMINE,
    (_S.EXAMINE, _H.OK): Then.OTHER_FOLDER,
    (_S.EXAMINE, _H.NO): Then.OTHER_FOLDER,
    (_S.EXAMINE, _H.BAD): Then.OTHER_FOLDER,
    (_S.EXAMINE_OTHER, _H.OK): _S.LOGOUT,
    (_S.EXAMINE_OTHER, _H.NO): _S.LOGOUT,
    (_S.EXAMINE_OTHER, _H.BAD): _S.LOGOUT,
    (_S.LOGOUT, _H.OK): _S.OVER,
    (_S.LOGOUT, _H.NO): _S.OVER,
    (_S.LOGOUT, _H.BAD): _S.OVER,
}
_CONTINUES = {_S.AUTH_STRING, _S.AUTH_EMPTY_LINE}  # no new command: the one before goes on
_BEFORE_SIGN_IN = {_S.GREETING, _S.CAPABILITY}  # what is announced later is for those who are in (Dovecot, Exchange)
_THROTTLED = re.compile(r"request is throttled", re.IGNORECASE)
_JUDGED = re.compile(r"not connected|authenticate failed|logonfailed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Greeted:
    """The server's first line; `front_end` is the name that Exchange hides in it."""

    text: str
    front_end: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A command is on its way; `command` is fit to be shown."""

    command: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A command ended, by its tagged answer or by what came instead of one."""

    command: str
    status: ReplyStatus
    text: str


@dataclass(frozen=True, slots=True)
class Challenged:
    """The server explained a refusal before refusing: the decoded text."""

    text: str


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing more will be sent; `text` says why, where that was not planned."""

    text: str = ""


Event: TypeAlias = Greeted | Sent | Ended | Challenged | Over


@dataclass
class Conversation:
    """One conversation. `token` is `None` when only the way to the server is tried; `folder` is tried besides INBOX.

    Raises UserUnfit when `user` cannot stand in the string that signs in.
    """

    user: str
    token: Secret | None = None
    folder: str = "INBOX"
    state: State = State.GREETING
    capabilities: tuple[str, ...] = ()
    folders: list[str] = field(default_factory=list)
    stopped: str = ""
    _reader: ResponseReader = field(default_factory=ResponseReader, repr=False)
    _out: bytearray = field(default_factory=bytearray, repr=False)
    _tag: int = 0
    _command: str = ""
    _last_words: str = ""
    _said_bye: bool = False
    _string: Secret = field(default_factory=lambda: Secret(""), repr=False)

    def __post_init__(self) -> None:
        if self.token is not None:
            self._string = initial_response(self.user, self.token)

    def to_send(self) -> bytes:
        """Return the bytes that are to be sent now, once."""
        data, self._out = bytes(self._out), bytearray()
        return data

    @property
    def has_to_send(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._out)

    def receive(self, data: bytes) -> Iterator[Event]:
        """Take bytes from the server; empty means that it closed the connection."""
        if not data:
            yield from self._end(ReplyStatus.CLOSED, "the server closed the connection")
            return
        try:
            for pieces in self._reader.feed(data):
                if self.state is State.OVER:
                    return
                yield from self._hear(parse(pieces))
        except NotImap as problem:
            yield from self._end(ReplyStatus.CLOSED, f"this is not IMAP: {problem}")

    def silence(self, seconds: float) -> Iterator[Event]:
        """Say that the server has not answered for `seconds`."""
        yield from self._end(ReplyStatus.TIMED_OUT, f"no answer within {seconds:g} seconds")

    def too_long(self, seconds: float) -> Iterator[Event]:
        """Say that the whole conversation has taken `seconds`, and that this is enough."""
        yield from self._end(ReplyStatus.TIMED_OUT, f"the conversation was not over within {seconds:g} seconds")

    def cut(self, reason: str) -> Iterator[Event]:
        """Say that the connection broke, and why."""
        yield from self._end(ReplyStatus.CLOSED, reason)

    def _hear(self, response: Response) -> Iterator[Event]:
        if self.state is State.GREETING:
            yield from self._hear_greeting(response)
            return
        match response:
            case Tagged(tag=tag, status=status) if tag.upper() == f"A{self._tag}":
                yield from self._complete(response, Heard[status])
            case Tagged():
                raise NotImap(f"the server answered a command that was not sent ({response.tag[:20]!r})")
            case Continuation(text=text):
                yield from self._hear_plus(text)
            case Status():
                yield from self._hear_status(response)
            case Data():
                self._note_data(response)

    def _hear_status(self, response: Status) -> Iterator[Event]:
        self._note_capabilities(response.code, response.code_text)
        self._said_bye = self._said_bye or response.status == "BYE"
        if response.status == "BYE" and self.state is not State.LOGOUT:
            yield from self._end(ReplyStatus.BYE, response.text)
        elif response.status != "OK":
            self._last_words = f"{response.status} {response.text}"

    def _hear_greeting(self, response: Response) -> Iterator[Event]:
        if not isinstance(response, Status) or response.status not in {"OK", "PREAUTH", "BYE"}:
            raise NotImap("the first line is no greeting")
        yield Greeted(_short(f"* {response.status} {response.text}"), front_end(response.text))
        self._note_capabilities(response.code, response.code_text)
        if response.status == "BYE":
            yield from self._end(ReplyStatus.BYE, f"the server greets with BYE {response.text}".strip())
            return
        if response.status == "PREAUTH":
            self.stopped = "the server takes the connection for signed in (PREAUTH), so that no token can be tried"
        yield from self._move(Heard.GREETED if response.status == "OK" else Heard.SIGNED_IN_ALREADY)

    def _hear_plus(self, text: str) -> Iterator[Event]:
        if (self.state, Heard.PLUS) not in _NEXT:
            raise NotImap("the server asks for more where nothing more is to be said")
        if self.state is not State.AUTH_BARE:
            yield Challenged(decode_challenge(text))
        yield from self._move(Heard.PLUS)

    def _complete(self, response: Tagged, heard: Heard) -> Iterator[Event]:
        yield Ended(self._command, ReplyStatus[response.status], _short(response.text))
        self._note_capabilities(response.code, response.code_text)
        yield from self._enter(self._choose(self._following(heard, response.text)))

    def _following(self, heard: Heard, text: str) -> State | Then:
        following = _NEXT[self.state, heard]
        if self.state is State.AUTH_BARE and heard is Heard.OK:
            self.stopped = "AUTHENTICATE was answered OK before the token was sent"
        if self.state is State.LOGOUT or heard is Heard.OK:
            return following
        if _THROTTLED.search(text):
            self.stopped = "the server throttles"
            return State.LOGOUT
        return State.LOGOUT if following is Then.TRY_TWO_STEPS and _JUDGED.search(text) else following

    def _move(self, heard: Heard) -> Iterator[Event]:
        yield from self._enter(self._choose(_NEXT[self.state, heard]))

    def _choose(self, following: State | Then) -> State:
        match following:
            case Then.SIGN_IN:
                names = {name.upper() for name in self.capabilities}
                if self.token is None or "AUTH=XOAUTH2" not in names:
                    self.stopped = "" if self.token is None else "the server announces no AUTH=XOAUTH2"
                    return State.LOGOUT
                return State.AUTH_WITH_STRING if "SASL-IR" in names else State.AUTH_BARE
            case Then.TRY_TWO_STEPS:
                return State.AUTH_BARE
            case Then.OTHER_FOLDER:
                return State.LOGOUT if self.folder.upper() == "INBOX" else State.EXAMINE_OTHER
            case State():
                return following

    def _enter(self, state: State) -> Iterator[Event]:
        self.state = state
        if state is State.OVER:
            yield Over()
        elif state in _CONTINUES:
            self._out += self._continuation()
        else:
            line, self._command = self._line(state)
            self._last_words = ""
            self._tag += 1
            self._out += f"A{self._tag} {line}\r\n".encode()
            yield Sent(self._command)

    def _continuation(self) -> bytes:
        return b"\r\n" if self.state is State.AUTH_EMPTY_LINE else self._string.reveal().encode() + b"\r\n"

    def _line(self, state: State) -> tuple[str, str]:
        """Return the command that entering `state` sends, and how it is shown."""
        match state:
            case State.AUTH_WITH_STRING:
                return f"AUTHENTICATE XOAUTH2 {self._string.reveal()}", "AUTHENTICATE XOAUTH2 ***"
            case State.AUTH_BARE:
                return "AUTHENTICATE XOAUTH2", "AUTHENTICATE XOAUTH2 ***"
            case State.LIST:
                line = 'LIST "" "*"'
            case State.EXAMINE:
                line = "EXAMINE INBOX"
            case State.EXAMINE_OTHER:
                return f"EXAMINE {quoted(self.folder)}", _short(f"EXAMINE {self.folder}")
            case _:
                line = state.name
        return line, line

    def _end(self, status: ReplyStatus, text: str) -> Iterator[Event]:
        if self.state is State.OVER:
            return
        waited = self._command if self.state is not State.GREETING else ""
        if self.state is State.LOGOUT and self._said_bye:
            status = ReplyStatus.BYE
        self.state = State.OVER
        words = _short(text)
        if self._last_words and (last := _short(self._last_words)) not in words:
            words = f"{words} (before that: {last})"
        if waited:
            yield Ended(waited, status, words)
        yield Over(words)

    def _note_capabilities(self, code: str, code_text: str) -> None:
        if code == "CAPABILITY" and not self.capabilities:
            self._set_capabilities(iter(code_text.split()))

    def _set_capabilities(self, names: Iterator[str]) -> None:
        if self.state in _BEFORE_SIGN_IN:
            kept = (name for name in names if len(name) <= _LONGEST_NAME)
            self.capabilities = tuple(safe(name) for name in islice(kept, _MOST_CAPABILITIES))

    def _note_data(self, response: Data) -> None:
        if response.name == "CAPABILITY":
            self._set_capabilities(value for value in response.values if isinstance(value, str))
        elif response.name == "LIST" and len(response.values) == _LIST_VALUES and len(self.folders) < MOST_FOLDERS:
            name = response.values[-1]
            if isinstance(name, str) and len(name) <= _LONGEST_NAME:
                self.folders.append(safe(decode_folder(name)))


def _short(text: str) -> str:
    """Return the server's words fit to be shown, redacted before they are cut."""
    words = safe(text)
    return words if len(words) <= _LONGEST_TEXT else f"{words[:_LONGEST_TEXT]} …"
