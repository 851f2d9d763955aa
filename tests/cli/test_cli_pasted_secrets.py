"""`diag analyze` as a process: no secret of a paste is on stdout, on stderr or in the saved report, in any format or language."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Diag
from tests.core.carriers import CARRIERS, filled, parts

SECRET = "q7KbGTR8fdx9Zn"
ERRORS = (
    "A2 NO AUTHENTICATE failed.",
    "imap outlook.office365.com:993 Connection timed out",
    "AADSTS7000215: Invalid client secret provided.",
)


@pytest.mark.parametrize("output", ["table", "yaml", "json"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_nothing_of_it_is_said_or_saved(diag: Diag, tmp_path: Path, output: str, language: str) -> None:
    text = "".join(f"{filled(carrier, SECRET)} {ERRORS[number % 3]}\n" for number, carrier in enumerate(CARRIERS))
    (tmp_path / "paste.txt").write_text(text, encoding="utf-8")
    done = diag(
        "analyze", "paste.txt", "-o", output, "--lang", language, "--report", "saved.yaml", "--show-secret-hint"
    )
    assert done.returncode == 1, done.stderr
    again = diag("analyze", "saved.yaml", "-o", output, "--lang", language)
    said = (
        (tmp_path / "saved.yaml").read_text(encoding="utf-8") + done.stdout + done.stderr + again.stdout + again.stderr
    )
    assert not {part for part in parts(SECRET) if part in said}


@pytest.mark.parametrize(
    "line",
    [
        "secret: {}",
        "  secret: {{env: '{}!'}}",
        "password: {}",
        "endpoints: {{login: 'https://u:{}@login.example'}}",
        "imap: {{server: 'u:{}@imap.example'}}",
    ],
)
def test_a_profile_is_not_quoted_with_its_secrets(diag: Diag, tmp_path: Path, line: str) -> None:
    head = "tenant: contoso.com\napplication:\n  id: 11111111-2222-3333-4444-555555555555\n"
    (tmp_path / "erp.yaml").write_text(head + line.format(SECRET) + "\n", encoding="utf-8")
    for command in (("permissions",), ("profile", "check"), ("profile", "show")):
        done = diag(*command, "--profile", "erp.yaml")
        assert not {part for part in parts(SECRET) if part in done.stdout + done.stderr}
