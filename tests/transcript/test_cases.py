"""Every kind of pasted text gives the facts that it shows, and accuses nobody beyond them."""

from __future__ import annotations

import re

import pytest

from diagnostics.evidence import Missing, Unavailable
from diagnostics.sources.transcript import read, read_all
from tests.transcript.facts import facts
from tests.transcript.texts import Case, cases

# A fact of these kinds speaks for a fault by itself, so there must be none that the case does not name.
STRONG = ("error ", "imap ", "sasl ", "token ", "cmdlet error ", "permission ", "service principal ", "cas ", "secret ")
CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_it_shows_its_facts(case: Case) -> None:
    found = facts(read([case.text.encode()], name="ticket.txt"))
    assert set(case.shows) <= set(found)
    assert [fact for fact in found if fact.startswith(STRONG) and fact not in case.shows] == []


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_fact_says_on_which_line_it_stands(case: Case) -> None:
    evidence = read([case.text.encode()], name="ticket.txt")
    last = case.text.count("\n") + 1
    places = re.findall(r"how='ticket\.txt:(\d+)'", repr(evidence))
    assert all(1 <= int(place) <= last for place in places)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_no_token_and_no_secret_gets_into_the_evidence(case: Case) -> None:
    shown = repr(read([case.text.encode()], name="ticket.txt"))
    secrets = re.findall(r"eyJ[\w-]{20,}|ZXlK[\w+/]{12,}|EwB\w{20,}|dXNlcj[\w+/]{30,}", case.text)
    assert [secret for secret in secrets if secret in shown] == []


def test_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_what_a_text_does_not_speak_of_is_not_in_it() -> None:
    evidence = read([b"nothing to see here\n"], name="ticket.txt")
    assert not evidence.live
    for value in (
        evidence.tokens,
        evidence.discoveries,
        evidence.exchange.service_principals,
        evidence.graph.registration,
    ):
        assert isinstance(value, Unavailable)
        assert value.missing is Missing.NOT_IN_TEXT
    assert facts(evidence) == []


def test_several_texts_are_read_as_one_ticket() -> None:
    evidence = read_all(
        [
            ("a.log", [b"A1 NO AUTHENTICATE failed.\n"]),
            ("b.txt", [b"AADSTS90002: Tenant 'x' not found. Check to make sure\n"]),
        ]
    )
    assert [error.provenance.how for error in evidence.entra_errors] == ["b.txt:1"]
    assert [session.provenance.how for session in evidence.imap_sessions] == ["a.log:1"]


def test_retries_of_one_error_are_one_error_at_its_first_line() -> None:
    line = (
        "2024-01-01 10:0{0}:00 AADSTS7000222: The provided client secret keys for app 'x' are expired."
        " Trace ID: 0000000{0}-1111-4222-8333-444455556666 Timestamp: 2024-01-01 10:0{0}:00Z\n"
    )
    evidence = read(["".join(line.format(minute) for minute in range(9)).encode()], name="t")
    assert [error.provenance.how for error in evidence.entra_errors] == ["t:1"]
