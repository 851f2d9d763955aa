"""Whose access a pasted text is about, and by which way: the table of diagnostics/purpose row by row."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import (
    EntraError,
    Evidence,
    ExchangeEvidence,
    ExchangeServicePrincipal,
    Provenance,
    Remark,
    Source,
    TokenClaims,
    TokenRequest,
)
from diagnostics.findings import Outcome
from diagnostics.purpose import (
    ANOTHER_WAY,
    APPLICATION_NAMED,
    IMAP_NAMED,
    PERSON_NAMED,
    Whose,
    goes_another_way,
    is_beside_the_point,
    whose,
)
from diagnostics.sources.transcript import read
from tests.core.sample import TOKEN, healthy

HERE = Provenance(Source.TEXT, "t:1")
NOTHING = Evidence(dt.datetime(2024, 3, 6, tzinfo=dt.UTC), live=False)
OF_A_PERSON = replace(
    TOKEN, roles=None, scopes=("IMAP.AccessAsUser.All",), user_principal_name="anna@contoso.com", identity_type=""
)
REGISTERED = ExchangeEvidence(
    service_principals=(ExchangeServicePrincipal(TOKEN.application_id, TOKEN.object_id, "erp", HERE),)
)


def asked(grant: str = "", *scopes: str) -> Evidence:
    return replace(NOTHING, token_requests=(TokenRequest(HERE, grant_type=grant, scopes=scopes),))


def holding(*tokens: TokenClaims) -> Evidence:
    return replace(NOTHING, tokens=tokens)


def remarked(*kinds: str) -> Evidence:
    return replace(NOTHING, remarks=tuple(Remark(kind, "x", HERE) for kind in kinds))


CASES = {
    "nothing": (NOTHING, Whose.UNKNOWN),
    "client credentials": (asked("client_credentials"), Whose.APPLICATION),
    "roles": (holding(TOKEN), Whose.APPLICATION),
    "a service principal in Exchange": (replace(NOTHING, exchange=REGISTERED), Whose.APPLICATION),
    "an application's sign-in in words": (remarked(APPLICATION_NAMED), Whose.APPLICATION),
    "scp": (holding(OF_A_PERSON), Whose.PERSON),
    "a person's scope": (asked("", "https://outlook.office.com/IMAP.AccessAsUser.All"), Whose.PERSON),
    "a code": (asked("authorization_code"), Whose.PERSON),
    "a device code": (asked("device_code"), Whose.PERSON),
    "a refresh token": (asked("refresh_token"), Whose.PERSON),
    "a refused refresh token": (
        replace(NOTHING, entra_errors=(EntraError((70008,), "", HERE, grant_type="refresh_token"),)),
        Whose.PERSON,
    ),
    "a person's sign-in in words": (remarked(PERSON_NAMED), Whose.PERSON),
    "a person's token where an application's was asked for": (
        replace(holding(OF_A_PERSON), token_requests=asked("client_credentials").token_requests),
        Whose.UNKNOWN,
    ),
    "a person's token beside a registration in Exchange": (
        replace(holding(OF_A_PERSON), exchange=REGISTERED),
        Whose.UNKNOWN,
    ),
    "a live run": (healthy(), Whose.APPLICATION),
}


@pytest.mark.parametrize(("evidence", "expected"), CASES.values(), ids=CASES)
def test_whose_sign_in_it_is(evidence: Evidence, expected: Whose) -> None:
    assert whose(evidence) is expected


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [((), False), ((ANOTHER_WAY,), True), ((ANOTHER_WAY, IMAP_NAMED), False), ((IMAP_NAMED,), False)],
)
def test_another_way_is_one_without_imap(kinds: tuple[str, ...], *, expected: bool) -> None:
    assert goes_another_way(remarked(*kinds)) is expected


@pytest.mark.parametrize(
    ("cause", "evidence", "beside"),
    [
        ("exo-sp-not-registered", holding(OF_A_PERSON), True),
        ("claims-roles-missing", holding(OF_A_PERSON), True),
        ("claims-delegated-instead-of-application", holding(OF_A_PERSON), True),
        ("interactive-wrong-account-selected", holding(OF_A_PERSON), False),
        ("mailbox-imap-disabled", holding(OF_A_PERSON), False),
        ("exo-sp-not-registered", NOTHING, False),
        ("exo-sp-not-registered", asked("client_credentials"), False),
        ("claims-aud-graph", remarked(ANOTHER_WAY), True),
        ("claims-aud-graph", remarked(ANOTHER_WAY, IMAP_NAMED), False),
        ("token-secret-expired", remarked(ANOTHER_WAY), False),
    ],
)
def test_what_cannot_be_meant(cause: str, evidence: Evidence, *, beside: bool) -> None:
    assert bool(is_beside_the_point(cause, evidence)) is beside


def test_a_judgement_that_only_such_causes_spoke_for_is_skipped_with_the_reason() -> None:
    text = (
        "GET https://graph.microsoft.com/v1.0/users/lager@contoso.com/messages 200\n"
        "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default\n"
    )
    found = [finding for finding in run_checks(read([text.encode()], name="t")) if finding.check == "token-request"]
    assert [finding.outcome for finding in found] == [Outcome.SKIPPED]
    assert found[0].judgement.reason == "the text is about Graph or EWS, and of no IMAP"
