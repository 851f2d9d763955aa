"""Whether a token is older than the consent: recorded is that exp - iat is 3900 seconds, so that iat may be five minutes early."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from diagnostics.evidence import AppRoleAssignment
from diagnostics.report import build
from tests.core.sample import EXCHANGE_OBJECT, GRAPH, NOW, ROLE, TOKEN, healthy

CONSENT = NOW - dt.timedelta(minutes=30)
OLD, MISSING = "propagation-token-older-than-consent", "claims-roles-missing"


@pytest.mark.parametrize(
    ("iat_after_consent", "cause", "confidence"),  # seconds
    [
        (-3600, OLD, "certain"),
        (-301, OLD, "certain"),
        (-300, OLD, "likely"),  # made in the very second of the consent, or five minutes before
        (-1, OLD, "likely"),
        (0, MISSING, "certain"),
        (600, MISSING, "certain"),
    ],
)
def test_age_of_a_token_without_roles(iat_after_consent: int, cause: str, confidence: str) -> None:
    token = replace(TOKEN, roles=None, issued_at=CONSENT + dt.timedelta(seconds=iat_after_consent))
    graph = replace(GRAPH, role_assignments=(AppRoleAssignment(ROLE, EXCHANGE_OBJECT, CONSENT),))
    first = build(healthy(tokens=(token,), graph=graph), command="", started=NOW).diagnosis.first
    assert first is not None
    assert (first.cause, first.confidence.value) == (cause, confidence)


def test_a_consent_to_something_else_is_no_reason() -> None:
    token = replace(TOKEN, roles=None, issued_at=CONSENT - dt.timedelta(hours=1))
    other = AppRoleAssignment("9d4c1f64-1a0e-4f43-9d51-6f1e2f0a7b11", EXCHANGE_OBJECT, CONSENT)
    report = build(healthy(tokens=(token,), graph=replace(GRAPH, role_assignments=(other,))), command="", started=NOW)
    assert OLD not in [cause.cause for cause in report.diagnosis.causes]


def test_a_token_with_the_role_is_of_after_the_consent_whatever_iat_says() -> None:
    token = replace(TOKEN, issued_at=CONSENT - dt.timedelta(minutes=4))
    graph = replace(GRAPH, role_assignments=(AppRoleAssignment(ROLE, EXCHANGE_OBJECT, CONSENT),))
    assert build(healthy(tokens=(token,), graph=graph), command="", started=NOW).diagnosis.causes == ()
