"""The course of a change: look, show the plan, ask, do it, show what became of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics import files
from diagnostics.changes import apply as applying
from diagnostics.changes import journal as journals
from diagnostics.changes import planfile, render, undo, workflow
from diagnostics.changes.confirm import Consent, NotConfirmed, confirm
from diagnostics.changes.mailboxes import BadList, MailboxList, read_list
from diagnostics.changes.outcomes import Applied, Outcome
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import NoPlan, Plan, Wishes
from diagnostics.changes.rehearsal import dry_run_on_server
from diagnostics.changes.session import Session
from diagnostics.changes.waiting import EXPECTATION, Waited, wait
from diagnostics.cli import _carrying, _guard, _screen, _target
from diagnostics.cli._screen import Output
from diagnostics.errors.reasons import MISSING
from diagnostics.evidence import Missing
from diagnostics.exchange.port import ShellUnavailable
from diagnostics.invocation import Invocation
from diagnostics.net.tls import CaFileUnusable
from diagnostics.profile.finding import DEMO

if TYPE_CHECKING:
    from diagnostics.profile import Profile


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which profile and which mailboxes; an empty list means the profile's."""

    profile: str | None = None
    scenarios: tuple[str, ...] = ()
    shape: str | None = None
    mailboxes: tuple[str, ...] = ()
    file: Path | None = None
    named: bool = True
    """Whether whoever runs this named the profile: a plan that came from somewhere may name any file."""

    def words(self) -> list[str]:
        """Return the options that name the mailboxes, for a command that continues this one."""
        words = [word for mailbox in self.mailboxes for word in ("--mailbox", mailbox)]
        return [*words, "--mailboxes", str(self.file.absolute())] if self.file is not None else words


@dataclass(frozen=True, slots=True)
class How:
    """How a change is confirmed, shown and followed."""

    consent: Consent
    output: Output = Output.TABLE
    journal: Path | None = None
    dry_run: bool = False
    dry_run_server: bool = False
    out: Path | None = None
    force: bool = False
    journaled: bool = True
    wait_seconds: float | None = None


@dataclass(slots=True)
class Visit:
    """An open visit to the profile's tenant."""

    session: Session
    shell: PatientShell
    profile: Profile
    progress: _screen.Progress
    how: How
    asked: MailboxList = field(default_factory=lambda: MailboxList(()))

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Keep the line of progress off the screen while something else is shown or asked."""
        self.progress.__exit__(None, None, None)
        try:
            yield
        finally:
            self.progress.__enter__()

    def show(self, lines: Iterable[str]) -> None:
        """Print lines of the report, unless it is to be a document as a whole."""
        text = "\n".join(lines)
        if text and self.how.output is Output.TABLE:
            with self.quiet():
                _screen.emit(text)

    def ask(self, question: str) -> str:
        """Ask at the terminal."""
        with self.quiet():
            sys.stderr.write(question)
            sys.stderr.flush()
            return sys.stdin.readline()

    @property
    def invocation(self) -> Invocation:
        """How this run was started, for the commands that continue it."""
        journal = str(self.how.journal.absolute()) if self.how.journal is not None else ""
        return replace(Invocation.of(self.session.subject.target), journal=journal)

    def placed(self, plan: Plan) -> Plan:
        """Return the plan with the place that it is about: this run's profile, and the tenant's domain."""
        target = self.session.subject.target
        return replace(
            plan,
            profile=target.profile,
            profile_file=target.profile_file,
            scenarios=target.scenarios,
            shape=target.shape,
            domain=self.domain,
        )

    @property
    def domain(self) -> str:
        """The tenant's domain, by Exchange, else by the profile."""
        connection, target = self.shell.connection, self.session.subject.target
        return (connection.organization if connection is not None else "") or target.organization

    @property
    def journal(self) -> Path:
        """The journal's path; a demo's is beside its profile, and goes with it."""
        return _journal_of(self.how, self.profile)


def grant(chosen: Chosen, how: How, *, replace: bool, enable_imap: bool) -> int:
    """Plan, show, and do what is missing; return the exit code."""

    def course(visit: Visit) -> int:
        plan = workflow.grant_plan(visit.session, visit.shell, visit.asked.addresses, Wishes(replace, enable_imap))
        plan = _with_list(plan, visit.asked)
        return _carry_out(visit, plan)

    return run(chosen, how, course)


def apply(path: Path, chosen: Chosen, how: How) -> int:
    """Do what a saved plan says, with the plan's own profile where none is given; return the exit code."""
    try:
        plan = planfile.load(path)
    except planfile.BadPlan as problem:
        return _said(str(problem), _guard.USAGE)
    except files.FileUnusable as problem:
        return _said(str(problem), _guard.USAGE)

    def course(visit: Visit) -> int:
        tenant = workflow.tenant_of(visit.session, visit.shell)
        application = visit.session.subject.target.application_id.lower()
        if (plan.tenant, plan.application.application_id) != (tenant, application):
            what = (
                f"{path} is for application {plan.application.application_id} in tenant {plan.tenant}, "
                f"the profile for application {application} in tenant {tenant}"
            )
            return _said(what, _guard.USAGE)
        workflow.require_own(plan, visit.session, visit.shell)
        visit.asked = MailboxList(plan.mailboxes)
        return _carry_out(visit, plan)

    if chosen.profile is None:
        if plan.profile == DEMO:
            return _said(f"{path} was made for a demo, whose tenant ended with that run", _guard.USAGE)
        chosen = replace(
            chosen,
            named=not plan.profile,
            profile=plan.profile or None,
            scenarios=plan.scenarios,
            shape=plan.shape or None,
        )
    return run(chosen, how, course)


