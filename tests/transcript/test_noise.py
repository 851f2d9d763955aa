"""Texts in which nothing failed, or something else did, accuse nobody of anything in this chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.findings import Confidence
from diagnostics.sources.transcript import read
from tests.transcript.texts import UNRELATED, noise

TEXTS = noise()


@pytest.mark.parametrize("path", TEXTS, ids=[path.name for path in TEXTS])
def test_noise_names_no_cause_as_certain_or_likely(path: Path) -> None:
    evidence = read([path.read_bytes()], name=path.name)
    ranked = diagnose(evidence, run_checks(evidence)).causes
    assert [cause.cause for cause in ranked if cause.confidence is not Confidence.POSSIBLE] == []


@pytest.mark.parametrize("path", TEXTS, ids=[path.name for path in TEXTS])
def test_noise_shows_no_refusal(path: Path) -> None:
    evidence = read([path.read_bytes()], name=path.name)
    assert evidence.entra_errors == ()
    assert [fault for string in evidence.sasl_strings for fault in string.faults] == []
    assert [step for session in evidence.imap_sessions for step in session.steps if step.status in {"NO", "BAD"}] == []
    assert evidence.exchange.errors == ()


def test_unrelated_lines_show_nothing() -> None:
    evidence = read([UNRELATED.encode()], name="t")
    assert (evidence.entra_errors, evidence.imap_sessions, evidence.remarks, evidence.token_requests) == (
        (),
        (),
        (),
        (),
    )


# Sentences that a document, a program or a person says about an error, each beside what a server says.
MENTIONS = [
    "If you see AADSTS700016: Application with identifier 'x' was not found in the directory 'y', check the client id.",
    "AADSTS7000215 means that the secret is wrong.",
    "| AADSTS7000222 | The provided client secret keys are expired. | Create a new secret. |",
    "## AADSTS50011: The redirect URI specified in the request does not match",
    'if "AADSTS50076" in error: raise MfaRequired("AADSTS50076: Due to a configuration change")',
    "# AADSTS90002: Tenant 'x' not found. Check to make sure you have the correct tenant ID",
    "// AADSTS65001: The user or administrator has not consented to use the application",
    'with pytest.raises(AuthError, match="AADSTS7000215: Invalid client secret provided"):',
    "The server replies NO AUTHENTICATE failed when the token is wrong.",
    "This error means that the User is authenticated but not connected.",
    "You may see: BAD User is authenticated but not connected.",
    "For example, a client gets NO LOGIN failed.",
    "assert reply == b'A1 NO AUTHENTICATE failed.'",
    "When you get 535 5.7.3 Authentication unsuccessful, check the user name.",
    "Exchange returns BAD Request is throttled. Suggested Backoff Time: 1000 milliseconds to busy clients.",
    "LOGIN failed for user 'sa'. Reason: Password did not match that for the login provided.",
]


@pytest.mark.parametrize("sentence", MENTIONS)
def test_a_mention_is_no_report(sentence: str) -> None:
    evidence = read([f"{sentence}\n".encode()], name="t")
    refusals = [step for session in evidence.imap_sessions for step in session.steps]
    assert (evidence.entra_errors, refusals) == ((), [])
    assert [remark.kind for remark in evidence.remarks if not remark.kind.startswith("said-")] == []


REPORTS = [
    "AADSTS700016: Application with identifier 'x' was not found in the directory 'y'.",
    "ERROR token: AADSTS7000215: Invalid client secret provided.",
    "I get AADSTS7000222: The provided client secret keys are expired.",
    "2024-05-06 10:00:00 AADSTS50011: The redirect URI 'x' specified in the request does not match",
    "{'error_description': \"AADSTS50076: Due to a configuration change made by your administrator\"}",
]


@pytest.mark.parametrize("sentence", REPORTS)
def test_a_report_is_one(sentence: str) -> None:
    assert len(read([sentence.encode()], name="t").entra_errors) == 1
