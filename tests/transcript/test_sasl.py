"""XOAUTH2 strings, sent or built, byte by byte; the right ones give no fault."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.evidence import SaslFault
from diagnostics.sources.transcript import read

JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNlMzY1LmNvbSIsImFwcGlkIjoieCJ9.c2ln"


def faults(text: str) -> set[SaslFault]:
    return {fault for string in read([text.encode()], name="t").sasl_strings for fault in string.faults}


def sent(data: bytes) -> str:
    return f"C: A01 AUTHENTICATE XOAUTH2 {base64.b64encode(data).decode()}\nS: A01 NO AUTHENTICATE failed.\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (f"user=erp@contoso.com\x01auth=Bearer {JWT}\x01\x01".encode(), set()),
        (f"user=erp@contoso.com^Aauth=Bearer {JWT}^A^A".encode(), {SaslFault.LITERAL_CARET_A}),
        (f"user=erp@contoso.com\\x01auth=Bearer {JWT}\\x01\\x01".encode(), {SaslFault.ESCAPED_SEPARATOR}),
        (f"user=erp@contoso.com%x01auth=Bearer {JWT}%x01%x01".encode(), {SaslFault.ESCAPED_SEPARATOR}),
        (f"user=erp@contoso.com \x01auth=Bearer {JWT}\x01\x01".encode(), {SaslFault.BLANK_BEFORE_SEPARATOR}),
        (f"user= erp@contoso.com\x01auth=Bearer {JWT}\x01\x01".encode(), {SaslFault.BLANK_BEFORE_SEPARATOR}),
        (f"user=erp@contoso.com\x01auth=Bearer {JWT}\x01\x01".encode("utf-16-le"), {SaslFault.UTF_16}),
        (
            b"user=erp@contoso.com\x01auth=Bearer " + base64.b64encode(JWT.encode()) + b"\x01\x01",
            {SaslFault.TOKEN_DOUBLE_BASE64},
        ),
        (
            f"user=amy@contoso.com\\shared@contoso.com\x01auth=Bearer {JWT}\x01\x01".encode(),
            {SaslFault.USER_WITH_BACKSLASH},
        ),
        (f"user=erp@contoso.com:0b1c2d3e\x01auth=Bearer {JWT}\x01\x01".encode(), {SaslFault.USER_NOT_AN_ADDRESS}),
        (
            b"user=amy@outlook.com\x01auth=Bearer EwBgA8l6BAAUO9chh8cJscQLmU+LSWpbnr0vmwwAAQ\x01\x01",
            {SaslFault.TOKEN_OPAQUE},
        ),
        (JWT.encode(), {SaslFault.NOT_XOAUTH2}),
        (f"erp@contoso.com:{JWT[:30]}".encode(), {SaslFault.NOT_XOAUTH2}),
    ],
)
def test_what_was_sent(data: bytes, expected: set[SaslFault]) -> None:
    assert faults(sent(data)) == expected


def test_the_token_itself_in_place_of_the_string() -> None:
    assert faults(f"C: A01 AUTHENTICATE XOAUTH2 {JWT.replace('.', '_')}\n") == {SaslFault.NOT_XOAUTH2}


def test_a_string_that_was_cut_off_proves_nothing() -> None:
    whole = base64.b64encode(f"user=erp@contoso.com\x01auth=Bearer {JWT}\x01\x01".encode()).decode()
    assert faults(f"C: A01 AUTHENTICATE XOAUTH2 {whole[:80]}...\n") == set()


def test_the_claims_of_the_token_inside_are_read() -> None:
    evidence = read([sent(f"user=erp@contoso.com\x01auth=Bearer {JWT}\x01\x01".encode()).encode()], name="t")
    assert evidence.token().audience == "https://outlook.office365.com"  # type: ignore[union-attr]
    assert JWT not in repr(evidence)


RIGHT = [
    'auth = f"user={user}\\x01auth=Bearer {token}\\x01\\x01"',
    "auth_string = 'user=%s\\1auth=Bearer %s\\1\\1' % (user, token)",
    'let xoauth2 = Buffer.from(`user=${user}\\x01auth=Bearer ${token}\\x01\\x01`).toString("base64");',
    '$auth = base64_encode("user=$user\\1auth=Bearer $token\\1\\1");',
    '$b = "user=" + $mailbox + "$([char]1)auth=Bearer " + $token + "$([char]1)$([char]1)"',
    'String s = "user=" + user + "\\u0001auth=Bearer " + token + "\\u0001\\u0001";',
    'printf \'user=%s\\001auth=Bearer %s\\001\\001\' "$user" "$token" | base64',
    'string.Format("user={0}{1}auth=Bearer {2}{1}{1}", user, (char)1, token)',
    'base64("user=" + userName + "^Aauth=Bearer " + accessToken + "^A^A")',
]


@pytest.mark.parametrize("line", RIGHT)
def test_a_line_that_builds_it_right_has_no_fault(line: str) -> None:
    assert faults(line) == set()


WRONG = [
    ('s = "user=" + user + "^Aauth=Bearer " + token + "^A^A"', SaslFault.LITERAL_CARET_A),
    ('$b = "user=" + $mailbox + "%x01auth=Bearer " + $token + "%x01%x01"', SaslFault.ESCAPED_SEPARATOR),
    (
        "$auth = base64_encode('user=' . $user . '\\x01auth=Bearer ' . $token . '\\x01\\x01');",
        SaslFault.ESCAPED_SEPARATOR,
    ),
    (
        '$b = "user=" + $mailbox + " $([char]1)auth=Bearer " + $token + "$([char]1)$([char]1)"',
        SaslFault.BLANK_BEFORE_SEPARATOR,
    ),
    ('auth = "user=" + user + "\\x01auth=Bearer " + b64encode(token) + "\\x01\\x01"', SaslFault.TOKEN_DOUBLE_BASE64),
]


@pytest.mark.parametrize(("line", "fault"), WRONG)
def test_a_line_that_builds_it_wrong_has_its_fault(line: str, fault: SaslFault) -> None:
    assert faults(line) == {fault}


@given(
    user=st.from_regex(r"[a-z][a-z0-9.]{0,12}@[a-z]{1,12}\.com", fullmatch=True),
    token=st.from_regex(r"eyJ[A-Za-z0-9_-]{20,60}\.eyJ[A-Za-z0-9_-]{4,60}\.[A-Za-z0-9_-]{0,40}", fullmatch=True),
)
def test_a_right_string_never_has_a_fault(user: str, token: str) -> None:
    assert faults(sent(f"user={user}\x01auth=Bearer {token}\x01\x01".encode())) == set()
