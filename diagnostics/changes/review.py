"""The review of what an application can open: what it should, what it can, and the difference, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from diagnostics.access import Access, Rule, rightly_registered
from diagnostics.changes import reach
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import Application, NoPlan, Problem, application_of, registrations_of
from diagnostics.changes.reach import Answer, Notes, ShellMaker
from diagnostics.changes.session import Session
from diagnostics.changes.state import Registration
from diagnostics.evidence import Absent, Missing, Recipient, Unavailable
from diagnostics.exchange.collect import recipient_of
from diagnostics.exchange.port import CmdletCall
from diagnostics.redaction import safe


@dataclass(slots=True)
class Review:
    """What is asked, and what came of it so far. `intended` and `mailboxes` are primary addresses."""

    application: Application
    principals: tuple[Registration, ...]
    mailboxes: tuple[str, ...]
    intended: frozenset[str]
    problems: tuple[Problem, ...] = ()
    extra: list[Answer] = field(default_factory=list)
    closed: list[Answer] = field(default_factory=list)
    unknown: list[Answer] = field(default_factory=list)
    count: int = 0
    open: int = 0

    def is_intended(self, answer: Answer) -> bool:
        """Say whether the profile names this mailbox, by any of its addresses."""
        return answer.mailbox.casefold() in self.intended

    def take(self, answer: Answer) -> None:
        """Count one answer."""
        self.count += 1
        intended = self.is_intended(answer)
        self.open += answer.access is Access.OPEN
        if answer.access is Access.UNKNOWN:
            self.unknown.append(answer)
        elif answer.access is Access.OPEN and not intended:
            self.extra.append(answer)
        elif answer.access is not Access.OPEN and intended:
            self.closed.append(answer)

    def exit_code(self) -> int:
        """Return 1 where it can open too much or too little, 3 where that is not known for all, else 0."""
        looked_and_bad = [problem for problem in self.problems if problem.missing is None]
        if self.extra or self.closed or looked_and_bad:
            return 1
        return 3 if self.unknown or self.problems else 0


def prepare(session: Session, shell: PatientShell, listed: Sequence[str], intended: Sequence[str]) -> Review:
    """Find out which mailboxes are to be asked: `listed`, or all there are. Raises NoPlan and ShellUnavailable."""
    evidence = session.evidence(shell, ())
    application, found = application_of(evidence), registrations_of(evidence)
    principals = rightly_registered(found, application.application_id, application.object_id)
    wanted, problems = _resolve(shell, intended)
    if listed:
        chosen, more = _resolve(shell, listed)
        problems += [problem for problem in more if problem not in problems]
        mailboxes: tuple[str, ...] = tuple(chosen)
    else:
        session.progress("Listing the organisation's mailboxes")
        every = reach.every_mailbox(shell)
        if isinstance(every, Unavailable):
            raise NoPlan(every)
        mailboxes = every
    names = frozenset(name.casefold() for name in wanted)
    return Review(application, principals, mailboxes, names, tuple(problems))


def answers(review: Review, make_shell: ShellMaker, notes: Notes, *, at_once: int, resume: bool) -> Iterator[Answer]:
    """Yield the answers as they come, those of an interrupted sweep first; each is noted for a sweep to come.

    Raises FileUnusable and OSError when the notes cannot be read or written.
    """
    known = notes.known() if resume else {}
    mine = [known[mailbox] for mailbox in review.mailboxes if mailbox in known]
    notes.start(mine)
    for answer in mine:
        review.take(answer)
        yield answer
    left = [mailbox for mailbox in review.mailboxes if mailbox not in known]
    if not review.principals:
        for mailbox in left:
            answer = Answer(mailbox, Access.NONE, reason=Rule.NOT_REGISTERED.value)
            review.take(answer)
            yield answer
    else:
        for answer in reach.sweep(left, review.principals, make_shell, at_once=at_once):
            notes.add(answer)
            review.take(answer)
            yield answer
    if all(answer.read for answer in review.unknown):  # what was read stays as it is, however often it is asked
        notes.forget()


def _resolve(shell: PatientShell, names: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """Return the primary addresses of the mailboxes that are named, and a problem for each name that is none."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    calls = [CmdletCall("Get-Recipient", {"Identity": name}) for name in names]
    for name, result in zip(names, shell.invoke_many(calls), strict=True):
        recipient = recipient_of(name, result)
        if isinstance(recipient, Recipient) and recipient.primary_address:
            found.setdefault(recipient.primary_address.casefold(), recipient.primary_address)
            continue
        why = recipient if isinstance(recipient, Unavailable) else _without_address(recipient)
        missing = None if why.missing is Missing.BLOCKED else why.missing
        problems.append(Problem(safe(name), why.reason, why.hint, missing))
    return list(found.values()), problems


def _without_address(recipient: Recipient | Absent) -> Unavailable:
    if isinstance(recipient, Absent):
        return Unavailable("there is no such recipient", Missing.BLOCKED)
    return Unavailable("Get-Recipient does not say its address", Missing.UNEXPECTED)
