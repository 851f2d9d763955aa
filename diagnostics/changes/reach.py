"""Which mailboxes an application can open, held against those that it should: too many is a finding as well.

The sweep asks mailbox by mailbox, a bounded number at a time, and notes each answer in a file, so that an interrupted
one goes on where it was.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from diagnostics import files
from diagnostics.access import Access, Rule, access_of
from diagnostics.access import principals as known_by
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import Holding
from diagnostics.changes.state import NOBODY, Entry, Registration, entries_of
from diagnostics.evidence import Missing, Observed, Unavailable
from diagnostics.exchange import rows
from diagnostics.exchange.collect import not_observed, nothing_where_something_is, permissions_of, provenance, read_rows
from diagnostics.exchange.port import CmdletCall, CmdletResult, ErrorKind, ShellUnavailable
from diagnostics.redaction import safe

BATCH = 50
"""Mailboxes that are asked for together."""

_KIND = files.Kind("note of a sweep", "diag/reach-notes/", "Take it away if nobody needs it")
_HEADER = json.dumps({"schema": f"{_KIND.schema}1"}) + "\n"
_LARGEST_NOTES = 256 * 1024 * 1024
"""Bytes; about a million mailboxes."""

ShellMaker: TypeAlias = Callable[[], PatientShell]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one mailbox said; `entries` are the application's own. `read` is false where they could not be read."""

    mailbox: str
    access: Access
    entries: tuple[Entry, ...] = ()
    reason: str = ""
    read: bool = True


def every_mailbox(shell: PatientShell) -> Observed[tuple[str, ...]]:
    """Return the primary address of every mailbox of the organisation."""
    result = shell.invoke("Get-Mailbox", ResultSize="Unlimited")
    if not result.ok:
        return not_observed(result)
    read = read_rows(result, rows.recipient)
    if isinstance(read, Unavailable):
        return read
    if not read:
        return nothing_where_something_is(result, "an organization has mailboxes")
    found = [mailbox.primary_address for mailbox in read]
    if not all(found):
        return Unavailable("Get-Mailbox shows mailboxes without an address", Missing.UNEXPECTED, provenance(result))
    return tuple(sorted(found, key=str.casefold))


def sweep(
    mailboxes: Sequence[str], principals: Sequence[Registration], make_shell: ShellMaker, *, at_once: int = 2
) -> Iterator[Answer]:
    """Yield an answer for each mailbox as it comes, with at most `at_once` calls in flight.

    Each worker has a shell of its own, since a connection belongs to one runspace. What could not be asked is `UNKNOWN`.
    """
    todo: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    for start in range(0, len(mailboxes), BATCH):
        todo.put(list(mailboxes[start : start + BATCH]))
    done: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
    ending = threading.Event()
    count = max(1, min(at_once, todo.qsize()))
    workers = [
        threading.Thread(target=_work, args=(todo, done, principals, make_shell, ending), daemon=True)
        for _ in range(count)
    ]
    for worker in workers:
        worker.start()
    try:
        while count:
            answer = done.get()
            if answer is None:
                count -= 1
            else:
                yield answer
    finally:
        ending.set()
        for worker in workers:
            worker.join()


def _work(
    todo: queue.SimpleQueue[list[str]],
    done: queue.SimpleQueue[Answer | None],
    principals: Sequence[Registration],
    make_shell: ShellMaker,
    ending: threading.Event,
) -> None:
    part: list[str] = []
    try:
        with make_shell() as shell:
            while not ending.is_set():
                try:
                    part = todo.get_nowait()
                except queue.Empty:
                    return
                for answer in _asked(part, principals, shell):
                    done.put(answer)
                part = []
    except Exception as problem:  # noqa: BLE001 - whatever it was, the mailboxes are unknown and not empty
        words = str(problem) if isinstance(problem, ShellUnavailable) else f"{type(problem).__name__}: {problem}"
        while part:
            for mailbox in part:
                done.put(Answer(mailbox, Access.UNKNOWN, reason=safe(words), read=False))
            try:
                part = todo.get_nowait()
            except queue.Empty:
                part = []
    finally:
        done.put(None)


