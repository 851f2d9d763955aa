"""Opening Exchange PowerShell for its own sake: each step, what it found, and where it ended."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from diagnostics import causes, formats
from diagnostics.changes.render import place_lines
from diagnostics.checks.operator.way_to_exchange import suspect_of
from diagnostics.cli import _guard
from diagnostics.cli._screen import Output
from diagnostics.evidence import Missing, Target, Unavailable
from diagnostics.exchange.collect import READ_CMDLETS, WRITE_CMDLETS
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import ConnectionRequest, OpenStep, Shell, ShellUnavailable
from diagnostics.findings import Confidence, Suspect
from diagnostics.net.client import HttpOptions, open_session
from diagnostics.net.tls import CaFileUnusable
from diagnostics.obstacles import hint_lines
from diagnostics.redaction import safe
from diagnostics.run import Subject
from diagnostics.sources.operator import OperatorOptions, OperatorSession, OperatorSignInFailed, Resource, sign_in
from diagnostics.sources.refused import explained, whose


@dataclass(slots=True)
class Opening:
    """How far it came: the steps done, and what stopped it, if anything did."""

    steps: list[OpenStep] = field(default_factory=list)
    problem: Unavailable | None = None
    suspect: Suspect | None = None

    @property
    def exit_code(self) -> int:
        """The documented code for where it ended: 1 where the cause is known, 4 where nobody is signed in, 3 else."""
        if self.problem is None:
            return _guard.OK
        if self.suspect is not None and self.suspect.confidence is not Confidence.POSSIBLE:
            return _guard.FAILED
        return _guard.NOT_SIGNED_IN if self.problem.missing is Missing.NOT_SIGNED_IN else _guard.UNKNOWN


def open_and_close(subject: Subject, progress: Callable[[str], None]) -> Opening:
    """Sign the operator in, open the shell, close it again, and say what happened at each step."""
    opening = Opening()
    try:
        session = _signed_in(subject, opening, progress)
        if session is not None:
            _opened(subject, session, opening, progress)
    except CaFileUnusable as problem:
        opening.problem = Unavailable(str(problem), Missing.UNREACHABLE)
    return opening


def _signed_in(subject: Subject, opening: Opening, progress: Callable[[str], None]) -> OperatorSession | None:
    if isinstance(subject.operator, Unavailable):
        opening.problem = subject.operator
        return None
    progress("Signing the operator in")
    started = time.monotonic()
    options = OperatorOptions(subject.target.login, subject.target.tenant, subject.exchange_scope, subject.operator)
    with open_session(HttpOptions(subject.ca_file, subject.connect_timeout, subject.operation_timeout)) as http:
        try:
            session = sign_in(options, Resource.EXCHANGE, http=http)
        except OperatorSignInFailed as problem:
            opening.problem = whose(problem, subject.operator_credential)
            opening.suspect = suspect_of(problem.as_error())
            return None
    who = session.claims.user_principal_name or f"application {session.claims.application_id}"
    opening.steps.append(OpenStep("sign the operator in", who, time.monotonic() - started))
    return session


def _opened(subject: Subject, session: OperatorSession, opening: Opening, progress: Callable[[str], None]) -> None:
    if isinstance(subject.transport, Unavailable):
        opening.problem = subject.transport
        return
    target = subject.target
    request = ConnectionRequest(
        access_token=session.token,
        tenant_id=target.tenant,
        organization=(target.organization or target.tenant) if session.claims.is_app_only else "",
        user_principal_name=session.claims.user_principal_name,
        cmdlets=(*READ_CMDLETS, *WRITE_CMDLETS),
        environment=subject.exchange_environment,
    )
    progress("Opening Exchange PowerShell")
    shell = open_shell(subject.transport, request)
    try:
        with shell:
            started = time.monotonic()
            found = _cmdlets(shell)
            cmdlets = OpenStep("look for the cmdlets", found, time.monotonic() - started)
        opening.steps += [*shell.steps, cmdlets]
    except ShellUnavailable as problem:
        refused = explained(problem, session)
        opening.problem, opening.suspect = refused.as_unavailable(), suspect_of(refused.as_error())
        opening.steps += shell.steps


def _cmdlets(shell: Shell) -> str:
    """Say which cmdlets the operator's roles give: reading needs some, `diag grant` the others."""
    wanted = (*READ_CMDLETS, *WRITE_CMDLETS)
    available = shell.commands(wanted)
    if available is None:
        return "this transport tells a missing role only when a cmdlet is called"
    missing = [name for name in wanted if name not in available]
    if not missing:
        return f"all {len(wanted)} cmdlets for reading and changing are there"
    needed = "reading" if set(missing) & set(READ_CMDLETS) else "changing"
    return f"the operator's roles do not give {', '.join(missing)}, needed for {needed}"


def render(opening: Opening, target: Target, output: Output, width: int) -> str:
    """Return what they were about and the steps, as a table, or as a mapping in YAML or JSON."""
    if output is Output.TABLE:
        place = place_lines(target, target.tenant, target.organization)
        width = max(width, 40)
        return "\n".join([*_first(opening, width), *place, *_lines(opening, width)])
    problem = opening.problem
    tree = {
        "schema": "diag/connect/1",
        "exit_code": opening.exit_code,
        "profile": target.profile,
        "profile_file": target.profile_file,
        "tenant": target.tenant,
        "domain": target.organization,
        "steps": [{"step": s.name, "found": s.found, "seconds": round(s.seconds, 3)} for s in opening.steps],
        "problem": None if problem is None else {"reason": problem.reason, "hint": problem.hint},
        "cause": None if opening.suspect is None else _cause(opening.suspect),
    }
    return formats.as_json(tree) if output is Output.JSON else formats.as_yaml(tree)


def _cause(suspect: Suspect) -> dict[str, str]:
    return {
        "cause": suspect.cause,
        "confidence": str(suspect.confidence),
        "title": causes.page(suspect.cause).title,
    }


def _first(opening: Opening, width: int) -> Iterator[str]:
    """Yield what has to be put in order, before anything else; a command is never wrapped."""
    problem, suspect = opening.problem, opening.suspect
    if problem is None:
        return
    yield from textwrap.wrap(safe(f"Not connected: {problem.reason}"), width)
    yield from hint_lines(safe(problem.hint), "> ", width)
    if suspect is not None:
        found = _cause(suspect)
        yield from textwrap.wrap(f"Cause: {found['cause']} ({found['confidence']}): {found['title']}", width)
        yield f"More: diag explain {suspect.cause}"
    yield ""


def _lines(opening: Opening, width: int) -> Iterator[str]:
    names = max((len(step.name) for step in opening.steps), default=0)
    for step in opening.steps:
        prefix = f"{step.name:<{names}}  {step.seconds:7.2f} s  "
        yield from textwrap.wrap(
            safe(step.found) or "done",
            max(width, len(prefix) + 20),
            initial_indent=prefix,
            subsequent_indent=" " * len(prefix),
        )
    if opening.problem is None:
        yield "Exchange PowerShell opens, and the operator may use it."
    elif opening.steps:
        yield "It ended there."