def revoke(chosen: Chosen, how: How, only: str) -> int:
    """Take away what diag added; return the exit code."""

    def course(visit: Visit) -> int:
        found = undo.runs(journals.read(visit.journal))
        asked = visit.asked.addresses if chosen.mailboxes or chosen.file else ()
        scope = workflow.Scope(only, asked, visit.invocation.inline("journal show"))
        return _carry_out(visit, workflow.revoke_plan(visit.session, visit.shell, found, scope))

    return run(chosen, how, course)


def resume(chosen: Chosen, how: How) -> int:
    """Finish a run that was interrupted; return the exit code."""

    def course(visit: Visit) -> int:
        found = workflow.runs_of(undo.runs(journals.read(visit.journal)), visit.session, visit.shell)
        cut_off = workflow.to_resume(found)
        if cut_off is None:
            return _no_change(visit, "the journal holds no run of this profile that was interrupted")
        if not cut_off.unfinished:  # all was done, and only the end was not written down
            with journals.Journal(visit.journal) as journal:
                _resumed(visit, cut_off, journal)
            return _no_change(visit, f"every step of run {cut_off.id} was done; that is written down now")
        workflow.require_own(cut_off.plan, visit.session, visit.shell)
        left = replace(cut_off.plan, steps=tuple(cut_off.plan.steps[index] for index in cut_off.unfinished), settled=())
        _screen.tell(
            f"Run {cut_off.id}: {len(left.steps)} of {len(cut_off.plan.steps)} change(s) are not known to be done"
        )
        visit.asked = MailboxList(cut_off.plan.mailboxes)
        return _carry_out(visit, left, lambda journal: _resumed(visit, cut_off, journal))

    return run(chosen, how, course)


def _no_change(visit: Visit, why: str) -> int:
    visit.show([f"No change: {why}."])
    if visit.how.output is not Output.TABLE:
        tree = {"schema": render.SCHEMA, "exit_code": _guard.OK, "no_change": why}
        with visit.quiet():
            _screen.emit(_carrying.structured(tree, visit.how.output), visit.how.output)
    return _guard.OK


def _resumed(visit: Visit, cut_off: undo.Run, journal: journals.Journal) -> Applied:
    return applying.resume(
        cut_off.id,
        cut_off.plan,
        visit.shell,
        journal,
        unfinished=cut_off.unfinished,
        maybe_sent=cut_off.open,
        progress=visit.progress,
    )


def _with_list(plan: Plan, asked: MailboxList) -> Plan:
    return replace(plan, notes=(*asked.notes, *plan.notes), problems=(*asked.problems, *plan.problems))


def run(chosen: Chosen, how: How, course: Callable[[Visit], int]) -> int:
    """Open the visit, run its course, and turn what stops it into words and an exit code."""
    try:
        with visited(chosen, how) as visit:
            return course(visit)
    except NoPlan as problem:
        code = {Missing.NOT_SIGNED_IN: _guard.NOT_SIGNED_IN, Missing.NOT_IN_TEXT: _guard.USAGE}
        return _said(str(problem), code.get(problem.why.missing, _guard.UNKNOWN))
    except NotConfirmed as problem:
        return _said(str(problem), _guard.USAGE if problem.usage else _guard.FAILED)
    except ShellUnavailable as problem:
        hint = f" {problem.hint}" if problem.hint else ""
        signed_out = MISSING[problem.kind] is Missing.NOT_SIGNED_IN
        return _said(f"{str(problem).rstrip('.')}.{hint}", _guard.NOT_SIGNED_IN if signed_out else _guard.UNKNOWN)
    except journals.JournalBroken as problem:
        return _said(f"{problem}. Nothing was changed.", _guard.USAGE)
    except journals.JournalUnusable as problem:
        return _said(f"{problem}. Nothing more was changed.", _guard.FAILED)
    except (BadList, files.FileUnusable, planfile.BadPlan) as problem:
        return _said(str(problem), _guard.USAGE)
    except CaFileUnusable as problem:
        return _said(str(problem), _guard.UNKNOWN)


@contextlib.contextmanager
def visited(chosen: Chosen, how: How) -> Iterator[Visit]:
    """Yield a visit to the tenant. Raises what stops it; see `run`."""
    from diagnostics.profile.subject import subject  # noqa: PLC0415 - pydantic is heavy

    progress = _screen.Progress()
    with _target.opened(chosen.profile, chosen.scenarios, chosen.shape, named=chosen.named) as profile:
        _check_files(how, profile)
        asked = _asked(chosen, profile)
        about = subject(profile, progress.message, mailboxes=asked.addresses)
        with progress, Session(about, progress) as session, session.shell() as shell:
            yield Visit(session, shell, profile, progress, how, asked)


