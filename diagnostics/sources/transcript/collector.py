"""Puts what the windows of one or several texts gave into one Evidence, each fact once, and bounded in number."""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Hashable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from diagnostics.clouds import EXCHANGE_ONLINE
from diagnostics.evidence import (
    Absent,
    AccessPolicy,
    ApplicationId,
    AppRegistration,
    AppRegistrationObjectId,
    AppRoleAssignment,
    CasMailbox,
    CmdletError,
    DelegatedGrant,
    EnterpriseApplication,
    EnterpriseAppObjectId,
    EntraError,
    Evidence,
    ExchangeConnection,
    ExchangeEvidence,
    ExchangeServicePrincipal,
    FailureLine,
    GraphEvidence,
    ImapSession,
    MailboxEvidence,
    MailboxPermission,
    Missing,
    Provenance,
    Recipient,
    Remark,
    RequiredPermission,
    RoleAssignment,
    SaslString,
    SecretShape,
    Setting,
    SettingName,
    Source,
    Target,
    TenantDiscovery,
    TokenClaims,
    TokenRequest,
    Unavailable,
)
from diagnostics.slips import meant, trimmed
from diagnostics.sources.transcript.lookups import Asked, NotThere
from diagnostics.sources.transcript.settings import is_placeholder

T = TypeVar("T")
_MOST = 500  # facts of one kind; a text with more of them repeats itself
_OF_ONE_NUMBER = 20
_TIMES = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_ADDRESS = re.compile(r"[^\s@:\\/]+@[^\s@:\\/]+\.[^\s@:\\/]+")


@dataclass(slots=True)
class _Mailbox:
    address: str
    permissions: list[MailboxPermission] = field(default_factory=list)
    unread: Unavailable | None = None  # a row of them that was not understood
    cas: CasMailbox | None = None
    recipient: Recipient | None = None


@dataclass(slots=True)
class Collector:
    """Everything found so far. `add` takes evidence of any type; a fact that is there already is not added again."""

    facts: dict[type, dict[Hashable, Any]] = field(default_factory=dict)
    mailboxes: dict[str, _Mailbox] = field(default_factory=dict)
    principal_lists: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, fact: Any) -> None:
        """Keep a fact, with the place where it was met first."""
        kind = self.facts.setdefault(type(fact), {})
        if isinstance(fact, TokenClaims) and any(_is_part(fact, known) for known in kind.values()):
            return
        if isinstance(fact, EntraError) and sum(known.codes == fact.codes for known in kind.values()) >= _OF_ONE_NUMBER:
            return
        if len(kind) < _MOST:
            kind.setdefault(_key(fact), fact)

    def mailbox(self, *names: str) -> _Mailbox:
        """Return the record of a mailbox by the first name given; `AdeleV` and `AdeleV@contoso.com` are one."""
        name = next((name for name in names if name), "")
        key = name.casefold()
        for known in self.mailboxes.values():
            other = known.address.casefold()
            if (
                other == key
                or other.partition("@")[0] == key
                or key.partition("@")[0] == other
                or (not key and len(self.mailboxes) == 1)
            ):
                if "@" in name and "@" not in known.address:
                    known.address = name
                return known
        return self.mailboxes.setdefault(key, _Mailbox(name))

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """Return the facts of one type in the order in which they were met."""
        return tuple(self.facts.get(kind, {}).values())

    def evidence(self, name: str, judged_at: dt.datetime) -> Evidence:
        """Return what was found; what the text does not speak of is `Unavailable(NOT_IN_TEXT)`."""
        nothing = Unavailable("the text does not speak of it", Missing.NOT_IN_TEXT, Provenance(Source.TEXT, name))
        connections = self.all(ExchangeConnection)
        sessions = _distinct(self.all(ImapSession))
        settings = self._settings(bool(self.all(EntraError) or _has_failure(sessions)))
        secrets = self.all(SecretShape)
        return Evidence(
            judged_at=judged_at,
            live=False,
            target=self._target(settings, sessions),
            settings=settings,
            secret=secrets[-1] if secrets else nothing,
            discoveries=self.all(TenantDiscovery) or nothing,
            token_requests=self.all(TokenRequest),
            entra_errors=self.all(EntraError),
            tokens=self.all(TokenClaims) or nothing,
            graph=self._graph(nothing),
            exchange=ExchangeEvidence(
                connection=connections[-1] if connections else nothing,
                service_principals=self.all(ExchangeServicePrincipal) or nothing,
                access_policies=self.all(AccessPolicy) or nothing,
                role_assignments=self.all(RoleAssignment) or nothing,
                errors=self.all(CmdletError),
            ),
            mailboxes=tuple(_mailbox_evidence(mailbox, nothing) for mailbox in self.mailboxes.values()),
            imap_sessions=sessions,
            sasl_strings=self.all(SaslString),
            remarks=self.all(Remark),
            failure_lines=self.all(FailureLine),
            left_out=tuple(self.notes),
        )

    def _settings(self, failing: bool) -> tuple[Setting, ...]:
        """Return the typed values; a placeholder counts only beside a failure, else the text is a template or a guide."""
        return tuple(setting for setting in self.all(Setting) if failing or not is_placeholder(setting.raw))

    def _graph(self, nothing: Unavailable) -> GraphEvidence:
        applications = self.all(AppRegistration)
        required = self.all(RequiredPermission)
        if required and not applications:  # a part of a manifest
            where = Provenance(Source.TEXT, nothing.provenance.how)
            applications = (
                AppRegistration(
                    AppRegistrationObjectId(""), ApplicationId(""), "", where, required_permissions=required
                ),
            )
        principals = [item for item in self.all(EnterpriseApplication) if item.application_id != EXCHANGE_ONLINE]
        exchange = [item for item in self.all(EnterpriseApplication) if item.application_id == EXCHANGE_ONLINE]
        none = {
            fact.asked: Absent(f"there is no {fact.asked} {fact.id}".strip(), fact.provenance)
            for fact in self.all(NotThere)
        }
        return GraphEvidence(
            enterprise_application=principals[-1] if principals else none.get(Asked.ENTERPRISE, nothing),
            registration=applications[-1] if applications else none.get(Asked.REGISTRATION, nothing),
            exchange_online=exchange[-1] if exchange else nothing,
            role_assignments=self.all(AppRoleAssignment) or (() if Asked.ASSIGNMENTS in none else nothing),
            delegated_grants=self.all(DelegatedGrant) or nothing,
        )

    def _target(self, settings: tuple[Setting, ...], sessions: tuple[ImapSession, ...]) -> Target:
        def only(kind: SettingName) -> str:
            values = {meant(setting.raw) for setting in settings if setting.name is kind}
            return values.pop() if len(values) == 1 else ""

        addresses = [trimmed(setting.raw) for setting in settings if setting.name is SettingName.MAILBOX]
        addresses += [session.user for session in sessions] + [mailbox.address for mailbox in self.mailboxes.values()]
        addresses += [string.user for string in self.all(SaslString)]
        named = {address.casefold(): address for address in addresses if _ADDRESS.fullmatch(address)}
        return Target(
            tenant=only(SettingName.TENANT),
            application_id=ApplicationId(only(SettingName.APPLICATION_ID)),
            enterprise_app_object_id=EnterpriseAppObjectId(only(SettingName.ENTERPRISE_APP_OBJECT_ID)),
            app_registration_object_id=AppRegistrationObjectId(only(SettingName.APP_REGISTRATION_OBJECT_ID)),
            mailboxes=tuple(named.values()),
            imap_server=only(SettingName.IMAP_SERVER),
        )


