"""A selected folder as one session sees it: its numbers, its news, and FETCH, STORE, SEARCH and EXPUNGE in it.

What a client was told stays as it is until it is told otherwise: another session's EXPUNGE changes no number here before
`news` has said so (RFC 3501, 5.2 and 7.4.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnostics.lab.imap import mime
from diagnostics.lab.imap.fetch import FLAGS, Item, flags, items
from diagnostics.lab.imap.parser import Argument
from diagnostics.lab.imap.search import Candidate, Largest, criteria
from diagnostics.lab.imap.sets import BadSet, MessageSet
from diagnostics.lab.mail import Folder, Message

BAD_SET = "BAD The specified message set is invalid."
"""Also what Exchange says to a SEARCH whose key it does not know: it takes the word for a message set (both seen)."""
NO_SUCH_MESSAGE = "NO The specified message set is invalid."
"""Exchange's answer to a number beyond the last message; Chilkat's IMAP reference shows it."""
BAD_CHARSET = "NO [BADCHARSET (US-ASCII)] The specified charset is not supported."
"""Exchange's answer to CHARSET UTF-8, as users of aioimaplib and imap_tools report it."""
READ_ONLY = "NO The folder was opened with EXAMINE and is read-only."
"""Invented: what Exchange says here is not recorded."""
ARGUMENT_ERROR = "BAD Command Argument Error 11"


class Refused(Exception):
    """A command that is answered with NO or BAD; the text is what follows the tag."""


