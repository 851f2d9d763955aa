"""Puts the parts together: from a visit to a plan, from the journal to what is to be finished or undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diagnostics.changes import reach, state
from diagnostics.changes.granting import plan_grant, wrong_registrations
from diagnostics.changes.outcomes import Applied, Outcome
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import (
    Application,
    Holding,
    NoPlan,
    Plan,
    Problem,
    Wishes,
    application_of,
    registrations_of,
)
from diagnostics.changes.planfile import BadPlan
from diagnostics.changes.session import Session
from diagnostics.changes.steps import RegisterServicePrincipal, SetImap
from diagnostics.changes.undo import Addition, Run, additions, of_application, plan_revoke
from diagnostics.evidence import Missing, Observed, Unavailable
from diagnostics.exchange.port import ErrorKind
from diagnostics.ids import NO_ENTERPRISE_APP_OBJECT_ID, EnterpriseAppObjectId

_COULD_NOT_LOOK = frozenset(
    {Missing.NO_RIGHTS, Missing.UNREACHABLE, Missing.TIMED_OUT, Missing.REMOTE_ERROR, Missing.UNEXPECTED}
)


def grant_plan(session: Session, shell: PatientShell, mailboxes: Sequence[str], wishes: Wishes) -> Plan:
    """Look, and return what is missing. Raises NoPlan and ShellUnavailable."""
    evidence = session.evidence(shell, mailboxes)
    orphans: Observed[tuple[Holding, ...]] = ()
    if wishes.replace_service_principal:
        wrong = wrong_registrations(evidence)
        if wrong:
            session.progress("Looking for the permissions that go with the wrong registration")
            orphans = reach.holdings(shell, wrong)
    return plan_grant(evidence, wishes, orphans)


def require_own(plan: Plan, session: Session, shell: PatientShell) -> None:
    """Hold a plan's ids against those that the token, Graph and Exchange show now. Raises BadPlan, NoPlan, ShellUnavailable.

    An application that is gone cannot show its ids, and what it was given can be taken away all the same.
    """
    try:
        own = _own(session, shell)
    except NoPlan:
        if plan.operation == "revoke":
            return
        raise
    named = plan.application
    if (own.application_id, own.object_id) != (named.application_id.lower(), named.object_id.lower()):
        raise BadPlan(
            f"the plan is for application {named.application_id} with Enterprise Application Object ID {named.object_id}, "
            f"and {own.source} says {own.application_id} with {own.object_id}"
        )


def _own(session: Session, shell: PatientShell) -> Application:
    """Return the ids by the sources that a grant is planned from. Raises NoPlan and ShellUnavailable."""
    evidence = session.evidence(shell, ())
    registrations_of(evidence)  # another tenant's are refused
    return application_of(evidence)


def runs_of(found: Sequence[Run], session: Session, shell: PatientShell) -> list[Run]:
    """Return the journal's runs for the profile's application, in the tenant that the shell is connected to."""
    return of_application(found, tenant_of(session, shell), session.subject.target.application_id)


def tenant_of(session: Session, shell: PatientShell) -> str:
    """Return the tenant that the shell is connected to."""
    connection = shell.connection
    return (connection.tenant_id if connection is not None else session.subject.target.tenant).lower()


def to_resume(found: Sequence[Run]) -> Run | None:
    """Return the run to finish: the newest one that was cut off, else the newest one that left something undone.

    A run after which the contrary was done is over: finishing a grant that was revoked since would give it again.
    """
    live: list[Run] = []
    for run in found:
        live = [other for other in live if other.plan.operation == run.plan.operation]
        live.append(run)
    chosen = [run for run in live if not run.ended] or [run for run in live if run.unfinished]
    return chosen[-1] if chosen else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which of the journal's additions are to be taken away: all for the profile, one run's, or some mailboxes'.

    `shows` is the command that shows the journal.
    """

    run: str = ""
    mailboxes: tuple[str, ...] = ()
    shows: str = "diag journal show"