def _asked(part: Sequence[str], principals: Sequence[Registration], shell: PatientShell) -> Iterator[Answer]:
    if not principals:
        for mailbox in part:
            yield Answer(mailbox, Access.NONE)
        return
    calls = [CmdletCall("Get-MailboxPermission", {"Identity": mailbox}) for mailbox in part]
    for mailbox, result in zip(part, shell.invoke_many(calls), strict=True):
        yield judge(mailbox, result, principals)


def judge(mailbox: str, result: CmdletResult, principals: Sequence[Registration]) -> Answer:
    """Say what a mailbox's permissions mean for the application."""
    if result.error is not None and result.error.kind in NOBODY:
        return Answer(mailbox, Access.UNKNOWN, reason="there is no such mailbox", read=False)
    found = permissions_of(result)
    if isinstance(found, Unavailable):
        throttled = result.error is not None and result.error.kind is ErrorKind.THROTTLED
        reason = "Exchange kept asking to wait" if throttled else found.reason
        return Answer(mailbox, Access.UNKNOWN, reason=reason, read=False)
    decision = access_of(found, known_by(principals))
    told = decision.note if decision.access is Access.OPEN else decision.rule.value
    return Answer(
        mailbox, decision.access, entries_of(found, principals), "" if decision.rule is Rule.NOTHING else told
    )


def holdings(shell: PatientShell, principals: Sequence[Registration]) -> Observed[tuple[Holding, ...]]:
    """Return every mailbox on which the registrations have entries, or why that is not known for all."""
    found = every_mailbox(shell)
    if isinstance(found, Unavailable):
        return found
    held: list[Holding] = []
    for answer in _asked(found, principals, shell):
        if not answer.read:
            return Unavailable(f"{answer.mailbox}: {answer.reason}", Missing.REMOTE_ERROR)
        if answer.entries:
            held.append(Holding(answer.mailbox, answer.entries))
    return tuple(held)


class Notes:
    """The answers of a sweep so far, in a file of mode 0600, for a sweep that is resumed."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key

    def known(self) -> Mapping[str, Answer]:
        """Return the answers of an interrupted sweep of the same application; unknown ones are asked again.

        Raises FileUnusable.
        """
        found: dict[str, Answer] = {}
        try:
            lines = files.read(self._path, largest=_LARGEST_NOTES).splitlines()
        except files.NotThere:
            return {}
        for line in lines:
            try:
                tree = json.loads(line)
                if tree["key"] != self._key:
                    return {}
                entries = tuple(
                    Entry(e["user"], e["sid"], tuple(e["rights"]), e["deny"], e["inherited"]) for e in tree["entries"]
                )
                reason = str(tree.get("reason", ""))
                found[tree["mailbox"]] = Answer(tree["mailbox"], Access(tree["access"]), entries, reason)
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # a line that a kill cut off
        return found

    def start(self, known: Iterable[Answer] = ()) -> None:
        """Begin a file with what is known already. Raises FileUnusable and OSError."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(self._path, "".join([_HEADER, *(self._line(answer) for answer in known)]), _KIND)

    def add(self, answer: Answer) -> None:
        """Note one answer. Raises FileUnusable and OSError."""
        if answer.access is not Access.UNKNOWN:
            with files.open_to_append(self._path) as file:
                file.write(self._line(answer).encode())

    def forget(self) -> None:
        """Remove the file, since the sweep is complete."""
        self._path.unlink(missing_ok=True)

    def _line(self, answer: Answer) -> str:
        entries = [
            {"user": e.user, "sid": e.sid, "rights": list(e.rights), "deny": e.deny, "inherited": e.inherited}
            for e in answer.entries
        ]
        said = {"mailbox": answer.mailbox, "access": str(answer.access), "reason": answer.reason}
        return json.dumps({"key": self._key, **said, "entries": entries}) + "\n"
