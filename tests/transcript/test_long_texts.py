"""Long logs: one pass, bounded memory, and nothing that a short text would show is lost among unrelated lines."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from diagnostics.sources.transcript import read
from tests.transcript.facts import gist
from tests.transcript.texts import Case, cases

LINE = b'10.0.0.1 - - [12/Mar/2024:10:00:01 +0000] "GET /index.html HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11)"\n'
PADDING = LINE * 4000
CASES = cases()
MEGABYTE = 1024 * 1024


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case_in_a_long_log_shows_the_same(case: Case) -> None:
    alone = read([case.text.encode()], name="t")
    within = read([PADDING, case.text.encode(), b"\n", PADDING], name="t")
    assert gist(alone) <= gist(within)


def test_line_numbers_are_those_of_the_whole_log() -> None:
    evidence = read([PADDING * 3, b"A1 NO AUTHENTICATE failed.\r\n", PADDING], name="big.log")
    assert [s.provenance.how for s in evidence.imap_sessions] == ["big.log:12001"]


def test_memory_does_not_grow_with_the_text() -> None:
    def endless(megabytes: int) -> Iterator[bytes]:
        block = (LINE * (MEGABYTE // len(LINE))) + b"2024-05-06 10:00:00 A1 NO AUTHENTICATE failed.\n"
        for _ in range(megabytes):
            yield block

    peaks = []
    for megabytes in (8, 32):
        tracemalloc.start()
        read(endless(megabytes), name="t")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3 + MEGABYTE


def test_one_line_of_many_megabytes_is_read_in_pieces() -> None:
    rows = b",".join(b'{"id":%d,"note":"nothing"}' % number for number in range(200_000))
    text = (
        b'{"rows":[' + rows + b',{"message":"AADSTS90002: Tenant \'x\' not found. Check to make sure"},' + rows + b"]}"
    )
    evidence = read([text], name="t")
    assert [(error.codes, error.provenance.how) for error in evidence.entra_errors] == [((90002,), "t:1")]


def test_a_new_kind_of_error_after_thousands_of_others_is_read() -> None:
    old = "".join(
        f"ERROR {n} AADSTS7000215: Invalid client secret provided. for app {n:08x}\n" for n in range(20_000)
    ).encode()
    evidence = read([old, b"ERROR AADSTS53003: Access has been blocked by Conditional Access policies.\n"], name="t")
    assert {code for error in evidence.entra_errors for code in error.codes} == {7000215, 53003}


def test_what_was_left_out_is_said() -> None:
    lines = "".join(
        f"tenant={n % 7}{chr(97 + n % 26)}{chr(97 + n // 26 % 26)} outlook.office365.com\n" for n in range(20_000)
    )
    assert "not all of them were looked at" in " ".join(read([lines.encode()], name="t").left_out)
