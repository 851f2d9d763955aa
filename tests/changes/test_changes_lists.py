from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.changes.confirm import Consent, NotConfirmed, confirm
from diagnostics.changes.mailboxes import BadList, read_list
from diagnostics.changes.waiting import seconds_of

TWO = ("erp@contoso.com", "orders@contoso.com")


@pytest.mark.parametrize(
    "data",
    [
        b"erp@contoso.com\norders@contoso.com\n",
        b"\xef\xbb\xbferp@contoso.com\r\norders@contoso.com",
        b"# for the ERP\nerp@contoso.com\n\n  orders@contoso.com  \n",
        b"\xef\xbb\xbfName;PrimarySmtpAddress;Department\r\nERP;erp@contoso.com;IT\r\nOrders;orders@contoso.com;IT\r\n",
        b'"DisplayName","EmailAddress"\n"Orders, new","erp@contoso.com"\n"x","orders@contoso.com"\n',
        b"sep=;\nmailbox;note\nerp@contoso.com;a\norders@contoso.com;b\n",
        "mailbox\terp\nerp@contoso.com\t1\norders@contoso.com\t2\n".encode("utf-16"),
        "Buzón;Nombre\nerp@contoso.com;José\norders@contoso.com;Núñez\n".encode("cp1252"),
        b"What,Who\nx,erp@contoso.com\ny,orders@contoso.com\n",
        b"smtp:erp@contoso.com\nOrders <orders@contoso.com>\n",
        b"User Principal Name,Primary_Smtp_Address\na@x.y,erp@contoso.com\nb@x.y,orders@contoso.com\n",
    ],
)
def test_lists_in_every_shape(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    found = read_list(path)
    assert found.addresses == TWO
    assert found.problems == ()


def test_bad_lines_are_named_and_the_others_taken(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(
        b"\xef\xbb\xbfmailbox;owner\r\nerp@contoso.com;a\r\nno address;b\r\n;c\r\nERP@contoso.com;d\r\norders@contoso.com;e\r\n"
    )
    found = read_list(path)
    assert found.addresses == TWO
    assert [problem.subject for problem in found.problems] == [f"{path}:3", f"{path}:4"]
    assert found.notes == (f"{path}:5: ERP@contoso.com stands in line 2 already; it is done once.",)


def test_cells_with_line_ends_keep_the_count_right(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b'mailbox,note\nerp@contoso.com,"two\nlines"\nbad,x\n')
    assert read_list(path).problems[0].subject == f"{path}:4"


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"PK\x03\x04\x00\x00"])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(data)
    with pytest.raises(BadList, match="not text"):
        read_list(path)


def test_an_empty_file_and_none_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    assert read_list(tmp_path / "empty.txt").problems
    with pytest.raises(BadList):
        read_list(tmp_path / "none.txt")


def never(_question: str) -> str:
    raise AssertionError("nobody was to be asked")


@pytest.mark.parametrize(
    ("count", "consent"),
    [
        (1, Consent(yes=True)),
        (10, Consent(yes=True)),
        (11, Consent(yes=True, expect=11)),
        (500, Consent(yes=True, expect=500, interactive=True)),
    ],
)
def test_confirmed_by_arguments(count: int, consent: Consent) -> None:
    confirm(count, consent, never)


@pytest.mark.parametrize(
    ("count", "consent"),
    [
        (1, Consent()),
        (11, Consent(yes=True)),
        (11, Consent(yes=True, interactive=True)),
        (3, Consent(yes=True, expect=4)),
        (500, Consent(yes=True, expect=499)),
        (500, Consent(expect=500)),
    ],
)
def test_refused_by_arguments(count: int, consent: Consent) -> None:
    with pytest.raises(NotConfirmed) as refused:
        confirm(count, consent, never)
    assert refused.value.usage


@pytest.mark.parametrize(("count", "answer"), [(1, "y\n"), (10, "YES\n"), (11, "11\n"), (500, " 500 \n")])
def test_confirmed_at_a_terminal(count: int, answer: str) -> None:
    confirm(count, Consent(interactive=True), lambda _question: answer)


