"""One live run: what is to be diagnosed → every source → evidence. No judgement happens here.

The order is the chain's, and what can be asked at the same time is: discovery and both sign-ins first, then Exchange on the
one side and IMAP on the other, then Graph, which is asked what the ids are that Exchange holds. An earlier failure leaves
`Unavailable(…, BLOCKED)` behind, with the reason, in the place of what it made impossible.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from diagnostics.clouds import GLOBAL
from diagnostics.evidence import (
    NOT_COLLECTED,
    Absent,
    CmdletError,
    EntraError,
    Evidence,
    ExchangeEvidence,
    GraphEvidence,
    ImapSession,
    MailboxEvidence,
    Missing,
    Observed,
    Provenance,
    RecordedChange,
    ReplyStatus,
    SecretShape,
    Setting,
    Source,
    Target,
    TenantDiscovery,
    TokenClaims,
    Unavailable,
)
from diagnostics.ids import ApplicationId
from diagnostics.obstacles import obstacles
from diagnostics.redaction import safe
from diagnostics.unforeseen import in_words

if TYPE_CHECKING:
    from diagnostics.exchange.options import TransportOptions
    from diagnostics.net.client import HttpSession
    from diagnostics.sources.credentials import Credential
    from diagnostics.sources.entra import TokenOutcome
    from diagnostics.sources.operator import OperatorSession, OperatorSignInFailed, SignIn

Progress: TypeAlias = Callable[[str], None]
_Seen = TypeVar("_Seen")
_DNS_SECONDS = 5.0
_IMAP_AT_ONCE = 6  # Exchange counts connections per mailbox and per principal


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a command wants looked at; `mailboxes` replaces the profile's list when it is not empty."""

    mailboxes: tuple[str, ...] = ()
    token: bool = True
    graph: bool = True
    exchange: bool = True
    imap: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be diagnosed, and with what: the two identities, the transport, the connections.

    `Unavailable` stands for what the profile does not give, with what to do about it. `operator_credential` says in words
    where the operator's secret is kept, and how to set it again. Times are in seconds.
    """

    target: Target
    settings: tuple[Setting, ...]
    application: Observed[Credential]
    operator: Observed[SignIn]
    transport: Observed[TransportOptions]
    secret: Observed[SecretShape] = NOT_COLLECTED
    exchange_scope: str = GLOBAL.scope.value
    graph_scope: str = f"{GLOBAL.graph}/.default"
    exchange_environment: str = ""
    operator_credential: str = ""
    ca_file: Path | None = None
    connect_timeout: float = 10.0
    operation_timeout: float = 60.0
    name_server: str = ""
    changes: tuple[RecordedChange, ...] = field(default=())


def observe(subject: Subject, options: RunOptions, progress: Progress) -> Evidence:
    """Ask every source that `options` names, and return what they saw. Raises nothing for what the world does."""
    from diagnostics.net.client import HttpOptions, open_session  # noqa: PLC0415 - heavy
    from diagnostics.net.tls import CaFileUnusable  # noqa: PLC0415 - heavy

    mailboxes = options.mailboxes or subject.target.mailboxes
    subject = replace(subject, target=replace(subject.target, mailboxes=mailboxes))
    http_options = HttpOptions(subject.ca_file, subject.connect_timeout, subject.operation_timeout)
    try:
        with open_session(http_options) as http:
            return _Run(subject, options, progress, http).evidence()
    except CaFileUnusable as problem:
        return _nothing_observed(subject, options, str(problem))


class _Run:
    def __init__(self, subject: Subject, options: RunOptions, progress: Progress, http: HttpSession) -> None:
        self.subject = subject
        self.options = options
        self.progress = progress
        self.http = http
        self.operator_errors: list[EntraError] = []
        self.faults: list[str] = []
        self.no_token: Unavailable | None = None

    def evidence(self) -> Evidence:
        """Run the phases in order."""
        subject, target = self.subject, self.subject.target
        with ThreadPoolExecutor(4, "diag") as pool:
            self.progress(f"Asking {target.login} about the tenant and for a token")
            discoveries = pool.submit(self._tried, "asking about the tenant", self._discoveries, _as_it_is)
            token = pool.submit(self._tried, "asking for the token", self._token, self._without_token)
            outcome = token.result()
            sessions = pool.submit(
                self._tried, "trying IMAP", lambda: self._imap_sessions(outcome), self._without_sessions
            )
            exchange, rows = self._tried(
                "asking Exchange",
                lambda: self._exchange(lambda: _not_opened(sessions.result())),
                self._without_exchange,
            )
            graph = self._tried("asking Microsoft Graph", lambda: self._graph(exchange, outcome), _no_graph)
            rows = tuple(self._with_mail_exchangers_tried(row) for row in rows)
            imap = sessions.result()
            found = discoveries.result()
        requested = () if outcome is None else (outcome.request,)
        tokens = self._tokens(outcome)
        return Evidence(
            judged_at=dt.datetime.now(dt.UTC),
            target=target,
            settings=subject.settings,
            secret=subject.secret,
            discoveries=found,
            token_requests=requested,
            entra_errors=() if outcome is None else outcome.errors,
            tokens=tokens,
            graph=graph,
            exchange=exchange,
            mailboxes=tuple(replace(row, imap=imap[row.address]) for row in rows),
            changes=subject.changes,
            operator_errors=tuple(self.operator_errors),
            obstacles=obstacles(tokens, exchange.connection),
            left_out=self._left_out(),
            faults=tuple(self.faults),
        )

    def _tried(self, doing: str, ask: Callable[[], _Seen], instead: Callable[[Unavailable], _Seen]) -> _Seen:
        """Return what a source says; one that fails within diag costs its own answer and no other."""
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - whatever it was, the other sources stand
            words = f"diag failed while {doing}: {safe(in_words(error))}"
            self.faults.append(words)
            return instead(Unavailable(words, Missing.UNEXPECTED))

    def _without_token(self, why: Unavailable) -> None:
        self.no_token = why

    def _without_sessions(self, why: Unavailable) -> dict[str, Observed[ImapSession]]:
        return dict.fromkeys(self.subject.target.mailboxes, why)

    def _with_mail_exchangers_tried(self, row: MailboxEvidence) -> MailboxEvidence:
        return self._tried(
            "asking DNS", lambda: self._with_mail_exchangers(row), lambda why: replace(row, domain_mx=why)
        )

    def _left_out(self) -> tuple[str, ...]:
        names = (
            (self.options.token, "the token"),
            (self.options.graph, "Microsoft Graph"),
            (self.options.exchange, "Exchange PowerShell"),
            (self.options.imap, "the live IMAP sign-in"),
        )
        return tuple(name for wanted, name in names if not wanted)

    def _discoveries(self) -> Observed[tuple[TenantDiscovery, ...]]:
        from diagnostics.sources.entra import discover, discover_clouds  # noqa: PLC0415 - heavy

        target = self.subject.target
        if not self.subject.target.tenant:
            return Unavailable("the profile names no tenant", Missing.BLOCKED)
        own = discover_clouds(self.subject.target.tenant, login=target.login, http=self.http)
        if isinstance(own, Unavailable):
            return own
        found = list(own)
        if found[0].tenant_id is None and target.application_id:
            swapped = discover(target.application_id, login=target.login, http=self.http)
            found += [swapped] if isinstance(swapped, TenantDiscovery) and swapped.tenant_id else []
        domains = dict.fromkeys(address.rpartition("@")[2].lower() for address in target.mailboxes if "@" in address)
        for domain in domains:
            of_domain = discover(domain, login=target.login, http=self.http, for_mailbox_domain=True)
            found += [of_domain] if isinstance(of_domain, TenantDiscovery) else []
        return tuple(found)

    def _token(self) -> TokenOutcome | None:
        from diagnostics.sources.entra import EntraOptions, acquire_token  # noqa: PLC0415 - heavy

        subject = self.subject
        if not self.options.token or isinstance(subject.application, Unavailable):
            return None
        options = EntraOptions(
            login=subject.target.login,
            tenant=subject.target.tenant,
            application_id=subject.target.application_id,
            credential=subject.application,
            scope=subject.exchange_scope,
        )
        return acquire_token(options, http=self.http)

    def _tokens(self, outcome: TokenOutcome | None) -> Observed[tuple[TokenClaims, ...]]:
        if outcome is not None:
            return outcome.claims if isinstance(outcome.claims, Unavailable) else (outcome.claims,)
        if self.no_token is not None:
            return self.no_token
        if isinstance(self.subject.application, Unavailable):
            return self.subject.application
        return Unavailable("the token was left out", Missing.NOT_REQUESTED)

    def _imap_sessions(self, outcome: TokenOutcome | None) -> dict[str, Observed[ImapSession]]:
        mailboxes = self.subject.target.mailboxes
        if not self.options.imap:
            return dict.fromkeys(mailboxes, Unavailable("the live IMAP sign-in was left out", Missing.NOT_REQUESTED))
        from diagnostics.sources.imap.probe import ImapOptions, probe  # noqa: PLC0415 - heavy

        subject = self.subject
        token = outcome.token if outcome is not None else None
        self.progress(f"Trying IMAP at {subject.target.imap_server}:{subject.target.imap_port}")
        options = [
            ImapOptions(
                server=subject.target.imap_server,
                user=address,
                token=token,
                port=subject.target.imap_port,
                ca_file=subject.ca_file,
                connect_timeout=subject.connect_timeout,
                timeout=min(subject.operation_timeout, 60.0),
                every_address=position == 0,  # the others would only try the same addresses again
            )
            for position, address in enumerate(mailboxes)
        ]

        def tried(one: ImapOptions) -> Observed[ImapSession]:
            return self._tried(f"trying IMAP for {safe(one.user)}", lambda: probe(one), _as_it_is)

        with ThreadPoolExecutor(_IMAP_AT_ONCE, "imap") as pool:
            return dict(zip(mailboxes, pool.map(tried, options), strict=True))

    def _exchange(
        self, not_opened: Callable[[], Collection[str]]
    ) -> tuple[ExchangeEvidence, tuple[MailboxEvidence, ...]]:
        if not self.options.exchange:
            return self._without_exchange(Unavailable("Exchange PowerShell was left out", Missing.NOT_REQUESTED))
        if isinstance(self.subject.transport, Unavailable):
            return self._without_exchange(self.subject.transport)
        from diagnostics.exchange.collect import collect  # noqa: PLC0415 - heavy
        from diagnostics.exchange.factory import open_shell  # noqa: PLC0415 - heavy
        from diagnostics.exchange.port import ConnectionRequest, ShellUnavailable  # noqa: PLC0415 - heavy
        from diagnostics.sources.operator import OperatorSignInFailed, Resource  # noqa: PLC0415 - heavy
        from diagnostics.sources.refused import explained, whose  # noqa: PLC0415 - heavy

        session = self._sign_in(Resource.EXCHANGE, self.subject.exchange_scope)
        if isinstance(session, OperatorSignInFailed):
            return self._without_exchange(whose(session, self.subject.operator_credential), session.as_error())
        if isinstance(session, Unavailable):
            return self._without_exchange(session)
        target = self.subject.target
        request = ConnectionRequest(
            access_token=session.token,
            tenant_id=target.tenant,
            organization=(target.organization or target.tenant) if session.claims.is_app_only else "",
            user_principal_name=session.claims.user_principal_name,
            environment=self.subject.exchange_environment,
        )
        self.progress("Asking Exchange PowerShell")
        try:
            with open_shell(self.subject.transport, request) as shell:
                collected = collect(shell, target.mailboxes, target.application_id, not_opened)
        except ShellUnavailable as problem:
            refused, now = explained(problem, session), dt.datetime.now(dt.UTC)
            return self._without_exchange(refused.as_unavailable(now), refused.as_error(now))
        return collected.exchange, collected.mailboxes

    def _without_exchange(
        self, why: Unavailable, *errors: CmdletError
    ) -> tuple[ExchangeEvidence, tuple[MailboxEvidence, ...]]:
        behind = why
        if why.missing is not Missing.NOT_REQUESTED:
            behind = Unavailable("Exchange PowerShell was not reached", Missing.BLOCKED, why.provenance)
        exchange = ExchangeEvidence(connection=why, service_principals=behind, errors=errors)
        rows = [MailboxEvidence(address, behind, behind, behind) for address in self.subject.target.mailboxes]
        return exchange, tuple(rows)

    def _with_mail_exchangers(self, row: MailboxEvidence) -> MailboxEvidence:
        """Ask DNS where the mail of an address goes that Exchange does not know; not for private clouds and the lab."""
        from diagnostics.sources.dns import mail_exchangers  # noqa: PLC0415 - heavy
        from diagnostics.sources.entra import PUBLIC_LOGINS  # noqa: PLC0415 - heavy

        server, domain = self.subject.name_server, row.address.rpartition("@")[2]
        is_private = self.subject.target.login not in PUBLIC_LOGINS and not server
        if not isinstance(row.recipient, Absent) or is_private or not domain:
            return row
        seconds = min(_DNS_SECONDS, self.subject.operation_timeout)
        return replace(row, domain_mx=mail_exchangers(domain, timeout=seconds, server=server))

    def _graph(self, exchange: ExchangeEvidence, outcome: TokenOutcome | None) -> GraphEvidence:
        if not self.options.graph:
            return _no_graph(Unavailable("Microsoft Graph was left out", Missing.NOT_REQUESTED))
        from diagnostics.sources.graph import GraphOptions, collect_graph  # noqa: PLC0415 - heavy
        from diagnostics.sources.operator import OperatorSignInFailed, Resource  # noqa: PLC0415 - heavy

        session = self._sign_in(Resource.GRAPH, self.subject.graph_scope)
        if isinstance(session, OperatorSignInFailed):
            session = session.as_unavailable()
        if isinstance(session, Unavailable):
            return _no_graph(session)
        self.progress("Asking Microsoft Graph")
        target = self.subject.target
        return collect_graph(
            GraphOptions(target.graph, session.token),
            target.application_id,
            http=self.http,
            exchange_object_ids=_puzzling_ids(exchange, target.application_id, outcome),
        )

    def _sign_in(self, resource: object, scope: str) -> Observed[OperatorSession] | OperatorSignInFailed:
        from diagnostics.sources.operator import (  # noqa: PLC0415 - heavy
            OperatorOptions,
            OperatorSignInFailed,
            Resource,
            sign_in,
        )

        assert isinstance(resource, Resource)
        subject = self.subject
        if isinstance(subject.operator, Unavailable):
            return subject.operator
        self.progress(f"Signing the operator in for {resource.words}")
        options = OperatorOptions(subject.target.login, subject.target.tenant, scope, subject.operator)
        try:
            return sign_in(options, resource, http=self.http)
        except OperatorSignInFailed as problem:
            self.operator_errors += problem.errors
            return problem


def _as_it_is(why: Unavailable) -> Unavailable:
    return why


def _puzzling_ids(
    exchange: ExchangeEvidence, application_id: ApplicationId, outcome: TokenOutcome | None
) -> Sequence[str]:
    """Return the object ids that Exchange holds for the application, or under its name, and that are not the token's."""
    rows = exchange.service_principals
    if isinstance(rows, Unavailable):
        return ()
    claims = outcome.claims if outcome is not None and not isinstance(outcome.claims, Unavailable) else None
    own = claims.object_id.casefold() if claims is not None else ""
    name = claims.app_display_name.casefold() if claims is not None else ""
    mine = [
        row.object_id
        for row in rows
        if row.app_id.casefold() == application_id.casefold() or (name and row.display_name.casefold() == name)
    ]
    return [object_id for object_id in mine if object_id.casefold() != own]


def _not_opened(sessions: Mapping[str, Observed[ImapSession]]) -> list[str]:
    """Return the mailboxes to which a server answered NO or BAD."""
    refusals = {ReplyStatus.NO, ReplyStatus.BAD}
    return [
        address
        for address, session in sessions.items()
        if isinstance(session, ImapSession) and any(step.status in refusals for step in session.steps)
    ]


def _no_graph(why: Unavailable) -> GraphEvidence:
    return GraphEvidence(why, why, why, why, why)


def _nothing_observed(subject: Subject, options: RunOptions, reason: str) -> Evidence:
    why = Unavailable(reason, Missing.UNREACHABLE, Provenance(Source.PROFILE, "ca_file"))
    rows = tuple(
        MailboxEvidence(address, why, why, why, why) for address in options.mailboxes or subject.target.mailboxes
    )
    return Evidence(
        judged_at=dt.datetime.now(dt.UTC),
        target=subject.target,
        settings=subject.settings,
        secret=subject.secret,
        discoveries=why,
        tokens=why,
        graph=_no_graph(why),
        exchange=ExchangeEvidence(connection=why, service_principals=why),
        mailboxes=rows,
    )
