"""No secret leaves in any form, whatever surrounds it; nothing that a server says drives a terminal."""

from __future__ import annotations

import base64
import json
import pickle
import re
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import redaction
from diagnostics.redaction import Secret, Tail, printable, redact, redact_tree, safe
from diagnostics.redaction.known import FRAGMENT, KnownSecrets

SECRETS = st.text(alphabet=string.ascii_letters + string.digits + "~._-+/=&%'\"\\ #", min_size=12, max_size=60).filter(
    lambda text: len(text.strip()) >= 8
)
SURROUNDINGS = st.text(max_size=40)


@given(SECRETS, SURROUNDINGS, SURROUNDINGS)
def test_a_secret_never_survives_in_any_form(value: str, before: str, after: str) -> None:
    secret = Secret(value)
    bare = value.strip()
    for form in (
        value,
        bare,
        quote(bare, safe=""),
        quote_plus(bare),
        json.dumps(bare)[1:-1],
        base64.b64encode(bare.encode()).decode(),
    ):
        assert form not in redact(f"{before}{form}{after}")
        assert form not in safe(f"{before}{form}{after}")
    assert value not in f"{secret} {secret!r}"


@given(SECRETS)
def test_a_secret_is_removed_from_every_corner_of_a_tree(value: str) -> None:
    Secret(value)
    tree = {"a": [value, {"b": f"x {value} y"}], f"key {value}": 3}
    assert value not in json.dumps(redact_tree(tree), ensure_ascii=False)


def test_a_secret_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("correct horse battery"))


JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "token",
    [
        JWT,
        JWT.rpartition(".")[0] + ".",
        base64.b64encode(JWT.encode()).decode(),
        base64.b64encode(f"user=a@b.c\x01auth=Bearer {JWT}\x01\x01".encode()).decode(),
        "EwB4A8l6BAAUs5+HQn0N+h2FFFFFFFFFFFFFFFFFFFFFFF",
        "abc8Q~" + "k" * 34,
    ],
)
def test_what_looks_like_a_token_is_removed_though_nobody_registered_it(token: str) -> None:
    assert token not in redact(f"Authorization: Bearer {token} rest")
    assert token not in redact(f"x={token};")