@pytest.mark.parametrize(("count", "answer"), [(1, "\n"), (1, ""), (1, "n"), (11, "y\n"), (11, "10\n"), (11, "")])
def test_refused_at_a_terminal(count: int, answer: str) -> None:
    with pytest.raises(NotConfirmed) as refused:
        confirm(count, Consent(interactive=True), lambda _question: answer)
    assert not refused.value.usage


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("90s", 90), ("1h30m", 5400), ("0.5h", 1800), (" 2M ", 120), ("1m30s", 90)]
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "-5", "0s", "5x", ".", "1..5m", "²m", "30m5", "1e3s", "9" * 400 + "h", "m30", "1m1h"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds_of(text)


@pytest.mark.parametrize("text", ["30", "90", " 5 ", "0"])
def test_a_bare_number_needs_its_unit(text: str) -> None:
    with pytest.raises(ValueError, match="needs its unit"):
        seconds_of(text)


@pytest.mark.parametrize(
    "line",
    [
        "erp@contoso.com, orders@contoso.com",
        "erp@contoso.com,orders@contoso.com",
        "erp@contoso.com;orders@contoso.com",
        "erp@contoso.com\torders@contoso.com",
        "erp@contoso.com orders@contoso.com",
        "erp@contoso.com | orders@contoso.com",
        '"erp@contoso.com", "orders@contoso.com"',
        '"erp@contoso.com, orders@contoso.com"',
        '"erp@contoso.com\norders@contoso.com"',
        "'erp@contoso.com'; 'orders@contoso.com'",
        "ERP <erp@contoso.com>; Orders <orders@contoso.com>",
        "smtp:erp@contoso.com, SMTP:orders@contoso.com",
        "erp@contoso.com, orders@contoso.com,",
        "erp@contoso.com, orders@contoso.com # both of them, not old@contoso.com",
        "erp@contoso.com\u2028orders@contoso.com",
        "mailbox\nerp@contoso.com, orders@contoso.com",
        "mailbox;note\nerp@contoso.com, orders@contoso.com;both",
        "mailbox;mailbox\nerp@contoso.com;orders@contoso.com",
        "erp@contoso.com\r\n# and\r\n\r\norders@contoso.com, erp@contoso.com",
    ],
)
def test_several_on_one_line_are_all_taken(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(line, encoding="utf-8", newline="")
    found = read_list(path)
    assert found.problems == ()
    assert found.addresses == TWO


@pytest.mark.parametrize(
    "line",
    [
        "ERP, erp@contoso.com, erp@contoso.onmicrosoft.com",
        "erp@contoso.com is now orders@contoso.com",
        "Doe, John <john@contoso.com>; Roe, Jane <jane@contoso.com>",
        "erp@contoso.com orders",
        "erp@contoso.com (orders@contoso.com)",
        "mailbox;note\nerp@contoso.com or orders@contoso.com;which",
        "mailbox,note\nERP,x,orders@contoso.com",
        "What,Who\nerp@contoso.com,orders@contoso.com",
        "erp\u200b@contoso.com",
        "erp@contoso.com，orders@contoso.com",
        "erp@contoso.com.",
        "erp@@contoso.com",
    ],
)
def test_a_line_that_is_not_clear_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(line, encoding="utf-8")
    found = read_list(path)
    assert found.addresses == ()
    assert [problem.subject for problem in found.problems] == [f"{path}:{1 + line.count(chr(10))}"]


def test_no_address_is_lost_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    pieces = ["a@x.y", "b@x.y", "Name <c@x.y>", "text", "", "d@x.y # e@x.y", '"f@x.y']
    for separator in (", ", ";", "\t", " ", "|"):
        for first in pieces:
            for second in pieces:
                line = separator.join((first, second))
                path.write_text(f"z@x.y\n{line}\n")
                found = read_list(path)
                said = {a.split("@")[0] for a in found.addresses} | {"z"}
                told = bool(found.problems) or bool(found.notes)
                meant = {word for word in "abcdf" if f"{word}@" in line.partition(" #")[0]}
                assert told or meant <= said, (line, found)


@pytest.mark.parametrize("address", ["o'brien@contoso.com", "first.last+tag@contoso.com", "a@b.c", "josé@contoso.com"])
def test_addresses_of_every_shape(tmp_path: Path, address: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{address}\n'{address}', x@y.z\n", encoding="utf-8")
    assert read_list(path).addresses == (address, "x@y.z")
