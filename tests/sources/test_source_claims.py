from __future__ import annotations

import base64
import datetime as dt
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.evidence import NOWHERE, TokenClaims
from diagnostics.jwt import payload_of
from diagnostics.lab.state import new_secret
from diagnostics.redaction import Secret
from diagnostics.sources.claims import decode_claims, secret_shape

APP_ONLY: dict[str, Any] = {
    "aud": "https://outlook.office365.com",
    "iss": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
    "iat": 1764547200,
    "exp": 1764551100,
    "app_displayname": "Mail import",
    "appid": "22222222-2222-3333-4444-555555555555",
    "idtyp": "app",
    "oid": "33333333-2222-3333-4444-555555555555",
    "roles": ["IMAP.AccessAsApp"],
    "tid": "11111111-2222-3333-4444-555555555555",
    "ver": "1.0",
}


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def jwt(payload: object) -> str:
    return f"{part({'typ': 'JWT', 'alg': 'RS256'})}.{part(payload)}.c2lnbmF0dXJl"


def claims(payload: object) -> TokenClaims:
    return decode_claims(jwt(payload), NOWHERE)


def test_an_app_only_token_names_the_enterprise_application() -> None:
    found = claims(APP_ONLY)
    assert found.application_id == APP_ONLY["appid"]
    assert found.object_id == APP_ONLY["oid"]
    assert found.roles == ("IMAP.AccessAsApp",)
    assert found.scopes is None
    assert found.expires_at == dt.datetime(2025, 12, 1, 1, 5, tzinfo=dt.UTC)
    assert found.is_app_only
    assert found.complete


def test_an_absent_roles_claim_is_none() -> None:
    assert claims({key: value for key, value in APP_ONLY.items() if key != "roles"}).roles is None


def test_a_delegated_token_of_version_2() -> None:
    found = claims(
        {"ver": "2.0", "azp": "a", "scp": "IMAP.AccessAsUser.All email", "preferred_username": "u@x.example"}
    )
    assert found.application_id == "a"
    assert found.scopes == ("IMAP.AccessAsUser.All", "email")
    assert found.user_principal_name == "u@x.example"
    assert not found.is_app_only


@pytest.mark.parametrize("token", ["EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA", "", "a.b.c", "eyJ"])
def test_what_is_no_jwt_is_opaque(token: str) -> None:
    assert decode_claims(token, NOWHERE).opaque


@pytest.mark.parametrize("kept", [0.4, 0.7, 0.95])
def test_a_cut_token_keeps_what_is_whole_and_is_not_complete(kept: float) -> None:
    token = jwt(APP_ONLY).rpartition(".")[0]
    found = decode_claims(token[: int(len(token) * kept)] + "...", NOWHERE)
    assert not found.complete
    assert not found.opaque
    assert found.audience == APP_ONLY["aud"]


def test_claims_of_other_types_are_left_out() -> None:
    found = claims({"aud": ["a", "b"], "appid": 7, "oid": None, "roles": "one two", "exp": "1764551100", "iat": 1e300})
    assert found == TokenClaims(
        NOWHERE,
        audience="a",
        roles=("one", "two"),
        expires_at=dt.datetime(2025, 12, 1, 1, 5, tzinfo=dt.UTC),
        complete=False,
    )


@pytest.mark.parametrize("digits", ["9" * 5000, "1" * 13, "²²²", "٣٣٣", "-1", "1e9", " 17"])
@pytest.mark.parametrize("claim", ["exp", "iat"])
def test_a_time_that_is_none(digits: str, claim: str) -> None:
    """As text, and as a number of the payload's JSON, which Python refuses to convert."""
    assert claims({"aud": "a", claim: digits}).expires_at is None
    payload = base64.urlsafe_b64encode(f'{{"aud": "a", "tid": "t", "{claim}": {digits}}}'.encode()).decode().rstrip("=")
    found = decode_claims(f"eyJhbGciOiJSUzI1NiJ9.{payload}.x", NOWHERE)
    assert found.audience == "a"
    assert found.expires_at is None or digits in {"1e9", " 17"}


@pytest.mark.parametrize(
    "wrong", [{"roles": 7}, {"roles": ["IMAP.AccessAsApp", 7]}, {"roles": {"a": "b"}}, {"tid": ["t"]}, {"exp": True}]
)
def test_a_claim_of_another_type_proves_no_absence(wrong: dict[str, Any]) -> None:
    assert not claims({"aud": "a", **wrong}).complete


@given(st.text(alphabet=string.printable, max_size=200))
def test_nothing_that_is_pasted_makes_it_fail(token: str) -> None:
    for text in (token, f"eyJ{token}", f"eyJhbGciOiJSUzI1NiJ9.{token}"):
        decode_claims(text, NOWHERE)
        payload_of(text)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_nothing_in_a_claim_makes_it_fail(value: object) -> None:
    claims(dict.fromkeys(APP_ONLY, value))


def shape(value: str) -> Any:
    return secret_shape(Secret(value), NOWHERE)


def test_a_real_secret_looks_like_one() -> None:
    for _ in range(300):
        value = new_secret()
        found = shape(value)
        assert found.hint == value[:3]
        assert not any((found.guid, found.looks_placeholder, found.looks_url_encoded, found.has_outer_blanks))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("0f0f0f0f-2222-3333-4444-555555555555", "guid"),
        ("abc8Q~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", "has_outer_blanks"),
        ("'abc8Q~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "has_outer_quotes"),
        ("abc8Q~aaaaaaaaaaaaaaaaaaaaaa\u200baaaaaaaaaaaaa", "has_invisible"),
        ("abc8Q%7Eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "looks_url_encoded"),
        ("YOUR_CLIENT_SECRET", "looks_placeholder"),
        ("<client secret>", "looks_placeholder"),
        ("{{client_secret}}", "looks_placeholder"),
        ("xxxxxxxxxxxx", "looks_placeholder"),
    ],
)
def test_what_is_wrong_with_a_secret_shows(value: str, field: str) -> None:
    assert getattr(shape(value), field)
