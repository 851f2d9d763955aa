"""What a change needs of the world: the operator's one sign-in, shells, evidence to plan from, and the live sign-in.

The operator signs in once for planning and applying; a shell that breaks is opened again with the same token, and with a
new one when it has run out.
"""

from __future__ import annotations

import datetime as dt
import getpass
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from diagnostics.changes.outcomes import Who
from diagnostics.changes.patient import PatientShell
from diagnostics.evidence import (
    Evidence,
    GraphEvidence,
    ImapSession,
    Missing,
    Observed,
    TokenClaims,
    Unavailable,
)
from diagnostics.exchange.collect import READ_CMDLETS, WRITE_CMDLETS, collect
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.options import RestOptions
from diagnostics.exchange.port import ConnectionRequest, ErrorKind, Shell, ShellUnavailable
from diagnostics.net.client import HttpOptions, open_session
from diagnostics.run import Subject
from diagnostics.sources.entra import EntraOptions, TokenOutcome, acquire_token
from diagnostics.sources.graph import GraphOptions, collect_graph
from diagnostics.sources.imap.probe import ImapOptions, probe
from diagnostics.sources.operator import OperatorOptions, OperatorSession, OperatorSignInFailed, Resource, sign_in

CMDLETS = (*READ_CMDLETS, *WRITE_CMDLETS, "Get-Mailbox")
_IMAP_AT_ONCE = 6  # Exchange counts connections per mailbox and per principal
_TOO_OLD = dt.timedelta(minutes=5)


