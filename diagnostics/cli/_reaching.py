"""What `diag reach` prints, as it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from diagnostics import files, formats
from diagnostics.access import Access
from diagnostics.changes import journal, render, review
from diagnostics.changes.confirm import Consent
from diagnostics.changes.reach import Notes
from diagnostics.cli import _carrying, _changing, _screen
from diagnostics.cli._screen import Output
from diagnostics.invocation import Invocation
from diagnostics.redaction import safe


def reach(chosen: _changing.Chosen, *, at_once: int, resume: bool, output: Output) -> int:
    """Sweep, print each answer that matters as it comes, and the difference at the end; return the exit code."""

    def course(visit: _changing.Visit) -> int:
        listed = visit.asked.addresses if chosen.mailboxes or chosen.file else ()
        intended = [mailbox.strip() for mailbox in visit.profile.mailboxes]
        found = review.prepare(visit.session, visit.shell, listed, intended)
        found.problems = (*visit.asked.problems, *found.problems)
        with visit.quiet():
            for line in _lines(visit, found, chosen, at_once=at_once, resume=resume, output=output):
                _screen.emit(line, output)
        return found.exit_code()

    return _changing.run(chosen, _changing.How(Consent(), output, journaled=False), course)


def _lines(
    visit: _changing.Visit,
    found: review.Review,
    chosen: _changing.Chosen,
    *,
    at_once: int,
    resume: bool,
    output: Output,
) -> Iterator[str]:
    application, tenant = found.application.application_id, visit.session.subject.target.tenant
    key = hashlib.sha256(f"{tenant} {application} {found.application.object_id}".encode()).hexdigest()
    notes = Notes(visit.journal.with_name(f"reach-{key[:16]}.jsonl"), key)
    table = output is Output.TABLE
    if table:
        target, domain = visit.session.subject.target, visit.domain
        yield from render.place_lines(target, tenant, domain, sorted(found.intended))
        yield ""
    try:
        for answer in review.answers(found, visit.session.shell, notes, at_once=at_once, resume=resume):
            intended = found.is_intended(answer)
            if not table:
                yield _document(render.answer_tree(answer, intended), output)
            elif answer.access is not Access.NONE or intended:
                yield render.answer_line(answer, intended)
    except (OSError, files.FileUnusable) as error:
        raise journal.JournalUnusable(f"the sweep's notes cannot be kept: {error}") from error
    if table:
        yield from _summary(found, visit.invocation, chosen)
    else:
        yield _document(_tree(found, visit), output)


def _summary(found: review.Review, invocation: Invocation, chosen: _changing.Chosen) -> Iterator[str]:
    yield ""
    if not found.principals:
        yield "The application is not registered in Exchange with its ids, so it can open no mailbox."
    yield f"{found.open} of {found.count} mailbox(es) can be opened; the profile intends {len(found.intended)}."
    for problem in found.problems:
        yield f"Cannot: {problem}"
    grant = invocation.inline("grant", *chosen.words())
    denied = [answer.mailbox for answer in found.closed if answer.access is Access.DENIED]
    closed = [answer.mailbox for answer in found.closed if answer.access is not Access.DENIED]
    if closed:
        does = "opens them" if found.principals else "registers the application, or says what stands in the way"
        yield f"Intended and closed: {', '.join(closed)}. {grant} {does}."
    if denied:
        yield f"Intended and denied: {', '.join(denied)}. {grant} says which entries have to go first."
    unread = [answer for answer in found.unknown if not answer.read]
    if unread:
        again = invocation.inline("reach", *chosen.words(), "--resume")
        yield f"Not known for {len(unread)} mailbox(es): {again} asks them again."
    if len(found.unknown) > len(unread):
        live = invocation.inline("permissions", *chosen.words())
        yield f"Not proven by the entries of {len(found.unknown) - len(unread)} mailbox(es): {live} tries whether they open."
    if found.extra:
        yield f"Too many: {len(found.extra)} mailbox(es) that the profile does not name. To take them back:"
        yield "  Connect-ExchangeOnline"
        for answer in found.extra:
            above = all(entry.inherited for entry in answer.entries)
            none = f"(no command: {answer.mailbox} is opened from above the mailbox)" if above else render.NO_COMMAND
            yield f"  {render.take_back(answer, found.application.object_id) or safe(none)}"


def _tree(found: review.Review, visit: _changing.Visit) -> object:
    target = visit.session.subject.target
    return {
        "schema": "diag/reach/1",
        "exit_code": found.exit_code(),
        "profile": target.profile,
        "profile_file": target.profile_file,
        "tenant": target.tenant,
        "domain": visit.domain,
        "application_id": found.application.application_id,
        "registered": bool(found.principals),
        "mailboxes": found.count,
        "open": found.open,
        "intended": len(found.intended),
        "not_intended": [answer.mailbox for answer in found.extra],
        "intended_and_closed": [answer.mailbox for answer in found.closed],
        "unknown": [answer.mailbox for answer in found.unknown],
        "problems": [str(problem) for problem in found.problems],
        "take_back": [render.take_back(answer, found.application.object_id) or None for answer in found.extra],
    }


def _document(tree: object, output: Output) -> str:
    """Return one document of a stream: a line of JSON, or a document of YAML."""
    if output is Output.JSON:
        return formats.as_json(tree, indent=None)
    return f"---\n{_carrying.structured(tree, output)}".rstrip()
