"""What a client with a mailbox may ask: folders, and one selected folder (RFC 3501, 6.3 and 6.4), in Exchange's words.

Lines marked "memory" are Exchange's words as commonly seen, without a record at hand.
"""

from __future__ import annotations

from collections.abc import Callable

from diagnostics.lab.imap import folders
from diagnostics.lab.imap.lexer import BadSyntax
from diagnostics.lab.imap.parser import Command
from diagnostics.lab.imap.selected import Refused, SelectedFolder
from diagnostics.lab.mail import Folder
from diagnostics.lab.state import Recipient

INVALID_STATE = "BAD Command received in Invalid state."  # memory
COMMAND_ERROR = "BAD Command Error. 12"
SERVER_ID = '* ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")'  # memory
UNCHANGED = "NO {name} is not simulated: this mailbox changes by STORE and EXPUNGE only."
"""Invented: Exchange does what these commands ask for, and advertises them."""
FOLDER_CHANGES = ("APPEND", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE")
MESSAGE_CHANGES = ("COPY", "MOVE")
WITHOUT_NEWS = frozenset({"SELECT", "EXAMINE", "FETCH", "STORE", "SEARCH"})
"""Commands that may not change the client's numbers (RFC 3501, 7.4.1), or whose answer tells all there is."""

OfMailbox = Callable[[Command, Recipient], list[str]]
OfFolder = Callable[[Command, SelectedFolder], list[str]]


class MailboxCommands:
    """Answers the commands of one session that is connected to its mailbox; `selected` is the folder it is in."""

    def __init__(self) -> None:
        self.selected: SelectedFolder | None = None
        self._of_mailbox: dict[str, OfMailbox] = {
            "NOOP": lambda _command, _mailbox: [],
            "ID": lambda _command, _mailbox: [SERVER_ID],
            "NAMESPACE": lambda _command, _mailbox: ['* NAMESPACE (("" "/")) NIL NIL'],
            "LIST": _list,
            "LSUB": _list,
            "SELECT": self._select,
            "EXAMINE": self._select,
            "STATUS": _status,
            **dict.fromkeys(FOLDER_CHANGES, _unchanged),
        }
        self._of_folder: dict[str, OfFolder] = {
            "CHECK": lambda _command, _folder: [],
            "CLOSE": self._close,
            "UNSELECT": self._close,
            "FETCH": lambda command, folder: folder.fetch(command.arguments, by_uid=False),
            "STORE": lambda command, folder: folder.store(command.arguments, by_uid=False),
            "SEARCH": lambda command, folder: folder.search(command.arguments, by_uid=False),
            "EXPUNGE": lambda _command, folder: folder.expunge(),
            "UID": _with_uids,
            **dict.fromkeys(MESSAGE_CHANGES, _unchanged),
        }

    def __contains__(self, name: object) -> bool:
        return name in self._of_mailbox or name in self._of_folder

    def run(self, command: Command, mailbox: Recipient) -> list[str]:
        """Return the answer to a command of this table, its tagged line last; raise BadSyntax for bad arguments."""
        try:
            lines = self._answer(command, mailbox)
        except Refused as refused:
            return [f"{command.tag} {refused}"]
        if self.selected is not None and command.name not in WITHOUT_NEWS:
            lines = [*lines, *self.selected.news()]
        return [*lines, f"{command.tag} OK {self._completed(command)} completed."]

    def _answer(self, command: Command, mailbox: Recipient) -> list[str]:
        if (of_mailbox := self._of_mailbox.get(command.name)) is not None:
            return of_mailbox(command, mailbox)
        if self.selected is None:
            raise Refused(INVALID_STATE)
        return self._of_folder[command.name](command, self.selected)

    def _completed(self, command: Command) -> str:
        """Return what the tagged line says; `UID STORE` is called STORE (RainLoop issue 686)."""
        if command.name == "UID":
            return command.text(0).upper()
        if command.name in {"SELECT", "EXAMINE"}:
            return f"[READ-{'WRITE' if command.name == 'SELECT' else 'ONLY'}] {command.name}"
        return command.name

    def _select(self, command: Command, mailbox: Recipient) -> list[str]:
        self.selected = None
        found = _folder(command, mailbox)
        self.selected = SelectedFolder(found, writable=command.name == "SELECT")
        return self.selected.opening()

    def _close(self, command: Command, folder: SelectedFolder) -> list[str]:
        if command.name == "CLOSE" and folder.writable:
            folder.expunge()
        self.selected = None
        return []


def _folder(command: Command, mailbox: Recipient) -> Folder:
    name = command.text(0)
    found = folders.named(name, mailbox.folders)
    if found is None:
        raise Refused(f"NO {name} doesn't exist.")  # memory
    return mailbox.folder(found)


def _list(command: Command, mailbox: Recipient) -> list[str]:
    pattern = command.text(1)
    if not pattern:
        return [rf'* {command.name} (\Noselect) "/" ""']
    return list(folders.listed(command.name, command.text(0) + pattern, mailbox.folders))


def _status(command: Command, mailbox: Recipient) -> list[str]:
    folder = _folder(command, mailbox)
    items = command.arguments[1] if len(command.arguments) > 1 else None
    if not isinstance(items, list) or not items:
        raise BadSyntax(command.tag)
    values = {
        "MESSAGES": len(folder.messages),
        "RECENT": sum(message.recent for message in folder.messages),
        "UIDNEXT": folder.uid_next,
        "UIDVALIDITY": folder.uid_validity,
        "UNSEEN": sum(r"\Seen" not in message.flags for message in folder.messages),
    }
    names = [str(item).upper() for item in items]
    if not all(name in values for name in names):
        raise BadSyntax(command.tag)
    pairs = " ".join(f"{name} {values[name]}" for name in names)
    shown = folders.named(command.text(0), mailbox.folders) or ""
    return [f"* STATUS {folders.quoted(shown)} ({pairs})"]


def _with_uids(command: Command, folder: SelectedFolder) -> list[str]:
    name = command.text(0).upper()
    if name in MESSAGE_CHANGES:
        raise Refused(UNCHANGED.format(name=name))
    if name == "EXPUNGE":
        return folder.expunge(command.text(1))
    handlers = {"FETCH": folder.fetch, "STORE": folder.store, "SEARCH": folder.search}
    if name not in handlers:
        raise Refused(COMMAND_ERROR)
    return handlers[name](command.arguments[1:], by_uid=True)


def _unchanged(command: Command, _place: object) -> list[str]:
    raise Refused(UNCHANGED.format(name=command.name))