@pytest.mark.parametrize(
    "text",
    ["AADSTS7000215: Invalid client secret", "00000002-0000-0ff1-ce00-000000000000", "erp@contoso.com", "user=erp"],
)
def test_ordinary_words_stay(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", KnownSecrets())
    assert redact(text) == text


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", KnownSecrets())


@given(st.text())
def test_printable_leaves_no_control_character(text: str) -> None:
    shown = printable(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_an_undecodable_byte_of_the_environment_is_no_accident() -> None:
    assert "\udce9tait" not in redact(f"x {Secret(chr(0xDCE9) + 'tait-une-fois').reveal()} y")


TOKENS = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=120, max_size=300).map(
    lambda body: "eyJ0eXAiOiJKV1Qi." + body
)
GUTTERS = st.sampled_from(
    ["\n", "\r\n", "\n    ", "\n> ", "\n> > ", "\n     | ", "\r\n  12 |  ", "\x1b[0m\n\x1b[31m", '"\n"', "'\n + '", "\\r\\n",
     "\x1b[36;1m\x1b[36;1m     | \x1b[31;1m", "_x000D__x000A_", "\n\t", " ", "=\n", "`\n", "\\\n", "<br>"]
)  # fmt: skip


def letters(text: str) -> str:
    return "".join(character for character in text if character.isascii() and character.isalnum())


def longest_part(shown: str, value: str) -> int:
    """Return how many letters and digits in a row of `value` are in `shown`, whatever stands between them."""
    bare, secret = letters(shown), letters(value)
    sizes = (
        size
        for size in range(len(secret), 0, -1)
        if any(secret[i : i + size] in bare for i in range(len(secret) - size + 1))
    )
    return next(sizes, 0)


@given(TOKENS, st.integers(1, 130), GUTTERS, st.data())
def test_a_token_that_this_process_holds_is_found_in_any_wrapping_and_cut_at_either_end(
    token: str, width: int, gutter: str, data: st.DataObject
) -> None:
    Secret(token)
    first = data.draw(st.integers(0, len(token) - 40))
    part = token[first : data.draw(st.integers(first + 40, len(token)))]
    wrapped = gutter.join(part[at : at + width] for at in range(0, len(part), width))
    assert longest_part(safe(f"the server said: {wrapped} !"), part) < FRAGMENT
    tail = Tail(500)
    tail.add(f"the server said: {wrapped} !".encode())
    assert longest_part(tail.text(), part) < FRAGMENT


@given(TOKENS, st.integers(0, 2))
def test_a_token_inside_of_base64_is_found_whatever_stands_before_it(token: str, before: int) -> None:
    Secret(token)
    encoded = base64.b64encode(b"xyz:"[: 2 + before] + token.encode()).decode()
    assert longest_part(redact(f"x {encoded[7:-5]} y"), encoded) < FRAGMENT


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=9, max_size=14), st.sampled_from(["\n", "\r\n", "\n   | "])
)
def test_a_short_secret_is_found_whole_across_a_line_end(value: str, gutter: str) -> None:
    Secret(value)
    assert longest_part(redact(f"[ {value[:4]}{gutter}{value[4:]} ]"), value) < 4


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=60), st.integers(0, 7000), TOKENS)
def test_the_tail_of_a_stream_is_redacted_before_it_is_cut(sizes: list[int], where: int, token: str) -> None:
    Secret(token)
    unknown = "eyJhbGciOiJub25lIn0." + "q9Zk" * 500
    stream = (("w " * where + token + " " + unknown + " ") * 12).encode()
    tail = Tail(300)
    at = 0
    while at < len(stream):
        size = sizes[at % len(sizes)]
        tail.add(stream[at : at + size])
        at += size
    shown = tail.text()
    assert len(shown) <= 301
    assert longest_part(shown, token) < FRAGMENT
    assert "q9Zk" not in shown


def test_the_tail_of_an_endless_stream_takes_bounded_memory() -> None:
    tail = Tail(2000)
    for _ in range(300):
        tail.add(b"x" * 65536)
    assert len(tail._kept) < 400_000
    assert tail.text().endswith("x")


@pytest.mark.parametrize(
    "text",
    [
        "Clave secreta: {}",
        "Secreto de cliente: {}",
        "Valor del secreto | {}",
        "Client secret (value)  {}",
        "| Client secret | {} |",
        "login erp@contoso.com {}",
        "Invalid credentials (erp@contoso.com / {})",
        "erp@contoso.com:{}",
        "erp@contoso.com;{};outlook.office365.com",
    ],
)
@pytest.mark.parametrize("secret", ["Zx9!secretPWxyz", "Kx7Qp2Lm9Rt4"])
def test_a_password_beside_its_address_or_a_name_of_two_words(text: str, secret: str) -> None:
    assert secret[3:9] not in redact(text.format(secret))


@pytest.mark.parametrize(
    "text",
    [
        "erp@contoso.com: AADSTS50034: The user account does not exist",
        "erp@contoso.com / 2f7eb3a7-fd84-4a46-a2e5-7a839031470b",
        "erp@contoso.com;SharedMailbox;True;2026-11-20T10:00:01Z",
        "erp@contoso.com, IMAP4rev1 outlook.office365.com:993",
        "login erp@contoso.com failed with AADSTS7000215",
        "Secreto de cliente: falta",
    ],
)
def test_what_stands_beside_an_address_and_is_no_password_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "It says “a1 LOGIN erp@contoso.com hunter2-Zx9” and no more",
        "ticket.txt:3: “Authorization: Basic ZXJwOmh1bnRlcjItWng5”; that line names no reason",
        "«password=hunter2-Zx9», según el texto",
        "“PASS hunter2-Zx9”, and then nothing",
    ],
)
def test_a_quotation_that_is_masked_keeps_its_end_and_the_words_behind_it(text: str) -> None:
    quoted, closing, behind = re.split("([”»])", text)
    masked = redact(quoted) + closing + behind
    assert "hunter2" not in masked
    assert redact(masked) == masked
