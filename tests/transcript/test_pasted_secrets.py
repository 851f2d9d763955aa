"""No secret of a pasted text is shown, in whichever of many ways it stands there, in any format or language."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import redaction
from diagnostics.redaction import looks_secret, redact
from diagnostics.report import FORMATS, build, render
from diagnostics.sources.transcript.reader import read
from tests.core.carriers import CARRIERS, filled, parts

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
ENTRA = (
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
    " not the client secret ID, for a secret added to app '11111111-2222-3333-4444-555555555555'."
)
NOT_FOUND = "The operation couldn't be performed because object '{secret}' couldn't be found on 'AM0PR04A01DC001.EURPR04A001.PROD.OUTLOOK.COM'."
ERRORS = (
    ENTRA,
    "A2 NO AUTHENTICATE failed.",
    "imap outlook.office365.com:993 Connection timed out",
    "NO LOGIN failed.",
    "BAD User is authenticated but not connected.",
)
CONTEXTS = (
    "{carrier}\n{error}\n",
    "{error}\n{carrier}\n",
    "{carrier} {error}\n",
    "{error} {carrier}\n",
    "2026-02-28 10:11:12,345 ERROR [main] erp.mail - {carrier} {error}\n",
    "erp | {carrier}\r\n{error}\r\n",
    "> {carrier}\n> {error}\n> regards\n",
    "{carrier}\nGet-Mailbox -Identity x\n" + NOT_FOUND + "\n{error}\n",
    "{error}\nuser = '{secret}'\nmailbox: {secret}\n{carrier}\n",
    "{carrier}\n--user1 {secret} imap {error}\nlogin failed for {secret}",
)
LETTERS = "bcdfghjkmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ6789"  # no word and no id has six of them in a row
SECRETS = st.one_of(
    st.text(LETTERS, min_size=12, max_size=40).map(lambda text: f"q7K{text}x9Z"),
    st.text(LETTERS + "~._-", min_size=12, max_size=40).map(lambda text: f"Vb8{text}3m"),
    st.text(LETTERS[:19], min_size=6, max_size=12).map(lambda text: f"Zq{text}!7986x"),
).filter(looks_secret)  # as the generators of passwords make them: told from a name by its shape alone


def shown_parts(text: str, secret: str, language: str = "en") -> set[str]:
    """Return the parts of a secret that `analyze` prints or saves for a text."""
    redaction._known.forget()  # what an earlier example showed
    evidence = read([text.encode()], name="paste", judged_at=NOW)
    report = build(evidence, command="diag analyze", started=NOW, language=language)
    shown = "\n".join([repr(evidence), *(render(report, output) for output in FORMATS)])
    return {part for part in parts(secret) if part in shown}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_each_carrier_is_recognised(carrier: str) -> None:
    for secret in ("q7KabGTR3fdx9Z", "Vb8Q~x9A.k-2pLm_RtY7wZ3c3m", "Zqhunterpw!2024x"):
        shown = redact(filled(carrier, secret))
        assert not {part for part in parts(secret) if part in shown}
        assert redact(shown) == shown


@given(
    st.sampled_from(CARRIERS),
    SECRETS,
    st.sampled_from(CONTEXTS),
    st.sampled_from(ERRORS),
    st.sampled_from(("en", "es")),
)
@settings(max_examples=100, deadline=None)
def test_no_part_of_a_secret_is_shown(carrier: str, secret: str, context: str, error: str, language: str) -> None:
    text = context.replace("{carrier}", filled(carrier, secret)).replace("{error}", error).replace("{secret}", secret)
    assert not shown_parts(text, secret, language)


@given(st.lists(st.sampled_from(CARRIERS), min_size=3, max_size=8), SECRETS, st.sampled_from(ERRORS), st.booleans())
@settings(max_examples=25, deadline=None)
def test_not_where_several_stand_together_or_in_a_json_log(
    carriers: list[str], secret: str, error: str, in_json: bool
) -> None:
    lines = [f"{filled(carrier, secret)} {error}" for carrier in carriers]
    if in_json:
        lines = [json.dumps({"level": "error", "msg": line}) for line in lines]
    assert not shown_parts("\n".join(lines), secret)


@pytest.mark.parametrize(
    "line",
    [
        "password={secret} user=invoices@contoso.com host=outlook.office365.com tenant=11111111-2222-3333-4444-555555555555",
        "imaps://invoices@contoso.com:{secret}@outlook.office365.com",
        "Cookie: login=invoices@contoso.com; host:outlook.office365.com; s={secret}",
        "curl -u invoices@contoso.com:{secret} imaps://outlook.office365.com",
        "A1 AUTHENTICATE PLAIN {plain}",
    ],
)
def test_what_stands_beside_a_secret_is_none(line: str) -> None:
    secret = "q7KabGTR3fdx9Z"
    plain = base64.b64encode(f"\0invoices@contoso.com\0{secret}".encode()).decode()
    text = line.format(secret=secret, plain=plain) + (
        "\nA1 LOGIN invoices@contoso.com pw\nA1 NO AUTHENTICATE failed.\noutlook.office365.com:993 Connection refused\n"
        "tenant_id: 11111111-2222-3333-4444-555555555555\n"
    )
    evidence = read([text.encode()], name="paste", judged_at=NOW)
    assert evidence.target.mailboxes == ("invoices@contoso.com",)
    assert evidence.target.tenant == "11111111-2222-3333-4444-555555555555"
    assert "outlook.office365.com" in repr(evidence.imap_sessions)
    assert not shown_parts(text, secret)


@pytest.mark.parametrize("separator", ["&", " ", "; ", ", "])
def test_the_next_field_is_read_as_it_stands(separator: str) -> None:
    text = f"client_secret=q7KabGTR3fdx9Z{separator}grant_type=client_credentials\nAADSTS7000215: Invalid client secret provided.\n"
    redaction._known.forget()
    evidence = read([text.encode()], name="paste", judged_at=NOW)
    assert {request.grant_type for request in evidence.token_requests} == {"client_credentials"}
    assert not shown_parts(text, "q7KabGTR3fdx9Z")
