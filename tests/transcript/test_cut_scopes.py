"""Scopes and addresses that were cut off, or run into the next word, are texts like others: nothing raises for them."""

from __future__ import annotations

import datetime as dt

import pytest

from diagnostics.report import build, render
from diagnostics.sources.transcript import read

SCOPES = (
    'scope = "https://outlook.offi…(scopes=["https://…',
    'acquire_token_for_client(scope=https://outlook.offi…(scopes=["https://…',
    'scope=https://outlook.office365.com(scopes=["https://x',
    "scope: https://[outlook.office365.com/.default",
    'app.acquire_token_for_client(scopes=["https://outlook.office365.com]/.default"])',
    "scope=https://outlook.office365.com]/.default&client_id=1",
    'scopes=["https://[outlook"]',
    "scope=https://outlook.office365.com:port/.default",
    "POST https://[::1/oauth2/v2.0/token scope=https://[::1",
)


@pytest.mark.parametrize("text", SCOPES)
def test_a_scope_that_is_no_address_is_read_and_judged(text: str) -> None:
    refused = "AADSTS7000215: Invalid client secret provided.\n"
    evidence = read([f"{refused}{text}\n".encode()], name="ticket.txt")
    report = build(evidence, command="diag analyze", started=dt.datetime.now(dt.UTC))
    assert "diag failed" not in render(report)
    assert report.exit_code == 1
    assert report.diagnosis.first is not None