class SelectedFolder:
    """One session's view of a folder; `writable` is false after EXAMINE."""

    def __init__(self, folder: Folder, *, writable: bool) -> None:
        self.folder = folder
        self.writable = writable
        self._known: list[Message] = []
        self._shown: dict[Message, frozenset[str]] = {}
        self._recent: set[Message] = set()
        self._learn(folder.messages)

    def _learn(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._known.append(message)
            self._shown[message] = frozenset(message.flags)
            if message.recent:
                self._recent.add(message)
                message.recent = not self.writable

    def opening(self) -> list[str]:
        """Return the untagged lines of SELECT and EXAMINE, in Exchange's order (RainLoop issue 686)."""
        unseen = (number for number, message in enumerate(self._known, 1) if r"\Seen" not in message.flags)
        first = next(unseen, None)
        kept = " ".join(FLAGS)
        return [
            *self._counts(),
            f"* FLAGS ({kept})",
            f"* OK [PERMANENTFLAGS ({kept if self.writable else ''})] Permanent flags",
            *([f"* OK [UNSEEN {first}] Is the first unseen message"] if first else []),
            f"* OK [UIDVALIDITY {self.folder.uid_validity}] UIDVALIDITY value",
            f"* OK [UIDNEXT {self.folder.uid_next}] The next unique identifier value",
        ]

    def _counts(self) -> list[str]:
        return [f"* {len(self._known)} EXISTS", f"* {len(self._recent)} RECENT"]

    def news(self) -> list[str]:
        """Return what has changed in the folder since the client was told: deletions, new messages, flags."""
        lines: list[str] = []
        present = set(self.folder.messages)
        for index in reversed(range(len(self._known))):
            if self._known[index] not in present:
                message = self._known.pop(index)
                self._shown.pop(message, None)
                self._recent.discard(message)
                lines.append(f"* {index + 1} EXPUNGE")
        known = set(self._known)
        added = [message for message in self.folder.messages if message not in known]
        self._learn(added)
        if added:
            lines += self._counts()
        for number, message in enumerate(self._known, 1):
            if self._shown[message] != message.flags:
                lines.append(self._flags(number, message))
        return lines

    def fetch(self, arguments: Sequence[Argument], *, by_uid: bool) -> list[str]:
        """Answer FETCH or UID FETCH."""
        wanted = items(arguments[1:])
        if wanted is None:
            raise Refused(ARGUMENT_ERROR)
        if by_uid and all(item.label != "UID" for item in wanted):
            wanted += items(["UID"]) or []
        return [self._fetched(number, message, wanted) for number, message in self._chosen(arguments, by_uid=by_uid)]

    def _fetched(self, number: int, message: Message, wanted: list[Item]) -> str:
        whole = mime.cut(message.content)
        if self.writable and any(item.reads for item in wanted) and r"\Seen" not in message.flags:
            message.flags.add(r"\Seen")
        changed = self._shown[message] != message.flags
        if changed and all(item.label != "FLAGS" for item in wanted):
            wanted = [*wanted, *(items(["FLAGS"]) or [])]
        self._shown[message] = frozenset(message.flags)
        values = (
            flags(message, recent=message in self._recent) if item.label == "FLAGS" else item.value(message, whole)
            for item in wanted
        )
        pairs = " ".join(f"{item.label} {value}" for item, value in zip(wanted, values, strict=True))
        return f"* {number} FETCH ({pairs})"

    def store(self, arguments: Sequence[Argument], *, by_uid: bool) -> list[str]:
        """Answer STORE or UID STORE; a flag that Exchange does not keep is passed over in silence (invented)."""
        name = str(arguments[1]).upper() if len(arguments) > 2 else ""  # noqa: PLR2004 - set, name, flags
        what, _, silent = name.partition(".")
        if what not in {"FLAGS", "+FLAGS", "-FLAGS"} or silent not in {"", "SILENT"}:
            raise Refused(ARGUMENT_ERROR)
        first = arguments[2]
        words = first if isinstance(first, list) else list(arguments[2:])
        known = {flag.casefold(): flag for flag in FLAGS}
        given = {known[str(word).casefold()] for word in words if str(word).casefold() in known}
        chosen = self._chosen(arguments, by_uid=by_uid)
        if not self.writable:
            raise Refused(READ_ONLY)
        lines = []
        for number, message in chosen:
            if what == "FLAGS":
                message.flags = set(given)
            else:
                message.flags = message.flags | given if what == "+FLAGS" else message.flags - given
            self._shown[message] = frozenset(message.flags)
            if not silent:
                lines.append(self._flags(number, message, with_uid=by_uid))
        return lines

    def _flags(self, number: int, message: Message, *, with_uid: bool = False) -> str:
        self._shown[message] = frozenset(message.flags)
        uid = f" UID {message.uid}" if with_uid else ""
        return f"* {number} FETCH (FLAGS {flags(message, recent=message in self._recent)}{uid})"

    def search(self, arguments: Sequence[Argument], *, by_uid: bool) -> list[str]:
        """Answer SEARCH or UID SEARCH."""
        words = list(arguments)
        if words and isinstance(words[0], str) and words[0].upper() == "CHARSET":
            if len(words) < 2 or str(words[1]).upper() != "US-ASCII":  # noqa: PLR2004 - the word and its value
                raise Refused(BAD_CHARSET)
            words = words[2:]
        try:
            fits = criteria(words, Largest(len(self._known), self._last_uid()))
        except BadSet:
            raise Refused(BAD_SET) from None
        found = [
            str(message.uid if by_uid else number)
            for number, message in enumerate(self._known, 1)
            if fits(Candidate(message, number, message in self._recent))
        ]
        return [" ".join(["* SEARCH", *found])]

    def expunge(self, uids: str | None = None) -> list[str]:
        """Remove the messages that are marked as deleted (those among `uids`), and say so."""
        if not self.writable:
            raise Refused(READ_ONLY)
        try:
            among = None if uids is None else MessageSet(uids, self._last_uid())
        except BadSet:
            raise Refused(BAD_SET) from None
        self.folder.messages[:] = [
            message
            for message in self.folder.messages
            if r"\Deleted" not in message.flags or (among is not None and message.uid not in among)
        ]
        return self.news()

    def _last_uid(self) -> int:
        return self._known[-1].uid if self._known else 0

    def _chosen(self, arguments: Sequence[Argument], *, by_uid: bool) -> list[tuple[int, Message]]:
        """Return the messages of the set that comes first, with their numbers; UIDs that are gone are passed over."""
        text = arguments[0] if arguments else ""
        try:
            wanted = MessageSet(text if isinstance(text, str) else "", self._last_uid() if by_uid else len(self._known))
        except BadSet:
            raise Refused(BAD_SET) from None
        if not by_uid and (not self._known or wanted.highest > len(self._known)):
            raise Refused(NO_SUCH_MESSAGE)
        pairs = enumerate(self._known, 1)
        return [(number, message) for number, message in pairs if (message.uid if by_uid else number) in wanted]
