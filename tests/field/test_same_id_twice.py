"""One id in two places is told as one id in two places, and not as two ids that changed theirs."""

from __future__ import annotations

import datetime as dt

import pytest

from diagnostics.report import build
from diagnostics.sources.transcript import read

APP, PRINCIPAL = "0b1c2d3e-1111-4222-8333-444455556666", "77777777-1111-4222-8333-444455556666"
TOKEN = f'{{"aud":"https://outlook.office365.com","appid":"{APP}","oid":"{PRINCIPAL}","roles":["IMAP.AccessAsApp"]}}'
WRONG, SWAPPED = "exo-sp-wrong-object-id", "exo-sp-appid-and-objectid-swapped"

TEXTS = {
    "a row": (f"DisplayName : ERP\nAppId : {APP}\nObjectId : {APP}\n", WRONG, "AppId and ObjectId are both"),
    "a row and the token": (f"AppId : {APP}\nObjectId : {APP}\n\n{TOKEN}", WRONG, "AppId and ObjectId are both"),
    "the object id twice": (f"AppId : {PRINCIPAL}\nObjectId : {PRINCIPAL}\n\n{TOKEN}", WRONG, "are both"),
    "a row of the old name": (f"AppId : {APP}\nServiceId : {APP}\n", WRONG, "AppId and ServiceId are both"),
    "a command": (f"New-ServicePrincipal -AppId {APP} -ObjectId {APP}", WRONG, "-AppId and -ObjectId are both"),
    "a variable": ("New-ServicePrincipal -AppId $sp.AppId -ObjectId $sp.AppId", WRONG, "$sp.AppId"),
    "a sheet": (f"Application (client) ID: {APP}\nObject ID (Enterprise Applications): {APP}\n", WRONG, "are both"),
    "two ids in each other's place": (
        f"AppId : {PRINCIPAL}\nObjectId : {APP}\n\n{TOKEN}",
        SWAPPED,
        "each other's place",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_told_as_what_it_is(name: str) -> None:
    text, cause, words = TEXTS[name]
    report = build(read([text.encode()], name="t"), command="diag analyze", started=dt.datetime.now(dt.UTC))
    first = report.diagnosis.first
    assert first is not None
    assert first.cause == cause
    assert words in " ".join(first.evidence)
    assert "swapped" not in " ".join(first.evidence)
    assert report.exit_code == 1


def test_a_right_row_beside_it_is_what_counts() -> None:
    rows = f"AppId : {APP}\nObjectId : {APP}\n\nAppId : {APP}\nObjectId : {PRINCIPAL}\n\n{TOKEN}"
    report = build(read([rows.encode()], name="t"), command="diag analyze", started=dt.datetime.now(dt.UTC))
    assert WRONG not in [cause.cause for cause in report.diagnosis.causes]
