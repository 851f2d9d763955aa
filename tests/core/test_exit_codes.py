"""Which exit code a run ends with: the table of the README, row by row, for live runs and for pasted texts."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.cli._guard import EXIT_CODES
from diagnostics.diagnosis import Diagnosis, RankedCause
from diagnostics.evidence import (
    Evidence,
    ExchangeEvidence,
    FailureLine,
    GraphEvidence,
    MailboxEvidence,
    Missing,
    Provenance,
    Source,
    Unavailable,
)
from diagnostics.exit_codes import exit_code
from diagnostics.findings import Confidence, Finding, Judgement, Outcome, Stage, Suspect
from diagnostics.report import build
from diagnostics.sources.transcript import read_all
from tests.core.sample import MAILBOX, NOW, REFUSED, TOKEN, healthy, mailbox

ROOT = Path(__file__).parents[2]
SPREADING = "propagation-change-still-spreading"


def finding(outcome: Outcome, missing: Missing | None = None, *, required: bool = True) -> Finding:
    judgement = Judgement(outcome, "a sentence", missing=missing, reason="a reason" if missing else "")
    return Finding("check", "title", Stage.TOKEN, required, judgement)


def named(confidence: Confidence | None, cause: str = "perm-fullaccess-missing") -> Diagnosis:
    if confidence is None:
        return Diagnosis()
    return Diagnosis((RankedCause(cause, "title", Stage.TOKEN, confidence, (), (), ()),))


OPENED = replace(finding(Outcome.PASS), check="imap-mailbox-opens", stage=Stage.IMAP_SELECT)
PASS, FAIL = finding(Outcome.PASS), finding(Outcome.FAIL)
SIGNED_OUT, SLOW = finding(Outcome.UNKNOWN, Missing.NOT_SIGNED_IN), finding(Outcome.UNKNOWN, Missing.TIMED_OUT)
AFTER_FAIL = finding(Outcome.SKIPPED, Missing.BLOCKED)
LEFT_OUT = finding(Outcome.SKIPPED, Missing.NOT_REQUESTED)
BESIDE = {outcome: finding(outcome, Missing.NOT_SIGNED_IN, required=False) for outcome in Outcome}
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE

# findings, the first cause, live run, pasted text
TABLE: list[tuple[str, tuple[Finding, ...], Confidence | None, int, int]] = [
    ("all is well", (PASS, OPENED), None, 0, 0),
    ("all that is seen is well, and the mailbox is not seen to open", (PASS,), None, 0, 3),
    ("the mailbox is not seen to open, and nobody is signed in", (PASS, SIGNED_OUT), None, 4, 4),
    ("nothing was judged", (), None, 3, 3),
    ("a required check failed", (PASS, FAIL), None, 1, 1),
    ("failed and certain", (FAIL,), CERTAIN, 1, 1),
    ("failed and possible", (FAIL,), POSSIBLE, 1, 1),
    ("failed and not signed in", (FAIL, SIGNED_OUT), None, 1, 1),
    ("failed and unknown", (FAIL, SLOW), None, 1, 1),
    ("failed, and the rest after it", (FAIL, AFTER_FAIL), None, 1, 1),
    ("a cause is certain beside", (PASS, BESIDE[Outcome.FAIL]), CERTAIN, 1, 1),
    ("a cause is likely beside", (PASS, BESIDE[Outcome.FAIL]), LIKELY, 1, 1),
    ("a cause is possible beside", (PASS, BESIDE[Outcome.FAIL]), POSSIBLE, 0, 3),
    ("a check beside failed without a cause", (PASS, OPENED, BESIDE[Outcome.FAIL]), None, 0, 0),
    ("not signed in, and a cause is certain", (PASS, SIGNED_OUT), CERTAIN, 1, 1),
    ("not signed in, and a cause is likely", (PASS, SIGNED_OUT), LIKELY, 1, 1),
    ("not signed in, and a cause is possible", (PASS, SIGNED_OUT), POSSIBLE, 4, 4),
    ("not signed in", (PASS, SIGNED_OUT), None, 4, 4),
    ("not signed in, and slow", (SLOW, SIGNED_OUT), None, 4, 4),
    ("not signed in for what is beside", (PASS, OPENED, BESIDE[Outcome.UNKNOWN]), None, 0, 0),
    ("unknown, and a cause is certain", (PASS, SLOW), CERTAIN, 1, 1),
    ("unknown, and a cause is possible", (PASS, SLOW), POSSIBLE, 3, 3),
    ("unknown", (PASS, SLOW), None, 3, 3),
    ("only skipped", (LEFT_OUT,), None, 3, 3),
    ("a required check was never asked", (PASS, OPENED, LEFT_OUT), None, 3, 0),
]


@pytest.mark.parametrize(
    ("findings", "confidence", "live", "text"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_exit_code(findings: tuple[Finding, ...], confidence: Confidence | None, live: int, text: int) -> None:
    for order in itertools.permutations(findings):
        assert exit_code(Evidence(judged_at=NOW), order, named(confidence)) == live
        assert exit_code(Evidence(judged_at=NOW, live=False), order, named(confidence)) == text


GUESSED = replace(FAIL, judgement=replace(FAIL.judgement, suspects=(Suspect("perm-fullaccess-missing", POSSIBLE),)))
FAILS = FailureLine("LOGIN failed.", 7, Provenance(Source.TEXT, "app.log:7"))


@pytest.mark.parametrize(
    ("findings", "confidence", "lines", "code"),
    [
        ((GUESSED,), POSSIBLE, (), 3),  # somebody says what may be, and nothing in the text fails
        ((GUESSED,), POSSIBLE, (FAILS,), 1),
        ((PASS, BESIDE[Outcome.FAIL]), POSSIBLE, (FAILS,), 1),
        ((GUESSED,), LIKELY, (), 1),
        ((PASS, OPENED), None, (FAILS,), 3),  # it fails after all that is seen
    ],
)
def test_a_possible_cause_counts_in_a_text_in_which_something_fails(
    findings: tuple[Finding, ...], confidence: Confidence | None, lines: tuple[FailureLine, ...], code: int
) -> None:
    assert exit_code(Evidence(judged_at=NOW, live=False, failure_lines=lines), findings, named(confidence)) == code


def test_what_a_flag_leaves_out_was_not_asked() -> None:
    evidence = Evidence(judged_at=NOW, left_out=("Exchange PowerShell",))
    assert exit_code(evidence, (PASS, LEFT_OUT), named(None)) == 0
    assert exit_code(evidence, (PASS, SLOW), named(None)) == 3


def test_a_change_that_may_still_spread_is_looked_at_again_later() -> None:
    for findings, confidence in itertools.product([(FAIL,), (PASS, SLOW)], [LIKELY, POSSIBLE]):
        assert exit_code(Evidence(judged_at=NOW), findings, named(confidence, SPREADING)) == 3


def test_a_live_run_that_names_a_cause_ends_with_1_also_when_nobody_is_signed_in() -> None:
    out = Unavailable("the operator is not signed in", Missing.NOT_SIGNED_IN)
    evidence = healthy(
        exchange=ExchangeEvidence(connection=out, service_principals=out),
        mailboxes=(MailboxEvidence(MAILBOX, out, out, out, REFUSED),),
        tokens=(replace(TOKEN, roles=None),),
    )
    report = build(evidence, command="", started=NOW)
    assert report.diagnosis.first is not None
    assert (report.diagnosis.first.confidence, report.exit_code) == (CERTAIN, 1)


@pytest.mark.parametrize(
    ("left_out", "code"),
    [
        (("Microsoft Graph", "Exchange PowerShell"), 0),  # diag imap
        (("Microsoft Graph", "Exchange PowerShell", "the live IMAP sign-in"), 0),  # diag token
        (("the live IMAP sign-in",), 0),  # diag permissions --no-imap
        ((), 3),  # nobody left anything out
    ],
)
def test_commands_that_look_at_a_part(left_out: tuple[str, ...], code: int) -> None:
    out = Unavailable("it was left out", Missing.NOT_REQUESTED)
    evidence = healthy(
        graph=GraphEvidence(),
        exchange=ExchangeEvidence(connection=out, service_principals=out),
        mailboxes=(mailbox(recipient=out, permissions=out, cas=out),),
        left_out=left_out,
    )
    assert build(evidence, command="", started=NOW).exit_code == code


def test_the_readme_and_the_help_name_the_same_codes() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    in_readme = set(re.findall(r"^\| (\d+) \|", section, re.MULTILINE))
    assert in_readme == set(re.findall(r"^ +(\d+)  ", EXIT_CODES, re.MULTILINE))


LOG = """\
S: * OK The Microsoft Exchange IMAP4 service is ready.
C: A1 AUTHENTICATE XOAUTH2
S: +
C: ***
S: A1 OK AUTHENTICATE completed.
"""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LOG + "C: A2 EXAMINE INBOX\nS: * 3 EXISTS\nS: A2 OK [READ-ONLY] EXAMINE completed.\n", 0),
        (LOG + "C: A2 SELECT INBOX\nS: * 3 EXISTS\nS: A2 OK [READ-WRITE] SELECT completed.\n", 0),
        (LOG, 3),  # the sign-in is not yet the mailbox
        (LOG + "C: A2 NAMESPACE\nS: A2 OK NAMESPACE completed.\n", 3),
        (LOG + "C: A2 EXAMINE INBOX\nS: * BYE Connection closed. 14\n", 3),
        (LOG + "C: A2 EXAMINE INBOX\nS: A2 BAD User is authenticated but not connected.\n", 1),
        ('{"roles": ["IMAP.AccessAsApp"], "aud": "https://outlook.office365.com", "idtyp": "app"}', 3),
        ("Thank you for your message.", 3),
    ],
)
def test_a_pasted_text_is_well_only_when_it_shows_the_mailbox_open(text: str, code: int) -> None:
    evidence = read_all([("ticket.txt", iter([text.encode()]))])
    assert build(evidence, command="", started=NOW).exit_code == code
