"""One IMAP session as Exchange Online holds it: states, sign-in, answers. No sockets: bytes in, bytes out.

    NOT_AUTHENTICATED --XOAUTH2, granted--> AUTHENTICATED --SELECT/EXAMINE--> SELECTED
            |                                    |  ^------CLOSE/UNSELECT---------|
            '--XOAUTH2, no mailbox--> NOT_CONNECTED <--permission taken away------'
    LOGOUT, or the second BAD in NOT_CONNECTED --> ENDED

What AUTHENTICATED and SELECTED may ask is in `commands.py`; SELECTED is AUTHENTICATED with a folder selected there.
Lines marked "memory" are Exchange's words as commonly seen, without a record at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from diagnostics.lab.conduct import ImapConduct
from diagnostics.lab.imap.commands import COMMAND_ERROR, INVALID_STATE, SERVER_ID, MailboxCommands
from diagnostics.lab.imap.lexer import BadSyntax, CommandReader, Ready
from diagnostics.lab.imap.parser import Command, parse
from diagnostics.lab.imap.selected import ARGUMENT_ERROR
from diagnostics.lab.imap.sign_in import Answer, SignIn, SignInDesk

BEFORE = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
AFTER = (
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES "
    "CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
)
NOT_CONNECTED = "BAD User is authenticated but not connected."
HANG_UP = "* BYE Connection closed. 14"
SIGNING_OFF = "* BYE Microsoft Exchange Server 2016 IMAP4 server signing off."  # RainLoop issue 686
IDLING = "+ IDLE accepted, awaiting DONE command."  # clients of other people compare with this very line
BADS_BEFORE_HANG_UP = 2


class Phase(Enum):
    """Where the session stands."""

    NOT_AUTHENTICATED = auto()
    AUTHENTICATED = auto()
    NOT_CONNECTED = auto()
    ENDED = auto()


class ImapSession:
    """Speaks with one client; `conduct` is asked again for each command, so that the lab can change it meanwhile."""

    def __init__(self, desk: SignInDesk, conduct: Callable[[], ImapConduct]) -> None:
        self.phase = Phase.NOT_AUTHENTICATED
        self.idling = False
        self._desk = desk
        self._conduct = conduct
        self._reader = CommandReader()
        self._sign_in: SignIn | None = None
        self._waiting: Callable[[bytes], list[str]] | None = None
        self._bads = 0
        self._commands = MailboxCommands()
        self._any: dict[str, Callable[[Command], list[str]]] = {
            "CAPABILITY": self._capability,
            "LOGOUT": self._logout,
        }
        self._before: dict[str, Callable[[Command], list[str]]] = {
            "AUTHENTICATE": self._authenticate,
            "LOGIN": self._login,
            "NOOP": self._done,
            "ID": lambda command: [SERVER_ID, *self._done(command)],
        }

    def receive(self, data: bytes) -> bytes:
        """Take what the client sent, and return what it gets to hear."""
        self._reader.feed(data)
        lines: list[str] = []
        while self.phase is not Phase.ENDED:
            try:
                if self._waiting is not None:
                    line = self._reader.next_line()
                    if line is None:
                        break
                    waiting, self._waiting = self._waiting, None
                    lines += waiting(line)
                    continue
                tokens = self._reader.next_command()
                if tokens is None:
                    break
                lines += self._literal_announced(tokens) if isinstance(tokens, Ready) else self._run(parse(tokens))
            except BadSyntax as problem:
                lines.append(f"{problem.tag or '*'} {COMMAND_ERROR}")
                if problem.fatal:
                    self._end(lines)
        return _encoded(lines)

    def news(self) -> bytes:
        """Return what has changed in the selected folder, for a client that waits in IDLE."""
        with self._desk.lock:
            return _encoded(self._commands.selected.news() if self._commands.selected is not None else [])

    def _literal_announced(self, waiting: Ready) -> list[str]:
        """Ask for a literal, or refuse the command before it is sent (RFC 3501, 7.5): APPEND would be refused anyway."""
        if waiting.name != "APPEND":
            return ["+ Ready for additional command text."]
        self._reader.forget()
        return self._run(Command(waiting.tag, waiting.name))

    def _end(self, lines: list[str]) -> None:
        lines.append(HANG_UP)
        self.phase = Phase.ENDED

    def _run(self, command: Command) -> list[str]:
        try:
            if handler := self._any.get(command.name):
                return handler(command)
            with_mailbox = command.name in self._commands or command.name == "IDLE"
            if self.phase is Phase.NOT_AUTHENTICATED:
                if handler := self._before.get(command.name):
                    return handler(command)
                return [f"{command.tag} {INVALID_STATE if with_mailbox else COMMAND_ERROR}"]
            if not with_mailbox:
                known = command.name in self._before
                return [f"{command.tag} {INVALID_STATE if known else COMMAND_ERROR}"]
            return self._run_with_mailbox(command)
        except BadSyntax:
            return [f"{command.tag} {ARGUMENT_ERROR}"]

    def _run_with_mailbox(self, command: Command) -> list[str]:
        backoff = self._conduct().backoff_milliseconds
        if backoff is not None:
            return [f"{command.tag} BAD Request is throttled. Suggested Backoff Time: {backoff} milliseconds"]
        with self._desk.lock:
            mailbox = None
            if self.phase is not Phase.NOT_CONNECTED and self._sign_in is not None:
                mailbox = self._desk.mailbox(self._sign_in)
            if mailbox is not None:
                return self._idle(command) if command.name == "IDLE" else self._commands.run(command, mailbox)
        self.phase = Phase.NOT_CONNECTED
        self._bads += 1
        lines = [f"{command.tag} {NOT_CONNECTED}"]
        if self._bads >= BADS_BEFORE_HANG_UP:  # email-oauth2-proxy issue 74
            self._end(lines)
        return lines

    def _done(self, command: Command) -> list[str]:
        return [f"{command.tag} OK {command.name} completed."]

    def _capability(self, command: Command) -> list[str]:
        words = BEFORE if self.phase is Phase.NOT_AUTHENTICATED else AFTER
        return [f"* CAPABILITY {words}", *self._done(command)]

    def _logout(self, command: Command) -> list[str]:
        self.phase = Phase.ENDED
        return [SIGNING_OFF, *self._done(command)]

    def _login(self, command: Command) -> list[str]:
        """Refuse the password: Exchange has no Basic authentication any more (Mailspring issue 1277)."""
        command.text(0), command.text(1)
        return [f"{command.tag} NO LOGIN failed."]

    def _authenticate(self, command: Command) -> list[str]:
        mechanism = command.text(0).upper()
        if mechanism not in {"XOAUTH2", "PLAIN"}:
            return [f"{command.tag} NO AUTHENTICATE failed."]

        def judge(response: bytes) -> list[str]:
            if response == b"*":
                return [f"{command.tag} BAD The AUTH protocol exchange was canceled by the client."]  # memory
            if mechanism == "PLAIN":
                return [f"{command.tag} NO AUTHENTICATE failed."]
            return self._judge(command.tag, response)

        if len(command.arguments) > 1:
            return judge(command.text(1).encode("utf-8", "surrogateescape"))
        self._waiting = judge
        return ["+ "]

    def _judge(self, tag: str, response: bytes) -> list[str]:
        sign_in = self._desk.judge(response)
        challenge = self._conduct().sasl_challenge
        if challenge is not None:  # another product stands here: it explains itself and wants an empty line
            self._waiting = lambda _line: [f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed."]
            return [f"+ {challenge}"]
        if sign_in.answer is Answer.REFUSED:
            return [f"{tag} NO AUTHENTICATE failed.{' ' if sign_in.detail else ''}{sign_in.detail}"]
        self._sign_in = sign_in
        self.phase = Phase.AUTHENTICATED if sign_in.answer is Answer.CONNECTED else Phase.NOT_CONNECTED
        return [f"{tag} OK AUTHENTICATE completed."]

    def _idle(self, command: Command) -> list[str]:
        def ended(line: bytes) -> list[str]:
            self.idling = False
            if line.strip().upper() != b"DONE":
                return [f"{command.tag} {COMMAND_ERROR}"]
            with self._desk.lock:
                news = self._commands.selected.news() if self._commands.selected is not None else []
            return [*news, *self._done(command)]

        self.idling = True
        self._waiting = ended
        return [IDLING]


def _encoded(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