def _is_part(token: TokenClaims, known: TokenClaims) -> bool:
    """Say whether a token is one that was met before, in the same or another form, with less of it to see."""
    if token.opaque or known.opaque or token.audience != known.audience or token.issued_at != known.issued_at:
        return False
    shown = (
        (token.application_id, known.application_id),
        (token.object_id, known.object_id),
        (token.tenant_id, known.tenant_id),
    )
    lists = ((token.roles, known.roles), (token.scopes, known.scopes))
    return all(mine in {"", theirs} for mine, theirs in shown) and all(mine in (None, theirs) for mine, theirs in lists)


def _mailbox_evidence(mailbox: _Mailbox, nothing: Unavailable) -> MailboxEvidence:
    return MailboxEvidence(
        address=mailbox.address or "(the mailbox is not named)",
        recipient=mailbox.recipient or nothing,
        permissions=mailbox.unread or tuple(mailbox.permissions) or nothing,
        cas=mailbox.cas or nothing,
        imap=nothing,
        soft_deleted=nothing,
        domain_mx=nothing,
    )


def _has_failure(sessions: tuple[ImapSession, ...]) -> bool:
    return any(step.status not in {"OK", "+"} for session in sessions for step in session.steps)


def _key(fact: Any) -> Hashable:
    """Return what makes a fact the same one again: all of it but its place and the ids of one single try."""
    if isinstance(fact, EntraError):
        return fact.codes, _TIMES.sub("", fact.description) if "'" not in fact.description else fact.description
    if isinstance(fact, ImapSession):
        return (
            fact.server, fact.user, fact.greeting[:40], fact.challenge, fact.name_error, tuple((a.address, a.outcome) for a in fact.attempts),
            tuple((step.command, step.status, re.sub(r"\d{3,}", "", step.text)) for step in fact.steps),
        )  # fmt: skip
    return _without_provenance(fact)


def _without_provenance(fact: Any) -> Hashable:
    if is_dataclass(fact) and not isinstance(fact, type):
        return tuple(
            _without_provenance(getattr(fact, item.name))
            for item in fields(fact)
            if item.name != "provenance" and not (isinstance(fact, Remark) and item.name == "text")
        )
    return fact if isinstance(fact, Hashable) else repr(fact)


def _distinct(sessions: tuple[ImapSession, ...]) -> tuple[ImapSession, ...]:
    """Leave out sessions that only repeat a part of another one, as windows that overlap give them."""
    kept: list[ImapSession] = []
    for session in sessions:
        steps = {(step.command, step.status, step.text, step.provenance) for step in session.steps}
        twin = next(
            (
                i
                for i, other in enumerate(kept)
                if steps and steps <= {(s.command, s.status, s.text, s.provenance) for s in other.steps}
            ),
            None,
        )
        if twin is None:
            kept.append(session)
        elif session.challenge and not kept[twin].challenge:
            kept[twin] = replace(kept[twin], challenge=session.challenge)
    return tuple(kept)
