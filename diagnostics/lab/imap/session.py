"""One IMAP session as Exchange Online holds it: states, commands, answers. No sockets: bytes in, bytes out.

    NOT_AUTHENTICATED --XOAUTH2, granted--> AUTHENTICATED --SELECT/EXAMINE--> SELECTED
            |                                    |  ^------CLOSE/UNSELECT---------|
            '--XOAUTH2, no mailbox--> NOT_CONNECTED <--permission taken away------'
    LOGOUT, or the second BAD in NOT_CONNECTED --> ENDED

Lines marked "memory" are Exchange's words as commonly seen, without a record at hand.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from enum import Enum, auto

from diagnostics.lab.imap.lexer import BadSyntax, CommandReader, Ready
from diagnostics.lab.imap.parser import Command, parse
from diagnostics.lab.imap.sign_in import Answer, SignIn, SignInDesk
from diagnostics.lab.state import ImapConduct, Recipient

BEFORE = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
AFTER = (
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES "
    "CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
)
NOT_CONNECTED = "BAD User is authenticated but not connected."
HANG_UP = "* BYE Connection closed. 14"
COMMAND_ERROR = "BAD Command Error. 12"
ARGUMENT_ERROR = "BAD Command Argument Error 11"
INVALID_STATE = "BAD Command received in Invalid state."  # memory
SIGNING_OFF = "* BYE Microsoft Exchange Server IMAP4 server signing off."  # memory
SERVER_ID = '* ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")'  # memory
FLAGS = r"\Seen \Answered \Flagged \Deleted \Draft $MDNSent"
SPECIAL_USE = {"Sent": r" \Sent", "Drafts": r" \Drafts", "Deleted Items": r" \Trash"}
BADS_BEFORE_HANG_UP = 2


class Phase(Enum):
    """Where the session stands."""

    NOT_AUTHENTICATED = auto()
    AUTHENTICATED = auto()
    SELECTED = auto()
    NOT_CONNECTED = auto()
    ENDED = auto()


class ImapSession:
    """Speaks with one client; `conduct` is asked anew for each command, so that the lab can change it meanwhile."""

    def __init__(self, desk: SignInDesk, conduct: Callable[[], ImapConduct]) -> None:
        self.phase = Phase.NOT_AUTHENTICATED
        self._desk = desk
        self._conduct = conduct
        self._reader = CommandReader()
        self._sign_in: SignIn | None = None
        self._waiting: Callable[[bytes], list[str]] | None = None
        self._bads = 0
        self._any: dict[str, Callable[[Command], list[str]]] = {
            "CAPABILITY": self._capability,
            "LOGOUT": self._logout,
        }
        self._before: dict[str, Callable[[Command], list[str]]] = {
            "AUTHENTICATE": self._authenticate,
            "LOGIN": self._login,
            "NOOP": self._done,
            "ID": self._id,
        }
        self._with_mailbox: dict[str, Callable[[Command, Recipient], list[str]]] = {
            "NOOP": lambda command, _mailbox: self._done(command),
            "CHECK": lambda command, _mailbox: self._done(command),
            "ID": lambda command, _mailbox: self._id(command),
            "NAMESPACE": self._namespace,
            "LIST": self._list,
            "LSUB": self._list,
            "SELECT": self._select,
            "EXAMINE": self._select,
            "STATUS": self._status,
            "CLOSE": self._unselect,
            "UNSELECT": self._unselect,
            "SEARCH": self._search,
            "UID": self._search,
            "IDLE": self._idle,
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
                lines += (
                    ["+ Ready for additional command text."] if isinstance(tokens, Ready) else self._run(parse(tokens))
                )
            except BadSyntax as problem:
                lines.append(f"{problem.tag or '*'} {COMMAND_ERROR}")
                if problem.fatal:
                    self._end(lines)
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")

    def _end(self, lines: list[str]) -> None:
        lines.append(HANG_UP)
        self.phase = Phase.ENDED

    def _run(self, command: Command) -> list[str]:
        try:
            if handler := self._any.get(command.name):
                return handler(command)
            if self.phase is Phase.NOT_AUTHENTICATED:
                if handler := self._before.get(command.name):
                    return handler(command)
                known = command.name in self._with_mailbox
                return [f"{command.tag} {INVALID_STATE if known else COMMAND_ERROR}"]
            if command.name not in self._with_mailbox:
                known = command.name in self._before
                return [f"{command.tag} {INVALID_STATE if known else COMMAND_ERROR}"]
            return self._run_with_mailbox(command)
        except BadSyntax:
            return [f"{command.tag} {ARGUMENT_ERROR}"]

    def _run_with_mailbox(self, command: Command) -> list[str]:
        backoff = self._conduct().backoff_milliseconds
        if backoff is not None:
            return [f"{command.tag} BAD Request is throttled. Suggested Backoff Time: {backoff} milliseconds"]
        mailbox = None
        if self.phase is not Phase.NOT_CONNECTED and self._sign_in is not None:
            mailbox = self._desk.mailbox(self._sign_in)
        if mailbox is None:
            self.phase = Phase.NOT_CONNECTED
            self._bads += 1
            lines = [f"{command.tag} {NOT_CONNECTED}"]
            if self._bads >= BADS_BEFORE_HANG_UP:  # email-oauth2-proxy issue 74
                self._end(lines)
            return lines
        return self._with_mailbox[command.name](command, mailbox)

    def _done(self, command: Command) -> list[str]:
        return [f"{command.tag} OK {command.name} completed."]

    def _capability(self, command: Command) -> list[str]:
        words = BEFORE if self.phase is Phase.NOT_AUTHENTICATED else AFTER
        return [f"* CAPABILITY {words}", *self._done(command)]

    def _logout(self, command: Command) -> list[str]:
        self.phase = Phase.ENDED
        return [SIGNING_OFF, *self._done(command)]

    def _id(self, command: Command) -> list[str]:
        return [SERVER_ID, *self._done(command)]

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

    def _namespace(self, command: Command, _mailbox: Recipient) -> list[str]:
        return ['* NAMESPACE (("" "/")) NIL NIL', *self._done(command)]

    def _list(self, command: Command, mailbox: Recipient) -> list[str]:
        pattern = command.text(0) + command.text(1)
        if not command.text(1):
            return [rf'* {command.name} (\Noselect) "/" ""', *self._done(command)]
        expression = re.compile(fnmatch.translate(pattern.replace("%", "*")), re.IGNORECASE)
        lines = [
            rf'* {command.name} (\HasNoChildren{SPECIAL_USE.get(folder, "")}) "/" {_quoted(folder)}'
            for folder in mailbox.folders
            if expression.match(folder) and not ("%" in pattern and "/" in folder)
        ]
        return [*lines, *self._done(command)]

    def _folder(self, name: str, mailbox: Recipient) -> str | None:
        return next((folder for folder in mailbox.folders if folder.casefold() == name.casefold()), None)

    def _select(self, command: Command, mailbox: Recipient) -> list[str]:
        name = command.text(0)
        if self._folder(name, mailbox) is None:
            self.phase = Phase.AUTHENTICATED
            return [f"{command.tag} NO {name} doesn't exist."]  # memory
        self.phase = Phase.SELECTED
        writable = command.name == "SELECT"
        return [
            "* 0 EXISTS",
            "* 0 RECENT",
            f"* FLAGS ({FLAGS})",
            f"* OK [PERMANENTFLAGS ({FLAGS if writable else ''})] Permanent flags",
            "* OK [UIDVALIDITY 14] UIDVALIDITY value",
            "* OK [UIDNEXT 1] The next unique identifier value",
            f"{command.tag} OK [READ-{'WRITE' if writable else 'ONLY'}] {command.name} completed.",
        ]

    def _status(self, command: Command, mailbox: Recipient) -> list[str]:
        folder = self._folder(command.text(0), mailbox)
        if folder is None:
            return [f"{command.tag} NO {command.text(0)} doesn't exist."]
        items = command.arguments[1] if len(command.arguments) > 1 else None
        if not isinstance(items, list):
            raise BadSyntax(command.tag)
        values = {"MESSAGES": 0, "RECENT": 0, "UIDNEXT": 1, "UIDVALIDITY": 14, "UNSEEN": 0}
        names = [str(item).upper() for item in items]
        if not all(name in values for name in names):
            raise BadSyntax(command.tag)
        pairs = " ".join(f"{name} {values[name]}" for name in names)
        return [f"* STATUS {_quoted(folder)} ({pairs})", *self._done(command)]

    def _unselect(self, command: Command, _mailbox: Recipient) -> list[str]:
        if self.phase is not Phase.SELECTED:
            return [f"{command.tag} {INVALID_STATE}"]
        self.phase = Phase.AUTHENTICATED
        return self._done(command)

    def _search(self, command: Command, _mailbox: Recipient) -> list[str]:
        if self.phase is not Phase.SELECTED:
            return [f"{command.tag} {INVALID_STATE}"]
        if command.name == "UID" and command.text(0).upper() != "SEARCH":
            return [f"{command.tag} {COMMAND_ERROR}"]
        return ["* SEARCH", f"{command.tag} OK SEARCH completed."]

    def _idle(self, command: Command, _mailbox: Recipient) -> list[str]:
        self._waiting = lambda line: (
            self._done(command) if line.strip().upper() == b"DONE" else [f"{command.tag} {COMMAND_ERROR}"]
        )
        return ["+ IDLE accepted, awaiting DONE command."]  # memory


def _quoted(folder: str) -> str:
    return folder if folder.isalnum() else '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
