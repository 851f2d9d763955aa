"""No secret leaves in any form, whatever surrounds it; nothing that a server says drives a terminal."""

from __future__ import annotations

import base64
import json
import pickle
import string
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import redaction
from diagnostics.redaction import Secret, printable, redact, redact_tree, safe

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
    monkeypatch.setattr(redaction, "_known", set())
    assert redact(text) == text


@pytest.fixture(scope="module", autouse=True)
def _forget() -> Iterator[None]:
    known = set(redaction._known)
    yield
    redaction._known.clear()
    redaction._known.update(known)


@given(st.text())
def test_printable_leaves_no_control_character(text: str) -> None:
    shown = printable(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_an_undecodable_byte_of_the_environment_is_no_accident() -> None:
    assert "\udce9tait" not in redact(f"x {Secret(chr(0xDCE9) + 'tait-une-fois').reveal()} y")
