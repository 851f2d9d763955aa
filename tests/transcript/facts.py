"""What a reading shows, as lines that a test can compare: `facts` in full, `gist` what must survive any wrapping."""

from __future__ import annotations

from diagnostics.evidence import (
    AppRegistration,
    CasMailbox,
    EnterpriseApplication,
    Evidence,
    ImapSession,
    Recipient,
    SecretShape,
    TokenClaims,
    Unavailable,
)
from diagnostics.purpose import ANOTHER_WAY, APPLICATION_NAMED, IMAP_NAMED, PERSON_NAMED
from diagnostics.servers import ONLINE_IN_LINES, ONLINE_IN_WORDS, OTHER_IN_LINES, OTHER_IN_WORDS

WHOSE_SERVER = {ONLINE_IN_LINES, ONLINE_IN_WORDS, OTHER_IN_LINES, OTHER_IN_WORDS}
WHOSE_SERVER |= {ANOTHER_WAY, APPLICATION_NAMED, IMAP_NAMED, PERSON_NAMED}
"""Remarks that many lines of a text make alike, so that one torn host name among them loses nothing."""


def facts(evidence: Evidence) -> list[str]:
    """Return every fact that was read, without its place."""
    found = [_error(error.codes, error.error, error.grant_type, error.description) for error in evidence.entra_errors]
    for request in evidence.token_requests:
        parts = {
            "grant": request.grant_type,
            "scopes": " ".join(request.scopes),
            "tenant": request.authority_tenant,
            "application": request.application_id,
            "redirect": request.redirect_uri,
        }
        found.append("request " + ", ".join(f"{name}={value}" for name, value in parts.items() if value))
    if not isinstance(evidence.tokens, Unavailable):
        found += [_token(token) for token in evidence.tokens]
    found += [f"setting {setting.name}={setting.raw!r}" for setting in evidence.settings]
    if isinstance(evidence.secret, SecretShape):
        found.append(f"secret of {evidence.secret.length} characters, guid={evidence.secret.guid}")
    for session in evidence.imap_sessions:
        found += _imap(session)
    found += [
        f"sasl {s.user} {', '.join(fault.name for fault in s.faults) or 'well formed'}" for s in evidence.sasl_strings
    ]
    found += [f"remark {r.kind} {', '.join(f'{n}={v}' for n, v in r.values)}".strip() for r in evidence.remarks]
    found += _exchange(evidence)
    found += _graph(evidence)
    return found


def gist(evidence: Evidence) -> set[str]:
    """Return the facts that matter for a judgement, without the wording that wrapping may blur."""
    found = {f"error {code}" for error in evidence.entra_errors for code in error.codes}
    found |= {f"remark {remark.kind}" for remark in evidence.remarks if remark.kind not in WHOSE_SERVER}
    if not isinstance(evidence.tokens, Unavailable):
        found |= {f"token {token.audience} {token.roles}" for token in evidence.tokens}
    for session in evidence.imap_sessions:
        found |= {f"imap {step.status}" for step in session.steps if step.status != "OK"}
        found |= {f"attempt {attempt.outcome}" for attempt in session.attempts}
        found |= {"challenge"} if session.challenge else set()
    found |= {f"sasl {fault.name}" for string in evidence.sasl_strings for fault in string.faults}
    found |= {f"cmdlet error {error.cmdlet}" for error in evidence.exchange.errors}
    return found


def _error(codes: tuple[int, ...], error: str, grant: str, description: str) -> str:
    return f"error {'+'.join(map(str, codes))} {error or '-'} {grant or '-'}: {description}"


def _token(token: TokenClaims) -> str:
    if token.opaque:
        return "token opaque"
    roles = "absent" if token.roles is None else " ".join(token.roles)
    scopes = "absent" if token.scopes is None else " ".join(token.scopes)
    whole = "whole" if token.complete else "cut"
    return f"token {whole} aud={token.audience} appid={token.application_id} oid={token.object_id} roles={roles} scp={scopes}"


def _imap(session: ImapSession) -> list[str]:
    found = [f"imap greeting of {session.greeting_host or 'an unknown host'}"] if session.greeting else []
    found += [f"imap attempt {a.address or '-'}:{a.port} {a.outcome}" for a in session.attempts]
    found += [f"imap {step.command or '?'} -> {step.status} {step.text}" for step in session.steps]
    found += [f"imap challenge {session.challenge}"] if session.challenge else []
    found += [f"imap user {session.user}"] if session.user else []
    found += [f"imap server {session.server}"] if session.server else []
    found += ["imap name does not resolve"] if session.name_error else []
    return found


def _exchange(evidence: Evidence) -> list[str]:
    exchange = evidence.exchange
    found = [f"cmdlet error {error.cmdlet or '?'}: {error.message}" for error in exchange.errors]
    if not isinstance(exchange.connection, Unavailable):
        found.append(f"connection {exchange.connection.tenant_id}")
    if not isinstance(exchange.service_principals, Unavailable):
        found += [
            f"service principal app={r.app_id} object={r.object_id} name={r.display_name}"
            for r in exchange.service_principals
        ]
    if not isinstance(exchange.access_policies, Unavailable):
        found += [f"access policy {row.app_id} {row.access_right}" for row in exchange.access_policies]
    if not isinstance(exchange.role_assignments, Unavailable):
        found += [f"role assignment {row.role} to {row.assignee}" for row in exchange.role_assignments]
    for mailbox in evidence.mailboxes:
        if not isinstance(mailbox.permissions, Unavailable):
            found += [
                f"permission on {mailbox.address}: {row.user} {'+'.join(row.rights)}{' denied' * row.deny}{' inherited' * row.inherited}"
                for row in mailbox.permissions
            ]
        if isinstance(mailbox.cas, CasMailbox):
            found.append(f"cas {mailbox.address}: imap={mailbox.cas.imap_enabled} pop={mailbox.cas.pop_enabled}")
        if isinstance(mailbox.recipient, Recipient):
            found.append(f"recipient {mailbox.address}: {mailbox.recipient.type_details}")
    return found


def _graph(evidence: Evidence) -> list[str]:
    found = []
    registration, enterprise = evidence.graph.registration, evidence.graph.enterprise_application
    if isinstance(registration, AppRegistration):
        asked = " ".join(f"{p.type}:{p.id}" for p in registration.required_permissions)
        found.append(f"registration {registration.application_id} asks for {asked}")
    if not isinstance(evidence.discoveries, Unavailable):
        found += [f"discovery of {d.asked} at {d.login}: {d.tenant_id} {d.region_scope}" for d in evidence.discoveries]
    if isinstance(enterprise, EnterpriseApplication):
        found.append(f"enterprise application {enterprise.application_id} enabled={enterprise.account_enabled}")
    if not isinstance(evidence.graph.role_assignments, Unavailable):
        found += [f"granted {grant.app_role_id}" for grant in evidence.graph.role_assignments]
    return found