def _journal_of(how: How, profile: Profile) -> Path:
    if how.journal is not None:
        return how.journal
    return profile.path.with_name(journals.NAME) if profile.option == DEMO else journals.default_path()


def _check_files(how: How, profile: Profile) -> None:
    """Refuse files that cannot be written, before anything is asked of anybody. Raises FileUnusable and JournalUnusable."""
    if how.out is not None:
        files.check(how.out, files.PLAN, force=how.force)
    if how.journaled:
        journals.require_usable(_journal_of(how, profile))


def _asked(chosen: Chosen, profile: Profile) -> MailboxList:
    """Return the mailboxes that are meant: those of the arguments and the file, else the profile's."""
    listed = read_list(chosen.file) if chosen.file is not None else MailboxList(())
    names = [*chosen.mailboxes, *listed.addresses]
    if chosen.file is None and not names:
        names = [mailbox.strip() for mailbox in profile.mailboxes]
    unique = {name.casefold(): name for name in reversed(names)}
    return replace(listed, addresses=tuple(dict.fromkeys(unique[name.casefold()] for name in names)))


def _carry_out(visit: Visit, plan: Plan, do: Callable[[journals.Journal], Applied] | None = None) -> int:
    """Show a plan, ask, do it, show what became of it; return the exit code."""
    how, plan = visit.how, visit.placed(plan)
    visit.show(render.plan_lines(plan))
    applied, waited = None, None
    code = workflow.exit_code(plan)
    if how.out is not None:
        code = _save(visit, plan, how.out) or code
    elif how.dry_run_server and plan.steps:
        applied = dry_run_on_server(plan, visit.shell)
        code = workflow.exit_code(plan, applied)
        visit.show(["", "Judged by Exchange with -WhatIf; nothing was changed.", *render.applied_lines(applied)])
    elif plan.steps and not how.dry_run:
        confirm(len(plan.mailboxes), how.consent, visit.ask, render.question(plan))
        applied, cut = _carrying.done(visit, do or (lambda journal: _applied(visit, plan, journal)))
        code = cut or workflow.exit_code(plan, applied)
        code = _carrying.kept(visit, lambda: visit.show(["", *render.applied_lines(applied)])) or code
        if applied.run and how.journal is None and visit.profile.option == DEMO:
            _screen.tell(f"The journal is {visit.journal} and goes with the demo; --journal FILE keeps it.")
        if cut:
            return _carrying.finished(visit, plan, applied, None, code)
    if how.wait_seconds is not None and plan.operation == "grant" and not how.dry_run and how.out is None:
        waits: list[Waited] = []

        def look() -> None:
            waits.append(_wait(visit, plan, applied))
            visit.show(render.waited_lines(waits[0]))

        failed = _carrying.kept(visit, look)
        waited = waits[0] if waits else None
        code = failed or code or (_guard.UNKNOWN if waited is None or waited.closed else _guard.OK)
    return _carrying.finished(visit, plan, applied, waited, code)


def _applied(visit: Visit, plan: Plan, journal: journals.Journal) -> Applied:
    who = visit.session.who(visit.shell)
    run = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    return applying.apply(plan, visit.shell, journal, who=who, run=run, progress=visit.progress)


def _wait(visit: Visit, plan: Plan, applied: Applied | None) -> Waited:
    """Wait for the mailboxes that were asked for and are not known to be out of reach."""
    bad = {problem.subject.casefold() for problem in plan.problems}
    for result in applied.results if applied is not None else ():
        if result.outcome in {Outcome.FAILED, Outcome.NOT_TRIED}:
            bad.add(result.step.mailbox.casefold())
    mailboxes = [name for name in visit.asked.addresses if name.casefold() not in bad]
    if not mailboxes or (applied is not None and applied.moved):
        return Waited()
    limit = visit.how.wait_seconds or 0.0
    visit.progress(f"Trying the IMAP sign-in for up to {limit / 60:.0f} min; {EXPECTATION}, which is no promise")
    return wait(mailboxes, visit.session.probe, limit=limit, progress=visit.progress)


def _save(visit: Visit, plan: Plan, path: Path) -> int:
    try:
        planfile.save(plan, path, force=visit.how.force)
    except files.FileUnusable as problem:
        return _said(f"the plan was not saved: {problem}", _guard.USAGE)
    if visit.profile.name == DEMO:
        next_words = "The demo's tenant ends with this run, so the plan is to be read, not applied."
    else:
        next_words = f"Do it: {visit.invocation.inline('apply', str(path.absolute()))}"
    _screen.tell(f"Saved: {path}, plan {plan.hash}. {next_words}")
    return _guard.OK


def _said(text: str, code: int) -> int:
    _guard.say(f"diag: {text}")
    return code