def revoke_plan(session: Session, shell: PatientShell, found: Sequence[Run], scope: Scope) -> Plan:
    """Return the plan that takes away what diag added. Raises NoPlan and ShellUnavailable."""
    mine = runs_of(found, session, shell)
    if scope.run and scope.run not in {run.id for run in mine}:
        known = ", ".join(run.id for run in mine[-5:]) or "none"
        why = f"the journal holds no run {scope.run} for this application (the last ones: {known})"
        raise NoPlan(Unavailable(why, Missing.NOT_IN_TEXT))
    found_added = additions(mine, only_run=scope.run, mailboxes=scope.mailboxes)
    target = session.subject.target
    if not found_added:
        return _nothing(session, shell, scope, mine)
    application = _application(session, shell, mine, found_added)
    of_run = {run.id: run.plan.application.object_id for run in mine}
    added = [addition for addition in found_added if of_run[addition.run] == application.object_id]
    foreign = [
        _foreign(addition, of_run[addition.run], scope.shows) for addition in found_added if addition not in added
    ]
    now = _now(shell, added)
    if isinstance(now.registrations, Unavailable):
        raise NoPlan(now.registrations)
    plan = plan_revoke(
        application,
        tenant_of(session, shell),
        target.profile,
        added,
        now,
        others=_others(shell, added, now, application),
    )
    return replace(plan, problems=(*plan.problems, *foreign, *_not_held(scope, found_added)))


def _application(session: Session, shell: PatientShell, mine: Sequence[Run], added: Sequence[Addition]) -> Application:
    """Return the ids that the token or Graph shows, else those with which it was added: the application may be gone."""
    of_run = {run.id: run.plan.application for run in mine}
    added_to = replace(of_run[added[0].run], source="the journal")
    try:
        own = _own(session, shell)
    except NoPlan:
        return added_to
    return added_to if own.object_id == added_to.object_id else own


def _foreign(addition: Addition, object_id: EnterpriseAppObjectId, shows: str) -> Problem:
    what = f"run {addition.run} added it for Enterprise Application Object ID {object_id}, which is not the application's now."
    return Problem(addition.step.mailbox or "service principal", what, f"Nothing is removed; see {shows}.")


def _now(shell: PatientShell, added: Sequence[Addition]) -> state.Now:
    steps = [addition.step for addition in added]
    imap = tuple(dict.fromkeys(step.mailbox for step in steps if isinstance(step, SetImap)))
    permissions = tuple(dict.fromkeys(s.mailbox for s in steps if s.mailbox and not isinstance(s, SetImap)))
    return state.read(shell, permissions, imap)


def _others(
    shell: PatientShell, added: Sequence[Addition], now: state.Now, application: Application
) -> Observed[tuple[Holding, ...]]:
    """Return who uses the registration, where it is to be removed."""
    principal = now.registration(application.application_id, application.object_id)
    if principal is None or not any(isinstance(addition.step, RegisterServicePrincipal) for addition in added):
        return ()
    return reach.holdings(shell, [principal])


def _nothing(session: Session, shell: PatientShell, scope: Scope, mine: Sequence[Run]) -> Plan:
    target = session.subject.target
    application = (
        replace(mine[-1].plan.application, source="the journal")
        if mine
        else Application(target.application_id, NO_ENTERPRISE_APP_OBJECT_ID, "", "the profile")
    )
    return Plan(
        "revoke",
        tenant_of(session, shell),
        application,
        profile=target.profile,
        notes=("The journal holds nothing that diag added and has not taken away again.",),
        problems=tuple(_not_held(scope, ())),
    )


def _not_held(scope: Scope, added: Sequence[Addition]) -> list[Problem]:
    held = {addition.step.mailbox.casefold() for addition in added}
    return [
        Problem(mailbox, "the journal holds nothing that diag added there.", f"{scope.shows} lists what it did.")
        for mailbox in scope.mailboxes
        if mailbox.casefold() not in held
    ]


def exit_code(plan: Plan, applied: Applied | None = None) -> int:
    """Return the documented exit code: 1 something failed or cannot be, 4 not signed in, 3 not known, 0 all is well."""
    missing = {problem.missing for problem in plan.problems}
    outcomes = {result.outcome for result in applied.results} if applied is not None else set()
    stopped = applied.stopped_by if applied is not None else None
    refused = {ErrorKind.NO_RIGHTS, ErrorKind.APP_LACKS_ROLE, ErrorKind.COMMAND_NOT_FOUND, ErrorKind.OTHER}
    if Missing.NOT_SIGNED_IN in missing or stopped is ErrorKind.NOT_SIGNED_IN:
        return 4
    if (applied is not None and applied.moved) or Outcome.FAILED in outcomes or missing - _COULD_NOT_LOOK:
        return 1
    if stopped in refused:
        return 1
    left = {Outcome.UNKNOWN, Outcome.NOT_TRIED} if applied is not None and applied.run else {Outcome.UNKNOWN}
    return 3 if missing or outcomes & left else 0