class Session:
    """One visit. Raises CaFileUnusable when entered; the operator signs in when the first shell is opened."""

    def __init__(self, subject: Subject, progress: Callable[[str], None]) -> None:
        self.subject = subject
        self.progress = progress
        self._stack = ExitStack()
        self._operator: OperatorSession | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        subject = self.subject
        options = HttpOptions(subject.ca_file, subject.connect_timeout, subject.operation_timeout)
        self._http = self._stack.enter_context(open_session(options))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def shell(self) -> PatientShell:
        """Return a shell that opens itself again; to be entered with `with`, which raises ShellUnavailable."""
        rest = min(60.0, self.subject.operation_timeout)  # whoever waits less for an answer rests less between two
        return PatientShell(self._opened, longest_rest=rest, progress=self.progress)

    def who(self, shell: PatientShell) -> Who:
        """Return who is about to change something."""
        connection = shell.connection
        operator = ""
        if connection is not None:
            operator = connection.user_principal_name or f"application {connection.application_id}"
        try:
            account = getpass.getuser()
        except (OSError, KeyError):
            account = ""
        return Who(account, operator, shell.transport)

    def evidence(self, shell: PatientShell, mailboxes: Sequence[str]) -> Evidence:
        """Return what a plan is made from: the application's ids, and what Exchange holds of it and of `mailboxes`.

        Graph is asked only when the token does not tell the ids, since it needs a sign-in of its own.
        """
        target = replace(self.subject.target, mailboxes=tuple(mailboxes))
        self.progress("Asking for the application's token")
        tokens = self._claims()
        self.progress(f"Reading {len(mailboxes)} mailbox(es) and the registrations")
        collected = collect(shell, mailboxes)
        usable = not isinstance(tokens, Unavailable) and tokens[-1].is_app_only and tokens[-1].object_id
        return Evidence(
            judged_at=dt.datetime.now(dt.UTC),
            target=target,
            tokens=tokens,
            graph=GraphEvidence() if usable else self._graph(),
            exchange=collected.exchange,
            mailboxes=collected.mailboxes,
        )

    def probe(self, mailboxes: Sequence[str]) -> Mapping[str, Observed[ImapSession]]:
        """Try the live sign-in with a fresh token; an older one may lack a permission that was consented to since."""
        outcome = self._token()
        if isinstance(outcome, Unavailable):
            return dict.fromkeys(mailboxes, outcome)
        if outcome.token is None:
            why = (
                outcome.claims if isinstance(outcome.claims, Unavailable) else Unavailable("no token", Missing.BLOCKED)
            )
            return dict.fromkeys(mailboxes, why)
        subject = self.subject
        options = [
            ImapOptions(
                server=subject.target.imap_server,
                user=mailbox,
                token=outcome.token,
                port=subject.target.imap_port,
                ca_file=subject.ca_file,
                connect_timeout=subject.connect_timeout,
                timeout=min(subject.operation_timeout, 60.0),
                every_address=False,
            )
            for mailbox in mailboxes
        ]
        with ThreadPoolExecutor(_IMAP_AT_ONCE, "imap") as pool:
            return dict(zip(mailboxes, pool.map(probe, options), strict=True))

    def _token(self) -> TokenOutcome | Unavailable:
        subject = self.subject
        if isinstance(subject.application, Unavailable):
            return subject.application
        options = EntraOptions(
            login=subject.target.login,
            tenant=subject.target.tenant,
            application_id=subject.target.application_id,
            credential=subject.application,
            scope=subject.exchange_scope,
        )
        return acquire_token(options, http=self._http)

    def _claims(self) -> Observed[tuple[TokenClaims, ...]]:
        outcome = self._token()
        if isinstance(outcome, Unavailable):
            return outcome
        return outcome.claims if isinstance(outcome.claims, Unavailable) else (outcome.claims,)

    def _graph(self) -> GraphEvidence:
        self.progress("Asking Microsoft Graph for the application's ids")
        try:
            session = self._sign_in(Resource.GRAPH, self.subject.graph_scope)
        except ShellUnavailable as problem:
            why = Unavailable(problem.message, Missing.NOT_SIGNED_IN, hint=problem.hint)
            return GraphEvidence(enterprise_application=why)
        target = self.subject.target
        return collect_graph(GraphOptions(target.graph, session.token), target.application_id, http=self._http)

    def _opened(self) -> Shell:
        """Return a shell that is not open yet. Raises ShellUnavailable when the operator cannot sign in."""
        transport = self.subject.transport
        if isinstance(transport, Unavailable):
            raise ShellUnavailable("reach Exchange PowerShell", transport.reason, hint=transport.hint)
        if isinstance(transport, RestOptions):
            transport = replace(transport, retries=0)  # PatientShell waits, and counts what it waits
        with self._lock:
            if self._operator is None or _runs_out(self._operator.claims):
                self._operator = self._sign_in(Resource.EXCHANGE, self.subject.exchange_scope)
            operator = self._operator
        target = self.subject.target
        request = ConnectionRequest(
            access_token=operator.token,
            tenant_id=target.tenant,
            organization=(target.organization or target.tenant) if operator.claims.is_app_only else "",
            user_principal_name=operator.claims.user_principal_name,
            cmdlets=CMDLETS,
            environment=self.subject.exchange_environment,
        )
        self.progress("Opening Exchange PowerShell")
        return open_shell(transport, request)

    def _sign_in(self, resource: Resource, scope: str) -> OperatorSession:
        subject = self.subject
        step = "sign the operator in"
        if isinstance(subject.operator, Unavailable):
            why = subject.operator
            raise ShellUnavailable(step, why.reason, kind=ErrorKind.NOT_SIGNED_IN, hint=why.hint)
        self.progress(f"Signing the operator in for {resource.words}")
        options = OperatorOptions(subject.target.login, subject.target.tenant, scope, subject.operator)
        try:
            return sign_in(options, resource, http=self._http)
        except OperatorSignInFailed as problem:
            raise ShellUnavailable(step, problem.why.reason, kind=problem.kind, hint=problem.why.hint) from problem


def _runs_out(claims: TokenClaims) -> bool:
    return claims.expires_at is not None and claims.expires_at - dt.datetime.now(dt.UTC) < _TOO_OLD
