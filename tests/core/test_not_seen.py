"""What was not seen is never judged: every field of the evidence is taken away, emptied and spoilt, one at a time.

The oracle is written by hand: which things a verdict needs (`NEEDED`), what is a fact although it is empty (`FACTS`), and
the exit code that follows.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from diagnostics.evidence import (
    AppRegistration,
    Evidence,
    ExchangeServicePrincipal,
    Missing,
    Recipient,
    Source,
    TenantId,
    TokenClaims,
    Unavailable,
)
from diagnostics.findings import Confidence, Finding, Outcome
from diagnostics.ids import ApplicationId
from diagnostics.report import Report, build
from tests.core import mutations
from tests.core.mutations import Mutation
from tests.core.sample import (
    GRAPH,
    MAILBOX,
    NOW,
    ROW,
    SELF_ROW,
    SESSION,
    TOKEN,
    healthy,
    mailbox,
    seen,
)
from tests.core.test_diagnosis import FAULTS

# Without these there is no verdict: exit code 3, or 4 where the operator has to sign in.
NEEDED = {
    "discoveries",
    "tokens",
    "exchange.connection",
    "exchange.service_principals",
    "mailboxes.0.recipient",
    "mailboxes.0.permissions",
    "mailboxes.0.cas",
    "mailboxes.0.imap",
}
# Single values of them without which the required check cannot be answered.
NEEDED_VALUES = {
    "discoveries",
    "discoveries.0.login",
    "discoveries.0.tenant_id",
    "discoveries.1.tenant_id",
    "tokens",
    "tokens.0.audience",
    "tokens.0.tenant_id",
    "tokens.0.application_id",
    "tokens.0.expires_at",
    "exchange.connection.tenant_id",
    "exchange.service_principals.1.app_id",
    "exchange.service_principals.1.object_id",
    "mailboxes",
    "mailboxes.0.address",
    "mailboxes.0.recipient.type_details",
    "mailboxes.0.permissions",
    "mailboxes.0.permissions.1.rights",
    "mailboxes.0.cas.imap_enabled",
    "mailboxes.0.imap.attempts",
    "mailboxes.0.imap.steps",
    "mailboxes.0.imap.steps.0.command",
    "mailboxes.0.imap.steps.2.command",
}
# Empty, and yet a fact: Entra leaves `roles` out, Get-ServicePrincipal lists all, a greeting is what it is.
FACTS = {
    ("tokens.0.roles", "()"): "claims-roles-missing",
    ("tokens.0.roles", "None"): "claims-roles-missing",
    ("exchange.service_principals", "()"): "exo-sp-not-registered",
    **{("mailboxes.0.imap.greeting", repr(text)): "server-is-not-exchange-online" for text in mutations.ODD if text},
}
# A domain that Entra does not know proves nothing about an address.
ONLY_SAID = {("discoveries.1.tenant_id", "''"), ("discoveries.1.tenant_id", "None")}

TAKEN = list(mutations.unavailable(healthy()))
SPOILT = list(mutations.odd(healthy()))


def judged(evidence: Evidence) -> Report:
    return build(evidence, command="diag permissions", started=NOW)


def failing(report: Report) -> dict[str, Finding]:
    return {finding.check: finding for finding in report.findings if finding.outcome is Outcome.FAIL}


def proven(report: Report) -> set[str]:
    return {cause.cause for cause in report.diagnosis.causes if cause.confidence is Confidence.CERTAIN}


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_what_could_not_be_looked_at_is_unknown(taken: Mutation) -> None:
    report = judged(taken.evidence)
    assert failing(report) == {}
    assert report.diagnosis.causes == ()
    if taken.path not in NEEDED:
        assert report.exit_code == 0
        return
    assert report.exit_code == (4 if taken.now == Missing.NOT_SIGNED_IN else 3)
    silent = taken.now in {Missing.NOT_REQUESTED, Missing.NOT_IN_TEXT}
    told = [f for f in report.findings if f.required and f.outcome is (Outcome.SKIPPED if silent else Outcome.UNKNOWN)]
    assert any(taken.now in finding.judgement.reason for finding in told)


def test_every_thing_that_a_verdict_needs_is_taken_away() -> None:
    assert {taken.path for taken in TAKEN} >= NEEDED
    assert {spoilt.path for spoilt in SPOILT} >= NEEDED_VALUES


@pytest.mark.parametrize("spoilt", SPOILT, ids=str)
def test_what_is_empty_or_odd_proves_nothing(spoilt: Mutation) -> None:
    report = judged(spoilt.evidence)
    fact = FACTS.get((spoilt.path, spoilt.now))
    if fact is not None:
        assert report.diagnosis.first is not None
        assert (report.diagnosis.first.cause, report.exit_code) == (fact, 1)
        return
    if spoilt.path == "graph.role_assignments":  # a list whose pages were lost looks so, and the token knows better
        assert report.exit_code == 0
    assert failing(report) == {}
    assert {cause.confidence for cause in report.diagnosis.causes} <= {Confidence.POSSIBLE}
    needed = spoilt.path in NEEDED_VALUES and (spoilt.path, spoilt.now) not in ONLY_SAID
    assert report.exit_code == (3 if needed else 0)


# Seen in the rows alone: only the owner is listed, whoever the application may be for Exchange.
STILL_PROVEN = {("not registered", "exchange.service_principals"): {"perm-fullaccess-missing"}}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_proven_by_what_could_not_be_looked_at(fault: str) -> None:
    """With a fault there, each thing is taken away: no cause becomes certain that was not, and none of it is a pass."""
    broken = healthy(**FAULTS[fault][1])
    whole = judged(broken)
    explained = {one for cause in whole.diagnosis.causes for one in cause.consequences}
    before, passed = proven(whole) | explained, _passing(whole)
    for taken in mutations.unavailable(broken):
        if taken.now == Missing.TIMED_OUT:
            report = judged(taken.evidence)
            assert proven(report) - before <= STILL_PROVEN.get((fault, taken.path), set()), taken
            by_object_id = {"full-access"} if taken.path == "exchange.service_principals" else set()  # of the token
            assert _passing(report) - passed <= by_object_id, taken


def _passing(report: Report) -> set[str]:
    return {finding.check for finding in report.findings if finding.outcome is Outcome.PASS}


# Examples of the same kinds, in the words of those who met them


@pytest.mark.parametrize("row", [replace(ROW, app_id=ApplicationId(odd)) for odd in ("", "NaN", "@{Guid=…}")])
def test_a_row_without_a_readable_app_id_may_be_the_applications(row: ExchangeServicePrincipal) -> None:
    evidence = healthy()
    exchange = replace(evidence.exchange, service_principals=(row,))
    report = judged(replace(evidence, exchange=exchange, mailboxes=(mailbox(permissions=(SELF_ROW,)),)))
    assert proven(report) == set()
    assert report.exit_code == 3


OPAQUE = TokenClaims(TOKEN.provenance, opaque=True)


def test_an_opaque_token_of_the_run_is_unknown() -> None:
    report = judged(healthy(tokens=(OPAQUE,)))
    assert (report.diagnosis.causes, report.exit_code) == ((), 3)


def test_an_opaque_token_in_a_text_is_likely_a_persons() -> None:
    report = judged(Evidence(judged_at=NOW, live=False, tokens=(OPAQUE,)))
    assert [(c.cause, c.confidence) for c in report.diagnosis.causes] == [
        ("mailbox-personal-account", Confidence.LIKELY)
    ]


@pytest.mark.parametrize("roles", [(), None])
def test_roles_of_a_token_that_was_not_understood_are_unknown(roles: tuple[str, ...] | None) -> None:
    report = judged(healthy(tokens=(replace(TOKEN, roles=roles, complete=False),)))
    assert proven(report) == set()
    assert report.exit_code == 3


@pytest.mark.parametrize("kind", ["", "FutureMailbox", "NaN", "Object[]"])
def test_a_type_of_recipient_that_is_not_known_is_no_proof(kind: str) -> None:
    row = Recipient(MAILBOX, kind, seen(Source.EXCHANGE, "Get-Recipient"))
    report = judged(healthy(mailboxes=(mailbox(recipient=row),)))
    assert proven(report) == set()
    assert report.exit_code == 3


@pytest.mark.parametrize("kind", ["MailUser", "MailContact", "RemoteUserMailbox", "GuestMailUser"])
def test_a_type_of_recipient_without_a_mailbox_is(kind: str) -> None:
    row = Recipient(MAILBOX, kind, seen(Source.EXCHANGE, "Get-Recipient"))
    assert judged(healthy(mailboxes=(mailbox(recipient=row),))).exit_code == 1


def test_a_mailbox_that_nobody_looked_at_is_not_forgotten() -> None:
    evidence = healthy()
    target = replace(evidence.target, mailboxes=(MAILBOX, "second@contoso.com"))
    report = judged(replace(evidence, target=target))
    assert report.exit_code == 3
    subjects = {f.judgement.subject for f in report.findings if f.outcome is Outcome.UNKNOWN}
    assert "second@contoso.com" in subjects


@pytest.mark.parametrize("hints", [("",), ("", "xyz"), ("xyz",), ()])
def test_a_secret_that_entra_accepts_is_not_called_wrong(hints: tuple[str, ...]) -> None:
    registration = GRAPH.registration
    assert isinstance(registration, AppRegistration)
    keys = tuple(replace(registration.password_credentials[0], hint=hint) for hint in hints)
    graph = replace(GRAPH, registration=replace(registration, password_credentials=keys))
    assert judged(healthy(graph=graph)).exit_code == 0


def test_an_old_tenant_id_of_a_domain_is_compared_whole() -> None:
    evidence = healthy()
    assert not isinstance(evidence.discoveries, Unavailable)
    other = replace(evidence.discoveries[1], tenant_id=TenantId("11111111-2222-4333-8444-555555555555"))
    report = judged(replace(evidence, discoveries=(evidence.discoveries[0], other)))
    assert "claims-wrong-tenant-in-token" in proven(report)


def test_addresses_that_were_not_tried_are_no_answer() -> None:
    session = replace(SESSION, attempts=())
    report = judged(healthy(mailboxes=(mailbox(imap=session),)))
    assert report.exit_code == 3


def test_a_token_that_ended_is_a_fact() -> None:
    ended = replace(TOKEN, expires_at=NOW - dt.timedelta(minutes=1))
    assert "claims-token-expired" in proven(judged(healthy(tokens=(ended,))))
