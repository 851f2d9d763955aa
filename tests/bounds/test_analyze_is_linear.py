"""Reading and judging a text takes time in proportion to its length, also where it repeats what the readers look for."""

from __future__ import annotations

import datetime as dt
import os
import random

import pytest

from diagnostics.report import build
from diagnostics.report.table import render
from diagnostics.sources.transcript import read
from tests.bounds.measuring import superlinear
from tests.fuzz.mutations import literals

NOW = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
EVERYTHING = "DIAG_FUZZ_SECONDS" in os.environ
_SAMPLE = 12
_SIZES = (4096, 32768)
_NOTICED = 0.25

# What took from 16 seconds to minutes, and more of its kind.
FOUND = [
    "AADSTS700016: ", "AADSTS50034 ", "AADSTS7000215: Invalid client secret provided. ", "dXNlcj1", "\\", "\\\\n", "\\r", " ", "\t", "\n", "\n\n",
    '"', "'", "{", "[", "{{", "<", "a.", "a@", "eyJ-", "eyJhbGciOiJSUzI1NiJ9.eyJ", "user=", "user= ", "|", "| a ", "--> ", "0", "A", "a b ",
    "scopes [ ", "scope=[", "--> b'", "Tenant ", "identifier '", "roles: IMAP.x ", '{"aud":"', "a: b\n", "Identity : a\n", "C: A1 LOGIN a b\n",
    "S: A1 NO AUTHENTICATE failed.\n", "* LIST (", "New-ServicePrincipal -AppId ", "Get-MailboxPermission -Identity ", "https://login.microsoftonline.com/",
    "client_secret=", "password = ", "FullAccess, ", "{FullAccess} ", "\x1b[", "&quot;", "%20", "é", "&#x27;", "> ", "```\n", "# Cause\n", "at a.b(\n",
]  # fmt: skip


def judged(text: str) -> str:
    evidence = read([text.encode("utf-8", "replace")], name="text", judged_at=NOW)
    return render(build(evidence, command="diag analyze text", started=NOW), width=100, color=False)


def _units() -> list[str]:
    made = [unit for word in literals("sources/transcript") for unit in (word, f"{word} ", f"{word}\n", f'"{word}": "')]
    chosen = made if EVERYTHING else random.Random(1).sample(made, _SAMPLE)
    return [*FOUND, *chosen] if EVERYTHING else [*random.Random(1).sample(FOUND, _SAMPLE), *chosen]


@pytest.mark.parametrize("unit", _units())
def test_a_repeated_word(unit: str) -> None:
    growth = superlinear(judged, lambda size: unit * (size // len(unit)), sizes=_SIZES, noticed=_NOTICED)
    assert growth is None, f"{unit!r} again and again: {growth}"


@pytest.mark.parametrize(("before", "unit", "after"), [
    ("word", " ", "word"), ("aud", " ", "x"), ("a = ", " ", "x"), ("AADSTS700016: x", " ", "x"), ("user=", " ", "x"), ('"', "\\", ""), ("(", " ", ");x"),
    ('{"appid": [', '"\\"",', ""), ("scopes (", "\n ", "x"), ("| ", "  ", "x"), ("A1 OK ", " ", ""), ("Application (client) ID", " ", "x"),
])  # fmt: skip
def test_a_run_within_a_line(before: str, unit: str, after: str) -> None:
    text = f"{before}{{}}{after}\nAADSTS700016: x\nauthenticate failed\n"
    growth = superlinear(judged, lambda size: text.replace("{}", unit * size), sizes=_SIZES, noticed=_NOTICED)
    assert growth is None, f"{before!r} + {unit!r} * n + {after!r}: {growth}"
